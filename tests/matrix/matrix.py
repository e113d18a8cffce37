#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The cases of the matrix, and the judge of what its guests print.

  matrix.py script ARCH               the shell script that a guest runs
  matrix.py judge LOG DIR ARCH NAME   what the guest printed in LOG, unpacked into DIR; writes
                                      DIR/facts.json. Each difference is printed, and is a failure.
  matrix.py table DIR...              the table of kernels and features, from their facts.json

A new verb gets cases by another class with script() and judge(); see Stat.
"""
import base64
import collections
import hashlib
import io
import json
import os
import pathlib
import re
import sys
import tarfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "live"))
import check  # noqa: E402


class Stat:
    """A program under `ringfence stat`, equal to its own tally; then each expression (check.py).

    sees_kills: false where a call is answered by a kill. The kernels that lack bpf_task_pt_regs()
    end the process on the spot then, and no tracepoint tells of the call.
    """

    def __init__(self, name, command, *expressions, arch=None, status=0, gate=False,
                 sees_kills=True):
        self.name, self.command, self.expressions = name, command, expressions
        self.arch, self.status, self.gate, self.sees_kills = arch, status, gate, sees_kills

    def script(self, arch):
        return f"{'attached' if self.gate else 'whole'} {self.name} {self.command}"

    def judge(self, guest):
        status = guest.text(self.name + ".status").strip()
        if status != str(self.status):
            raise check.Difference(f"status {status}: {guest.text(self.name + '.err')}")
        result = json.loads(guest.text(self.name + ".json"))
        lines = [json.loads(x) for x in guest.text(self.name + ".tally").splitlines()]
        if not self.sees_kills and not guest.has("task_pt_regs"):
            for slot in (s for line in lines for s in line["processes"]):
                slot["cells"] = [c for c in slot["cells"] if c["errno"] != check.SIGSYS]
        check.exact(result, lines, self.gate, False)
        check.that(result, lines, self.expressions)
        if self.gate:
            self.judge_faults(guest, result["processes"])

    def judge_faults(self, guest, processes):
        """What the kernel counted between the two gates, in which the program sleeps."""
        before, after = (int(x) for x in guest.text(self.name + ".minflt").split())
        told = sum(p["page_faults"]["minor"] for p in processes)
        if told != after - before:
            raise check.Difference(f"{told} minor page faults; the kernel counted {after - before}")


class Archive:
    """A recording of another host reads the same on every host: RF_HOST_REPORT is this one's."""

    name, arch = "archive", None

    def script(self, arch):
        return "ringfence report --format json -o archive.json /x86_64.rec 2>archive.err"

    def judge(self, guest):
        here = pathlib.Path(os.environ["RF_HOST_REPORT"]).read_text(encoding="utf-8")
        if guest.text("archive.json") != here:
            raise check.Difference(f"report: {guest.text('archive.json')}\nhere: {here}\n"
                                   + guest.text("archive.err"))


class Record:
    """A program under `record`: its report is equal to its tally, and to what `stat` made of it."""

    arch = None

    def __init__(self, name, stat, command):
        self.name, self.stat, self.command = name, stat, command

    def script(self, arch):
        return f"recorded {self.name} {self.command}"

    @staticmethod
    def cells(result):
        return sorted((p["comm"], p["exe"], p["calls"], p["failed"], sorted(
            (c["abi"], c["nr"], c["name"], c["calls"], sorted(c["errnos"].items()))
            for c in p["by_call"])) for p in result["processes"])

    def judge(self, guest):
        result, status = (json.loads(guest.text(f"{name}.json")) for name in (self.name, self.stat))
        lines = [json.loads(x) for x in guest.text(self.name + ".tally").splitlines()]
        check.exact(result, lines, False, False)
        if self.cells(result) != self.cells(status):
            raise check.Difference(f"record {self.cells(result)}\nstat {self.cells(status)}")


