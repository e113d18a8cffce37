# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# What the live suites share. Each test works in a directory of its own, watches only processes
# that it started, and leaves none behind: other measurements may run on the same host.

live=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$live/../.." && pwd)
ringfence=${RINGFENCE:-${RF_BIN:-$root/build/release/ringfence}}
programs=${RF_BUILD:-$(dirname "$ringfence")}/tests/programs
export LC_ALL=C.UTF-8 PATH="$PATH:/usr/sbin:/sbin"

# Debian's own, not what a version manager puts in front of it.
python3=/usr/bin/python3
[ -x "$python3" ] || python3=python3

live_setup() {
	bats_require_minimum_version 1.5.0
	[ "$(id -u)" = 0 ] || skip "needs root"
	[ -x "$ringfence" ] || {
		echo "no binary at $ringfence" >&2
		return 1
	}
	cd "$BATS_TEST_TMPDIR" || return
	started=()
}

live_teardown() {
	local pid
	for pid in "${started[@]}"; do
		kill -CONT "$pid" 2>/dev/null
		kill -KILL "$pid" 2>/dev/null
	done
	[ ${#started[@]} -eq 0 ] || wait "${started[@]}" 2>/dev/null
	return 0
}

check() {
	"$python3" "$live/check.py" "$@"
}

# start COMMAND...: in the background, with default signals; its pid is in $pid.
start() {
	if [ -n "${gate_fd:-}" ]; then
		env --default-signal=INT,QUIT,TERM "$@" 3>&- {gate_fd}>&- &
	else
		env --default-signal=INT,QUIT,TERM "$@" 3>&- &
	fi
	pid=$!
	started+=("$pid")
}

# until_true SECONDS COMMAND...: tries until it succeeds.
until_true() {
	local end=$((SECONDS + $1 + 1))
	shift
	until "$@"; do
		[ $SECONDS -lt $end ] || return 1
		sleep 0.02
	done
}

# ends PID SECONDS: waits for a process that this test started; its status is in $status.
ends() {
	until_true "$2" not_running "$1" || {
		echo "process $1 still runs after $2 s" >&2
		return 1
	}
	status=0
	wait "$1" || status=$?
}

not_running() {
	local line
	read -r line 2>/dev/null <"/proc/$1/stat" || return 0
	line=${line##*) }
	[[ $line == Z* ]]
}

# asleep PID: the process sleeps inside a call.
asleep() {
	local line
	read -r line 2>/dev/null <"/proc/$1/stat" || return 1
	line=${line##*) }
	[[ $line == S* ]]
}

# More options for measure and whole.
stat_options=()

# whole PROGRAM ARGUMENT...: the program's whole life under `ringfence stat`, compared with its
# tally for equality. Leaves result.json and known.tally.
whole() {
	measure "$programs/$1" "${@:2}" || return
	check exact result.json known.tally
}

measure() {
	rm -f result.json known.tally
	RF_EXPECT=$PWD/known.tally timeout 60 "$ringfence" stat --format json \
		-o result.json "${stat_options[@]}" -- "$@"
}

# gated PROGRAM ARGUMENT...: starts it; it stands at its gate when this returns. Its pid is in
# $program.
gated() {
	[ -p gate ] || mkfifo gate
	[ -n "${gate_fd:-}" ] || exec {gate_fd}<>gate
	rm -f known.tally
	start env RF_EXPECT="$PWD/known.tally" RF_GATE="$PWD/gate" "$@"
	program=$pid
	until_true 10 at_gate "$program"
}

# The program sleeps in a read of the gate.
at_gate() {
	local nr
	asleep "$1" || return
	read -r nr _ <"/proc/$1/syscall" 2>/dev/null || return
	[ "$nr" = 0 ] || [ "$nr" = 63 ]
}

# pass_gate: lets the gated program through, until it stands at its end.
pass_gate() {
	printf x >&"$gate_fd"
	until_true 30 test -s known.tally && until_true 10 at_gate "$program"
}

# watch ARGUMENT...: `ringfence stat ARGUMENT...` in the background, result in result.json; it
# measures when this returns. Its pid is in $watcher.
watch() {
	start "$ringfence" stat --format json -o "${result:-result.json}" "$@"
	watcher=$pid
	until_true 20 measures "$watcher"
}

# All its programs are attached and the window is open: the links are there, their number stands
# still, and it sleeps.
measures() {
	local before after
	before=$(bpf_ids "$1" link | wc -l)
	[ "$before" -gt 0 ] || return
	sleep 0.3
	after=$(bpf_ids "$1" link | wc -l)
	[ "$before" = "$after" ] && asleep "$1"
}

# bpf_ids PID prog|map|link: ids of the BPF objects that the process holds.
bpf_ids() {
	sed -n "s/^$2_id:[[:space:]]*//p" /proc/"$1"/fdinfo/* 2>/dev/null | sort -un
}

# stop_watching: SIGINT, and the result.
stop_watching() {
	kill -INT "$watcher" && ends "$watcher" 20 && [ "$status" -eq 0 ]
}
