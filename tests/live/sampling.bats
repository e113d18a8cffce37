#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# --latency=auto against --latency=full on the same load: the counts are equal to the last call, and
# the percentiles agree within 5 % and what the histogram can tell apart: one bucket.

load helpers

# Samples are drawn at random, and the host may be busy in one of the runs.
export BATS_TEST_RETRIES=3

setup() { live_setup; }
teardown() { live_teardown; }

# under HOW RUN LOAD N: the load once, which must come out exact whatever is timed.
under() {
	rm -f result.json known.tally
	RF_EXPECT=$PWD/known.tally timeout 60 "$ringfence" stat --latency="$1" --format json \
		-o result.json -- "$programs/sampled" "$3" "$4"
	check exact result.json known.tally
	mv result.json "$1.$2.json"
}

# agree CALL[:PERCENTILE]...: the least of the runs, which is the one that the host disturbed least.
agree() {
	"$python3" - "$@" <<-'END'
		import glob, json, sys

		def cells(how, name):
		    for path in glob.glob(how + ".*.json"):
		        with open(path) as f:
		            process, = json.load(f)["processes"]
		        yield next(c for c in process["by_call"] if c["name"] == name)

		def bucket(ns):
		    """What the histogram cannot tell apart: a quarter of an octave, 8 ns at least."""
		    return max(8, 2 ** (int(ns).bit_length() - 1) / 4)

		wrong = 0
		for argument in sys.argv[1:]:
		    name, _, which = argument.partition(":")
		    for percentile in [which + "_ns"] if which else ["p50_ns", "p99_ns"]:
		        f = min(c[percentile] for c in cells("full", name))
		        a = min(c[percentile] for c in cells("auto", name))
		        print(f"{name} {percentile}: full {f} auto {a} ({100 * a / f - 100:+.1f} %)")
		        wrong += abs(a - f) > 0.05 * f + bucket(max(a, f))
		sys.exit(wrong > 0)
	END
}

# compare LOAD N CALL...: in turns under both ways of timing, until the runs that were disturbed
# least agree. If the two told different things, no number of runs would make them.
compare() {
	local run load=$1 n=$2
	shift 2
	for run in $(seq 12); do
		under full "$run" "$load" "$n"
		under auto "$run" "$load" "$n"
		[ "$run" -lt 3 ] || ! agree "$@" >agreed || break
	done
	cat agreed
	agree "$@" >/dev/null
}

@test "one call in a loop" {
	compare loop 1000000 getppid
}

@test "two calls in turns" {
	compare pair 200000 read write
}

@test "quick calls, long ones and waiting ones" {
	# Too few of the waiting ones for a p99; all of them are timed either way.
	compare mixed 500 getppid read nanosleep:p50
}

# touched HOW RUN: every page once. Sampling leaves no fault out of the count.
touched() {
	"$ringfence" stat --latency="$1" --format json -o "$1.$2.json" -- "$programs/pages" fresh 20000
}

# The time that faults took, of the runs that were disturbed least, within a fifth: what a fault
# costs differs more from run to run than a call does.
faults_agree() {
	"$python3" - <<-'END'
		import glob, json, sys

		def process(path):
		    with open(path) as f:
		        return json.load(f)["processes"][0]

		least = {}
		for how in "full", "auto":
		    runs = [process(path) for path in glob.glob(how + ".*.json")]
		    assert all(20000 <= p["page_faults"]["user"] <= 20400 for p in runs)
		    assert all(p["page_faults"]["user"] + p["page_faults"]["kernel"] ==
		               p["page_faults"]["minor"] + p["page_faults"]["major"] for p in runs)
		    for what in "faults", "user":
		        least[how, what] = min(p["time_ns"][what] for p in runs)
		print(least)
		sys.exit(any(not 0.8 < least["auto", what] / least["full", what] < 1.25
		             for what in ("faults", "user")))
	END
}

@test "fresh pages, one after the other" {
	[ "$(uname -m)" = x86_64 ] || skip "page-fault tracepoints are x86's"
	for run in $(seq 12); do
		touched full "$run"
		touched auto "$run"
		[ "$run" -lt 3 ] || ! faults_agree >agreed || break
	done
	cat agreed
	faults_agree >/dev/null
}
