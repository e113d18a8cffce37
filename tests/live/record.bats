#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The stream: what is recorded and reported is what is known, crossing by crossing; what a disk, a
# signal or a full ring takes away is told.

load helpers

# Where the host hides a switch (see docs/architecture.md), a span of time is lost to the stream.
export BATS_TEST_RETRIES=2

setup() { live_setup; }
teardown() { live_teardown; }

# recorded PROGRAM ARGUMENT...: its whole life under record, and report equal to its tally.
recorded() {
	rm -f result.json known.tally x.rec
	RF_EXPECT=$PWD/known.tally timeout 60 "$ringfence" record -o x.rec -- "$programs/$1" "${@:2}" &&
		"$ringfence" report --format json -o result.json x.rec &&
		check exact result.json known.tally
}

# key FILE EXPRESSION: of a JSON file, by jq.
key() {
	jq -e "$2" "$1"
}

@test "record and report say exactly what is known" {
	recorded single 12345 100 20 3
	recorded threads 64 2000
	recorded storm 200 100 8
	recorded exec_thread 77 "$programs/single" 33
	recorded vforker 5 10 "$programs/single" 7
	recorded exit_blocked 7 6 5
	recorded sighandler 1000
	recorded interrupted 5 6 3
	recorded seccomp errno 1000
	recorded seccomp trap 300
	recorded seccomp kill
	recorded badcall 100
	recorded efault 300 200
	recorded pid_reuse 100 200
	recorded pages 100
}

@test "a 32-bit caller, recorded" {
	[ "$(uname -m)" = x86_64 ] || skip "x86_64 only"
	RF_EXPECT=- "$programs/int80" 1 0 || skip "this kernel serves no 32-bit calls"
	recorded int80 1000 500
}

@test "stat and report agree, cell by cell" {
	cells='[.processes[] | {comm, calls, failed, denied, exe, user,
		by_call: [.by_call[] | {name, abi, nr, calls, failed, denied, errnos, refused}] |
		sort_by(.abi, .nr)}] | sort_by(.comm, .calls)'
	for program in "single 5000 10 5 2" "storm 20 100 4" "seccomp errno 100" "threads 8 500"; do
		# shellcheck disable=SC2086
		set -- $program
		"$ringfence" stat --format json -o stat.json -- "$programs/$1" "${@:2}"
		"$ringfence" record -o x.rec -- "$programs/$1" "${@:2}"
		"$ringfence" report --format json -o report.json x.rec
		[ "$1" = threads ] && cells=${cells/'by_call: [.by_call[]'/'by_call: [.by_call[] | select(.name != "futex")'} &&
			cells=${cells/calls, failed, denied, exe/exe}
		diff <(jq "$cells" stat.json) <(jq "$cells" report.json)
	done
}

@test "time in a recording adds up to the time on the clock" {
	recorded sleeper 10 100
	check that result.json known.tally \
		'x["wall_ns"] <= sum(p["time_ns"][s] for s in ("user", "kernel", "waiting")) * 1.001' \
		'sum(p["time_ns"][s] for s in ("user", "kernel", "waiting")) <= r["window_ns"]' \
		'p["time_ns"]["waiting"] > 0.9 * x["wall_ns"]'
	# within 1 %: this host may hide the switches of what competes for the CPU
	recorded compute 500
	check that result.json known.tally \
		'x["wall_ns"] <= sum(p["time_ns"][s] for s in ("user", "kernel", "waiting")) * 1.01' \
		'sum(p["time_ns"][s] for s in ("user", "kernel", "waiting")) <= r["window_ns"]'
}

