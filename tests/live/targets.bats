#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Targets and filters: what is meant is counted to the last call, and nothing else is.

load helpers

setup() { live_setup; }
teardown() { live_teardown; }

@test "-p: these processes and no other" {
	gated "$programs/single" 300
	local first=$program
	start "$programs/flood" 3000 1
	watch -p "$first"
	pass_gate
	stop_watching
	check exact result.json known.tally --gate
}

@test "-p with several" {
	gated "$programs/single" 300
	start sleep 20
	local other=$pid
	watch -p "$program,$other" -p "$$"
	pass_gate
	stop_watching
	check exact result.json known.tally --gate --some
	check that result.json "{q['pid'] for q in processes} == {$program, $other, $$}"
}

@test "the whole host: a process among all others, and not ringfence itself" {
	gated "$programs/single" 3000 70
	watch
	local self=$watcher
	pass_gate
	stop_watching
	check exact result.json known.tally --gate --some
	check that result.json "all(q['pid'] != $self for q in processes)" 'len(processes) > 1'
}

@test "--self counts ringfence too" {
	watch --self
	local self=$watcher
	sleep 0.3
	stop_watching
	check that result.json "pid($self)['calls'] > 0"
}

@test "--comm: by glob" {
	local name=rf-$$-x
	cp "$programs/single" "$name"
	gated "./$name" 400 5
	watch --comm "rf-$$-?"
	start "$programs/flood" 500 1
	pass_gate
	stop_watching
	check exact result.json known.tally --gate
	check that result.json "p['comm'] == '$name'"
}

# Names are looked at when a thread is switched in, not at each crossing.
@test "--comm: a process that takes the name on the way, from its next turn on a CPU" {
	gated "$programs/pid_reuse" 100 200
	watch --comm 'secon*'
	pass_gate
	stop_watching
	check that result.json 'call(by("second"), "getppid")["calls"] == 200' \
		'all(q["comm"] == "second" for q in processes)'
}

@test "-u: by name and by number" {
	local user uid
	for user in 60123 nobody; do
		uid=$user
		[ "$user" = nobody ] && uid=65534
		gated "$programs/denied" 40 5 "$uid"
		watch -u "$user"
		start "$programs/flood" 500 1
		pass_gate
		stop_watching
		check exact result.json known.tally --gate --some
		check that result.json "all(q['uid'] == $uid for q in processes)"
		printf x >&"$gate_fd"
		ends "$program" 10
	done
}

@test "--cgroup: it and what is below it" {
	local mount group
	mount=$(findmnt -n -t cgroup2 -o TARGET | head -n 1)
	[ -n "$mount" ] || skip "no cgroup v2 hierarchy"
	group=$mount/ringfence-test-$$
	mkdir -p "$group/below"
	gated "$programs/storm" 5 20
	echo "$program" >"$group/below/cgroup.procs"
	watch --cgroup "$group"
	start "$programs/flood" 500 1
	pass_gate
	stop_watching
	check exact result.json known.tally --gate
	check that result.json "all(q['cgroup'].endswith('/ringfence-test-$$/below') for q in processes)"
	printf x >&"$gate_fd"
	ends "$program" 10
	rmdir "$group/below" "$group"
}

@test "-e: calls by name and by class" {
	"$ringfence" stat -e getppid,openat --format json -o result.json -- "$programs/single" 100 20 3 4
	check that result.json 'sorted(c["name"] for c in p["by_call"]) == ["getppid", "openat"]' \
		'call(p, "getppid")["calls"] == 100' 'call(p, "openat")["calls"] == 20' \
		'p["failed"] == 20' 'r["accounting"]["lost"] == 0'
	"$ringfence" stat -e %file --format json -o result.json -- "$programs/single" 100 20 3 4
	check that result.json 'sorted(c["name"] for c in p["by_call"]) == ["execve", "openat"]' \
		'call(p, "openat")["calls"] == 20'
	"$ringfence" stat -e %signal --format json -o result.json -- "$programs/sighandler" 30
	check that result.json \
		'sorted(c["name"] for c in p["by_call"]) == ["rt_sigaction", "rt_sigreturn", "tgkill"]' \
		'call(p, "rt_sigreturn")["calls"] == 30'
}

@test "-e: calls that seccomp refuses are narrowed too" {
	"$ringfence" stat -e getppid --format json -o result.json -- "$programs/seccomp" errno 40
	check that result.json '[c["name"] for c in p["by_call"]] == ["getppid"]' \
		'call(p, "getppid")["errnos"] == {"EPERM": 40}'
	"$ringfence" stat -e openat --format json -o result.json -- "$programs/seccomp" errno 40
	check that result.json 'r["totals"]["calls"] == 0'
}

@test "-- COMMAND: every descendant, and only those" {
	start "$programs/flood" 1500 1
	"$ringfence" stat --format json -o result.json -- \
		sh -c '("$1" 50 & ) ; "$1" 60; setsid "$1" 70' sh "$programs/single"
	check that result.json \
		'sorted(call(q, "getppid")["calls"] for q in processes if q["comm"] == "single") == [50, 60, 70]' \
		'all(q["comm"] in ("sh", "single", "setsid") for q in processes)' \
		'all(q["exited"] for q in processes)'
}