class Trace:
    """Every call a line, as often and with the errnos of the tally; then each expression."""

    arch = None

    def __init__(self, name, command, *expressions):
        self.name, self.command, self.expressions = name, command, expressions

    def script(self, arch):
        return f"traced {self.name} {self.command}"

    def judge(self, guest):
        told, known = collections.Counter(), collections.Counter({("execve", None): 1})
        lines = guest.lines(self.name)
        calls = [x for x in lines if x["type"] == "call"]
        told.update((c["name"], c.get("errno")) for c in calls)
        for tally in guest.text(self.name + ".tally").splitlines():
            for cell in (c for slot in json.loads(tally)["processes"] for c in slot["cells"]):
                error = check.errno_name(cell["errno"]) if cell["errno"] else None
                known[cell["name"], error] += cell["calls"]
        if told != known:
            raise check.Difference(f"trace {told}\nknown {known}\n{guest.text(self.name + '.err')}")
        for expression in self.expressions:
            if not eval(expression, {"lines": lines, "calls": calls}):
                raise check.Difference(f"not so: {expression}\n{lines}")


DENIED = "denied 5 6"


class Faults:
    """Programs that break a rule each, one after the other under one `ringfence faults`: one event
    each, in their order, with these keys. Loading the programs is what costs in a guest."""

    arch = None

    def __init__(self, name, *commands):
        self.name, self.commands = name, commands

    def of(self, arch):
        return [c for c in self.commands if c.arch in (None, arch)]

    def script(self, arch):
        lines = [f"faults {self.name} <<'EOF'"]
        lines += [c.command for c in self.of(arch)]
        return "\n".join(lines + [DENIED, "EOF"])

    def judge(self, guest):
        lines = guest.lines(self.name)
        events = [x for x in lines if x["type"] == "violation"]
        summary = lines[-1]
        events.sort(key=lambda e: e["time_ns"])
        wrong, known = [], self.of(guest.arch)
        for event, command in zip(events, known):
            wrong += command.judge(event)
        if len(events) != len(known):
            wrong.append(f"{len(events)} events, {len(known)} violations: "
                         f"{[(e['cause'], e['outcome']) for e in events]}")
        wrong += self.lawful(summary["accounting"], len(known))
        wrong += self.denied(guest, summary)
        if wrong:
            raise check.Difference("\n".join(wrong) + "\n" + guest.text(self.name + ".err"))

    @staticmethod
    def lawful(accounting, known):
        a = dict(accounting)
        wrong = [f"{k} is {a[k]}" for k in ("open", "lost", "skipped", "unexplained", "lost_events",
                                            "untold", "lost_details") if a[k]]
        if not a["seen"] == a["events"] == known == a["handled"] + a["killed"] + a["refused"]:
            wrong.append(f"seen = events = handled + killed + refused = {known}: {a}")
        return wrong

    @staticmethod
    def denied(guest, summary):
        """The refusals of DENIED, and why where the kernel tells; what it cannot tell is named."""
        wrong = []
        told = {(d["call"], d["errno"], d["count"]) for d in summary["denied"]
                if d["comm"] == "denied"}
        if told != {("kill", "EPERM", 5), ("openat", "EACCES", 6)}:
            wrong.append(f"denied: {told}")
        wanting = {(c["call"], c["capability"], c["count"]) for p in summary["processes"]
                   if p["comm"] == "denied" for c in p["isolation"]["missing_capabilities"]}
        known = {("kill", "CAP_KILL", 5), ("openat", "CAP_DAC_OVERRIDE", 6),
                 ("openat", "CAP_DAC_READ_SEARCH", 6)} if guest.has("cap_capable") else set()
        if wanting != known:
            wrong.append(f"missing capabilities: {wanting}, known {known}")
        classes = {"page_fault_tracepoints": "page-fault tracepoints",
                   "cap_capable": "tracepoint cap_capable",
                   "current_task_btf": "frames", "page_fault_events": "software events",
                   "signal_generate": "tracepoint signal_generate",
                   "signal_deliver": "tracepoint signal_deliver"}
        for feature, words in classes.items():
            if guest.has(feature) == (words in summary["missing"]):
                wrong.append(f"{feature} is {'' if guest.has(feature) else 'not '}there, and the "
                             f"summary says that this is missing: {summary['missing']!r}")
        return wrong


