#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Page faults, against the program's own getrusage, against /proc and against perf stat, all three
# of the very same run: the program stands at a gate while they attach.

load helpers

setup() {
	live_setup
	# Lets perf find exceptions:*; a mount that is there is left alone.
	[ -e /sys/kernel/tracing/events ] || mount -t tracefs tracefs /sys/kernel/tracing || true
}
teardown() { live_teardown; }

events=page-faults,minor-faults,major-faults,exceptions:page_fault_user,exceptions:page_fault_kernel

perf_attached() {
	[ "$(find "/proc/$1/fd" -lname '*perf_event*' 2>/dev/null | wc -l)" -ge 5 ] && asleep "$1"
}

perf_value() {
	awk -F, -v event="$1" '$3 == event { print $1 }' perf.csv
}

proc_faults() {
	awk '{ sub(/.*\) /, ""); print $8, $10 }' "/proc/$1/stat"
}

# faults KIND MINOR MAJOR USER KERNEL [FILE]: faults of 1000 pages, to be equal in every account.
faults() {
	local kind=$1 minor=$2 major=$3 user=$4 kernel=$5 file=${6:-} perf
	[ "$(uname -m)" = x86_64 ] || skip "page-fault tracepoints are x86's"
	gated "$programs/pages" "$kind" 1000 ${file:+"$file"}
	start perf stat -x, -o perf.csv -e "$events" -p "$program"
	perf=$pid
	until_true 10 perf_attached "$perf"
	watch -p "$program"
	sleep 0.2
	read -r minor_before major_before < <(proc_faults "$program")
	pass_gate
	read -r minor_after major_after < <(proc_faults "$program")
	stop_watching
	kill -INT "$perf" && ends "$perf" 10
	echo "perf: $(<perf.csv)"
	# A page of a file that is still being written to the disk makes its fault a major one: which of
	# the thousand these are is for the program's own account, getrusage, to say.
	if [ "$kind" = shared ] || [ "$kind" = private ]; then
		minor=$("$python3" -c 'import json; print(json.load(open("known.tally"))["minor"])')
		major=$((1000 - minor))
	fi
	# A host that reclaims idle memory (DAMON) now and then takes a page of the program's code, whose
	# fault comes on top: perf and the kernel's own account, below, have it too.
	check that result.json known.tally "x['minor'] >= $minor" "x['major'] >= $major"
	check that result.json known.tally \
		"p['page_faults']['minor'] == $((minor_after - minor_before))" \
		"p['page_faults']['major'] == $((major_after - major_before))" \
		"p['page_faults']['minor'] == $(perf_value minor-faults)" \
		"p['page_faults']['major'] == $(perf_value major-faults)" \
		"p['page_faults']['minor'] + p['page_faults']['major'] == $(perf_value page-faults)" \
		"p['page_faults']['user'] == $(perf_value exceptions:page_fault_user)" \
		"p['page_faults']['kernel'] == $(perf_value exceptions:page_fault_kernel)" \
		"p['page_faults']['user'] >= $user" "p['page_faults']['kernel'] >= $kernel"
	check exact result.json known.tally --gate
}

@test "fresh anonymous pages" { faults fresh 1000 0 1000 0; }

@test "pages touched again cost nothing" { faults again 1000 0 1000 0; }

@test "pages that the kernel touches first" { faults kernel 1000 0 0 1000; }

@test "pages of a private file mapping" { faults private 1000 0 1000 0 "$PWD/data"; }

@test "pages of a shared file mapping" { faults shared 1000 0 1000 0 "$PWD/data"; }

@test "pages that have to be read from the disk: major" {
	[ "$(stat -f -c %T .)" != tmpfs ] || skip "needs a file system on a disk"
	faults major 0 1000 1000 0 "$PWD/data"
}

@test "bad pointers: kernel-mode faults that nothing resolves" {
	[ "$(uname -m)" = x86_64 ] || skip "page-fault tracepoints are x86's"
	local perf
	gated "$programs/efault" 300 200
	start perf stat -x, -o perf.csv -e "$events" -p "$program"
	perf=$pid
	until_true 10 perf_attached "$perf"
	watch -p "$program"
	sleep 0.2
	pass_gate
	stop_watching
	kill -INT "$perf" && ends "$perf" 10
	check exact result.json known.tally --gate
	# At least one a call: a name is read by words and then once more by bytes.
	check that result.json "p['page_faults']['kernel'] == $(perf_value exceptions:page_fault_kernel)" \
		"p['page_faults']['minor'] == $(perf_value minor-faults)" \
		'p["page_faults"]["kernel"] >= 500' 'p["page_faults"]["minor"] == 0'
}

# Without randomisation, and with the same arguments and environment, a static program takes the
# same faults in every run.
@test "from the first instruction to the last exit: the same as perf stat" {
	local same=(env -i setarch -R)
	"${same[@]}" "$programs/pages" fresh 500
	"${same[@]}" perf stat -x, -o perf.csv -e "$events" "$programs/pages" fresh 500
	"${same[@]}" "$ringfence" stat --format json -o result.json -- "$programs/pages" fresh 500
	echo "perf: $(<perf.csv)"
	check that result.json \
		"p['page_faults']['minor'] == $(perf_value minor-faults)" \
		"p['page_faults']['major'] == $(perf_value major-faults)" \
		"p['page_faults']['user'] == $(perf_value exceptions:page_fault_user)" \
		"p['page_faults']['kernel'] == $(perf_value exceptions:page_fault_kernel)"
}
