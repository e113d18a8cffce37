#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Violations: every cause for real, on the running kernel, with what it touched, where, and how it
# ended; and others' accounts of the same: the kernel's log, exit statuses, stress-ng, a runtime
# that does it on purpose.

load helpers

setup() {
	live_setup
	faults=("$ringfence" faults)
	violate=$programs/violate
}
teardown() {
	[ -z "${fatal_signals:-}" ] || echo "$fatal_signals" >/proc/sys/kernel/print-fatal-signals
	live_teardown
}

# watched COMMAND...: under `ringfence faults`; events in events, the summary in summary, what the
# program said in known, its status in $status.
watched() {
	rm -f events.json events summary
	status=0
	timeout 120 "${faults[@]}" --format json -o events.json -- "$@" >known 2>said || status=$?
	if [ "$status" = 77 ]; then
		skip "$(<said)"
	fi
	jq -c 'select(.type == "violation")' events.json >events
	jq -c 'select(.type == "summary")' events.json >summary
	lawful
}

# The law: what was seen is handled, killed or refused; nothing was lost, all was told.
lawful() {
	[ -s summary ] || {
		echo "no summary" >&2
		return 1
	}
	jq -e '.accounting | .seen == .handled + .killed + .refused and .open == 0 and .lost == 0
		and .unexplained == 0 and .events == .seen and .lost_events == 0 and .untold == 0' \
		summary >/dev/null || {
		echo "not lawful: $(jq -c .accounting summary)" >&2
		return 1
	}
}

# event EXPRESSION...: there is exactly one event, and each jq expression holds for it.
event() {
	[ "$(wc -l <events)" = 1 ] || {
		echo "not one event: $(<events)" >&2
		return 1
	}
	among "$@"
}

# among EXPRESSION...: there is an event for which all of them hold.
among() {
	local expression all=true
	for expression; do
		all="$all and ($expression)"
		jq -se "any($all)" events >/dev/null || {
			echo "not so: $expression: $(<events)" >&2
			return 1
		}
	done
}

# The address and the function that the program said before.
known_address() { awk '/^address/ { print $2 }' known; }
known_function() { awk '/^address/ { print $4 }' known; }

# cause NAME CAUSE SIGNAL CODE ACCESS STATUS [EXPRESSION...]: both ways, in both kinds of thread.
cause() {
	local name=$1 cause=$2 signal=$3 code=$4 access=$5 number=$6 address function way
	shift 6
	for way in "" --thread --handled "--handled --thread"; do
		# shellcheck disable=SC2086
		watched "$violate" "$name" $way
		address=$(known_address) function=$(known_function)
		event ".cause == \"$cause\"" ".signal == \"$signal\"" ".code == \"$code\"" \
			".access == $access" '.mode == "user"' '.comm == "violate"' \
			".exe == \"$violate\""
		[ "$address" = 0x0 ] || event ".address == \"$address\""
		[ -z "$function" ] ||
			event ".where | test(\"^$violate[+]0x[0-9a-f]+ $function\$\")"
		case $way in
		*--thread*) event '.tid != .pid' ;;
		*) event '.tid == .pid' ;;
		esac
		case $way in
		*--handled*)
			[ "$status" = 0 ]
			event '.outcome == "handled"' '.blast_radius.threads == 0'
			;;
		*)
			[ "$status" = $((128 + number)) ]
			event '.outcome == "killed"' ".status % 128 == $number" '.whole_process'
			;;
		esac
		[ $# -eq 0 ] || event "$@"
	done
}

x86_only() {
	[ "$(uname -m)" = x86_64 ] || skip "an instruction of x86"
}

@test "null-page: read" {
	cause null-page null-page SIGSEGV SEGV_MAPERR '"read"' 11 '.address == "0x10"' \
		'.sentence | test("first page.*null pointer with an offset")'
}

@test "null-page: write" {
	cause null-write null-page SIGSEGV SEGV_MAPERR '"write"' 11 '.address == "0x0"'
}

@test "null-page: jump" {
	cause null-jump null-page SIGSEGV SEGV_MAPERR '"execute"' 11 '.address == "0x0"'
}

@test "unmapped" {
	cause unmapped unmapped SIGSEGV SEGV_MAPERR '"read"' 11 \
		'.sentence | test(": 8 bytes past the end of a mapping")'
}

