#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The types of other kernels, without booting them: every program is loaded here with each BTF that
# is cached (scripts/fetch-kernel, scripts/test --matrix). A field that another kernel does not have
# and that nobody asked for first is found in milliseconds.
# shellcheck disable=SC2154 # helpers.bash sets them

load helpers

setup() { live_setup; }
teardown() { live_teardown; }

machine() {
	case $(uname -m) in
	x86_64) echo "$1" ;;
	*) echo "$2" ;;
	esac
}

@test "every program loads with the types of every kernel that is cached" {
	local btf tried=0
	for btf in "$root"/build/kernels/*-"$(machine amd64 arm64)"/vmlinux.btf; do
		[ -s "$btf" ] || continue
		"$ringfence" check --btf "$btf"
		tried=$((tried + 1))
	done
	[ $tried -gt 0 ] || skip "no kernel is cached: scripts/test --matrix"
}

@test "types that do not fit are refused" {
	local btf
	for btf in "$root"/build/kernels/*-"$(machine arm64 amd64)"/vmlinux.btf; do
		[ -s "$btf" ] || skip "no kernel of another architecture is cached"
		run -1 --separate-stderr "$ringfence" check --btf "$btf"
		[[ $stderr == *"failed to resolve CO-RE relocation"*"ringfence: $btf: "* ]]
	done
	echo nonsense >fake
	run -1 --separate-stderr "$ringfence" check --btf fake
	[[ $stderr == *"ringfence: fake: "* ]]
}
