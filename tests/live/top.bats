#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The live view, driven through a terminal: tmux sends keys and tells what is on the screen.

load helpers

setup() {
	live_setup
	command -v tmux >/dev/null || skip "needs tmux"
	socket=rf-$$-$BATS_TEST_NUMBER
}

teardown() {
	[ -z "${socket:-}" ] || tmux -L "$socket" kill-server 2>/dev/null || true
	live_teardown
}

# screen WIDTHxHEIGHT ARGUMENT...: `ringfence top ARGUMENT...` on a terminal of that size, with the
# environment of $with. The shell around it notes the terminal's state before and after.
screen() {
	local size=$1
	shift
	printf '%q ' exec env TERM="${term:-tmux-256color}" ${with:+"${with[@]}"} "$ringfence" top "$@" >command
	cat >run <<-'END'
		stty -g >before
		bash ./command
		echo "status $?" >status
		stty -g >after
		exec sleep 600
	END
	rm -f status
	tmux -L "$socket" -f /dev/null new-session -d -x "${size%x*}" -y "${size#*x}" "exec sh ./run" &&
		tmux -L "$socket" set -g status off && tmux -L "$socket" set -g escape-time 0
}

# another: the next screen is on a terminal of its own.
another() {
	tmux -L "$socket" kill-server
	socket=$socket+
}

keys() {
	tmux -L "$socket" send-keys "$@"
}

capture() {
	tmux -L "$socket" capture-pane -p "$@"
}

# shows PATTERN: the screen shows it within ten seconds; a basic regular expression.
shows() {
	until_true 10 on_screen "$1" || {
		echo "not on the screen: $1"
		capture
		return 1
	}
}

hides() {
	until_true 10 not_on_screen "$1" || {
		echo "still on the screen: $1"
		capture
		return 1
	}
}

on_screen() {
	capture | grep -q -- "$1"
}

not_on_screen() {
	! on_screen "$1"
}

# order NAME...: within five seconds the screen shows lines with these, from top to bottom. On a busy
# host an interval may be one in which a process could not run.
order() {
	until_true 5 in_order "$@" || {
		capture
		return 1
	}
}

in_order() {
	local name line last=0
	capture >order
	for name; do
		line=$(grep -n -m1 -- "$name" order | cut -d: -f1)
		[ -n "$line" ] && [ "$line" -gt "$last" ] || return 1
		last=$line
	done
}

# selected: the line under the cursor: the last one that ends in reverse.
selected() {
	capture -e | awk -v sgr=$'\e[[][0-9;]*m' '{
		text = ""
		while (match($0, sgr)) {
			text = text substr($0, 1, RSTART - 1)
			n = split(substr($0, RSTART + 2, RLENGTH - 3), code, ";")
			for (i = 1; i <= n; i++) {
				if (code[i] == 38 || code[i] == 48)
					i += 2
				else if (code[i] == 7)
					reverse = 1
				else if (code[i] == 0 || code[i] == 27)
					reverse = 0
			}
			$0 = substr($0, RSTART + RLENGTH)
		}
		if (reverse && text $0 ~ /[^ ]/)
			last = text $0
	} END { print last }'
}

is_selected() {
	selected | grep -q -- "$1"
}

# top_pid: the process id of ringfence on the screen.
top_pid() {
	pgrep -P "$(tmux -L "$socket" list-panes -F '#{pane_pid}')"
}

ended() {
	until_true 10 test -s status || {
		echo "it still runs"
		capture
		return 1
	}
	# the shell's line has its state back, the alternate screen is left, the cursor is there
	until_true 5 test -s after
	cmp before after || {
		stty -a
		return 1
	}
	[ "$(tmux -L "$socket" display -p '#{alternate_on} #{cursor_flag}')" = "0 1" ]
}

# pulses: three processes, of 40, 20 and 4 times 50 calls a second; their pids in $targets.
pulses() {
	start "$programs/pulse" rf-fast 40 0
	targets=$pid
	start "$programs/pulse" rf-middle 20 0
	targets=$targets,$pid
	start "$programs/pulse" rf-slow 2 2 stuck
	slow=$pid
	targets=$targets,$pid
	until_true 5 has_stuck "$slow"
}

