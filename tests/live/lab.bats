#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Each lab's lesson, on the numbers of this very machine. Counts are exact; times are compared by
# orders of magnitude, because other tests run beside this one.

load helpers

setup() {
	live_setup
}

teardown() {
	live_teardown
}

# lab N ANSWER: its measurement in lab.json, its dialogue in lab.txt: both are of the real thing.
lab() {
	timeout 120 "$ringfence" lab "$1" --yes --answer "$2" --format json -o lab.json &&
		that '.accounting.seen == .accounting.attributed + .accounting.lost' &&
		that '.accounting.lost == 0' && that 'all(.claims[]; .holds)'
}

# that EXPRESSION: of lab.json, where p("a") is the part whose name begins with that letter.
that() {
	jq -e 'def p($l): .parts[] | select(.name | startswith($l + " "));
		def ended($l; $s): [p($l).ended[] | select(.status == $s)] | length;
		def violated($l): p($l).violations;
		'"$1" lab.json >/dev/null || {
		echo "not so: $1" >&2
		jq -c '.parts[], .claims, .accounting' lab.json >&2
		return 1
	}
}

@test "lab: the list names all labs, without privileges too" {
	run -0 setpriv --reuid=65534 --clear-groups "$ringfence" lab
	[ "$(grep -cE '^ ?[0-9]+  [A-Z]' <<<"$output")" = 11 ]
	grep -q '^11  When the kernel itself fails$' <<<"$output"
}

@test "lab 1: a loop is user time, a copy kernel time, a sleep neither" {
	lab 1 b
	that 'p("a").time_ns | .user > 10 * .kernel'
	that 'p("b").time_ns | .kernel > .user'
	that 'p("c").time_ns | .waiting > 20 * (.user + .kernel) and .waiting > 140e6'
	that 'p("b").by_call == {"pread64": 10000}'
	that '.predicted_right'
}

@test "lab 2: strlen and the vDSO's clock do not cross; write does, each time" {
	lab 2 cegh
	that 'p("a").calls == 0'
	that 'p("b").by_call.write <= 1 and p("c").by_call == {"write": 1000}'
	that 'p("d").calls <= 4 and p("e").by_call == {"mmap": 1000}'
	that 'p("g").by_call == {"getppid": 1000} and p("h").by_call == {"write": 1000}'
	case $(cat /sys/devices/system/clocksource/clocksource0/current_clocksource) in
	tsc | kvm-clock | hyperv_clocksource_tsc_page | arch_sys_counter)
		that 'p("f").calls == 0 and .predicted_right'
		;;
	esac
}

@test "lab 3: a crossing a byte costs many times what a crossing for 64 KiB does" {
	lab 3 c
	that 'p("a").by_call == {"read": 1048576} and p("c").by_call == {"read": 16}'
	that 'p("a").wall_ns > 20 * p("c").wall_ns'
	that 'p("b").calls < 1100'
}

@test "lab 4: the first touch faults once a page, the second not at all; the disk is major" {
	local pages=$((256 * 1048576 / $(getconf PAGESIZE)))
	lab 4 $pages
	that ".predicted_right and (p(\"b\").page_faults.minor | . >= $pages and . < $pages + 50)"
	that 'p("a").page_faults.minor < 50'
	that 'p("c").page_faults | .minor + .major < 5'
	that "p(\"d\").page_faults.minor * 4 < $((pages / 16)) and p(\"e\").page_faults.minor >= $((pages / 16))"
	that 'p("g").page_faults.major == 0'
	case $(stat -f -c %T "${TMPDIR:-/var/tmp}") in
	tmpfs | ramfs | overlayfs) ;;
	*) that 'p("f").page_faults.major > 100' ;;
	esac
}

@test "lab 5: a forbidden instruction is a trap, a signal, and the end of one process" {
	local signal=11
	[ "$(uname -m)" = x86_64 ] || signal=4
	lab 5 c
	for part in a b c; do
		that "ended(\"$part\"; $signal) == 1 and (p(\"$part\").ended | length) == 1"
		that "violated(\"$part\") | length == 1 and .[0].outcome == \"killed\" and .[0].count == 1"
	done
	[ $signal = 4 ] || {
		that 'violated("a")[0] | .cause == "privileged-instruction" and .instruction == "hlt"'
		that 'violated("c")[0] | .cause == "privileged-instruction" and .instruction == "rdmsr"'
	}
	that '.status == 0 and .predicted_right'
}

