#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The same counts as strace -f -c, call by call. Where the two differ by definition, check.py says
# how (DEFINITIONS), and the difference is asserted exactly.

load helpers

setup() {
	live_setup
	# Address space randomisation makes the C library's calls for memory differ from run to run.
	fixed=(env -i "PATH=/usr/sbin:/usr/bin:/sbin:/bin" LC_ALL=C.UTF-8 "HOME=$PWD"
		PYTHONHASHSEED=0 PYTHONDONTWRITEBYTECODE=1 GIT_CONFIG_NOSYSTEM=1 GIT_PAGER=cat)
}
teardown() { live_teardown; }

# twice COMMAND...: one run under strace, another under ringfence.
twice() {
	local strace_status=0 ringfence_status=0
	"${fixed[@]}" "$@" >/dev/null 2>&1 || true
	"${fixed[@]}" setarch -R strace -f -c -o strace.log "$@" >/dev/null 2>&1 || strace_status=$?
	"${fixed[@]}" setarch -R "$ringfence" stat --format json -o result.json -- "$@" \
		>/dev/null 2>&1 || ringfence_status=$?
	[ "$strace_status" = "$ringfence_status" ] || return
	check strace result.json strace.log
}

# at_once COMMAND...: one and the same run, for commands that do not run alike twice: ringfence
# watches strace, which watches the command. Until it is the command, strace's child makes calls
# that strace does not count: `before_exec` finds them out on a program that makes none.
at_once() {
	"${fixed[@]}" "$ringfence" stat --format json -o result.json -- \
		strace -f -c -o strace.log "$@" >/dev/null 2>&1 || true
	local added=() name
	for name in "${before[@]}"; do added+=(--add "$name"); done
	check strace result.json strace.log --except strace "${added[@]}"
}

before_exec() {
	RF_EXPECT=$PWD/known.tally "$ringfence" stat --format json -o result.json -- \
		strace -f -c -o strace.log "$programs/single" 10 >/dev/null
	mapfile -t before < <("$python3" - result.json known.tally <<-'END'
		import collections, json, sys
		told, known = collections.Counter(), collections.Counter(execve=1)
		for p in json.load(open(sys.argv[1]))["processes"]:
		    if p["comm"] == "single":
		        for c in p["by_call"]:
		            told[c["name"]] += c["calls"]
		for line in open(sys.argv[2]):
		    for slot in json.loads(line)["processes"]:
		        for c in slot["cells"]:
		            known[c["name"]] += c["calls"]
		for name in told:
		    if told[name] != known[name]:
		        print(f"{name}={told[name] - known[name]}")
	END
	)
	# Few: it stops itself once so that strace can take hold of it.
	echo "calls of strace's child before its execve: ${before[*]}"
	[ ${#before[@]} -gt 0 ] && [ ${#before[@]} -le 6 ]
	local name
	for name in "${before[@]}"; do [ "${name#*=}" -gt 0 ] || return; done
}

make_repository() {
	(
		export GIT_CONFIG_NOSYSTEM=1 GIT_AUTHOR_NAME=t GIT_AUTHOR_EMAIL=t@example.org HOME=$PWD
		export GIT_COMMITTER_NAME=t GIT_COMMITTER_EMAIL=t@example.org
		git init -q repository
		cd repository || exit
		for i in 1 2 3 4 5 6 7 8; do
			echo "$i" >"file$i"
			git add . && git commit -q -m "change $i"
		done
	)
}

make_project() {
	mkdir project
	local name
	for name in one two three; do
		printf 'int %s(void);\nint %s(void)\n{\n\treturn 1;\n}\n' $name $name >project/$name.c
	done
	printf 'int one(void);\nint two(void);\nint three(void);\nint main(void)\n{\n\treturn one() + two() + three() - 3;\n}\n' \
		>project/main.c
	# shellcheck disable=SC2016
	printf 'prog: main.o one.o two.o three.o\n\t$(CC) -o $@ $^\n%%.o: %%.c\n\t$(CC) -c -o $@ $<\nclean:\n\trm -f prog *.o\n' \
		>project/Makefile
}

python_program='import json, os, re, subprocess, sys, decimal, email.message; print(json.dumps({"a": [1, 2, 3]}))'

@test "two runs: ls -lR /usr/share/doc" {
	twice ls -lR /usr/share/doc
}

@test "two runs: python3 with imports" {
	twice "$python3" -c "$python_program"
}

@test "two runs: git log" {
	make_repository
	twice git -C repository log --stat
}

@test "two runs: a program whose calls fail in every way" {
	twice "$programs/efault" 100 50
	twice "$programs/exit_blocked" 0 0 0
}

@test "one run: ls -lR" {
	before_exec
	at_once ls -lR /usr/share/doc
}

@test "one run: sh -c with a pipeline" {
	before_exec
	at_once sh -c 'seq 20000 | sort -r | tail -n 5 | wc -c; ls / | cat; (exit 3)'
}

@test "one run: python3 with imports" {
	before_exec
	at_once "$python3" -c "$python_program"
}

@test "one run: git log" {
	make_repository
	before_exec
	at_once git -C repository log --stat
}

@test "one run: make of a small C project" {
	make_project
	before_exec
	at_once make -C project
	[ -x project/prog ]
	check that result.json 'sum(q["comm"] == "cc1" for q in processes) == 4' \
		'sum(q["comm"] == "make" for q in processes) == 1'
}