has_stuck() {
	grep -qx stuck /proc/"$1"/task/*/comm
}

@test "rows, sorted, reversed, by another column; q" {
	pulses
	screen 80x24 -p "$targets" -i 200ms
	shows '^ringfence top  3 processes  every 200ms'
	shows rf-slow
	capture
	order rf-fast rf-middle rf-slow
	on_screen 'PID USER .*CALL/s.*TOP CALL'
	on_screen 'crossings/s'
	on_screen 'user .*kernel .*waiting .*idle'
	on_screen 'rf-fast .* getppid'
	on_screen '3 processes by calls'
	keys r
	shows reversed
	order rf-slow rf-middle rf-fast
	keys r '>'
	shows 'by failed'
	order rf-slow rf-fast
	keys q
	ended
	grep -qx 'status 0' status
}

@test "the cursor stays with its process, Enter opens it" {
	local stuck_for run_for
	pulses
	sleep 2
	screen 100x50 -p "$targets" -i 200ms
	shows rf-slow
	keys Down Down
	until_true 5 is_selected rf-slow
	keys r
	shows reversed
	until_true 5 is_selected rf-slow
	order rf-slow rf-fast
	keys Enter
	shows "^pid $slow rf-slow .*2 threads"
	shows '^getppid '
	on_screen "/pulse"
	on_screen '^openat  *[1-9][0-9.]*  *[1-9][0-9.]* '
	on_screen '^LATENCY of '
	shows '^ENOENT  *openat '
	# entered before ringfence was there, so for at least so long
	shows '[0-9] stuck  *read  *waiting *> '
	stuck_for=$(capture | sed -n 's/.* stuck  *read  *waiting *> \([0-9.]*\)s .*/\1/p')
	run_for=$(ps -o etimes= -p "$slow")
	echo "stuck for $stuck_for s, started $run_for s ago"
	[ "${stuck_for%.*}" -ge $((run_for - 1)) ] && [ "${stuck_for%.*}" -le $((run_for + 1)) ]
	on_screen 'rf-slow  *clock_nanosleep  *waiting [ 0-9.]*ms'
	keys Escape
	shows '3 processes by calls'
	keys q
	ended
}

@test "a thread that came into its call while ringfence watched: since when exactly" {
	screen 100x40 -i 200ms -- "$programs/pulse" rf-stuck 1 0 stuck
	shows rf-stuck
	sleep 1
	keys Enter
	shows '[0-9] stuck  *read  *waiting [1-9]\.[0-9]*s'
	not_on_screen '> [0-9]'
	kill "$(pgrep -P "$(top_pid)")"
	ended
	grep -qx 'status 143' status
}

@test "filter, as it is typed" {
	pulses
	screen 80x24 -p "$targets" -i 200ms
	shows rf-slow
	keys / M I D
	shows 'filter by name: MID'
	hides rf-fast
	on_screen rf-middle
	on_screen '1 of 3'
	keys Enter
	shows 'named MID'
	keys Escape
	shows rf-fast
	keys / z z z
	shows 'no name has'
	keys BSpace BSpace BSpace
	shows rf-slow
	keys Escape q
	ended
}

@test "grouped by thread, name and cgroup" {
	pulses
	start "$programs/pulse" rf-slow 1 0
	screen 100x24 -p "$targets,$pid" -i 200ms
	shows '4 processes by'
	keys t
	shows '5 threads by'
	shows ' stuck '
	keys t
	shows '3 names by'
	shows '^rf-slow  *2 '
	keys t
	shows '1 cgroup by'
	shows '/.*  *4 '
	keys t
	shows '4 processes by'
	keys q
	ended
}

@test "help, columns, interval" {
	pulses
	screen 80x24 -p "$targets" -i 200ms
	shows rf-slow
	keys '?'
	shows 'the isolation feed'
	shows 'any other key back'
	keys x
	shows rf-slow
	keys c
	shows 'sort by it'
	keys Down Down Down Down Down Down Down Space s
	shows 'sorted by'
	keys Escape
	shows '3 processes by user%'
	on_screen 'USER%'
	keys +
	shows 'every 500ms'
	keys - -
	shows 'every 100ms'
	keys q
	ended
}

@test "a pause holds the screen, collecting goes on" {
	local held
	pulses
	screen 80x24 -p "$targets" -i 100ms
	shows rf-slow
	keys p
	shows PAUSED
	held=$(capture)
	sleep 0.7
	[ "$(capture)" = "$held" ]
	keys p
	hides PAUSED
	# nothing was left out of the sum
	shows 'for [1-9][0-9.]*s\|for [89][0-9]*ms'
	keys q
	ended
}

@test "the feed shows what was denied" {
	screen 100x24 -i 200ms -- sh -c "for i in 1 2 3 4 5 6 7 8 9; do '$programs/denied'; sleep 0.2; done"
	keys f
	shows ' denied  *[a-z]* denied: E'
	on_screen 'since start: .*denied [1-9]'
	on_screen 'events, the latest first'
	keys q
	ended
}

