#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# `ringfence check`: what this host offers, with a verdict for each verb.

load helpers

setup() { live_setup; }
teardown() { live_teardown; }

@test "a list, with a verdict for each verb" {
	run -0 --separate-stderr "$ringfence" check
	echo "$output"
	local word
	for word in BTF sys_enter ring memlock lockdown stat top trace record faults export; do
		grep -qi "$word" <<<"$output"
	done
}

@test "the same as JSON" {
	run -0 --separate-stderr "$ringfence" check --format json
	printf '%s\n' "$output" >check.json
	"$python3" - check.json <<-'END'
		import json, sys
		c = json.load(open(sys.argv[1]))
		assert c["schema"].startswith("ringfence.check/"), c
		print(c)
	END
	grep -q '"stat"' check.json
}

@test "what the host lacks changes the verdict" {
	local status=0
	mkdir empty
	unshare -m sh -c 'mount --bind empty /sys/kernel/btf && exec "$0" check --format json' \
		"$ringfence" >without.json 2>err || status=$?
	"$ringfence" check --format json >with.json
	echo "status $status"
	run ! diff with.json without.json
}

@test "check as nobody: no crash, and it says that root is missing" {
	cp "$ringfence" rf
	chmod 755 . rf
	local status=0
	setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all ./rf check >text 2>err ||
		status=$?
	cat text err
	[ "$status" -lt 126 ]
	grep -Eqi 'root|sudo|CAP_' text err
}