class Broken:
    """A command and the one event it makes: what judge() compares, key by key."""

    def __init__(self, command, cause, signal, code, outcome="killed", arch=None, **keys):
        self.command, self.arch = command, arch
        self.keys = {"cause": cause, "signal": signal, "code": code, "outcome": outcome, **keys}

    def judge(self, event):
        return [f"{self.command}: {key} is {event.get(key)!r}, known {value!r}: {event}"
                for key, value in self.keys.items() if event.get(key) != value]


FAULTS = ('p["page_faults"]["user"] + p["page_faults"]["kernel"] =='
          ' p["page_faults"]["minor"] + p["page_faults"]["major"]')

CASES = [
    Stat("single", "single 12345 100 20 3",
         'call(p, "getppid")["calls"] == 12345', 'call(p, "openat")["errnos"] == {"ENOENT": 100}',
         'call(p, "kill")["errnos"] == {"ESRCH": 20}', 'call(p, "close")["errnos"] == {"EBADF": 3}',
         'p["exe"] == "/programs/single"', 'p["page_faults"]["minor"] > 200'),
    Stat("denied", "denied 50 60", 'p["denied"] == 110'),
    Stat("threads", "threads 64 1000", 'call(p, "getppid")["calls"] == 64000',
         'call(p, "exit")["calls"] == 64'),
    Stat("storm", "storm 100 100 8", 'len(processes) == 101', 'all(q["exited"] for q in processes)'),
    Stat("exec_thread", "exec_thread 77 /programs/single 33", 'call(p, "getppid")["calls"] == 110',
         'p["comm"] == "single"'),
    Stat("vforker", "vforker 5 10 /programs/single 7", 'len(processes) == 7'),
    Stat("exit_blocked", "exit_blocked 7 6 5", 'call(p, "futex")["errnos"] == {"ERESTARTSYS": 7}'),
    Stat("sighandler", "sighandler 1000", 'call(p, "rt_sigreturn")["calls"] == 1000',
         'call(p, "rt_sigreturn")["failed"] == 0'),
    Stat("interrupted", "interrupted 5 6 3"),
    Stat("seccomp_errno", "seccomp errno 1000",
         'call(p, "getppid")["errnos"] == {"EPERM": 1000}'),
    Stat("seccomp_trace", "seccomp trace 500"),
    Stat("seccomp_zero", "seccomp zero 500"),
    Stat("seccomp_trap", "seccomp trap 300", 'call(p, "getppid")["errnos"] == {"SIGSYS": 300}'),
    Stat("seccomp_kill", "seccomp kill", 'len(processes) == 2', sees_kills=False),
    Stat("seccomp_killthread", "seccomp killthread", sees_kills=False),
    Stat("int80", "int80 1000 500",
         '[(c["name"], c["nr"], c["calls"]) for c in p["by_call"] if c["abi"] == "i386"] =='
         ' [("getpid", 20, 1000)]', arch="amd64"),
    Stat("badcall", "badcall 100"),
    Stat("efault", "efault 300 200", 'call(p, "uname")["errnos"] == {"EFAULT": 300}'),
    Stat("pid_reuse", "pid_reuse 100 200", 'by("first")["pid"] == by("second")["pid"]'),
    Stat("attached", "single 5000 10", 'not p["exited"]', gate=True),
    # A page of the program's own may have been taken, and come back: the kernel counts that too.
    Stat("pages_fresh", "pages fresh 1000", 'x["minor"] >= 1000', FAULTS,
         'p["page_faults"]["user"] >= 1000', 'p["page_faults"]["kernel"] == 0', gate=True),
    Stat("pages_kernel", "pages kernel 1000", 'x["minor"] >= 1000', FAULTS,
         'p["page_faults"]["user"] < 10', 'p["page_faults"]["kernel"] == 1000', gate=True),
    Stat("pages_whole", "pages fresh 500", FAULTS, 'p["page_faults"]["minor"] >= 500'),
    Stat("sleeper", "sleeper 5 20", 'call(p, "nanosleep")["min_ns"] >= 20e6',
         'p["time_ns"]["waiting"] >= 100e6'),
    Record("recorded", "single", "single 12345 100 20 3"),
    Trace("traced", "single 20 3",
          # the first may find the name's page not there yet
          '[c["args"][1].get("string") for c in calls if c.get("errno") == "ENOENT"][1:] =='
          ' ["/nonexistent/file"] * 2',
          '[c["args"][1]["name"] for c in calls if c.get("errno") == "ENOENT"] == ["filename"] * 3',
          'lines[-1]["type"] == "exit" and lines[-1]["status"] == 0'),
    Archive(),
    Faults("violations",
           Broken("violate null-page", "null-page", "SIGSEGV", "SEGV_MAPERR", access="read",
                  address="0x10", status=11, whole_process=True),
           Broken("violate null-write", "null-page", "SIGSEGV", "SEGV_MAPERR", access="write"),
           Broken("violate null-page --handled", "null-page", "SIGSEGV", "SEGV_MAPERR", "handled"),
           Broken("violate unmapped", "unmapped", "SIGSEGV", "SEGV_MAPERR", access="read"),
           Broken("violate read-only", "read-only", "SIGSEGV", "SEGV_ACCERR", access="write"),
           Broken("violate read-only-text --thread", "read-only", "SIGSEGV", "SEGV_ACCERR",
                  access="write", mode="user", comm="violate", exe="/programs/violate"),
           Broken("violate no-execute", "no-execute", "SIGSEGV", "SEGV_ACCERR", access="execute"),
           Broken("violate guard-page", "guard-page", "SIGSEGV", "SEGV_ACCERR", access="read"),
           Broken("violate stack-overflow", "stack-overflow", "SIGSEGV", "SEGV_MAPERR",
                  access="write"),
           Broken("violate illegal-instruction", "illegal-instruction", "SIGILL", "ILL_ILLOPN",
                  arch="amd64"),
           Broken("violate illegal-instruction", "illegal-instruction", "SIGILL", "ILL_ILLOPC",
                  arch="arm64"),
           Broken("violate privileged-instruction", "privileged-instruction", "SIGSEGV",
                  "SI_KERNEL", arch="amd64"),
           Broken("violate privileged-instruction", "privileged-instruction", "SIGILL",
                  "ILL_ILLOPC", arch="arm64"),
           Broken("violate divide-error", "divide-error", "SIGFPE", "FPE_INTDIV", arch="amd64"),
           Broken("violate kernel-address", "kernel-address", "SIGSEGV", "SEGV_MAPERR",
                  arch="amd64"),
           Broken("violate non-canonical", "non-canonical", "SIGSEGV", "SI_KERNEL", arch="amd64",
                  address="0x4141414141414140"),
           Broken("violate non-canonical", "non-canonical", "SIGSEGV", "SEGV_MAPERR", arch="arm64"),
           Broken("violate misaligned", "misaligned", "SIGSEGV", "SI_KERNEL", arch="amd64"),
           Broken("violate beyond-file-end", "beyond-file-end", "SIGBUS", "BUS_ADRERR"),
           Broken("violate breakpoint", "breakpoint", "SIGTRAP", "SI_KERNEL", arch="amd64"),
           Broken("violate breakpoint", "breakpoint", "SIGTRAP", "TRAP_BRKPT", arch="arm64"),
           Broken("violate seccomp", "seccomp", "SIGSYS", "SYS_SECCOMP", call="getppid"),
           Broken("violate seccomp-kill", "seccomp", "SIGSYS", "SYS_SECCOMP", call="getppid",
                  whole_process=True),
           Broken("violate abort", "abort", "SIGABRT", "SI_TKILL"),
           Broken("violate bad-pointer-to-kernel", "bad-pointer-to-kernel", None, None, "refused",
                  call="uname"),
           Broken("violate sent-by-process", "sent-by-process", "SIGSEGV", "SI_USER")),
]