@test "the feed tells a real crash: cause, place, blast radius" {
	screen 110x30 -i 200ms -- sh -c "for i in 1 2 3 4 5 6; do '$programs/violate' null-page; sleep 0.4; done"
	keys f
	shows ' violate  *SIGSEGV null-page: killed'
	on_screen 'null pointer'
	on_screen 'programs/violate+0x[0-9a-f]'
	on_screen '1 thread, 0 orphaned children'
	on_screen 'since start: violations [1-9]'
	keys s j
	shows '^saved to'
	jq -e '.events[0] | .type == "violation" and .comm == "violate"' ringfence-top-*.json
	ended
}

@test "violations of a process that lives on are counted in its row" {
	screen 120x24 -i 200ms -- "$python3" -c '
import ctypes, time
libc = ctypes.CDLL(None)
for i in range(20):
    libc.write(1, ctypes.c_void_p(8), 10)
    time.sleep(0.1)
time.sleep(1)'
	shows 'violations 20 '
	shows ' python3 .* 20 [a-z_0-9]*  *[0-9.]*[mnµ]*s$'
	keys Enter
	shows '^VIOLATIONS'
	on_screen '20 since the start'
	ended
	[ "$(<status)" = 'status 0' ]
}

@test "the view saved as JSON and as text" {
	pulses
	screen 100x24 -p "$targets" -i 200ms
	shows rf-slow
	keys s j
	shows '^saved to ringfence-top-.*json'
	keys s t
	shows '^saved to ringfence-top-.*txt'
	jq -e '.schema == "ringfence.top/1" and (.rows | length) == 3
		and .rows[0].comm == "rf-fast" and .rows[0].top_call.name == "getppid"
		and .accounting.seen == .accounting.attributed + .accounting.lost' ringfence-top-*.json
	grep -q rf-middle ringfence-top-*.txt
	keys Enter
	shows '^pid '
	keys s j
	shows '^saved to'
	jq -es 'map(.open // empty) | .[0].by_call | map(.name) | index("getppid") != null' ringfence-top-*.json
	keys q
	ended
}

@test "-o takes what is saved, one after the other" {
	pulses
	screen 100x24 -p "$targets" -i 200ms -o saved
	shows rf-slow
	keys s j
	shows '^saved to saved'
	keys s j
	sleep 0.3
	keys q
	ended
	jq -es 'length == 2' saved
}

@test "another size at any time" {
	pulses
	screen 200x60 -p "$targets" -i 200ms
	shows 'MAJ/s.*VIOL.*P99'
	tmux -L "$socket" resize-window -x 80 -y 24
	hides 'MAJ/s'
	shows '^? help  q quit'
	[ "$(capture | wc -l)" -eq 24 ]
	tmux -L "$socket" resize-window -x 30 -y 5
	shows 'too small'
	tmux -L "$socket" resize-window -x 120 -y 40
	shows rf-slow
	shows 'columns  +- interval'
	keys q
	ended
}

@test "as many rows as the screen has room for" {
	# shellcheck disable=SC2016
	screen 80x24 -i 200ms --sort name -- sh -c 'for i in $(seq 50); do sleep 8 & done; wait'
	shows '^51 processes by name'
	[ "$(capture | grep -c ' sleep ')" -eq 16 ]
	tmux -L "$socket" resize-window -x 80 -y 40
	until_true 10 rows_of 32 sleep
	tmux -L "$socket" resize-window -x 80 -y 20
	until_true 10 rows_of 12 sleep
	ended
}

# rows_of NUMBER NAME
rows_of() {
	[ "$(capture | grep -c " $2 ")" -eq "$1" ]
}

@test "UTF-8 and plain ASCII" {
	pulses
	with=(LC_ALL=C.UTF-8)
	screen 80x24 -p "$targets" -i 200ms
	shows rf-slow
	on_screen '░'
	keys q
	ended
	another
	with=(LC_ALL=C)
	screen 80x24 -p "$targets" -i 200ms
	shows rf-slow
	capture >ascii
	run ! grep -P '[^\x00-\x7f]' ascii
	grep -q '\.\.\.\.' ascii
	keys Enter
	shows '^LATENCY'
	capture >ascii
	run ! grep -P '[^\x00-\x7f]' ascii
	keys q
	ended
}

@test "256 colours, 8, and none" {
	pulses
	screen 80x24 -p "$targets" -i 200ms
	shows rf-slow
	capture -e | grep -qa $'\e\[[0-9;]*38;5;'
	keys q
	ended
	another
	term=screen screen 80x24 -p "$targets" -i 200ms
	shows rf-slow
	capture -e >eight
	grep -qa $'\e\[[0-9;]*3[1-7]m' eight
	run ! grep -a '38;5;' eight
	keys q
	ended
	another
	with=(NO_COLOR=1)
	screen 80x24 -p "$targets" -i 200ms
	shows rf-slow
	capture -e >none
	run ! grep -aE $'\e\\[([0-9;]*;)?(3[0-8]|4[0-8])' none
	keys q
	ended
}

