#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# scripts/bench: that it measures and tells what it measured. What comes out in nanoseconds is the
# host's affair and no test's.

load helpers

setup() {
	live_setup
	export RF_BUILD=${RF_BUILD:-$(dirname "$ringfence")} PYTHONDONTWRITEBYTECODE=1
}
teardown() { live_teardown; }

bench() {
	timeout 120 "$python3" "$root/tests/bench/run.py" --state state.json --output . "$@"
}

@test "the quick form: a row for each tool, in empty pairs" {
	bench --quick --rounds 2 --scale 0.1 --tools full,strace >table
	cat table
	grep -Eq '^\| untraced \| \([0-9]+ a call\)' table
	grep -Eq '^\| empty pair of programs \| [0-9]+ \| 1\.00 \|' table
	grep -Eq '^\| \*\*ringfence stat --latency=full\*\* \| [0-9]+ \| [0-9.]+ \|' table
	grep -Eq '^\| strace -c -f \| [0-9]{3,} \|' table
	run ! grep -q bpftrace table
	[ ! -e performance.md ]
}

@test "sections are measured once, and again when they are to be" {
	bench --rounds 1 --scale 0.02 --tools auto calls 2>first
	grep -q 'section calls' first
	bench --rounds 1 --scale 0.02 --tools auto calls faults 2>second
	run ! grep -q 'section calls' second
	grep -q 'section faults' second
	grep -q '^## A page fault' performance.md
	bench --rounds 1 --scale 0.02 --tools auto --fresh calls 2>third
	grep -q 'section calls' third
	# other options make other figures
	bench --rounds 2 --scale 0.02 --tools auto calls 2>fourth
	grep -q 'section calls' fourth
}

@test "the live view: its share of a processor, and keys answered while it sweeps" {
	bench --scale 0.05 top
	grep -Eq '^\| `ringfence top`, 50 processes, 1 s interval \| 1 % of one core \| [0-9.]+ % \|' \
		performance.md
	grep -Eq '^\| a key in it while a sweep runs \| 50 ms \| [0-9.]+ ms, 95 % in ' performance.md
}

@test "the stream: its cost beside that of other recorders, losses, reading" {
	bench --rounds 1 --scale 0.05 --tools record,strace-o stream
	grep -Eq '^\| \*\*ringfence record\*\* \| [0-9]+ \| [0-9.]+ \|' performance.md
	grep -Eq '^\| strace -f -ttt -o \| [0-9]{3,} \|' performance.md
	grep -Eq '^\| lost of [0-9,]+ crossings a second from one core \| 0 \| [0-9,]+ \|' performance.md
	grep -Eq '^\| not accounted for with all cores saturated \| 0 \| 0 \| yes \|' performance.md
	grep -Eq '^`ringfence report` reads [0-9,]+ crossings ' performance.md
}

@test "real work, with what is installed here" {
	bench --rounds 1 --scale 0.01 --tools strace work
	grep -q '^| strace -c -f |' performance.md
	# no server is left behind
	run ! bash -c 'exec 3<>/dev/tcp/127.0.0.1/16379'
	run ! bash -c 'exec 3<>/dev/tcp/127.0.0.1/18080'
}

@test "a rival that is missing is named" {
	mkdir bin
	ln -s "$python3" "$(command -v timeout)" bin
	PATH=$PWD/bin bench --quick --rounds 1 --scale 0.05 --tools strace >table
	grep -q '^Not run: strace -c -f is not installed\.$' table
}

@test "wrong options" {
	run -2 bench nothing
	run -2 bench --tools nothing
	run -2 bench --scale 0
}

