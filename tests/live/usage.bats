#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Bad input, exit statuses, and what COMMAND's end means for ringfence's.

load helpers

setup() { live_setup; }
teardown() { live_teardown; }

# refused STATUS WORD ARGUMENT...: ends with the status, prints nothing to stdout and one line to
# stderr, which has the word in it.
refused() {
	local expected=$1 word=$2 status=0
	shift 2
	timeout 20 "$ringfence" "$@" >out 2>err || status=$?
	echo "status $status: $(<err)"
	[ "$status" -eq "$expected" ] && [ ! -s out ] && [ "$(wc -l <err)" -eq 1 ] && grep -qi -- "$word" err
}

@test "unknown verb, unknown option, no verb" {
	refused 2 stat stats
	refused 2 'zzz' zzz
	refused 2 'frobnicate' stat --frobnicate
	refused 2 'extra' stat extra
	run ! "$ringfence"
	[ "$status" -eq 2 ]
}

@test "a bad duration, and what would be right" {
	local bad
	for bad in '' x 0 -1 5y 1e 999999999999999999999 '5 s'; do
		refused 2 500ms stat -d "$bad"
		refused 2 500ms stat -i "$bad"
	done
}

@test "a pid that does not exist, or is none" {
	refused 2 4194303 stat -p 4194303 -d 1s
	refused 2 abc stat -p abc -d 1s
	refused 2 'pid' stat -p 1,, -d 1s
	refused 2 'pid' stat -p -1 -d 1s
	refused 2 'pid' stat -p 99999999999999999999 -d 1s
}

@test "a bad glob, user, cgroup, call, format, sort key" {
	refused 2 'glob' stat --comm '[a' -d 1s
	refused 2 'nosuchuser' stat -u nosuchuser -d 1s
	refused 2 'nosuchgroup' stat --cgroup /nosuchgroup -d 1s
	refused 2 'nosuchcall' stat -e nosuchcall -d 1s
	refused 2 '%file' stat -e %nosuchclass -d 1s
	refused 2 'csv' stat --format xml -d 1s
	refused 2 'process' stat --by planet -d 1s
	refused 2 'calls' stat --sort planet -d 1s
	refused 2 'top' stat --top x -d 1s
}

@test "COMMAND's exit status is handed on" {
	local n
	for n in 0 1 2 3 42 126 127 255; do
		run -"$n" "$ringfence" stat -o result.json -- "$programs/status" "$n"
	done
}

@test "COMMAND ended by a signal" {
	run -137 "$ringfence" stat --format json -o result.json -- "$programs/status" -9
	run -143 "$ringfence" stat --format json -o result.json -- "$programs/status" -15
	run -134 "$ringfence" stat --format json -o result.json -- "$programs/status" -6
	check that result.json 'p["exited"]' 'call(p, "kill")["calls"] == 1'
}

@test "COMMAND not found: 127; not executable: 126" {
	echo text >text
	printf '#!/no/such/interpreter\n' >script
	printf 'garbage' >garbage
	chmod +x script garbage
	mkdir dir
	refused 127 nosuchcommand stat -- nosuchcommand
	refused 127 /no/such stat -- /no/such
	refused 127 nosuch stat -- ''"nosuch"
	refused 126 text stat -- ./text
	refused 126 dir stat -- ./dir
	run -126 "$ringfence" stat -o result.json -- ./script
	run -126 "$ringfence" stat -o result.json -- ./garbage
}

@test "COMMAND's streams, directory, arguments and environment are its own" {
	echo input | RF_X='a b' "$ringfence" stat -o result.json -- \
		sh -c 'read -r line; echo "$line|$RF_X|$1|$PWD"; echo error >&2' sh 'c  d' >out 2>err
	[ "$(<out)" = "input|a b|c  d|$PWD" ]
	grep -qx error err
}

@test "COMMAND finds its signals as the caller left them" {
	env --default-signal=INT --ignore-signal=HUP "$ringfence" stat -o result.json -- \
		grep -E '^Sig(Blk|Ign)' /proc/self/status >under
	env --default-signal=INT --ignore-signal=HUP grep -E '^Sig(Blk|Ign)' /proc/self/status >plain
	diff plain under
}

@test "COMMAND finds no descriptor of ringfence open" {
	"$ringfence" stat -o result.json -- ls /proc/self/fd >under 3>&-
	ls /proc/self/fd >plain 3>&-
	diff plain under
}

@test "an output file that cannot be written: 1, before anything is measured" {
	refused 1 /no/such/dir/out stat -o /no/such/dir/out -- touch ran
	[ ! -e ran ]
	refused 1 "$PWD" stat -o "$PWD" -- touch ran
	[ ! -e ran ]
}

@test "an output that breaks while it is written: 1" {
	run -1 "$ringfence" stat --format json -o /dev/full -d 100ms
	run -1 bash -c '"$0" stat --format json -d 100ms >/dev/full' "$ringfence"
}

@test "not root: status 3, one line, the remedy" {
	command -v setpriv >/dev/null || skip "needs setpriv"
	cp "$ringfence" rf
	chmod 755 . rf
	local status=0
	setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all ./rf stat -d 1s \
		>"$BATS_TEST_TMPDIR/out" 2>err || status=$?
	cat err
	[ "$status" -eq 3 ] && [ "$(wc -l <err)" -eq 1 ] && [ ! -s out ]
	grep -Eqi 'root|sudo' err
}

@test "no BTF: status 3, one line, the remedy" {
	local status=0
	mkdir empty
	unshare -m sh -c 'mount --bind empty /sys/kernel/btf && exec "$0" stat -d 1s' "$ringfence" \
		>out 2>err || status=$?
	cat err
	[ "$status" -eq 3 ] && [ "$(wc -l <err)" -eq 1 ] && [ ! -s out ]
	grep -q BTF err
}

@test "help and version: stdout, status 0" {
	run -0 --separate-stderr "$ringfence" --help
	[[ $output == *stat* && $output == *check* && -z $stderr ]]
	run -0 --separate-stderr "$ringfence" stat --help
	[[ $output == *--cgroup* && $output == *--top* && -z $stderr ]]
	run -0 --separate-stderr "$ringfence" --version
	[[ $output == *ringfence* && -z $stderr ]]
}

@test "results go to stdout, everything else to stderr" {
	"$ringfence" stat --format json -- "$programs/single" 10 >out 2>err
	check that out 'call(p, "getppid")["calls"] == 10'
	[ ! -s err ]
}