@test "no terminal, or one that cannot do it: what to use instead" {
	local err
	run -3 --separate-stderr "$ringfence" top
	[[ $stderr == *"ringfence stat -i 1s"* ]]
	for term in dumb nosuchterm; do
		printf '%s\n' 'bash ./command 2>err; echo $? >status' >run
		printf '%q ' env TERM=$term "$ringfence" top >command
		rm -f status
		tmux -L "$socket" -f /dev/null new-session -d "sh ./run"
		until_true 10 test -s status
		[ "$(<status)" = 3 ]
		[ "$(wc -l <err)" -eq 1 ]
		grep -q "$term.*ringfence stat -i 1s" err
	done
}

@test "the terminal is given back: SIGTERM, SIGINT, Ctrl-C, and when ringfence crashes" {
	local signal
	pulses
	for signal in TERM INT HUP SEGV ABRT QUIT; do
		screen 80x24 -p "$targets" -i 200ms
		shows rf-slow
		kill -$signal "$(top_pid)"
		ended
		case $signal in
		TERM | INT) grep -qx 'status 0' status ;;
		*) grep -qx "status $((128 + $(kill -l $signal)))" status ;;
		esac
		another
	done
	screen 80x24 -p "$targets" -i 200ms
	shows rf-slow
	keys C-c
	ended
	grep -qx 'status 0' status
}

@test "the second of two signals gives the terminal back too" {
	screen 80x24 -i 200ms -- sleep 60
	shows sleep
	kill -TERM "$(top_pid)"
	# the command has been sent it and has ended; one that stays is killed by the second
	ended
	grep -qx 'status 143' status
	another
	screen 80x24 -i 200ms -- sh -c 'trap "" TERM; while :; do sleep 0.1; done'
	shows ' sh '
	local top
	top=$(top_pid)
	started+=("$(pgrep -P "$top")")
	kill -TERM "$top"
	sleep 0.5
	run ! test -s status
	kill -TERM "$top"
	ended
	grep -qx 'status 143' status
}

@test "Ctrl-Z and fg" {
	pulses
	printf '%q ' "$ringfence" top -p "$targets" -i 200ms >command
	tmux -L "$socket" -f /dev/null new-session -d -x 80 -y 24 "PS1='ready> ' TERM=tmux-256color bash --norc -i"
	shows 'ready>'
	keys '. ./command' Enter
	shows rf-slow
	keys C-z
	shows Stopped
	[ "$(tmux -L "$socket" display -p '#{alternate_on} #{cursor_flag}')" = "0 1" ]
	keys fg Enter
	shows rf-slow
	shows '? help'
	keys q
	shows 'ready> *$'
}

@test "hostile names" {
	local name
	start "$programs/pulse" $'\e[2J\e[31m' 9 0
	targets=$pid
	start "$programs/pulse" '漢字漢字漢' 8 0
	targets=$targets,$pid
	start "$programs/pulse" $'\xff\xfe\nb' 7 0
	targets=$targets,$pid
	screen 80x24 -p "$targets" -i 200ms
	shows '\\x1b\[2J'
	shows '漢字'
	shows '\\xff\\xfe'
	# every row ends where it should
	[ "$(capture | grep -c 'getppid .*s$')" -eq 3 ]
	on_screen '^ringfence top'
	keys q
	ended
}

@test "COMMAND: its output comes afterwards, its status is handed on" {
	screen 80x24 -i 200ms -- sh -c 'echo one; sleep 1.5; echo two >&2; exit 7'
	shows '^ringfence top'
	not_on_screen one
	ended
	grep -qx 'status 7' status
	shows '^one'
	shows '^two'
	another
	screen 80x24 -- /nonexistent/command
	ended
	grep -qx 'status 127' status
}

@test "COMMAND: q leaves it running, and ringfence waits for it" {
	screen 80x24 -i 200ms -- sh -c 'sleep 2; echo done; exit 3'
	shows sleep
	keys q
	shows 'waiting for the command'
	ended
	grep -qx 'status 3' status
	shows '^done'
}

@test "-d ends it" {
	screen 80x24 -d 1s -i 200ms
	shows '^ringfence top'
	ended
	grep -qx 'status 0' status
}

@test "a key is answered while sweeps run" {
	local median most max
	read -r median most max < <("$live/keys.py" 100 "$ringfence" top -i 20ms)
	echo "# median $median ms, 95th percentile $most ms, maximum $max ms" >&3
	[ "${most%.*}" -lt 50 ]
}

@test "usage" {
	local words
	for words in '--by user' '--sort nosuch' '--format json' '--by comm --sort pid' 'extra'; do
		# shellcheck disable=SC2086
		run -2 --separate-stderr "$ringfence" top $words
		[ -z "$output" ]
	done
}
