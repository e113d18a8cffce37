# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# shellcheck disable=SC2034 # what the suite uses
# shellcheck disable=SC2054 # qemu's options have commas
# Guests under qemu. Always TCG: a /dev/kvm that opens is no proof that a guest runs on it. One
# thread for all virtual CPUs, because a guest that patches its own code (static keys) is not safe
# with one each. No disk, no modules: all that a guest needs is in its initramfs.

matrix=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$matrix/../.." && pwd)
kernels=${RF_KERNELS:-$root/build/kernels}
work=$root/build/matrix
export LC_ALL=C.UTF-8 PATH="$PATH:/usr/sbin:/sbin"
export RF_HOST_REPORT=$work/x86_64.json

python3=/usr/bin/python3
[ -x "$python3" ] || python3=python3

judge() {
	"$python3" "$matrix/matrix.py" "$@"
}

# buildable ARCH: there is a ringfence for it; without Debian's arm64 packages there is none.
buildable() {
	[ "$1" = amd64 ] || [ -s "$root/build/arm64-sysroot/.packages" ]
}

# bootable ROW
bootable() {
	[ -s "$kernels/$1/vmlinuz" ] && buildable "${1##*-}"
}

# What this host makes of a recording that every guest is given.
report_here() {
	"$root/build/static/ringfence" report --format json -o "$RF_HOST_REPORT" \
		"$root/tests/data/x86_64.rec"
}

# initramfs ARCH FILE: busybox, ringfence, the programs whose every call is known, those that break
# rules, a recording, and the script.
initramfs() {
	local arch=$1 file=$2 dir build busybox
	case $arch in
	amd64) build=$root/build/static busybox=/bin/busybox ;;
	arm64) build=$root/build/arm64 busybox=$root/build/arm64-sysroot/bin/busybox ;;
	esac
	dir=$(mktemp -d) || return
	mkdir -p "$dir"/{bin,programs,proc,sys,dev,tmp} &&
		cp "$busybox" "$dir/bin/busybox" &&
		ln -s busybox "$dir/bin/sh" &&
		cp "$build/ringfence" "$dir/bin/" &&
		cp "$build/tests/programs/violate" "$dir/programs/" &&
		cp "$root/tests/data/x86_64.rec" "$dir/" &&
		for source in "$root"/tests/live/programs/nolibc/*.c; do
			cp "$build/tests/programs/$(basename "$source" .c)" "$dir/programs/" || return
		done &&
		cp "$matrix/init" "$dir/init" && chmod +x "$dir/init" &&
		judge script "$arch" >"$dir/script" &&
		(cd "$dir" && find . | LC_ALL=C sort | cpio -o -H newc --quiet | gzip -1) >"$file"
	rm -rf "$dir"
}

# boot ARCH KERNEL INITRAMFS LOG SECONDS [ARGUMENT...]: its console into LOG. The status says
# nothing: a guest that panics ends with 0 like any other.
boot() {
	local arch=$1 kernel=$2 ramfs=$3 log=$4 seconds=$5 console
	local -a qemu
	shift 5
	case $arch in
	amd64) qemu=(qemu-system-x86_64 -machine pc -cpu max) console=ttyS0 ;;
	arm64) qemu=(qemu-system-aarch64 -machine virt -cpu max,pauth-impdef=on) console=ttyAMA0 ;;
	esac
	timeout -k 5 "$seconds" "${qemu[@]}" -accel tcg,thread=single -smp 2 -m 512 \
		-nodefaults -display none -no-reboot -monitor none -serial "file:$log" \
		-kernel "$kernel" -initrd "$ramfs" \
		-append "console=$console panic=-1 oops=panic quiet loglevel=4 $*" \
		</dev/null >"$log.qemu" 2>&1 3>&-
}

# boot_all ROW...: as many guests at once as there are CPUs. The last rows are the slowest: they go
# first. Whoever needs longer than 300 s is stopped.
boot_all() {
	local row i running=0
	for ((i = $#; i > 0; i--)); do
		row=${!i}
		bootable "$row" || continue
		if [ "$running" -ge "$(nproc)" ]; then
			wait -n || true
			running=$((running - 1))
		fi
		boot "${row##*-}" "$kernels/$row/vmlinuz" "$work/${row##*-}.cpio.gz" "$work/$row.log" 300 &
		running=$((running + 1))
	done
	wait
}