@test "a timeline's spans are the thread's life within 1 %" {
	"$ringfence" record -o x.rec -- "$programs/sleeper" 20 50
	"$ringfence" report --format json -o result.json x.rec
	pid=$(jq '.processes[0].pid' result.json)
	"$ringfence" report --timeline "$pid" --format ndjson -o lines.json x.rec
	jq -s -e --slurpfile whole result.json '
		[.[] | select(.type == "user" or .type == "kernel" or .type == "waiting")] |
		(map(.duration_ns) | add) as $sum |
		((map(.time_ns + .duration_ns) | max) - (map(.time_ns) | min)) as $life |
		$whole[0].processes[0].time_ns as $t |
		($sum - $life | fabs) < $life / 100 and
		($sum - ($t.user + $t.kernel + $t.waiting) | fabs) < $life / 100' lines.json
	# the same steps as a table of fields
	[ "$("$ringfence" report --timeline "$pid" --format csv x.rec | wc -l)" -eq \
		"$(($(wc -l <lines.json) + 1))" ]
	"$ringfence" report --timeline "$pid" --format csv x.rec |
		awk -F, 'NF != 12 { exit 1 }'
	[ "$(jq -s '[.[] | select(.type == "call" and .name == "nanosleep" or .name == "clock_nanosleep")] |
		length' lines.json)" -ge 20 ]
}

@test "at most 16 bytes a crossing, and a file that is small" {
	"$ringfence" record -o x.rec -- "$programs/single" 200000
	[ "$(stat -c %s x.rec)" -lt 1600000 ]
	[ "$(stat -c %a x.rec)" = 600 ]
}

@test "the whole host, and parts of it" {
	start "$programs/pulse" 2>/dev/null || start sleep 30
	"$ringfence" record -o x.rec -d 1s
	"$ringfence" report --format json -o all.json x.rec
	key all.json '.accounting | .seen == .attributed + .lost and .lost_by.unexplained == 0'
	"$ringfence" report --format json --from +200ms --to +600ms -o part.json x.rec
	key part.json '.accounting.seen == .accounting.attributed + .accounting.lost'
	key part.json '.window_ns == 400000000'
	"$ringfence" report --format json -u root -o root.json x.rec
	# whoever was root at any time: all that are, and others' tests may run that give it up
	jq -e --slurpfile all all.json '
		([$all[0].processes[] | select(.user == "root" and .comm != "") | .pid] - [.processes[].pid]) == [] and
		([.processes[].pid] - [$all[0].processes[].pid]) == []' root.json
	"$ringfence" report --format json -u 4000000000 x.rec | jq -e '.processes == []'
	"$ringfence" report --format csv x.rec | head -n 1 | grep -q interval
	"$ringfence" report --format ndjson x.rec | jq -s -e '.[-1].accounting.lost >= 0'
}

@test "a part of a recording, by its index and through a pipe" {
	"$ringfence" record -o x.rec -- "$programs/flood" 4000
	"$ringfence" report --format json --from +1500ms --to +2500ms -o part.json x.rec
	# shellcheck disable=SC2002 # a pipe cannot be read by its index
	cat x.rec | "$ringfence" report --format json --from +1500ms --to +2500ms -o pipe.json -
	diff <(jq -S 'del(.target)' part.json) <(jq -S 'del(.target)' pipe.json)
	key part.json '.totals.calls > 1000'
}

@test "report needs no privileges" {
	chmod 755 . && "$ringfence" record -o x.rec -- "$programs/single" 10
	chmod 644 x.rec
	cp "$ringfence" ./copy && chmod 755 ./copy
	setpriv --reuid 65534 --regid 65534 --clear-groups ./copy report --format json x.rec |
		jq -e '.processes[0].comm == "single"'
}

@test "killed: all but the last second can be read" {
	start "$ringfence" record -o x.rec -- "$programs/flood" 4000
	recorder=$pid
	until_true 20 test -s x.rec
	sleep 2.5
	kill -KILL "$recorder"
	ends "$recorder" 10
	run --separate-stderr "$ringfence" report --format json -o result.json x.rec
	[ "$status" -eq 0 ]
	[[ $stderr == *"was cut off"* ]]
	key result.json '.accounting | .seen == .attributed and .attributed > 100000'
}

@test "a full disk: stops with a reason, and the file can be read" {
	mkdir small
	mount -t tmpfs -o size=100k tmpfs small || skip "no tmpfs here"
	run --separate-stderr timeout 60 "$ringfence" record -o small/x.rec -- \
		"$programs/storm" 3000 300 8
	cp small/x.rec x.rec
	umount small
	[ "$status" -eq 1 ]
	[[ $stderr == *"no space left"* ]]
	run --separate-stderr "$ringfence" report --format json -o result.json x.rec
	[ "$status" -eq 0 ]
	[[ $stderr == *"was cut off"* ]]
	[[ $stderr != *"damaged"* ]]
	key result.json '.accounting.attributed > 1000'
}

@test "a recorder that sleeps: what is lost is counted to the last crossing" {
	start env RF_EXPECT="$PWD/known.tally" "$ringfence" record --memory 2M -o x.rec -- \
		"$programs/flood" 2000 2
	recorder=$pid
	until_true 20 test -s x.rec
	sleep 0.3
	kill -STOP "$recorder"
	sleep 1
	kill -CONT "$recorder"
	ends "$recorder" 30
	[ "$status" -eq 0 ]
	"$ringfence" report --format json -o result.json x.rec
	key result.json '.accounting | .lost_by.batch > 0 and .lost == .lost_by.batch and
		.lost_by.unexplained == 0 and .seen == .attributed + .lost'
	# seen is what the program did
	calls=$(jq -s '[.[].processes[].cells[].calls] | add' known.tally)
	jq -e --argjson calls "$calls" '.totals.calls + .accounting.lost >= $calls' result.json
}

@test "a flight recorder holds the latest past, and writes it when asked" {
	start "$ringfence" record -o x.rec --keep 2s -- "$programs/flood" 8000
	recorder=$pid
	sleep 5
	[ ! -s x.rec ]
	kill -USR2 "$recorder"
	until_true 5 test -s x.rec
	ends "$recorder" 30
	"$ringfence" report --format json -o result.json x.rec
	check that result.json 'r["accounting"]["seen"] > 1000'
	key result.json '.window_ns > 1000000000 and .window_ns < 5000000000'
	key result.json '.processes[0].comm == "flood"'
	# and at the end
	"$ringfence" report --format json -o end.json x.rec.2
	check that end.json 'p["exited"]' 'r["accounting"]["seen"] > 1000'
}

@test "a flight recorder is triggered by a slow call" {
	start "$ringfence" record -o x.rec --keep 10s --on 'call>500ms' -- sh -c 'sleep 1; sleep 6'
	recorder=$pid
	until_true 6 test -s x.rec
	kill -INT "$recorder"
	ends "$recorder" 20
	"$ringfence" report --format json x.rec |
		jq -e '[.processes[].by_call[] | select(.max_ns > 500000000)] | length > 0'
}

@test "a flight recorder is triggered by a violation" {
	start "$ringfence" record -o x.rec --keep 10s --on violation -- \
		sh -c "sleep 0.3; '$programs/nullwrite'; sleep 5"
	recorder=$pid
	until_true 5 test -s x.rec
	kill -INT "$recorder"
	ends "$recorder" 20
	"$ringfence" report --faults x.rec | grep -q 'SIGSEGV SEGV_MAPERR null-page: killed'
	"$ringfence" report --page-faults x.rec | grep -q 'SIGSEGV (SEGV_MAPERR)'
}

@test "a flight recorder is triggered by an oops" {
	[ -r /sys/kernel/oops_count ] || skip "this kernel counts no oopses"
	# no oops for a test: the recorder alone sees another file in the count's place
	echo 7 >count
	# shellcheck disable=SC2016 # for that shell
	start unshare -m sh -c 'mount --bind count /sys/kernel/oops_count || exit 77
		exec "$@"' sh "$ringfence" record -o x.rec --keep 10s --on oops -- sleep 6
	recorder=$pid
	sleep 1.5
	[ -d "/proc/$recorder" ] || skip "no mount namespaces here"
	[ ! -s x.rec ]
	echo 8 >count
	until_true 4 test -s x.rec
	kill -INT "$recorder"
	ends "$recorder" 20
	"$ringfence" report --faults x.rec | grep -q 'the kernel itself: 1 oopses'
	# the same count is no other oops
	[ ! -e x.rec.3 ]
}

@test "report --faults says what faults would have said" {
	run_both() {
		"$ringfence" faults --format json -o live.json -- "$@"
		"$ringfence" record -o x.rec -- "$@"
		"$ringfence" report --faults --format ndjson -o report.json x.rec
	}
	events='[.[] | select(.type == "violation") | {comm, exe, uid, user, cgroup, signal, code, cause,
		mode, access, call, outcome, status, where, sentence, threads: .blast_radius.threads}] |
		sort_by(.comm, .call)'
	summary='.[-1] | {type, schema, by_cause, accounting, missing, kernel: (.kernel | del(.taint)),
		processes: [.processes[] | {comm, violations: .isolation.violations,
			faults: ([.isolation.page_faults[] | .count] | add)} | select(.violations > 0)] |
			sort_by(.comm)}'
	run_both sh -c "'$programs/nullwrite'; '$programs/efault' 30 20; :"
	for part in "$events" "$summary"; do
		diff <(jq -s "$part" live.json) <(jq -s "$part" report.json)
	done
	jq -s -e '.[-1].accounting | .seen == 51 and .killed == 1 and .refused == 50 and
		.unexplained == 0 and .untold == 0' report.json
	# parts: of the processes, of the calls, of the time, of the views
	"$ringfence" report --faults --comm efault --format json x.rec | tail -n 1 |
		jq -e '.accounting | .seen == 50 and .refused == 50 and .unexplained == 0'
	"$ringfence" report --faults -e openat --format json x.rec | tail -n 1 |
		jq -e '.accounting | .seen == 21 and .refused == 20 and .killed == 1'
	"$ringfence" report --faults --from +1m --format json x.rec | tail -n 1 |
		jq -e '.accounting.seen == 0'
	[ "$("$ringfence" report --faults --from +0s --to +1m --format csv x.rec | wc -l)" -eq 52 ]
}