# Where else the guest's kernel shows that it has a feature: a folder of tracefs or a symbol.
ORACLES = {
    "tracepoints_syscalls": "events/raw_syscalls/sys_enter",
    "tracepoints_sched": "events/sched/sched_switch",
    "page_fault_tracepoints": "events/exceptions/page_fault_user",
    "signal_generate": "events/signal/signal_generate",
    "signal_deliver": "events/signal/signal_deliver",
    "cap_capable": "events/capability/cap_capable",
    "mark_victim": "events/oom/mark_victim",
    "task_storage": "bpf_task_storage_get",
    "current_task_btf": "bpf_get_current_task_btf",
    "task_pt_regs": "bpf_task_pt_regs",
    "ringbuf": "bpf_ringbuf_output",
}
MAP_HASH, MAP_TASK_STORAGE = 1, 29
# What a kernel prints when a program has harmed it.
HARM = re.compile(r"WARNING:|BUG:|Oops|Call Trace|stall|Kernel panic")


class Guest:
    def __init__(self, folder, arch):
        self.folder, self.arch = pathlib.Path(folder), arch

    def text(self, name):
        try:
            return (self.folder / name).read_text(encoding="utf-8")
        except FileNotFoundError:
            raise check.Difference(f"the guest left no {name}") from None

    def lines(self, name):
        """The JSON objects that a case printed, one a line."""
        text = self.text(name + ".json")
        if not text:
            raise check.Difference(f"nothing was told: {self.text(name + '.err')}")
        return [json.loads(line) for line in text.splitlines()]

    def has(self, feature):
        return any(f["name"] == feature and f["verdict"] == "present"
                   for f in json.loads(self.text("check.json"))["features"])


