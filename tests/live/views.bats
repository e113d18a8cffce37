#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Names that come from processes harm no view: no control character, no byte that is not UTF-8, no
# broken row or quote gets through.

load helpers

setup() { live_setup; }
teardown() { live_teardown; }

kinds=(newline quote escape utf8 comma bidi empty)

# clean FILE: UTF-8, and nothing in it that moves a cursor or reorders text.
clean() {
	"$python3" - "$1" <<-'END'
		import sys, unicodedata
		text = open(sys.argv[1], "rb").read().decode("utf-8", "strict")
		bad = [c for c in text if c != "\n" and unicodedata.category(c) in ("Cc", "Cf", "Cs")]
		assert not bad, bad
		assert text.endswith("\n")
	END
}

@test "hostile comm: table" {
	local kind lines
	"$ringfence" stat -- "$programs/hostile" plain 100 >plain
	lines=$(wc -l <plain)
	for kind in "${kinds[@]}"; do
		"$ringfence" stat -- "$programs/hostile" "$kind" 100 >table
		cat -v table
		clean table
		[ "$(wc -l <table)" -eq "$lines" ]
	done
}

@test "hostile comm: json" {
	local kind
	# What a reader of the JSON gets is the name itself: escaping is the format's own.
	local -A names=([newline]='"a\nb\r\tc"' [quote]='chr(34).join(("q", "\x27" + chr(92) + "`<&>"))'
		[escape]='"\x1b[2J\x1b[31mred"' [comma]='"=1+1,;|\x22x\x22"'
		[bidi]='"\u202e\x9b31m\x7f"' [empty]='""')
	for kind in "${kinds[@]}"; do
		whole hostile "$kind" 100
		clean result.json
		check that result.json 'call(p, "getppid")["calls"] == 100' \
			"p['comm'] == ${names[$kind]:-p['comm']}"
	done
	# What is not UTF-8 is replaced, and nothing else is.
	whole hostile utf8 100
	check that result.json 'chr(0xfffd) in p["comm"] and "(" in p["comm"]'
}

@test "hostile comm: csv" {
	local kind
	for kind in "${kinds[@]}"; do
		"$ringfence" stat --format csv -- "$programs/hostile" "$kind" 100 >table.csv
		cat -v table.csv
		clean table.csv
		"$python3" - table.csv <<-'END'
			import csv, sys
			rows = list(csv.reader(open(sys.argv[1], newline=""), strict=True))
			rows = [r for r in rows if r and not r[0].startswith("#")]
			assert len(rows) >= 2 and len({len(r) for r in rows}) == 1, rows
			column = {name: i for i, name in enumerate(rows[0])}
			assert sum("getppid" in r for r in rows) == 1, rows
		END
	done
}

@test "hostile path of the program" {
	local dir=$'p\n\033[31m"\xff\\'
	mkdir "$dir"
	cp "$programs/single" "$dir/single"
	measure "./$dir/single" 10
	check exact result.json known.tally
	clean result.json
	check that result.json 'p["exe"].endswith("/single")' '"\x1b[31m\x22\ufffd" in p["exe"]'
	"$ringfence" stat -- "./$dir/single" 10 >table
	clean table
	"$ringfence" stat --format csv -- "./$dir/single" 10 >table.csv
	clean table.csv
}

@test "hostile arguments in messages" {
	run -2 "$ringfence" stat --comm $'[\033[31m\n' -d 1s
	printf '%s\n' "$output" >message
	clean message
	run -127 "$ringfence" stat -- $'no\033[31m\nsuch\xff'
	printf '%s\n' "$output" >message
	clean message
	[ "$(wc -l <message)" -eq 1 ]
}

@test "two names that only escaping could confuse stay two" {
	gated "$programs/pid_reuse" 10 20
	watch --by comm
	pass_gate
	stop_watching
	check that result.json 'call(by("first"), "getppid")["calls"] == 10' \
		'call(by("second"), "getppid")["calls"] == 20'
}

@test "the table says what one wants to read" {
	"$ringfence" stat -- "$programs/single" 1000 50 >table
	cat table
	grep -q single table
	grep -q getppid table
	grep -Eq 'seen.*attributed.*lost 0' table
	run ! grep -q $'\033' table
}

@test "--by, --sort and --top" {
	"$ringfence" stat --by call --format json -o result.json -- "$programs/single" 3000 200
	check that result.json 'r["accounting"]["lost"] == 0' \
		'sum(c["calls"] for q in processes for c in q["by_call"] if c["name"] == "getppid") == 3000'
	local by
	for by in process thread comm cgroup user call; do
		"$ringfence" stat --by $by --format json -o result.json -- "$programs/storm" 5 20
		check that result.json 'sum(q["calls"] for q in processes) == r["totals"]["calls"]' \
			'sum(c["calls"] for q in processes for c in q["by_call"] if c["name"] == "getppid") == 100'
		"$ringfence" stat --by $by -- "$programs/storm" 5 20 >table
		clean table
	done
	"$ringfence" stat --sort calls --top 2 --format json -o result.json -- "$programs/storm" 5 20
	# Rows are left out, not counts.
	check that result.json 'len(processes) == 2' \
		'processes[0]["calls"] >= processes[1]["calls"]' \
		'r["totals"]["calls"] > sum(q["calls"] for q in processes)' \
		'r["accounting"]["seen"] == r["accounting"]["attributed"]'
}
