#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# `ringfence check`: what it says is compared with what other sources say of this host, and each
# obstacle that can be put in its way here must be named.

load helpers

setup() {
	live_setup
	# where a user without privileges can execute it
	cp "$ringfence" ./ringfence
	chmod -R a+rX "$BATS_TEST_TMPDIR"
	bin=$BATS_TEST_TMPDIR/ringfence
	reach=$BATS_TEST_TMPDIR
	while [ "$reach" != / ]; do
		setpriv --reuid=65534 --regid=65534 --clear-groups test -x "$reach" || {
			bin=
			break
		}
		reach=$(dirname "$reach")
	done
	[ -n "$bin" ] || {
		elsewhere=$(mktemp -d /tmp/ringfence-check.XXXXXX)
		chmod 755 "$elsewhere"
		cp "$ringfence" "$elsewhere/ringfence"
		bin=$elsewhere/ringfence
	}
}

teardown() {
	[ -z "${elsewhere:-}" ] || rm -rf "$elsewhere"
	live_teardown
}

nobody() {
	setpriv --reuid=65534 --regid=65534 --clear-groups "$@"
}

# with_caps LIST COMMAND...: uid 0 with these capabilities only.
with_caps() {
	setpriv --bounding-set="$1" --inh-caps=-all --ambient-caps=-all "${@:2}"
}

# says EXPRESSION: on the JSON of the last run; v: verb by name, f: feature by name, h: host.
says() {
	"$python3" - "$1" <<-'END'
		import json, sys
		doc = json.load(open("result.json"))
		assert doc["schema"] == "ringfence.check/1", doc["schema"]
		f = {x["name"]: x for x in doc["features"]}
		v = {x["name"]: x for x in doc["verbs"]}
		h = doc["host"]
		if not eval(sys.argv[1]):
		    sys.exit("not so: %s\n%s" % (sys.argv[1], json.dumps(doc, indent=1)))
	END
}

# json STATUS COMMAND...: runs it, keeps result.json and error.txt, and demands the exit status.
json() {
	local got=0
	"${@:2}" "$bin" check --format json >result.json 2>error.txt || got=$?
	[ "$got" -eq "$1" ] || {
		echo "status $got, not $1: $(cat error.txt)" >&2
		return 1
	}
}

# one_line PATTERN: the one line on standard error.
one_line() {
	[ "$(wc -l <error.txt)" -eq 1 ] && [[ $(<error.txt) == "ringfence: cannot run here: "$1 ]] || {
		cat error.txt >&2
		return 1
	}
}

@test "as root, stat runs: status 0, nothing on standard error" {
	json 0 env
	[ ! -s error.txt ]
	says 'v["stat"]["verdict"] in ("runs", "coarser") and v["stat"]["blocker"] is None'
	says 'f["privileges"]["verdict"] == f["bpf"]["verdict"] == f["btf"]["verdict"] == "present"'
	says 'all(x["tried"] for x in f.values())'
	says "h['kernel'] == '$(uname -r)' and h['machine'] == '$(uname -m)'"
	says 'h["map_bytes"] > 0'
}

@test "the table names every feature and verb that the JSON names" {
	json 0 env
	"$bin" check >table.txt
	"$python3" - <<-'END'
		import json
		doc = json.load(open("result.json"))
		words = [line.split()[0] for line in open("table.txt") if line.strip()]
		for x in doc["features"] + doc["verbs"]:
		    assert words.count(x["name"]) == 1, x["name"]
	END
}

@test "check agrees with tracefs on every tracepoint" {
	local events=/sys/kernel/tracing/events
	[ -d $events/sched ] || skip "tracefs is not mounted"
	json 0 env
	while read -r feature event; do
		has=False
		[ ! -d "$events/$event" ] || has=True
		says "(f['$feature']['verdict'] == 'present') == $has"
	done <<-END
		tracepoints_syscalls raw_syscalls/sys_enter
		tracepoints_sched sched/sched_switch
		page_fault_tracepoints exceptions/page_fault_user
		signal_generate signal/signal_generate
		signal_deliver signal/signal_deliver
		cap_capable capability/cap_capable
		mark_victim oom/mark_victim
	END
}

@test "check agrees with bpftool on maps and helpers" {
	bpftool feature probe kernel >bpftool.txt 2>/dev/null || skip "bpftool cannot probe here"
	json 0 env
	has=False
	! grep -q 'map_type ringbuf is available' bpftool.txt || has=True
	says "(f['ringbuf']['verdict'] == 'present') == $has"
	has=False
	! grep -q 'map_type task_storage is available' bpftool.txt || has=True
	says "(f['task_storage']['verdict'] == 'present') == $has"
}

@test "not root: status 3, the reason and the remedy in one line, and all that can be told" {
	json 3 nobody
	one_line 'not enough privileges (uid 65534*): run as root (sudo) or grant CAP_BPF, CAP_PERFMON and CAP_SYS_PTRACE'
	says 'f["privileges"]["verdict"] == "missing"'
	says 'v["stat"]["verdict"] == "cannot-run" and v["stat"]["blocker"] == "privileges"'
	# trying is for the privileged: the rest comes from the kernel's BTF, and says so
	says 'f["bpf"]["verdict"] == f["page_fault_events"]["verdict"] == "unknown"'
	says 'f["tracepoints_syscalls"]["verdict"] == "present" and not f["tracepoints_syscalls"]["tried"]'
	says 'f["membarrier"]["tried"]'
}