def cases(arch):
    return [c for c in CASES if c.arch in (None, arch)]


def script(arch):
    print("uname -r >kernel")
    print("ringfence check --format json -o check.json 2>check.err; echo $? >check.status")
    print("ringfence check >check.txt")
    for feature, where in sorted(ORACLES.items()):
        test = (f"[ -d /sys/kernel/tracing/{where} ]" if "/" in where
                else f"grep -qw {where} /proc/kallsyms")
        print(f"! {test} || echo {feature} >>oracles")
    for case in cases(arch):
        print(case.script(arch))
        print(f"echo {case.name} $(cut -d' ' -f1 /proc/uptime) >>seconds")


def unpack(log, folder):
    text = pathlib.Path(log).read_text(encoding="utf-8", errors="replace").replace("\r", "")
    packed = re.search(r"^@@RESULTS\n(.*)^@@END (\w+)$", text, re.S | re.M)
    if not packed:
        raise check.Difference("the guest did not come to its end; its last lines:\n"
                               + "\n".join(text.splitlines()[-25:]))
    data = base64.b64decode(packed[1])
    if hashlib.md5(data, usedforsecurity=False).hexdigest() != packed[2]:
        raise check.Difference("what the guest printed was garbled on its way")
    folder.mkdir(parents=True, exist_ok=True)
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        for member in tar:
            if member.isfile():
                (folder / pathlib.PurePath(member.name).name).write_bytes(
                    tar.extractfile(member).read())


def judge_kernel_log(guest):
    harm = [line for line in guest.text("kernel.log").splitlines() if HARM.search(line)]
    if harm:
        raise check.Difference("the kernel complains:\n" + "\n".join(harm))


