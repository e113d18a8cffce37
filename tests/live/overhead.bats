#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# --overhead: what ringfence itself costs, by the kernel's own statistics.

load helpers

setup() { live_setup; }
teardown() { live_teardown; }

overhead='(r.get("overhead") or {})'

@test "every call ran at least two programs, and their time is known" {
	measure "$programs/single" 200000
	check that result.json '"overhead" not in r'
	"$ringfence" stat --overhead --format json -o result.json -- "$programs/single" 200000
	check that result.json "$overhead['bpf_runs'] >= 2 * r['totals']['calls']" \
		"$overhead['bpf_runs'] >= 400000" \
		"5 * $overhead['bpf_runs'] < $overhead['bpf_ns'] < 5000 * $overhead['bpf_runs']" \
		"0 < $overhead['loader_cpu_ns'] < r['window_ns']" \
		"$overhead['load_ns'] > 1000000" "$overhead['sweeps'] >= 1" \
		"0 < $overhead['sweep_max_ns'] <= $overhead['sweep_ns']"
}

@test "the memory is what check says" {
	"$ringfence" stat --overhead --format json -o result.json -- "$programs/single" 1
	"$ringfence" stat --overhead --memory 4M --format json -o small.json -- "$programs/single" 1
	check that result.json "$overhead['kernel_bytes'] > 4 << 20"
	check that small.json "0 < $overhead['kernel_bytes'] <= 4 << 20"
	"$ringfence" check --format json >check.json
	"$python3" - <<-'END'
		import json
		told = json.load(open("result.json"))["overhead"]["kernel_bytes"]
		check = json.load(open("check.json"))["host"]["map_bytes"]
		assert told == check, (told, check)
	END
}

@test "each interval has its own" {
	start "$programs/flood" 3000 1 1
	"$ringfence" stat --overhead -p "$pid" -i 400ms -d 1200ms --format json >lines
	"$python3" - <<-'END'
		import json
		lines = [json.loads(line) for line in open("lines")]
		assert len(lines) >= 3, lines
		for line in lines[:3]:
		    # what ran for others is in it too
		    assert line["overhead"]["bpf_runs"] >= 1.5 * line["totals"]["calls"] > 0, line
		    assert line["overhead"]["bpf_ns"] < 4 * line["window_ns"], line
	END
}

@test "a line in the table and lines in csv" {
	"$ringfence" stat --overhead -- "$programs/single" 1000 >table
	grep -Eq '^overhead     BPF .* runs \(.*% of one CPU\), loader .*, maps [0-9,]+ KiB$' table
	"$ringfence" stat -- "$programs/single" 1000 >table
	run ! grep overhead table
	"$ringfence" stat --overhead --format csv -- "$programs/single" 1000 >table.csv
	[ "$(grep -c ,overhead, table.csv)" -eq 4 ]
}

@test "the kernel stops timing when ringfence has ended" {
	local before
	read -r before </proc/sys/kernel/bpf_stats_enabled
	"$ringfence" stat --overhead -d 100ms >table
	[ "$(cat /proc/sys/kernel/bpf_stats_enabled)" = "$before" ]
}