@test "read-only data" {
	cause read-only read-only SIGSEGV SEGV_ACCERR '"write"' 11 ".mapping.path == \"$violate\"" \
		'.sentence | test("read-only data of ")'
}

@test "read-only text" {
	cause read-only-text read-only SIGSEGV SEGV_ACCERR '"write"' 11 \
		".mapping.path == \"$violate\"" '.sentence | test("read-only text of ")'
}

@test "no-execute: anonymous memory" {
	cause no-execute no-execute SIGSEGV SEGV_ACCERR '"execute"' 11
}

@test "no-execute: the heap" {
	cause no-execute-heap no-execute SIGSEGV SEGV_ACCERR '"execute"' 11 \
		'.mapping.path == "[heap]" or .mapping.path == "[anonymous]"'
}

@test "guard-page" { cause guard-page guard-page SIGSEGV SEGV_ACCERR '"read"' 11; }

@test "stack-overflow: the main thread, on its 8 MiB" {
	local way
	ulimit -s 8192
	for way in "" --handled; do
		# shellcheck disable=SC2086
		watched "$violate" stack-overflow $way
		event '.cause == "stack-overflow"' '.signal == "SIGSEGV"' '.code == "SEGV_MAPERR"' \
			'.access == "write"' '.where | endswith(" recurse")' \
			'.sentence | test("past its 8 MiB limit")'
	done
	event '.outcome == "handled"'
}

@test "stack-overflow: another thread, into its guard page" {
	watched "$violate" stack-overflow --thread
	event '.cause == "stack-overflow"' '.code == "SEGV_ACCERR"' '.outcome == "killed"' \
		'.sentence | test("guard page")'
}

@test "stack-overflow: the recursion by name" {
	gcc -O1 -fno-omit-frame-pointer -pthread -D_GNU_SOURCE -o recursive \
		"$live/programs/violate.c"
	watched ./recursive stack-overflow
	event '.sentence | test("in a recursion of recurse -> recurse")'
}

@test "kernel-address" {
	x86_only
	cause kernel-address kernel-address SIGSEGV SEGV_MAPERR '"read"' 11 \
		'.address == "0xffffffff81000000"'
}

@test "non-canonical" {
	x86_only
	cause non-canonical non-canonical SIGSEGV SI_KERNEL '"read"' 11 \
		'.address == "0x4141414141414140"'
	cause non-canonical-write non-canonical SIGSEGV SI_KERNEL '"write"' 11
	cause non-canonical-jump non-canonical SIGSEGV SI_KERNEL '"execute"' 11
}

@test "privileged-instruction" {
	x86_only
	cause privileged-instruction privileged-instruction SIGSEGV SI_KERNEL '"execute"' 11 \
		'.sentence == "tried `hlt`, an instruction only the kernel may run"'
	cause privileged-cli privileged-instruction SIGSEGV SI_KERNEL '"execute"' 11 \
		'.sentence | test("`cli`")'
	cause privileged-in privileged-instruction SIGSEGV SI_KERNEL '"execute"' 11 \
		'.sentence | test("`in`")'
	cause privileged-int privileged-instruction SIGSEGV SI_KERNEL '"execute"' 11 \
		'.sentence == "tried `int`, an interrupt only the kernel may raise"'
	cause privileged-cr privileged-instruction SIGSEGV SI_KERNEL '"execute"' 11 \
		'.sentence | test("control register")'
	cause privileged-msr privileged-instruction SIGSEGV SI_KERNEL '"execute"' 11 \
		'.sentence | test("`wrmsr`")'
}

@test "illegal-instruction" {
	cause illegal-instruction illegal-instruction SIGILL ILL_ILLOPN '"execute"' 4 \
		'.address == .ip'
	cause illegal-bytes illegal-instruction SIGILL ILL_ILLOPN '"execute"' 4
}

@test "divide-error" {
	x86_only
	cause divide-error divide-error SIGFPE FPE_INTDIV null 8
	cause divide-overflow divide-error SIGFPE FPE_INTDIV null 8
}

@test "floating-point" { cause floating-point floating-point SIGFPE FPE_FLTDIV null 8; }

@test "misaligned: an instruction that insists on it" {
	x86_only
	cause misaligned misaligned SIGSEGV SI_KERNEL '"write"' 11 \
		'.sentence | test("a multiple of 16")'
}