def judge_check(guest):
    """What `check` says against what the kernel shows elsewhere, and against what is in use."""
    doc = json.loads(guest.text("check.json"))
    features = {f["name"]: f for f in doc["features"]}
    wrong = []
    if guest.text("check.status").strip() != "0":
        wrong.append(f"check: {guest.text('check.err')}")
    if doc["host"]["kernel"] != guest.text("kernel").strip():
        wrong.append(f"check names the kernel {doc['host']['kernel']}")
    shown = guest.text("oracles").split()
    for name in ORACLES:
        if (features[name]["verdict"] == "present") != (name in shown):
            wrong.append(f"check says that {name} is {features[name]['verdict']}; the kernel "
                         f"{'has' if name in shown else 'has not'} {ORACLES[name]}")
    maps = [int(x) for x in guest.text("attached.maps").split()]
    stored = features["task_storage"]["verdict"] == "present"
    if (MAP_TASK_STORAGE in maps) != stored:
        wrong.append(f"task_storage is {features['task_storage']['verdict']}, maps in use: {maps}")
    table = guest.text("check.txt").splitlines()
    for f in doc["features"]:
        lines = [line for line in table if line.split()[:1] == [f["name"]]]
        if len(lines) != 1:
            wrong.append(f"{f['name']} has {len(lines)} lines in check")
        if f["verdict"] == "unknown" or not f["tried"]:
            wrong.append(f"{f['name']} was not tried as root")
        if f["verdict"] != "present" and not (f["detail"] and f["remedy"]):
            wrong.append(f"{f['name']} is absent without a reason or remedy")
    told = json.loads(guest.text("single.json"))["accounting"]["missing"]
    raised = features["page_fault_tracepoints"]["verdict"] == "present"
    if raised != ("page-fault tracepoints" not in told):
        wrong.append(f"page_fault_tracepoints and what the accounting says is missing: {told!r}")
    if wrong:
        raise check.Difference("\n".join(wrong))
    return doc


def judge(log, folder, arch, name):
    guest = Guest(folder, arch)
    failures, doc = [], None
    try:
        unpack(log, guest.folder)
    except check.Difference as difference:
        print(f"{name}: {difference}")
        return 1
    steps = [("kernel log", lambda: judge_kernel_log(guest))]
    steps += [(case.name, lambda case=case: case.judge(guest)) for case in cases(arch)]
    try:
        doc = judge_check(guest)
    except check.Difference as difference:
        failures.append(("check", difference))
    for what, step in steps:
        try:
            step()
        except (check.Difference, ValueError, KeyError) as difference:
            failures.append((what, difference))
    for what, difference in failures:
        print(f"{name}: {what}: {difference!s:.3000}")
    facts = {"name": name, "arch": arch, "kernel": guest.text("kernel").strip(),
             "features": {f["name"]: f["verdict"] for f in doc["features"]} if doc else {},
             "remedies": {f["name"]: f["remedy"] for f in doc["features"]} if doc else {},
             "cases": len(cases(arch)) + 2, "failed": [what for what, _ in failures]}
    (guest.folder / "facts.json").write_text(json.dumps(facts, indent=1) + "\n")
    return 1 if failures else 0


def table(folders):
    rows = [json.loads((pathlib.Path(f) / "facts.json").read_text()) for f in folders]
    print("# Kernels\n\nWritten by `scripts/test --matrix`, which boots each kernel under qemu and "
          "watches programs whose\nevery call, page fault and violation is known; do not edit. A "
          "case is exact or it has failed.\n")
    print("| kernel | cases | failed |\n|---|---|---|")
    for r in rows:
        print(f"| {r['kernel']} | {r['cases']} | {', '.join(r['failed']) or 'none'} |")
    names = list(rows[0]["features"])
    always = [n for n in names if all(r["features"].get(n) == "present" for r in rows)]
    print("\nOn all of them: " + ", ".join(f"`{n}`" for n in always) + ".\n")
    print("| feature | " + " | ".join(r["name"] for r in rows) + " | without it |")
    print("|---" * (len(rows) + 2) + "|")
    for n in names:
        if n in always:
            continue
        verdicts = ["yes" if r["features"].get(n) == "present" else "no" for r in rows]
        remedy = next(r["remedies"][n] for r in rows if r["features"].get(n) != "present")
        print(f"| `{n}` | " + " | ".join(verdicts) + f" | {remedy} |")
    return 0


def main(args):
    if args[:1] == ["script"] and len(args) == 2:
        script(args[1])
        return 0
    if args[:1] == ["judge"] and len(args) == 5:
        return judge(args[1], pathlib.Path(args[2]), args[3], args[4])
    if args[:1] == ["table"] and len(args) > 1:
        return table(args[1:])
    sys.exit(__doc__)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
