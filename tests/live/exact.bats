#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Programs whose every crossing is known: what ringfence says is equal, not close. `whole` compares
# the whole life of the program, call by call and errno by errno, with the tally that it kept.

load helpers

setup() { live_setup; }
teardown() { live_teardown; }

@test "one thread: calls and failures by errno" {
	whole single 12345 100 20 3
	check that result.json known.tally 'call(p, "getppid")["calls"] == 12345' \
		'call(p, "openat")["errnos"] == {"ENOENT": 100}' \
		'call(p, "kill")["errnos"] == {"ESRCH": 20}' 'call(p, "close")["errnos"] == {"EBADF": 3}' \
		'p["failed"] == 123' 'p["denied"] == 0' 'p["exited"]' 'p["comm"] == "single"' \
		'p["exe"].endswith("/tests/programs/single")' 'r["schema"] == "ringfence.stat/1"'
}

@test "requests denied: EPERM and EACCES" {
	chmod 777 .
	whole denied 50 60
	check that result.json 'p["denied"] == 110' 'p["failed"] == 110' \
		'call(p, "kill")["errnos"] == {"EPERM": 50}' \
		'call(p, "openat")["errnos"] == {"EACCES": 60}'
}

@test "64 threads" {
	whole threads 64 2000
	check that result.json 'call(p, "getppid")["calls"] == 128000' \
		'call(p, "exit")["calls"] == 64' 'call(p, "clone")["calls"] == 64'
}

@test "64 threads, by thread" {
	RF_EXPECT=$PWD/known.tally "$ringfence" stat --by thread --format json -o result.json -- \
		"$programs/threads" 64 500
	check that result.json known.tally 'len(processes) == 65' \
		'sum(call(t, "getppid")["calls"] == 500 for t in processes) == 64' \
		'sum(call(t, "exit")["calls"] == 1 for t in processes) == 64' \
		'sum(call(t, "futex")["calls"] for t in processes) == known("futex")' \
		'sum(t["calls"] for t in processes) == r["totals"]["calls"]' \
		'len({t["tid"] for t in processes}) == 65' 'len({t["pid"] for t in processes}) == 1'
}

@test "200 short-lived processes" {
	whole storm 200 100 8
	check that result.json 'len(processes) == 201' 'all(q["exited"] for q in processes)' \
		'sum(call(q, "getppid")["calls"] for q in processes) == 20000'
}

@test "a thread that is not the leader calls execve" {
	whole exec_thread 77 "$programs/single" 33
	check that result.json 'call(p, "getppid")["calls"] == 110' 'call(p, "execve")["calls"] == 2' \
		'call(p, "execve")["failed"] == 0' 'p["comm"] == "single"' 'p["exe"].endswith("/single")'
}

@test "children on borrowed memory (vfork)" {
	whole vforker 20 10
	whole vforker 5 10 "$programs/single" 7
	check that result.json 'len(processes) == 7' 'call(by("single"), "getppid")["calls"] == 17' \
		'call(by("single"), "execve")["calls"] == 1'
}

@test "exit_group with threads inside calls" {
	whole exit_blocked 7 6 5
	check that result.json 'call(p, "futex")["errnos"] == {"ERESTARTSYS": 7}' \
		'call(p, "nanosleep")["errnos"] == {"ERESTART_RESTARTBLOCK": 5}' \
		'call(p, "exit_group")["calls"] == 1'
}

@test "a signal handler: rt_sigreturn" {
	whole sighandler 1000
	check that result.json 'call(p, "rt_sigreturn")["calls"] == 1000' \
		'call(p, "rt_sigreturn")["failed"] == 0'
}

@test "calls interrupted and restarted" {
	whole interrupted 5 6 3
	# An rt_sigreturn that gives back an EINTR has not failed itself.
	check that result.json 'all(call(q, "rt_sigreturn")["failed"] == 0 for q in processes)' \
		'sum(call(q, "nanosleep")["errnos"].get("ERESTART_RESTARTBLOCK", 0) for q in processes) == 6' \
		'sum(call(q, "read")["errnos"].get("ERESTARTSYS", 0) for q in processes) == 6' \
		'sum(call(q, "restart_syscall")["calls"] for q in processes) == 3' \
		'not any("EINTR" in c["errnos"] for q in processes for c in q["by_call"])'
}

@test "seccomp answers EPERM: calls without a sys_enter" {
	whole seccomp errno 1000
	check that result.json 'call(p, "getppid")["errnos"] == {"EPERM": 1000}' 'p["denied"] == 1000'
}

@test "seccomp answers ENOSYS for want of a tracer" {
	whole seccomp trace 500
	check that result.json 'call(p, "getppid")["errnos"] == {"ENOSYS": 500}' 'p["denied"] == 500'
}

@test "seccomp answers 0: a call that did not fail" {
	whole seccomp zero 500
	whole seccomp zeroread 500
	check that result.json 'call(p, "read")["calls"] == 500' 'p["failed"] == 0'
}

@test "seccomp raises SIGSYS, handled" {
	whole seccomp trap 300
	check that result.json 'call(p, "getppid")["errnos"] == {"SIGSYS": 300}' 'p["denied"] == 300' \
		'call(p, "rt_sigreturn")["calls"] == 300'
}

@test "seccomp kills the process" {
	whole seccomp kill
	check that result.json 'len(processes) == 2' \
		'sum(call(q, "getppid")["calls"] for q in processes) == 1'
}

@test "seccomp kills one thread" {
	whole seccomp killthread
}

@test "a 32-bit caller: its own table of names" {
	[ "$(uname -m)" = x86_64 ] || skip "x86_64 only"
	RF_EXPECT=- "$programs/int80" 1 0 || skip "this kernel serves no 32-bit calls"
	whole int80 1000 500
	check that result.json \
		'[(c["name"], c["nr"], c["calls"]) for c in p["by_call"] if c["abi"] == "i386"] ==
		 [("getpid", 20, 1000)]' \
		'[c["calls"] for c in p["by_call"] if c["name"] == "getppid"] == [500]'
}

@test "calls by numbers that do not exist" {
	whole badcall 100
	check that result.json \
		'sum(c["calls"] for c in p["by_call"] if c["errnos"].get("ENOSYS") == c["calls"]) >= 300'
}

@test "pointers to nowhere: EFAULT" {
	whole efault 300 200
	check that result.json 'call(p, "uname")["errnos"] == {"EFAULT": 300}' \
		'call(p, "openat")["errnos"] == {"EFAULT": 200}'
}

@test "a pid used again: two processes" {
	whole pid_reuse 100 200
	check that result.json 'by("first")["pid"] == by("second")["pid"]' \
		'by("first")["start_time_ns"] < by("second")["start_time_ns"]' \
		'call(by("first"), "getppid")["calls"] == 100' \
		'call(by("second"), "getppid")["calls"] == 200'
}

@test "a process that is attached to inside a call, and let go inside one" {
	gated "$programs/single" 5000 10
	watch -p "$program"
	pass_gate
	stop_watching
	check exact result.json known.tally --gate
	check that result.json known.tally 'p["pid"] == lines[0]["processes"][0]["pid"]' \
		'not p["exited"]' 'call(p, "read")["calls"] == 1'
}

@test "threads and processes of a watched command: nothing is missed in ten runs" {
	for _ in 1 2 3 4 5; do
		whole threads 8 100
		whole storm 20 10 4
	done
}

@test "the counts are the same however latency is taken" {
	local mode
	for mode in auto full none; do
		stat_options=("--latency=$mode")
		whole single 300000 100 20 3
		whole threads 16 20000
		whole interrupted 2 2 1
		whole storm 30 50
	done
}