@test "lab 6: each wall stops a process of its own, by its own cause; asking is refused" {
	lab 6 4
	that 'violated("a") | map(.cause) == ["kernel-address"]'
	that 'violated("b") | map(.cause) == ["unmapped"]'
	that 'violated("c") | map(.cause) == ["read-only"] and .[0].access == "write"'
	that 'violated("d") | map(.cause) == ["no-execute"]'
	that '[ended("a"; 11), ended("b"; 11), ended("c"; 11), ended("d"; 11)] == [1, 1, 1, 1]'
	that 'ended("b"; 0) == 1'
	that 'violated("e") == [] and p("e").ended == [] and p("e").denied == 1'
	that 'p("e").errnos == [{"call": "process_vm_writev", "errno": "EPERM", "refused": false, "count": 1}]'
}

@test "lab 7: 19 of 20 processes live on, of 20 threads none" {
	lab 7 0
	that 'ended("a"; 0) == 19 and ended("a"; 11) == 1'
	that 'p("a").by_call.write == 195'
	that 'ended("b"; 11) == 1 and (p("b").ended | length) == 1 and p("b").by_call.write < 150'
	that 'violated("a")[0].threads == 1 and violated("b")[0].threads == 21'
	that 'p("a").page_faults.minor > 2 * p("b").page_faults.minor'
}

@test "lab 8: the kernel decides each time; a filter decides before it" {
	lab 8 10
	that 'p("a").errnos == [{"call": "openat", "errno": "EACCES", "refused": false, "count": 10}]'
	that 'p("b").errnos == [{"call": "kill", "errno": "EPERM", "refused": false, "count": 10}]'
	that 'p("c").calls == 10 and p("c").failed == 0'
	that 'p("d").denied == 10 and p("d").by_call == {"setpriority": 10}'
	that 'p("e").errnos == [{"call": "getppid", "errno": "EPERM", "refused": true, "count": 10}]'
	that '[p("a", "b", "d", "e").denied] == [10, 10, 10, 10]'
}

@test "lab 9: a bad pointer for the kernel is EFAULT; for the program it is the end" {
	lab 9 c
	that 'p("a").errnos == [{"call": "write", "errno": "EFAULT", "refused": false, "count": 100}]'
	that 'p("b").errnos == [{"call": "read", "errno": "EFAULT", "refused": false, "count": 100}]'
	that 'p("c").calls == 100 and p("c").failed == 0'
	that 'ended("d"; 11) == 1 and (violated("d") | map(.cause) == ["null-page"])'
	[ "$(uname -m)" != x86_64 ] || {
		that 'p("a").page_faults.kernel == 100 and p("b").page_faults.kernel == 100'
		that 'violated("a") | map([.cause, .outcome, .count]) == [["bad-pointer-to-kernel", "refused", 100]]'
	}
	that '.status == 0'
}

@test "lab 10: coroutines switch without a call, and faster than threads" {
	lab 10 0
	that 'p("a").by_call == {"write": 100000} and p("b").calls == 0'
	# the other thread's first and last read may lie just outside
	that 'p("c").calls == 0 and p("d").by_call.write == 20000'
	that 'p("d").by_call.read | . >= 19999 and . <= 20001'
	that 'def cpu: .time_ns | .user + .kernel;
		(p("a") | cpu) > 10 * (p("b") | cpu) and (p("d") | cpu) > 10 * (p("c") | cpu)'
}

