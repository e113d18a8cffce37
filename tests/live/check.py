#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Compares what ringfence says with what is known. Every difference is printed, and is a failure.

  check.py exact RESULT EXPECT [--gate] [--some]
      RESULT (stat --format json) against the tallies that the programs wrote (EXPECT). Without
      --gate the measurement began before the program's first instruction, so the execve that
      started it is in it. Without --some RESULT must hold these processes and no other.
  check.py strace RESULT STRACE [--except COMM]... [--add CALL=N]...
      RESULT against the summary of strace -f -c, summed over all processes but those named.
      What the two count differently by definition is in DEFINITIONS below; --add names calls that
      only ringfence could see in this run, and how many.
  check.py that RESULT [EXPECT] EXPRESSION...
      Each Python expression must hold; for what they may use see class Names.

Every RESULT is also held against the law of reconciliation, see lawful().
"""
import collections
import errno
import json
import sys

RESTARTS = {512: "ERESTARTSYS", 513: "ERESTARTNOINTR", 514: "ERESTARTNOHAND",
            516: "ERESTART_RESTARTBLOCK"}
# What a tally puts where a signal, not an errno, is the answer.
SIGSYS = 1000
# Numbers that no table has are one row, whatever the number.
NR_LIMIT = 1024
X32_BIT = 0x40000000


class Difference(Exception):
    pass


def errno_name(number):
    return "SIGSYS" if number == SIGSYS else RESTARTS.get(number) or errno.errorcode[number]


def load(path):
    with open(path, "rb") as f:
        # A view that lets a name's raw bytes through is not UTF-8, and that fails here.
        return json.loads(f.read().decode("utf-8", "strict"))


def load_lines(path):
    with open(path, encoding="utf-8") as f:
        return [json.loads(line) for line in f if line.strip()]


def cell_key(abi, nr):
    if abi == "x86_64" and 0 <= nr - X32_BIT < NR_LIMIT:
        return ("x32", nr - X32_BIT)
    return (abi, nr) if 0 <= nr < NR_LIMIT else ("any", "invalid")


class Cell:
    def __init__(self, name=None):
        self.name, self.calls, self.failed = name, 0, 0
        self.errnos = collections.Counter()

    def __repr__(self):
        return f"{self.name}: {self.calls} calls, {self.failed} failed {dict(self.errnos)}"

    def __eq__(self, other):
        return (self.calls, self.failed, +self.errnos) == (other.calls, other.failed, +other.errnos)

    def add(self, calls, errors):
        self.calls += calls
        for name, n in errors.items():
            self.failed += n
            self.errnos[name] += n


def rows(result):
    return result["processes"] if "processes" in result else result["rows"]


def told_cells(process):
    cells = {}
    for c in process["by_call"]:
        cell = cells.setdefault(cell_key(c["abi"], c["nr"]), Cell(c["name"]))
        cell.add(c["calls"], c["errnos"])
    return cells


def known_cells(slots):
    cells = {}
    for slot in slots:
        for c in slot["cells"]:
            key = cell_key(c["abi"], c["nr"])
            cell = cells.setdefault(key, Cell("invalid" if key[1] == "invalid" else c["name"]))
            cell.add(c["calls"], {errno_name(c["errno"]): c["calls"]} if c["errno"] else {})
    return cells


def known_processes(lines):
    """pid -> the processes that had it, in order; each a list of slots.

    A program that calls execve goes on in the same process under another tally, so tallies of one
    pid from several lines are one process. Two of one line are two processes: the pid was used
    again.
    """
    processes = {}
    for line in lines:
        seen = collections.Counter()
        for slot in line["processes"]:
            lives = processes.setdefault(slot["pid"], [])
            n = seen[slot["pid"]]
            seen[slot["pid"]] += 1
            if n == len(lives):
                lives.append([])
            lives[n].append(slot)
    return processes


def lawful(result):
    """The law of reconciliation, and that each sum is the sum of its parts."""
    wrong = []

    def equal(what, a, b):
        if a != b:
            wrong.append(f"{what}: {a} != {b}")

    acc, totals = result["accounting"], result["totals"]
    equal("seen = attributed + lost", acc["seen"], acc["attributed"] + acc["lost"])
    equal("lost", acc["lost"], 0)
    equal("attributed = calls + page faults", acc["attributed"],
          totals["calls"] + totals["page_faults"])
    calls = failed = faults = 0
    for p in rows(result):
        who = f"{p.get('comm')}[{p.get('pid')}]"
        calls += p["calls"]
        failed += p["failed"]
        if "page_faults" in p:
            faults += p["page_faults"]["user"] + p["page_faults"]["kernel"]
        equal(f"{who} calls = sum by call", p["calls"], sum(c["calls"] for c in p["by_call"]))
        equal(f"{who} failed = sum by call", p["failed"], sum(c["failed"] for c in p["by_call"]))
        for c in p["by_call"]:
            what = f"{who} {c['name']}"
            equal(f"{what} failed = sum of errnos", c["failed"], sum(c["errnos"].values()))
            if c["failed"] > c["calls"]:
                wrong.append(f"{what}: more failures than calls")
            if not c["min_ns"] <= c["p50_ns"] <= c["p99_ns"] <= c["max_ns"] <= c["total_ns"]:
                wrong.append(f"{what}: not min <= p50 <= p99 <= max <= total: {c}")
    if not result.get("left_out"):
        equal("totals.calls = sum of rows", totals["calls"], calls)
        equal("totals.failed = sum of rows", totals["failed"], failed)
        if result.get("by") != "call":  # page faults belong to no call
            equal("totals.page_faults = sum of rows", totals["page_faults"], faults)
    if wrong:
        raise Difference("\n".join(wrong))


def compare_cells(who, told, known):
    wrong = []
    for key in sorted(set(told) | set(known), key=str):
        a, b = told.get(key, Cell("nothing")), known.get(key, Cell("nothing"))
        if a != b or (b.name not in ("nothing", "?") and a.name != b.name):
            wrong.append(f"{who} {key}: ringfence {a!r}, known {b!r}")
    return wrong


def exact(result, lines, gate, some):
    lawful(result)
    wrong = []
    told = collections.defaultdict(list)
    for p in sorted(result["processes"], key=lambda p: p["start_time_ns"]):
        told[p["pid"]].append(p)
    known = known_processes(lines)
    if not lines:
        raise Difference("the program left no tally")
    if not some and set(told) != set(known):
        wrong.append(f"processes: ringfence {sorted(told)}, known {sorted(known)}")
    first = lines[-1]["processes"][0]["pid"]
    for pid, lives in known.items():
        if len(told[pid]) != len(lives):
            wrong.append(f"pid {pid}: ringfence has {len(told[pid])} processes, known {len(lives)}")
            continue
        for p, slots in zip(told[pid], lives):
            cells = known_cells(slots)
            if pid == first and not gate:
                key = next((k for k in told_cells(p) if told_cells(p)[k].name == "execve"), None)
                cells.setdefault(key, Cell("execve")).add(1, {})
            wrong += compare_cells(f"{p['comm']}[{pid}]", told_cells(p), cells)
    if wrong:
        raise Difference("\n".join(wrong))


# What strace -c counts otherwise than ringfence, by definition:
# - exit and exit_group never return, so strace does not count them;
# - a call that its thread's end cut short does return as far as ringfence is concerned, but not to
#   strace; the commands compared here have none;
# - rt_sigreturn gives back the interrupted call's registers: strace takes that call's EINTR for a
#   failure of rt_sigreturn.
DEFINITIONS = {"never in strace": {"exit", "exit_group"}, "never fails": {"rt_sigreturn"}}


def read_strace(path):
    table = {}
    with open(path, encoding="utf-8") as f:
        for line in f:
            field = line.split()
            if len(field) < 5 or not field[0].replace(".", "").isdigit() or field[-1] == "total":
                continue
            table[field[-1]] = (int(field[3]), int(field[4]) if len(field) == 6 else 0)
    if not table:
        raise Difference("strace left no table")
    return table


def strace(result, path, excepted, added):
    lawful(result)
    told = {}
    for p in result["processes"]:
        if p["comm"] in excepted:
            continue
        for c in p["by_call"]:
            calls, failed = told.get(c["name"], (0, 0))
            told[c["name"]] = (calls + c["calls"], failed + c["failed"])
    known = read_strace(path)
    for name, n in added.items():
        calls, failed = known.get(name, (0, 0))
        known[name] = (calls + n, failed)
    wrong = []
    for name in sorted(set(told) | set(known)):
        a, b = told.get(name, (0, 0)), known.get(name, (0, 0))
        if name in DEFINITIONS["never in strace"]:
            if b != (0, 0):
                wrong.append(f"{name}: strace counts it after all, {b}")
            continue
        if name in DEFINITIONS["never fails"]:
            b = (b[0], 0)
        if a != b:
            wrong.append(f"{name}: ringfence {a}, strace {b} (calls, failed)")
    if wrong:
        raise Difference("\n".join(wrong))


class Names(dict):
    """What expressions may use: r (the result), x (the last tally line), processes (or what other
    rows there are), p (the only one), by(comm), pid(n), call(process, name), known(name): calls of
    the tally."""

    def __init__(self, result, lines):
        super().__init__()
        processes = rows(result)
        self.update(r=result, x=lines[-1] if lines else None, lines=lines, processes=processes,
                    by=lambda comm: self.one([p for p in processes if p["comm"] == comm]),
                    pid=lambda n: self.one([p for p in processes if p["pid"] == n]),
                    call=self.call, known=self.known, near=self.near)
        if len(processes) == 1:
            self["p"] = processes[0]

    @staticmethod
    def one(found):
        if len(found) != 1:
            raise Difference(f"{len(found)} processes found where one was meant")
        return found[0]

    @staticmethod
    def call(process, name):
        none = {"calls": 0, "failed": 0, "errnos": {}, "total_ns": 0}
        return next((c for c in process["by_call"] if c["name"] == name), none)

    def known(self, name):
        return sum(c["calls"] for line in self["lines"] for s in line["processes"]
                   for c in s["cells"] if c["name"] == name)

    @staticmethod
    def near(a, b, share):
        return abs(a - b) <= share * b


def that(result, lines, expressions):
    lawful(result)
    names = Names(result, lines)
    for expression in expressions:
        # The tests' own expressions, no one else's. Functions and generators see globals only.
        if not eval(" ".join(expression.split()), dict(names)):
            raise Difference(f"not so: {expression}\n{json.dumps(result)[:4000]}\n"
                             f"{json.dumps(lines)[:2000]}")


def main(args):
    verb, args = args[0], args[1:]
    plain = [a for a in args if not a.startswith("--")]
    result = load(plain[0])
    if verb == "exact":
        exact(result, load_lines(plain[1]), "--gate" in args, "--some" in args)
    elif verb == "strace":
        excepted, added = [], {}
        for option, value in zip(args, args[1:]):
            if option == "--except":
                excepted.append(value)
            elif option == "--add":
                added[value.split("=")[0]] = int(value.split("=")[1])
        strace(result, args[1], excepted, added)
    elif verb == "that":
        with_tally = len(plain) > 1 and plain[1].endswith(".tally")
        that(result, load_lines(plain[1]) if with_tally else [], plain[1 + with_tally:])
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except Difference as difference:
        print(difference, file=sys.stderr)
        sys.exit(1)