@test "the page from known samples: ratios, goals, what was missed" {
	"$python3" - <<-'END'
		import json

		def tool(*ns):
		    return [{"one": n, "two": n + 10, "mixed": n + 5} for n in ns]

		def points(*xs):
		    return [{"x": x, "calls_per_s": [x * 10], "plain_ns": [100, 110], "traced_ns": [350, 340],
		             "loader_percent": [0.25], "sweep_ms": [12.5]} for x in xs]

		calls = {"untraced": tool(110, 100), "empty": tool(200, 210), "auto": tool(240, 230),
		         "full": tool(280, 290), "none": tool(215, 215), "floor-timed": tool(260)}
		state = {"key": None, "facts": {"host": {"CPUs": 2}, "tools": {"strace": "6.1"}}, "sections": {
		    "calls": {"samples": calls, "missing": {"perf-trace": "perf trace is not installed"}},
		    "faults": {"samples": {"untraced": [{"one": 500}], "empty": [{"one": 700}],
		                           "full": [{"one": 780}], "auto": [{"one": 840}]},
		               "missing": {}},
		    "loader": {"kernel": {"bytes": 17 << 20, "cpus": 2}, "load_ms": [150, 170, 160],
		               "load": {"processes": 200, "rate": 100000},
		               "share": {"stat -i 1s": {"percent": 0.61, "calls_per_s": 99999}},
		               "crowd": {"processes": 10000, "VmHWM": 40 << 10, "RssAnon": 9 << 10,
		                         "sweep_ms": [20, 30, 25]},
		               "short": {"total": 1000, "samples": [[n, 5000] for n in range(20)],
		                         "after": 5000}},
		    "top": {"processes": 1000, "rate": 20000, "width": 200, "height": 60, "percent": 0.52,
		            "key_ms": [1.0] * 94 + [2.0] * 5 + [51.0]},
		    "work": {"samples": {"untraced": [{"dd": 1.0}, {"dd": 1.2}, {"dd": 1.0}],
		                         "auto": [{"dd": 1.1}] * 3, "strace": [{"dd": None}]},
		             "missing": {}, "items": {"dd": "dd bs=1"}, "items_missing": ["nginx"]},
		    "growth": {"rate": points(10000, 100000), "processes": points(10, 10000),
		               "threads": points(10, 1000),
		               "distinct": [{"x": x, "plain_ns": [100], "traced_ns": [200]} for x in (1, 56)]},
		}}
		json.dump(state, open("state.json", "w"))
	END
	bench --report
	# the least with the tool less the least without, in empty pairs: 180 of 100
	grep -Fq '| **ringfence stat --latency=full** | 180 | 1.80 |' performance.md
	grep -Fq 'the default) | 1.3 × the empty pair | 1.30 | yes |' performance.md
	grep -Fq '`--latency=full`), one core | 1.7 × the empty pair | 1.80 | **no** |' performance.md
	grep -Fq '`--latency=full`) | 1.5 × empty programs | 1.40 | yes |' performance.md
	grep -Fq 'the default) | 1.5 × empty programs | 1.70 | **no** |' performance.md
	grep -Fq '| 0.5 % of one core | 0.61 % | **no** |' performance.md
	grep -Fq '| load and attach | 300 ms | 160 ms | yes |' performance.md
	grep -Fq '1,000 processes, 1 s interval | 1 % of one core | 0.52 % | yes |' performance.md
	grep -Fq '| 50 ms | 1.0 ms, 95 % in 2.0, all in 51.0 | **no** |' performance.md
	grep -Fq 'Not run: perf trace is not installed.' performance.md
	grep -Fq 'Not run: nginx.' performance.md
	grep -Fq '| ringfence stat | +10.0 |' performance.md
	grep -Fq '| strace -c -f | too slow |' performance.md
	grep -Fq '| 10,000 | 100,000 | 100 | 240 | 0.25 | 12.5 |' performance.md
	"$python3" - <<-'END'
		import xml.dom.minidom
		svg = xml.dom.minidom.parse("performance-growth.svg").documentElement
		assert len(svg.getElementsByTagName("circle")) == 12
		text = " ".join(t.firstChild.data for t in svg.getElementsByTagName("text"))
		for word in "Calls a second", "Processes", "Threads", "Different calls":
		    assert word in text, text
	END
	run ! grep -F "$PWD" performance.md
	run ! grep -F "$(hostname)" performance.md
}
