#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# `cmake --install`: what is put where, and that it fits together.

load helpers

setup() {
	live_setup
	command -v cmake >/dev/null || skip "needs cmake"
	build=${RF_BUILD:-$(dirname "$ringfence")}
	[ -f "$build/cmake_install.cmake" ] || skip "$build is no build folder"
	DESTDIR=$PWD/stage cmake --install "$build" --prefix /opt/rf >installed
}
teardown() { live_teardown; }

@test "the binary, its manual page, and what others take" {
	local file
	for file in sbin/ringfence share/man/man8/ringfence.8 lib/systemd/system/ringfence-export.service \
		share/ringfence/prometheus/ringfence.rules.yml share/ringfence/grafana/ringfence.json; do
		[ -s "stage/opt/rf/$file" ]
	done
	[ "$(find stage -type f | wc -l)" -eq 5 ]
	stage/opt/rf/sbin/ringfence --version
	# nothing but the binary is to be run, and everybody may read all of it
	[ "$(find stage -type f -perm /111)" = stage/opt/rf/sbin/ringfence ]
	[ -z "$(find stage ! -perm -444)" ]
}

@test "the unit starts the binary that was installed" {
	local unit=stage/opt/rf/lib/systemd/system/ringfence-export.service binary
	binary=$(sed -n 's/^ExecStart=\([^ ]*\) export .*/\1/p' "$unit")
	[ "$binary" = /opt/rf/sbin/ringfence ]
	# and is the one of contrib/ for the rest
	diff <(sed 's|/opt/rf/sbin/|/usr/sbin/|' "$unit") "$root/contrib/systemd/ringfence-export.service"
}

@test "the manual page knows every verb, every shared option and every file" {
	local page=stage/opt/rf/share/man/man8/ringfence.8 word
	"$ringfence" --help | sed -n 's/^  \([a-z]*\)  .*/\1/p' >verbs
	grep -qx top verbs
	[ -z "$(sort verbs | uniq -d)" ]
	while read -r word; do
		grep -qx ".It Cm $word" "$page"
	done <verbs
	"$ringfence" stat --help | sed '/^ Rows:/,$d' | grep -oE '^ +(-[a-z], )?--[a-z-]+' |
		sed 's/.*--//' >words
	grep -qx memory words
	while read -r word; do
		grep -qE -- "^\.It Fl ([a-z] , )?-$word( |\$)" "$page"
	done <words
	sed -n 's/^\.It Pa //p' "$page" >files
	[ -s files ]
	while read -r word; do
		[ -s "stage/opt/rf/$word" ]
	done <files
}