@test "misaligned: every access checked" {
	x86_only
	cause misaligned-checked misaligned SIGBUS BUS_ADRALN '"read"' 7
}

@test "beyond-file-end" {
	cause beyond-file-end beyond-file-end SIGBUS BUS_ADRERR '"read"' 7 \
		'.sentence | test("beyond the file.s end \\(4096 bytes\\)")'
}

@test "memory-error" { cause memory-error memory-error SIGBUS BUS_MCEERR_AR '"read"' 7; }

@test "protection-key" { cause protection-key protection-key SIGSEGV SEGV_PKUERR '"read"' 11; }

@test "breakpoint" {
	x86_only
	cause breakpoint breakpoint SIGTRAP SI_KERNEL null 5
}

@test "seccomp: a signal" {
	cause seccomp seccomp SIGSYS SYS_SECCOMP null 31 '.call == "getppid"'
}

@test "seccomp: the process is killed, whatever handlers it has" {
	watched "$violate" seccomp-kill --handled --thread --threads 2
	[ "$status" = 159 ]
	event '.cause == "seccomp"' '.call == "getppid"' '.outcome == "killed"' '.whole_process' \
		'.blast_radius.threads == 4'
}

# The others may come to their end before the one that did it, with the same status.
@test "seccomp: however many threads die of it, it is one violation" {
	watched bash -c "for i in {1..60}; do $violate seccomp-kill --thread --threads 4; done 2>&1"
	jq -e '.accounting.killed == 60' summary
	jq -se 'all(.call == "getppid" and .blast_radius.threads == 6)' events
}

@test "seccomp: one thread is killed, the others go on" {
	watched "$violate" seccomp-kill-thread --thread --threads 2
	[ "$status" = 0 ]
	event '.cause == "seccomp"' '.call == "getppid"' '.outcome == "killed"' \
		'.whole_process == false' '.tid != .pid' '.blast_radius.threads == 1'
}

@test "abort" { cause abort abort SIGABRT SI_TKILL null 6; }

@test "sent-by-process: by itself" {
	watched "$violate" sent-by-process
	[ "$status" = 139 ]
	event '.cause == "sent-by-process"' '.code == "SI_USER"' '.outcome == "killed"' \
		'.sender.pid == .pid'
	watched "$violate" sent-by-process --handled
	[ "$status" = 0 ]
	event '.outcome == "handled"'
}

@test "sent-by-process: by another, to any thread" {
	watched bash -c 'sleep 30 & sleep 0.5; kill -SEGV $!; wait $!'
	[ "$status" = 139 ]
	event '.cause == "sent-by-process"' '.outcome == "killed"' '.comm == "sleep"' \
		'.sender.comm == "bash"' '.sender.pid == .ppid'
}

@test "a signal that is ignored breaks nothing" {
	watched bash -c 'trap "" SEGV; kill -SEGV $$; exit 0'
	[ ! -s events ]
}

@test "bad-pointer-to-kernel: with the fault behind it" {
	watched "$violate" bad-pointer-to-kernel
	[ "$status" = 0 ]
	event '.cause == "bad-pointer-to-kernel"' '.signal == null' '.mode == "kernel"' \
		'.call == "uname"' '.address == "0x8"' '.access == "write"' '.outcome == "refused"'
	watched "$violate" bad-pointer-read
	event '.call == "write"' '.address == "0x8"' '.access == "read"' '.outcome == "refused"'
}

@test "bad pointers: as many as calls that failed so" {
	watched "$programs/efault" 300 200
	[ "$(wc -l <events)" = 500 ]
	jq -e '.accounting.refused == 500 and .by_cause["bad-pointer-to-kernel"].refused == 500' \
		summary
}

