#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Beginnings and ends: signals, durations, kill -9, several at once.

load helpers

setup() { live_setup; }
teardown() { live_teardown; }

gone() {
	! bpftool "$1" show id "$2" >/dev/null 2>&1
}

@test "kill -9 leaves no program, map or link behind" {
	gated "$programs/single" 10
	watch -p "$program"
	local kind id ids=()
	for kind in prog map link; do
		for id in $(bpf_ids "$watcher" $kind); do ids+=("$kind $id"); done
	done
	for kind in prog map link; do
		[[ " ${ids[*]} " == *" $kind "* ]]
	done
	for id in "${ids[@]}"; do
		# shellcheck disable=SC2086
		run ! gone $id
	done
	kill -KILL "$watcher"
	ends "$watcher" 5
	for id in "${ids[@]}"; do
		# shellcheck disable=SC2086
		until_true 5 gone $id
	done
}

@test "kill -9 takes the held command with it, or leaves it unharmed" {
	start "$ringfence" stat --format json -o result.json -- sleep 1
	watcher=$pid
	until_true 20 measures "$watcher"
	kill -KILL "$watcher"
	ends "$watcher" 5
	[ "$status" -eq 137 ]
}

@test "two at once do not disturb each other" {
	gated "$programs/single" 4000 40
	result=one.json watch -p "$program"
	local one=$watcher
	result=two.json watch -p "$program"
	mkdir third
	(cd third && whole threads 8 1000)
	pass_gate
	stop_watching
	watcher=$one
	stop_watching
	check exact one.json known.tally --gate
	check exact two.json known.tally --gate
}

@test "one begins and ends while another measures" {
	gated "$programs/single" 4000 40
	result=one.json watch -p "$program"
	local one=$watcher
	result=two.json watch -p "$program"
	kill -KILL "$watcher"
	pass_gate
	watcher=$one
	stop_watching
	check exact one.json known.tally --gate
}

@test "SIGINT prints the result, SIGTERM too" {
	local signal
	for signal in INT TERM; do
		gated "$programs/single" 100
		watch -p "$program"
		pass_gate
		kill -$signal "$watcher"
		ends "$watcher" 10
		[ "$status" -eq 0 ]
		check exact result.json known.tally --gate
		printf x >&"$gate_fd"
		ends "$program" 10
	done
}

@test "a second SIGINT ends at once, even while the result is printed" {
	mkfifo pipe
	exec {reader}<>pipe
	start "$ringfence" stat --format json -o pipe -- "$programs/storm" 300 10 {reader}>&-
	watcher=$pid
	until_true 30 full_pipe
	kill -0 "$watcher"
	kill -INT "$watcher"
	sleep 0.3
	kill -INT "$watcher" 2>/dev/null || true
	ends "$watcher" 1
	[ "$status" -eq 130 ]
}

full_pipe() {
	grep -qs pipe_write "/proc/$watcher/stack" || [ "$(cat "/proc/$watcher/wchan")" = pipe_write ] ||
		[[ "$(cat "/proc/$watcher/syscall" 2>/dev/null)" == 1\ * ]]
}

@test "a second SIGINT ends at once, whatever COMMAND does" {
	start "$ringfence" stat --format json -o result.json -- \
		sh -c 'trap "" INT; echo $$ >child; exec sleep 20'
	watcher=$pid
	until_true 20 test -s child
	started+=("$(<child)")
	sleep 0.3
	kill -INT "$watcher"
	sleep 0.5
	# The first one leaves it waiting for COMMAND.
	kill -0 "$watcher"
	kill -INT "$watcher"
	ends "$watcher" 1
	[ "$status" -eq 130 ]
}

@test "-d ends the window by itself" {
	local begin=$EPOCHREALTIME
	gated "$programs/single" 10
	"$ringfence" stat -d 700ms -p "$program" --format json -o result.json
	check that result.json '0.7e9 <= r["window_ns"] < 1.2e9'
	[ $((${EPOCHREALTIME/./} - ${begin/./})) -ge 700000 ]
}

@test "-i prints each interval, and their sum is the whole" {
	gated "$programs/sleeper" 15 100
	watch -p "$program" -i 400ms
	pass_gate
	stop_watching
	"$python3" - result.json known.tally <<-'END'
		import json, sys
		decoder, text, intervals = json.JSONDecoder(), open(sys.argv[1]).read().strip(), []
		while text:
		    value, end = decoder.raw_decode(text)
		    intervals.append(value)
		    text = text[end:].strip()
		assert len(intervals) >= 4, len(intervals)
		calls = [sum(c["calls"] for p in i["processes"] for c in p["by_call"]
		             if c["name"] == "nanosleep") for i in intervals]
		assert all(i["accounting"]["seen"] == i["accounting"]["attributed"] for i in intervals)
		assert all(i["accounting"]["lost"] == 0 for i in intervals)
		assert sum(n > 0 for n in calls) >= 3, calls
		# A call that is open at an interval's end is counted in the one in which it was entered.
		assert sum(calls) == 15, calls
	END
}
