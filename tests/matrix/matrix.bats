#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# One binary on every kernel: Debian's kernels, booted under qemu with nothing but a static
# ringfence, tell what programs do whose every call or violation is known. A kernel that cannot be
# had is skipped; fewer than three are a failure. RF_ROWS="6.1-amd64 newest-arm64" boots only those.
# shellcheck disable=SC2154 # matrix.bash sets them

load matrix

rows=(5.10-amd64 6.1-amd64 6.12-amd64 6.18-amd64 newest-amd64 6.1-arm64 6.12-arm64 newest-arm64)

setup_file() {
	local arch series=() row
	mkdir -p "$work"
	rm -rf "${work:?}"/*
	: >"$work/covered"
	for arch in amd64 arm64; do
		series=()
		for row in "${rows[@]}"; do
			[ "${row##*-}" != $arch ] || series+=("${row%-*}")
		done
		"$root/scripts/fetch-kernel" "$kernels" $arch "${series[@]}" 2>&1 | sed 's/^/# /' >&3 || true
		! buildable $arch || initramfs $arch "$work/$arch.cpio.gz"
	done
	report_here
	TIMEFORMAT="# the guests took %R s, and %U s of CPU time"
	# shellcheck disable=SC2086
	{ time boot_all ${RF_ROWS:-"${rows[@]}"}; } 2>&3
}

# row NAME: judges what the guest printed.
row() {
	local reason="Debian's mirror has no such kernel, or cannot be reached"
	buildable "${1##*-}" || reason="there is no build for it"
	[[ " ${RF_ROWS:-$1} " == *" $1 "* ]] || skip "not among RF_ROWS"
	bootable "$1" || {
		echo "# $1 IS NOT COVERED: $reason" >&3
		skip "$reason"
	}
	judge judge "$work/$1.log" "$work/$1" "${1##*-}" "$1"
	echo "$1" >>"$work/covered"
}

@test "5.10 amd64" { row 5.10-amd64; }
@test "6.1 amd64" { row 6.1-amd64; }
@test "6.12 amd64" { row 6.12-amd64; }
@test "6.18 amd64" { row 6.18-amd64; }
@test "newest amd64" { row newest-amd64; }
@test "6.1 arm64" { row 6.1-arm64; }
@test "6.12 arm64" { row 6.12-arm64; }
@test "newest arm64" { row newest-arm64; }

any_kernel() {
	local row
	for row in "${rows[@]}"; do
		[[ $row == *-amd64 ]] && [ -s "$kernels/$row/vmlinuz" ] && echo "$kernels/$row/vmlinuz" && return
	done
	return 1
}

@test "a guest that panics fails its row" {
	boot amd64 "$(any_kernel)" "$work/amd64.cpio.gz" "$work/panic.log" 60 rdinit=/none || true
	grep -q "Kernel panic" "$work/panic.log"
	run judge judge "$work/panic.log" "$work/panic" amd64 panic
	[ "$status" -eq 1 ]
	[[ $output == *"did not come to its end"*"Kernel panic"* ]]
}

@test "a guest that hangs fails its row" {
	# A shell waits for a console that says nothing.
	run boot amd64 "$(any_kernel)" "$work/amd64.cpio.gz" "$work/hang.log" 8 rdinit=/bin/sh
	[ "$status" -eq 124 ]
	run judge judge "$work/hang.log" "$work/hang" amd64 hang
	[ "$status" -eq 1 ]
	[[ $output == *"did not come to its end"* ]]
}

@test "at least three kernels are covered; the table says which" {
	local covered=() row folders=()
	for row in "${rows[@]}"; do
		[ ! -s "$work/$row/facts.json" ] || folders+=("$work/$row")
	done
	mapfile -t covered <"$work/covered"
	echo "# covered: ${covered[*]}" >&3
	[ ${#covered[@]} -ge 3 ]
	judge table "${folders[@]}" >"$work/kernels.md"
	# An incomplete run says nothing about the kernels that it left out.
	[ ${#folders[@]} -lt ${#rows[@]} ] || cp "$work/kernels.md" "$root/docs/reference/kernels.md"
}
