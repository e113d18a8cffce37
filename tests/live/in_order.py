#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""in_order.py TRACE STRACE: the same calls in the same order, thread by thread.

TRACE is of ringfence trace --format json, STRACE of strace -f, each of its own run of one command.
Threads are matched in the order in which they appear. Compared are the call's name and what it
returned: an errno by its name, else the number, where two runs agree on it (not addresses and ids).

By definition strace's first line is the execve of the command, which ringfence has too; a call
that was interrupted is shown by strace as the restart code's name, without a number.
"""
import json
import re
import sys

# Two runs differ here.
VARY = {"getpid", "gettid", "getppid", "clone", "clone3", "fork", "vfork", "wait4", "brk", "mmap",
        "set_tid_address", "getrandom", "mremap", "getpgrp"}
# When a child's end reaches a shell is chance, and with it how often the shell asks.
CHANCE = {"rt_sigreturn", "wait4"}


def of_trace(path):
    threads, lines = {}, []
    with open(path, encoding="utf-8") as f:
        lines = [json.loads(line) for line in f]
    # in order of their beginning, as strace prints them
    calls = sorted((e for e in lines if e["type"] == "call"), key=lambda e: e["time_ns"])
    for e in calls:
        result = "?"
        if e["finished"]:
            result = e.get("errno", str(e["result"]))
        if e["name"] in VARY and not e.get("errno"):
            result = "*"
        threads.setdefault(e["tid"], []).append((e["name"], result))
    return [[c for c in calls if c[0] not in CHANCE] for calls in threads.values()]


def of_strace(path):
    threads, open_calls = {}, {}
    with open(path, encoding="utf-8", errors="replace") as f:
        for line in f:
            m = re.match(r"(\d+) +[\d.]+ (.*)", line)
            tid, text = m.group(1), m.group(2)
            calls = threads.setdefault(tid, [])
            resumed = re.match(r"<\.\.\. (\w+) resumed>(.*)", text)
            if resumed:
                name, rest = resumed.group(1), resumed.group(2)
                calls[open_calls.pop(tid)] = (name, result_of(name, rest))
                continue
            m = re.match(r"(\w+)\(", text)
            if not m:
                continue
            name = m.group(1)
            if text.rstrip().endswith("<unfinished ...>"):
                open_calls[tid] = len(calls)
                calls.append((name, "?"))
                continue
            calls.append((name, result_of(name, text)))
    return [[c for c in calls if c[0] not in CHANCE] for calls in threads.values()]


def result_of(name, text):
    m = re.search(r"= (-?\w+|\?)(?: (\w+))?[^=]*$", text)
    value, word = m.group(1), m.group(2)
    if value == "?":
        return word if word and word.startswith("ERESTART") else "?"
    if value == "-1":
        return word
    if name in VARY:
        return "*"
    return str(int(value, 0))


def main():
    ours, theirs = of_trace(sys.argv[1]), of_strace(sys.argv[2])
    wrong = 0
    # who was scheduled first differs from run to run: threads are matched by what they ran
    ours.sort(key=lambda calls: (calls[:1] != [("execve", "0")], [c for c in calls]))
    theirs.sort(key=lambda calls: (calls[:1] != [("execve", "0")], [c for c in calls]))
    if len(ours) != len(theirs):
        print(f"{len(ours)} threads, strace has {len(theirs)}")
        wrong += 1
    for a, b in zip(ours, theirs):
        if a == b:
            continue
        wrong += 1
        for i, (x, y) in enumerate(zip(a, b)):
            if x != y:
                print(f"call {i}: {x}, strace has {y}; before it {a[max(0, i - 3):i]}")
                break
        else:
            print(f"{len(a)} calls, strace has {len(b)}: {a[len(b):][:3]} {b[len(a):][:3]}")
    print(f"{sum(map(len, ours))} calls of {len(ours)} threads compared")
    sys.exit(1 if wrong or not ours else 0)


main()