@test "what has changed between two recordings" {
	"$ringfence" record -o a.rec -- "$programs/single" 1000
	"$ringfence" record -o b.rec -- "$programs/single" 1000 5000
	"$ringfence" report a.rec --diff b.rec --format json |
		jq -e '.changes[] | select(.name == "openat") | .before.count == 0 and .after.count == 5000'
	"$ringfence" report a.rec --diff b.rec | grep -q openat
	"$ringfence" report a.rec --diff b.rec --format ndjson | jq -s -e '
		(.[-1] | .schema == "ringfence.diff/1" and .after_window_ns > 0) and
		([.[] | select(.name == "openat")] | length == 1 and .[0].after.count == 5000)'
	"$ringfence" report a.rec --diff b.rec --format csv | grep -q '^single,openat,0,0,0,5000,'
}

@test "a recording of an older version, and one of a newer" {
	old=$root/tests/data/x86_64.rec
	run --separate-stderr "$ringfence" report --format json "$old"
	[ "$status" -eq 0 ]
	[ -z "$stderr" ]
	jq -e '.processes | length == 1 and .[0].comm == "single"' <<<"$output"
	# the major version, and the checksum of the file's header again
	"$python3" - "$old" new.rec <<-'EOF'
		import struct, sys, zlib
		data = bytearray(open(sys.argv[1], "rb").read())
		data[8:10] = struct.pack("<H", 2)
		data[60:64] = struct.pack("<I", zlib.crc32(data[:60]))
		open(sys.argv[2], "wb").write(data)
	EOF
	run "$ringfence" report new.rec
	[ "$status" -eq 1 ]
	[[ $output == *"was recorded in format 2, which this ringfence does not read"* ]]
}

@test "usage" {
	run "$ringfence" record -d 1s
	[ "$status" -eq 2 ]
	run "$ringfence" record -o x.rec --on violation -d 1s
	[ "$status" -eq 2 ]
	run "$ringfence" report
	[ "$status" -eq 2 ]
	run "$ringfence" report nothing.rec
	[ "$status" -eq 1 ]
	run "$ringfence" report /etc/passwd
	[ "$status" -eq 1 ]
	[[ $output == *"is no recording"* ]]
	ln -s /etc/hostname link.rec
	run "$ringfence" record -o link.rec -d 1s
	[ "$status" -eq 1 ]
	[[ $output == *"symbolic link"* ]]
}
