#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# User + kernel + waiting time is the thread's time on the clock, and each goes where it belongs.

load helpers

setup() { live_setup; }
teardown() { live_teardown; }

sum='(p["time_ns"]["user"] + p["time_ns"]["kernel"] + p["time_ns"]["waiting"])'

@test "a computing loop: nearly all user time" {
	measure "$programs/compute" 1000
	# Waiting for a processor is the host's doing, so it is left out.
	check that result.json known.tally "near($sum, x['wall_ns'], 0.02)" \
		"p['time_ns']['user'] >= 0.95 * ($sum - x['run_delay_ns'])" \
		"p['time_ns']['user'] <= x['wall_ns']" "p['time_ns']['kernel'] <= 0.05 * $sum"
}

@test "a getppid loop: user and kernel time, none of it waiting" {
	local mode error
	for mode in auto full; do
		# auto times samples of a thread that calls this often; a sum has their error.
		[ $mode = full ] && error=0.02 || error=0.15
		stat_options=("--latency=$mode")
		measure "$programs/single" 2000000
		check that result.json known.tally "near($sum, x['wall_ns'], 0.02)" \
			"call(p, 'getppid')['calls'] == 2000000" "p['time_ns']['user'] > 0.1 * $sum" \
			"near(call(p, 'getppid')['total_ns'], p['time_ns']['kernel'], $error)"
	done
	# With every call timed, what the calls took is part of the kernel time.
	check that result.json "p['time_ns']['kernel'] >= call(p, 'getppid')['total_ns']" \
		"call(p, 'getppid')['untimed'] == 0"
}

@test "a sleeping program: nearly all waiting" {
	measure "$programs/sleeper" 10 100
	check that result.json known.tally "near($sum, x['wall_ns'], 0.02)" \
		"p['time_ns']['waiting'] >= 0.98 * $sum" "p['time_ns']['user'] <= 0.01 * $sum" \
		"call(p, 'nanosleep')['total_ns'] >= 10 * 100e6" \
		"call(p, 'nanosleep')['min_ns'] >= 100e6" \
		"near(call(p, 'nanosleep')['total_ns'], x['wall_ns'], 0.02)"
}

@test "the process' own accounts agree: utime and stime of an attached loop" {
	gated "$programs/compute" 1000
	watch -p "$program"
	pass_gate
	stop_watching
	read -r ran _ <"/proc/$program/schedstat"
	# All the processor time the program has had, beside a little before the gate.
	check that result.json known.tally \
		"near(p['time_ns']['user'] + p['time_ns']['kernel'], $ran, 0.02)"
}

@test "blocked and ended inside the window: an attached process that sleeps throughout" {
	gated "$programs/single" 10
	watch -p "$program"
	sleep 1
	stop_watching
	check that result.json 'processes == [] or p["time_ns"]["user"] == 0' \
		'processes == [] or near(p["time_ns"]["waiting"], r["window_ns"], 0.02)' \
		'r["totals"]["calls"] == 0'
}