@test "out-of-memory" {
	local group
	for group in /sys/fs/cgroup/memory /sys/fs/cgroup; do
		[ -w "$group/cgroup.procs" ] && break
	done
	if [ -e "$group/memory.limit_in_bytes" ]; then
		group=$group/ringfence-test-$$
		mkdir "$group"
		echo 33554432 >"$group/memory.limit_in_bytes"
		echo 33554432 2>/dev/null >"$group/memory.memsw.limit_in_bytes" || true
	else
		group=$group/ringfence-test-$$
		mkdir "$group" && [ -e "$group/memory.max" ] || skip "no memory controller"
		echo 33554432 >"$group/memory.max"
		echo 0 2>/dev/null >"$group/memory.swap.max" || true
	fi
	watched bash -c "echo \$\$ >$group/cgroup.procs && exec $violate out-of-memory" || true
	rmdir "$group"
	[ "$status" = 137 ]
	event '.cause == "out-of-memory"' '.signal == "SIGKILL"' '.outcome == "killed"' \
		'.comm == "violate"' '.blast_radius.released_bytes > 16 * 1048576'
	jq -e '.kernel.oom_kills >= 1' summary
}

# ---- what is around it ----

@test "blast radius: threads, orphans, memory" {
	watched "$violate" unmapped --threads 4 --children 3 --memory 64
	event '.blast_radius.threads == 5' '.blast_radius.orphaned_children == 3' \
		'.blast_radius.released_bytes > 62 * 1048576' \
		'.blast_radius.released_bytes < 80 * 1048576' '.blast_radius.also_died == []' \
		'.blast_radius.signalled | any(.signal == "SIGCHLD" and .comm == "ringfence")'
}

@test "blast radius: children that asked to be signalled die with it" {
	watched "$violate" unmapped --deathsig 2
	event '.blast_radius.orphaned_children == 2' '.blast_radius.also_died | length == 2' \
		'[.blast_radius.signalled[] | select(.signal == "SIGTERM")] | length == 2'
}

@test "blast radius: who writes to a pipe that it read" {
	watched bash -c "set -m; { yes; } | { read -r _; $violate null-page; } ; true"
	event '.cause == "null-page"' \
		'.blast_radius.signalled | any(.signal == "SIGPIPE" and .comm == "yes")'
	event '.blast_radius.also_died | length == 1'
}

@test "blast radius: the first process of a pid namespace takes all others along" {
	watched unshare -pf --kill-child bash -c "sleep 20 & exec $violate null-page"
	among '.comm == "violate"' '.blast_radius.also_died | length == 1' \
		'.blast_radius.signalled | any(.signal == "SIGKILL" and (.comm | . == "sleep" or . == "bash"))'
}

@test "a core is dumped, or not" {
	local pattern
	pattern=$(</proc/sys/kernel/core_pattern)
	[[ $pattern != \|* ]] || skip "cores go to a program here"
	ulimit -c unlimited
	watched "$violate" null-page
	event '.core_dumped == true' '.status == 139'
	ulimit -c 0
	watched "$violate" null-page
	event '.core_dumped == false' '.status == 11'
}

@test "static, position-dependent, stripped, deleted" {
	local source=$live/programs/violate.c kind
	gcc -O1 -pthread -D_GNU_SOURCE -static -o static "$source"
	gcc -O1 -pthread -D_GNU_SOURCE -no-pie -o fixed "$source"
	gcc -O1 -pthread -D_GNU_SOURCE -o stripped "$source" && strip -s stripped
	gcc -O1 -pthread -D_GNU_SOURCE -o deleted "$source"
	for kind in static fixed; do
		watched "./$kind" null-page
		event '.cause == "null-page"' ".where | test(\"/$kind[+]0x[0-9a-f]+ touch_read\$\")"
	done
	watched ./stripped null-page
	event '.cause == "null-page"' '.where | test("/stripped[+]0x[0-9a-f]+$")'
	watched bash -c '{ sleep 0.2; rm deleted; echo; } | ./deleted null-page --gate'
	event '.where | test("/deleted \\(deleted\\)[+]0x[0-9a-f]+")' '.outcome == "killed"'
}

@test "in namespaces of its own" {
	unshare -Urpf --mount-proc true || skip "no namespaces here"
	watched unshare -Urpf --mount-proc "$violate" null-page --thread
	among '.cause == "null-page"' '.comm == "violate"' '.where | endswith(" touch_read")' \
		'.pid > 10'
}