@test "what is inferred without privileges is what root finds by trying" {
	json 0 env
	mv result.json root.json
	json 3 nobody
	"$python3" - <<-'END'
		import json
		root = {f["name"]: f["verdict"] for f in json.load(open("root.json"))["features"]}
		seen = 0
		for f in json.load(open("result.json"))["features"]:
		    if f["verdict"] != "unknown" and not f["tried"]:
		        assert f["verdict"] == root[f["name"]], f
		        seen += 1
		assert seen >= 10, seen
	END
}

@test "uid 0 without capabilities is not enough" {
	json 3 with_caps -all
	one_line 'not enough privileges (uid 0, no CAP_BPF, no CAP_PERFMON): run as root *'
}

@test "each of CAP_BPF and CAP_PERFMON alone is not enough, and the other is named" {
	json 3 with_caps -all,+bpf
	one_line 'not enough privileges (uid 0, no CAP_PERFMON): *'
	json 3 with_caps -all,+perfmon
	one_line 'not enough privileges (uid 0, no CAP_BPF): *'
}

@test "CAP_BPF and CAP_PERFMON suffice; paths of programs then stay unknown" {
	json 0 with_caps -all,+bpf,+perfmon
	says 'f["read_processes"]["verdict"] == "absent"'
	says 'v["stat"]["verdict"] == "coarser" and "read_processes" in v["stat"]["without"]'
	says 'f["page_fault_events"]["verdict"] == "present"'

	json 0 with_caps -all,+bpf,+perfmon,+sys_ptrace
	says 'f["read_processes"]["verdict"] == "present"'
}

@test "capabilities that hold only inside a user namespace do not count" {
	unshare -Ur true || skip "no user namespaces here"
	json 3 unshare -Ur
	one_line 'not enough privileges: the capabilities hold only inside this user namespace: run on the host itself as root (sudo)'
}

@test "a container's own process ids are told" {
	json 0 unshare -pf --mount-proc
	says 'f["pid_namespace"]["verdict"] == "absent" and "pid_namespace" in v["stat"]["without"]'
	json 0 env
	says 'f["pid_namespace"]["verdict"] == "present"'
}

# masked SCRIPT COMMAND...: in a mount namespace of its own, after the script.
masked() {
	unshare -m sh -c "$1"'; shift; exec "$@"' sh "$@"
}

# A kernel image with BTF on disk would do as well.
hide_images='for d in /boot /usr/lib/debug "/lib/modules/$(uname -r)"; do
	[ ! -d "$d" ] || mount -t tmpfs none "$d"; done'

@test "no BTF: status 3 and one line" {
	json 3 masked "mount -t tmpfs none /sys/kernel/btf; $hide_images"
	one_line 'the kernel has no BTF (/sys/kernel/btf/vmlinux): use a kernel built with CONFIG_DEBUG_INFO_BTF'
	says 'f["btf"]["verdict"] == "missing" and v["stat"]["blocker"] == "btf"'
	# what needs no BTF is still found out
	says 'f["bpf"]["verdict"] == f["ringbuf"]["verdict"] == "present"'
	says 'f["page_fault_events"]["verdict"] == "present"'
	says 'f["tracepoints_syscalls"]["verdict"] == "unknown"'
}

@test "a BTF file that is none: status 3, and the file is named" {
	echo nonsense >fake
	json 3 masked "mount --bind '$PWD/fake' /sys/kernel/btf/vmlinux; $hide_images"
	one_line 'what /sys/kernel/btf/vmlinux holds cannot be read as BTF: use a kernel *'
}

lockdown_is() {
	masked "mount -t tmpfs none /sys/kernel/security; echo '$1' >/sys/kernel/security/lockdown" "${@:2}"
}

@test "the level of lockdown is read; what it forbids is found by trying" {
	json 0 lockdown_is 'none [integrity] confidentiality'
	says 'h["lockdown"] == "integrity"'
	# the file says so, and the kernel does not: a program loads
	json 0 lockdown_is 'none integrity [confidentiality]'
	says 'h["lockdown"] == "confidentiality" and f["bpf"]["verdict"] == "present"'
	# without privileges the file is all there is
	json 3 lockdown_is 'none integrity [confidentiality]' setpriv --reuid=65534 --clear-groups
	says 'f["bpf"]["verdict"] == "missing" and "confidentiality" in f["bpf"]["detail"] and not f["bpf"]["tried"]'
}

@test "securityfs that is not mounted is told apart from a kernel without lockdown" {
	json 0 masked 'mount -t tmpfs none /sys/kernel/security'
	says 'h["lockdown"] == "absent" and "not mounted" in h["lockdown_note"]'
}

@test "check takes less than 300 ms" {
	local best=100000 begin took
	for _ in 1 2 3; do
		begin=$(date +%s%N)
		"$bin" check >/dev/null
		took=$((($(date +%s%N) - begin) / 1000000))
		[ $took -ge $best ] || best=$took
	done
	echo "best of three: $best ms"
	[ $best -lt 300 ]
}

@test "a bad format, option or argument: status 2, one line, what would be right" {
	run -2 --separate-stderr "$bin" check --format xml
	[[ $stderr == *'"xml"'*table*json* ]]
	[ -z "$output" ]
	run -2 --separate-stderr "$bin" check 17
	[[ $stderr == *'"17"'* ]]
	run -2 "$bin" check --no-such-option
}

@test "-o writes the file; a file that cannot be written is status 1" {
	"$bin" check --format json -o result.json
	says 'len(f) > 10'
	run -1 "$bin" check -o /no/such/folder/file
}
