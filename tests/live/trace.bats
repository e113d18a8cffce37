#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# A line a crossing: the same calls, in the same order, with the same results as strace sees them.

load helpers

# Where the host hides a switch (see docs/architecture.md), a span of time is lost to the stream.
export BATS_TEST_RETRIES=2

setup() { live_setup; }
teardown() { live_teardown; }


@test "the same calls in the same order as strace" {
	cat >work.sh <<-'EOF'
		cat /etc/hostname /nonexistent >/dev/null 2>&1
		echo "$(ls /usr/share | head -n 3)" | wc -l >/dev/null
	EOF
	"$ringfence" trace --no-faults --format json -o trace.json -- sh work.sh
	strace -f -ttt -o strace.txt sh work.sh
	"$python3" "$live/in_order.py" trace.json strace.txt
}

@test "arguments by the names and types that the kernel gives them" {
	[ -r /sys/kernel/tracing/events/syscalls/sys_enter_openat/format ] ||
		skip "tracefs is not mounted"
	"$ringfence" trace -e openat,close -o lines -- cat /nonexistent || true
	grep -F 'openat(dfd=AT_FDCWD, filename="/nonexistent", flags=0, mode=0000) = -1 ENOENT <' lines
	grep -E 'close\(fd=[0-9]+\) = 0 <' lines
	! grep -vE ' (openat|close)\(' lines
}

@test "hostile names are escaped" {
	printf -v name '/nonexistent\x1b[31m\n"x'
	"$ringfence" trace -e openat -o lines -- cat "$name" || true
	grep -F '/nonexistent\x1b[31m\n\"x"' lines || grep -F '/nonexistent\x1b[31m\x0a\"x"' lines
	! grep -q $'\x1b' lines
}

@test "slow calls, failed calls, waiting" {
	"$ringfence" trace --slower 50ms --format json -o slow.json -- sleep 0.1
	jq -s -e '[.[] | select(.name == "clock_nanosleep")] | length == 1 and
		.[0].waiting_ns > 90000000 and .[0].duration_ns >= .[0].waiting_ns' slow.json
	jq -s -e 'all(.duration_ns >= 50000000)' slow.json
	"$ringfence" trace --failed --format json -o failed.json -- cat /nonexistent || true
	jq -s -e 'length > 0 and all(.errno != null)' failed.json
}

@test "faults, signals and ends in their place" {
	"$ringfence" trace -o lines -- sh -c 'kill -USR1 $$' || true
	grep -q 'page fault: ' lines
	grep -qE 'kill\(.*\) = 0' lines
	grep -q -- '--- SIGUSR1 (SI_USER) ---' lines
	tail -n 1 lines | grep -q '+++ killed by SIGUSR1 +++'
	grep -q '+++ runs "' lines
}

@test "a call that does not end is shown as such" {
	"$ringfence" trace -d 500ms -o lines -- sleep 2
	grep -E 'clock_nanosleep\(.*\) = \? \(unfinished\)' lines
}

@test "a thread that was there already" {
	start sleep 30
	sleeper=$pid
	start "$ringfence" trace -p "$sleeper" -d 1s --format json -o trace.json
	tracer=$pid
	sleep 0.7
	kill -KILL "$sleeper"
	ends "$tracer" 20
	jq -s -e '.[-1].type == "exit" and .[-1].comm == "sleep"' trace.json
}