@test "a process that is there already, by its pid" {
	mkfifo gate
	"$violate" null-page --gate <gate >known 2>/dev/null &
	program=$!
	started+=("$program")
	exec {gate_fd}>gate
	start "${faults[@]}" --format json -o events.json -p "$program"
	watcher=$pid
	until_true 20 measures "$watcher"
	echo >&"$gate_fd"
	exec {gate_fd}>&-
	ends "$program" 10
	sleep 0.3
	stop_watching
	jq -c 'select(.type == "violation")' events.json >events
	event '.cause == "null-page"' ".pid == $program" ".exe == \"$violate\"" \
		'.where | endswith(" touch_read")'
}

@test "names cannot forge a line" {
	local evil
	evil=$'x\n{"type":"violation","cause":"forged"}\e[31m"\\'
	cp "$violate" "$evil"
	watched "./$evil" null-page
	event '.cause == "null-page"' '.comm | startswith("x\n{")'
	"${faults[@]}" -o text -- "./$evil" null-page || true
	run ! grep -q $'\e' text
	run ! grep -q '^{' text
	run ! grep -q '^"' text
}

# A memfd is named by the process alone; a thread's name, a file's and a memory's are as free.
@test "names of mappings and threads cannot forge a line either" {
	cat >evil.py <<-'END'
		import ctypes, mmap, os
		evil = 'x\n{"type":"violation","cause":"forged"}\x1b[31m"\\'
		open("/proc/self/comm", "w").write('\n{"a":1}\x1b"')
		fd = os.memfd_create(evil)
		os.truncate(fd, 4096)
		m = ctypes.CDLL(None, use_errno=True).mmap
		m.restype, m.argtypes = ctypes.c_void_p, [ctypes.c_void_p] + [ctypes.c_long] * 5
		ctypes.memset(m(None, 4096, mmap.PROT_READ, mmap.MAP_SHARED, fd, 0), 1, 1)
	END
	watched "$python3" evil.py
	event '.cause == "read-only"' '.comm == "\n{\"a\":1}\u001b\""' \
		'.mapping.path == "/memfd:x\n{\"type\":\"violation\",\"cause\":\"forged\"}\u001b[31m\"\\ (deleted)"' \
		'.sentence | contains("in the read-only data of /memfd:x")'
	[ "$(wc -l <events.json)" = 2 ]
	"${faults[@]}" -o text -- "$python3" evil.py || true
	grep -q memfd:x text
	run ! grep -q $'\e' text
	run ! grep -q '^[{"]' text
}

@test "filters: cause, signal, outcome; what they hide is counted all the same" {
	local both="$violate null-page; $violate divide-error --handled; true"
	faults=("$ringfence" faults --cause null-page)
	timeout 60 "${faults[@]}" --format json -o out -- bash -c "$both" >/dev/null 2>&1
	jq -se 'map(select(.type == "violation")) | length == 1 and .[0].cause == "null-page"' out
	jq -se 'map(select(.type == "summary"))[0].accounting.seen == 2' out
	timeout 60 "$ringfence" faults --signal FPE --format json -o out -- bash -c "$both" \
		>/dev/null 2>&1
	jq -se 'map(select(.type == "violation")) | map(.signal) == ["SIGFPE"]' out
	timeout 60 "$ringfence" faults --outcome killed --format json -o out -- bash -c "$both" \
		>/dev/null 2>&1
	jq -se 'map(select(.type == "violation")) | map(.outcome) == ["killed"]' out
	run ! "$ringfence" faults --cause nul-page
	[ "$status" = 2 ]
	[[ $output == *null-page* ]]
}

# ---- many ----

@test "10,000 crashes from two processes at once" {
	local events lost
	rm -f events.json
	timeout 300 "${faults[@]}" --no-symbols --format json -o events.json -- bash -c "
		$violate null-page --forks 5000 >/dev/null &
		$violate unmapped --forks 5000 >/dev/null
		wait"
	jq -c 'select(.type == "summary")' events.json >summary
	jq -e '.accounting | .seen == 10000 and .killed == 10000 and .lost == 0 and .open == 0
		and .unexplained == 0 and .events + .lost_events == 10000 and .untold == 0' summary ||
		{ jq -c .accounting summary && false; }
	events=$(jq -c 'select(.type == "violation")' events.json | wc -l)
	lost=$(jq .accounting.lost_events summary)
	[ $((events + lost)) -eq 10000 ]
	echo "lost $lost of 10000 events" >&3
	jq -e '[.processes[].isolation.killed] | add == 10000' summary
}

