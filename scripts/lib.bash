# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# What the scripts share; sourced, after `set -u`. Sets root (of the source tree).

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
export LC_ALL=C.UTF-8 PATH="$PATH:/usr/sbin:/sbin"

say() {
	printf 'ringfence: %s\n' "$*" >&2
}

# die STATUS MESSAGE...
die() {
	local status=$1
	shift
	say "$*"
	exit "$status"
}

# quietly SECONDS TITLE COMMAND...: run with its output held back. Shown on failure, all of it; a
# command that takes longer than SECONDS is announced, so that nobody stares at nothing.
quietly() {
	local seconds=$1 title=$2 log watcher status=0
	shift 2
	log=$(mktemp) || return 1
	(
		trap 'kill $! 2>/dev/null' TERM
		sleep "$seconds" >/dev/null 2>&1 &
		wait $! && say "$title ..."
	) &
	watcher=$!
	"$@" >"$log" 2>&1 </dev/null || status=$?
	kill "$watcher" 2>/dev/null || true
	wait "$watcher" 2>/dev/null || true
	if [ "$status" -ne 0 ]; then
		cat "$log" >&2
		say "$title failed (status $status)"
	fi
	rm -f "$log"
	return "$status"
}

# as_owner COMMAND...: root under sudo builds as the owner of the tree, so that build/ stays theirs.
as_owner() {
	local owner
	owner=$(stat -c %U "$root")
	if [ "$(id -u)" = 0 ] && [ "$owner" != root ] && id -u "$owner" >/dev/null 2>&1; then
		runuser -u "$owner" -- "$@"
	else
		"$@"
	fi
}

# build PRESET [CMAKE-BUILD-OPTION...]: configure the first time, then build. CMake re-runs itself
# when its own files or the list of sources change.
build() {
	local preset=$1
	shift
	cd "$root" || return 1
	if [ ! -e "$root/build/$preset/build.ninja" ]; then
		quietly 5 "configuring build/$preset" as_owner cmake --preset "$preset" || return
	fi
	quietly 5 "building build/$preset" as_owner cmake --build --preset "$preset" "$@"
}

# Both file systems, where they are missing; not being able to mount them is ringfence's to judge.
mount_tracing() {
	mount_if_missing tracefs /sys/kernel/tracing tracefs
	mount_if_missing bpf /sys/fs/bpf bpf_fs
}

# mount_if_missing TYPE DIR NAME: NAME is what stat calls the type.
mount_if_missing() {
	[ "$(stat -f -c %T "$2" 2>/dev/null)" = "$3" ] || mount -t "$1" "$1" "$2" 2>/dev/null ||
		say "warning: cannot mount $1 on $2"
}

# foreign_apt_init DIR ARCH SUITE...: an apt state of its own under DIR, for another architecture
# or other suites than this system's; the system's apt is untouched. The mirrors are the system's.
foreign_apt_init() {
	local main security suite keyring=/usr/share/keyrings/debian-archive-keyring.gpg
	foreign_apt_dir=$1
	local arch=$2
	shift 2
	main=$(apt-get indextargets --format '$(REPO_URI)' | grep -v security | head -n 1)
	security=$(apt-get indextargets --format '$(REPO_URI)' | grep security | head -n 1)
	[ -n "$main" ] || { say "apt names no Debian mirror"; return 1; }
	mkdir -p "$foreign_apt_dir"/{lists/partial,cache/archives/partial} || return
	for suite; do
		case $suite in
		*-security) [ -z "$security" ] ||
			echo "deb [signed-by=$keyring arch=$arch] $security $suite main" ;;
		*) echo "deb [signed-by=$keyring arch=$arch] $main $suite main" ;;
		esac
	done >"$foreign_apt_dir/sources.list"
	cat >"$foreign_apt_dir/apt.conf" <<-EOF
		APT::Architecture "$arch";
		APT::Architectures { "$arch"; };
		APT::Sandbox::User "root";
		Dir::Etc::sourcelist "$foreign_apt_dir/sources.list";
		Dir::Etc::sourceparts "/dev/null";
		Dir::Etc::preferencesparts "/dev/null";
		Dir::State::Lists "$foreign_apt_dir/lists";
		Dir::State::status "/dev/null";
		Dir::Cache "$foreign_apt_dir/cache";
		Acquire::Languages "none";
	EOF
	foreign_apt apt-get -qq update
}

# foreign_apt apt-get|apt-cache ARGUMENT...
foreign_apt() {
	APT_CONFIG=$foreign_apt_dir/apt.conf "$@"
}