@test "lab 11: with its kernel all of a guest is gone; the host had one process" {
	local kernel
	command -v qemu-system-"$(uname -m)" >/dev/null || skip "no qemu"
	kernel=$(ls /boot/vmlinuz-* "$root"/build/kernels/*-"$(dpkg --print-architecture)"/vmlinuz 2>/dev/null | head -n 1)
	[ -n "$kernel" ] || skip "no kernel"
	timeout 200 "$ringfence" lab 11 --yes --answer 0 --kernel "$kernel" --format json -o lab.json
	that '.measured == 0 and .predicted_right and all(.claims[]; .holds)'
	that '.parts | length == 1 and (.[0].ended | length) == 1'
	that '.parts[0].ended[0].status == 0'
}

@test "lab 11: without a kernel it is skipped with a word" {
	command -v qemu-system-"$(uname -m)" >/dev/null || skip "no qemu"
	run -3 --separate-stderr "$ringfence" lab 11 --yes --kernel "$PWD/none"
	[ -z "$output" ]
	grep -q 'skipped: the kernel .*/none cannot be read' <<<"$stderr"
}

@test "lab: the dialogue has its parts, in 80 columns, and asks nothing with --yes" {
	for n in 2 5 6 7 8 9; do
		run -0 env COLUMNS=80 "$ringfence" lab $n --yes </dev/null
		for heading in Idea "The code" "What will happen" "Your prediction" Measured \
			"What it means" "Change it" Discuss; do
			grep -qx "$heading" <<<"$output" || {
				echo "lab $n: no $heading" >&2
				return 1
			}
		done
		[ "$(wc -L <<<"$output")" -le 80 ]
		[[ $output != *$'\e'* ]]
	done
}

@test "lab: colour on a terminal, none with NO_COLOR; the prediction is asked for" {
	run -0 script -qec "stty cols 80; $ringfence lab 5" /dev/null <<<$'x\nc\n\n'
	[[ $output == *$'\e['* ]]
	[[ $output == *"none of the choices"* ]]
	[[ $output == *"You predicted c; measured: c."* ]]
	run -0 script -qec "stty cols 80; NO_COLOR=1 $ringfence lab 5 --yes --answer b" /dev/null
	[[ $output != *$'\e['* ]]
	[[ $output == *"You predicted b; measured: c."* ]]
}

@test "lab: --edit copies the program, and the changed one is measured" {
	run -0 "$ringfence" lab 2 --edit
	grep -q 'cc -O1 -pthread -o mine lab02.c' <<<"$output"
	sed -i 's/TIMES(1000) getppid/TIMES(77) getppid/' lab02.c
	cc -O1 -pthread -o mine lab02.c
	chmod 0700 mine
	"$ringfence" lab 2 ./mine --yes --format json -o lab.json
	that 'p("g").by_call == {"getppid": 77} and has("claims") == false'
	# what is there stays
	run -1 "$ringfence" lab 2 --edit
	grep -q 'left as it is' <<<"$output"
	grep -q 'TIMES(77) getppid' lab02.c
	# without ringfence it runs as well
	./mine
}

@test "lab: a violation that the changed program handles is told as handled" {
	"$ringfence" lab 5 --edit
	sed -i 's/^int main(void)/#include <signal.h>\nstatic void on(int n) { _exit(n); }\n&/;
		s/lab_part(names/signal(SIGSEGV, on); signal(SIGILL, on); &/' lab05.c
	cc -O1 -pthread -o mine lab05.c
	run -0 "$ringfence" lab 5 ./mine --yes
	[ "$(grep -cE '1 (privileged|illegal)-instruction.* handled +1 exit [0-9]+$' <<<"$output")" = 3 ]
}

@test "lab: a program that knows nothing of labs is one part; limits hold; nothing is left" {
	"$ringfence" lab 2 /bin/true --yes --format json -o lab.json
	that '(.parts | length) == 1 and .parts[0].name == "whole run" and .parts[0].by_call.exit_group == 1'
	cat >greedy.c <<-'C'
		#include <stdio.h>
		#include <stdlib.h>
		#include <unistd.h>
		int main(void)
		{
			FILE *f = fopen("here", "w");
			if (!f || malloc(4UL << 30) || getuid() != 65534)
				return 1;
			fprintf(f, "%d", getpid());
			fclose(f);
			if (fork() == 0) {
				setsid();
				pause();
			}
			return 0;
		}
	C
	cc -o greedy greedy.c
	before=$(ls -d /var/tmp/ringfence-lab-* 2>/dev/null | wc -l)
	timeout 30 env -u TMPDIR "$ringfence" lab 2 ./greedy --yes --format json -o lab.json
	that '.status == 0'
	[ "$(ls -d /var/tmp/ringfence-lab-* 2>/dev/null | wc -l)" = "$before" ]
	# also not the child that left its session
	[ -z "$(grep -lx greedy /proc/[0-9]*/comm)" ]
	that '(.parts[0].ended | length) == 2'
}

@test "lab: usage errors are one line and status 2" {
	for words in "12" "x" "2 ./a ./b" "4 --answer many" "1 --answer d" "2 --answer z" "11 --edit" \
		"--yes --format json" "3 --kernel x" "1 --format csv"; do
		# shellcheck disable=SC2086
		run -2 --separate-stderr "$ringfence" lab $words
		[ -z "$output" ] && [ "$(wc -l <<<"$stderr")" = 1 ]
	done
	run -2 --separate-stderr "$ringfence" lab 1 </dev/null
	[[ $stderr == *"--yes"* ]]
	run -1 --separate-stderr "$ringfence" lab 2 ./missing --yes
	[[ $stderr == *"missing"* ]]
}

@test "lab: without root it says so, and what to do" {
	run -3 --separate-stderr setpriv --reuid=65534 --clear-groups --inh-caps=-all "$ringfence" lab 1 --yes
	[ -z "$output" ] && [ "$(wc -l <<<"$stderr")" = 1 ]
}