@test "a handler that runs 100,000 times" {
	timeout 300 "${faults[@]}" --no-symbols --format json -o events.json -- \
		"$violate" null-page --handled --times 100000 >/dev/null
	jq -c 'select(.type == "summary")' events.json >summary
	jq -e '.accounting | .seen == 100000 and .handled == 100000 and .lost == 0
		and .unexplained == 0 and .events + .lost_events == 100000 and .untold == 0' summary ||
		{ jq -c .accounting summary && false; }
}

# ---- other accounts ----

# The kernel's log, from the record on that comes after number $1.
kernel_log() {
	{ dd if=/dev/kmsg iflag=nonblock bs=8192 2>/dev/null || true; } |
		awk -F'[,;]' -v after="$1" '$2 + 0 > after + 0'
}

@test "the kernel's own log says the same" {
	x86_only
	local way last line address ip
	fatal_signals=$(</proc/sys/kernel/print-fatal-signals)
	echo 1 >/proc/sys/kernel/print-fatal-signals
	for way in unmapped read-only null-jump privileged-instruction illegal-instruction divide-error; do
		last=$(kernel_log 0 | tail -1 | cut -d, -f2)
		[ -n "$last" ] || skip "the kernel's log cannot be read"
		watched "$violate" $way
		line=$(kernel_log "$last" | grep -F "violate[$(jq .pid events)]" |
			grep -E 'segfault at|traps: ' || true)
		[ -n "$line" ] || skip "the kernel logs no fatal signals here"
		echo "$line"
		ip=$(sed -n 's/.* ip[ :]0*\([0-9a-f]*\) sp.*/\1/p' <<<"$line")
		event ".ip == \"0x${ip:-0}\""
		case $way in
		privileged-instruction) [[ $line == *"general protection fault"* ]] ;;
		illegal-instruction) [[ $line == *"trap invalid opcode"* ]] ;;
		divide-error) [[ $line == *"trap divide error"* ]] ;;
		*)
			address=$(sed -n 's/.*segfault at \([0-9a-f]*\) ip.*/\1/p' <<<"$line")
			event ".address == \"0x$address\""
			;;
		esac
	done
}

# What the stressors count is kept by perf as well, of the same run: the kernel's own tracepoint.
@test "stress-ng: as many signals as perf saw generated, and as it says it handled" {
	command -v stress-ng >/dev/null || skip "no stress-ng"
	[ -e /sys/kernel/tracing/events ] || mount -t tracefs tracefs /sys/kernel/tracing || true
	local stressor ops list
	local traps='(sig==4||sig==5||sig==7||sig==8||sig==11)&&(result==0||result==4)'
	for list in sigsegv:500 sigbus:500 sigfpe:500 sigill:500 priv-instr:500 bad-altstack:40 opcode:20; do
		stressor=${list%:*} ops=${list#*:}
		stress-ng --help | grep -q -- "--$stressor-ops" || continue
		rm -f events.json perf.csv
		timeout 60 perf stat -x, -o perf.csv -e signal:signal_generate --filter "$traps" -- \
			"${faults[@]}" --no-symbols --format json -o events.json -- \
			stress-ng --$stressor 1 --$stressor-ops $ops >said 2>&1
		jq -c 'select(.type == "violation")' events.json >events
		jq -c 'select(.type == "summary")' events.json >summary
		echo "$stressor: $(jq -c '[.accounting, .by_cause]' summary), perf $(tail -1 perf.csv)"
		lawful
		jq -e ".accounting.seen == $(awk -F, '/signal_generate/ { print $1 }' perf.csv)" summary
		case $stressor in
		sig*) # one handler's turn each, and not a process lost
			jq -e ".accounting.handled == $ops and .accounting.killed == 0" summary
			jq -se "all(.signal == \"SIG$(tr a-z A-Z <<<"${stressor#sig}")\")" events
			;;
		priv-instr)
			jq -se 'all(.cause == "privileged-instruction")' events
			;;
		bad-altstack) # no stack to run the handler on is a death
			jq -e ".accounting.killed == $ops" summary
			;;
		esac
	done
}

