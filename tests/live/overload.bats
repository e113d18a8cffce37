#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The loader stands still for seconds while two cores make calls flat out: nothing is lost.

load helpers

setup() { live_setup; }
teardown() { live_teardown; }

# stopped_during PROGRAM-ARGUMENT...: ringfence is stopped for 3 s of the flood.
stopped_during() {
	RF_EXPECT=$PWD/known.tally start "$ringfence" stat --format json -o result.json -- \
		"$programs/flood" "$@"
	local watcher=$pid
	until_true 20 has_child "$watcher" flood
	sleep 0.5
	kill -STOP "$watcher"
	sleep 3
	kill -CONT "$watcher"
	ends "$watcher" 30
	[ "$status" -eq 0 ]
	check exact result.json known.tally
}

has_child() {
	[ "$(ps --ppid "$1" -o comm= 2>/dev/null)" = "$2" ]
}

@test "two threads, one call" {
	stopped_during 4000 2 1
	check that result.json known.tally 'call(p, "getppid")["calls"] == known("getppid")' \
		'known("getppid") > 1000000' \
		'r["accounting"]["seen"] == r["totals"]["calls"] + r["totals"]["page_faults"]'
}

@test "two threads and thirty processes, ten calls each" {
	stopped_during 4000 2 10 30
	check that result.json known.tally 'known("getsid") > 100000' 'len(processes) == 31'
}

@test "the whole host is watched, and the flood is in it to the last call" {
	gated "$programs/flood" 3500 2 10
	watch
	printf x >&"$gate_fd"
	sleep 0.2
	kill -STOP "$watcher"
	sleep 3
	kill -CONT "$watcher"
	until_true 30 test -s known.tally && until_true 10 at_gate "$program"
	stop_watching
	check exact result.json known.tally --gate --some
}