@test "perf trace -F all: the same page faults of the same command" {
	x86_only
	[ -e /sys/kernel/tracing/events ] || mount -t tracefs tracefs /sys/kernel/tracing || true
	local pages=("$programs/pages" fresh 500) same=(env -i setarch -R) kind
	"${same[@]}" "${pages[@]}"
	"${same[@]}" perf trace -m 1024 -F all --no-syscalls -o perf.txt -- "${pages[@]}"
	[ "$(grep -c 'fault \[' perf.txt)" -gt 500 ]
	faults=("${same[@]}" "$ringfence" faults)
	watched "${pages[@]}"
	for kind in minor major; do
		jq -e "([.processes[].isolation.page_faults[] | select(.resolved == \"$kind\") | .count]
			| add // 0) == $(grep -c " ${kind:0:3}fault " perf.txt)" summary
	done
}

@test "python: ctypes reads address 0" {
	watched "$python3" -c 'import ctypes; ctypes.string_at(0)'
	[ "$status" = 139 ]
	event '.cause == "null-page"' '.address == "0x0"' '.outcome == "killed"' \
		'.where | test("libc")'
}

@test "java: a null reference is handled" {
	command -v java >/dev/null && command -v javac >/dev/null || skip "no java"
	cat >T.java <<-END
		public class T {
			int v;
			static int f(T t) { return t.v; }
			public static void main(String[] a) {
				int caught = 0;
				for (int i = 0; i < 5; i++)
					try { f(null); } catch (NullPointerException e) { caught++; }
				System.exit(caught == 5 ? 0 : 1);
			}
		}
	END
	javac T.java
	watched java -Xcomp -cp . T
	[ "$status" = 0 ]
	jq -e '.accounting.handled >= 5 and .accounting.killed == 0' summary
	jq -se 'all(.outcome == "handled") and any(.cause == "null-page")' events
}

# ---- what else is shown ----

# more FILTER KIND [FILE]: a thousand page faults more are a thousand (or expected) more of that class.
more() {
	local filter=$1 kind=$2 file=${3:-} n counts=() more=${expected:-1000}
	[ "$(uname -m)" = x86_64 ] || skip "page-fault tracepoints are x86's"
	for n in 500 1500; do
		watched "$programs/pages" "$kind" $n ${file:+"$file"}
		counts+=("$(jq "[.processes[] | select(.comm == \"pages\") | .isolation.page_faults[] |
			select($filter) | .count] | add // 0" summary)")
	done
	echo "${counts[*]}"
	n=$((counts[1] - counts[0]))
	[ $n -ge $((more - 8)) ] && [ $n -le $((more + 8)) ]
}

@test "page faults by class: fresh memory" {
	more '.mode == "user" and .resolved == "minor" and .access == "write" and
		.page == "not-present" and .hit == "anonymous"' fresh
}

@test "page faults by class: touched by the kernel first" {
	more '.mode == "kernel" and .access == "write" and .hit == "anonymous"' kernel
}

@test "page faults by class: a private and a shared mapping of a file" {
	more '.hit == "copy-on-write" or .hit == "file-private"' private "$PWD/data"
	more '.hit == "file-shared"' shared "$PWD/data"
}

@test "page faults by class: one address, mapped anew for each fault" {
	expected=500
	more '.hit == "anonymous" and .access == "write"' turns "$PWD/data"
	more '.hit == "file-private" and .access == "read"' turns "$PWD/data"
}

@test "page faults by class: as many as the ledger has, each timed" {
	watched "$programs/pages" fresh 500
	jq -e '.processes[] | .isolation | (.page_faults | map(.count) | add) as $n
		| ($n >= 500) and (.handling_ns.histogram | map(.count) | add)
			== $n - (.page_faults | map(.untimed) | add)' summary
}

@test "denied requests, with the capability" {
	[ "$(jq -r '.features[] | select(.name == "cap_capable") | .present // (.verdict == "present")' \
		<("$ringfence" check --format json))" = true ] || skip "no tracepoint cap_capable"
	watched setpriv --reuid 65534 --clear-groups chroot /
	jq -e '.denied | any(.call == "chroot" and .errno == "EPERM" and .count == 1)' summary
	jq -e '[.processes[].isolation.missing_capabilities[]] |
		any(.call == "chroot" and .capability == "CAP_SYS_CHROOT" and .count == 1)' summary
}

@test "denied requests: seccomp" {
	watched "$programs/seccomp" errno
	jq -e '.denied | any(.reason == "seccomp")' summary
}
