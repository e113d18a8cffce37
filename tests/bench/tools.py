# SPDX-License-Identifier: GPL-2.0-or-later
"""What is measured: ringfence, its rivals, and empty programs. A tool runs beside the load and sees
the whole host, or around it, as strace does."""
import os
import re
import shutil
import signal
import subprocess
import time

BUILD = os.environ.get("RF_BUILD", "")
RINGFENCE = os.path.join(BUILD, "ringfence")
DEVNULL = subprocess.DEVNULL

BPFTRACE_COUNT = "tracepoint:raw_syscalls:sys_enter { @[pid, args->id] = count(); }"
BPFTRACE_HIST = (
    "tracepoint:raw_syscalls:sys_enter { @start[tid] = nsecs; } "
    "tracepoint:raw_syscalls:sys_exit /@start[tid]/ "
    "{ @ns[pid, args->id] = hist(nsecs - @start[tid]); delete(@start[tid]); }")


def program(name):
    """One of tests/bench."""
    return os.path.join(BUILD, "tests", "bench", name)


class Missing(Exception):
    """A tool that is not here, or does not run on this host."""


class Tool:
    def __init__(self, name, shown, beside=None, around=None, package=None, ours=False):
        self.name, self.shown, self.package, self.ours = name, shown, package, ours
        self.beside, self.around = beside, around

    @property
    def binary(self):
        return (self.beside or self.around or [None])[0]

    def within(self, folder):
        """The same with files in that folder."""
        def fill(argv):
            return argv and [word.replace("FOLDER", folder) for word in argv]
        return Tool(self.name, self.shown, fill(self.beside), fill(self.around), self.package,
                    self.ours)

    def available(self):
        return self.binary is None or shutil.which(self.binary) is not None

    def prefix(self, argv):
        return [*self.around, *argv] if self.around else list(argv)

    def version(self):
        if self.package is None or not shutil.which("dpkg-query"):
            return None
        found = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", self.package],
                               capture_output=True, text=True, check=False)
        return found.stdout.strip() or None


def stat(*options):
    return [RINGFENCE, "stat", *options]


TOOLS = [
    Tool("untraced", "untraced"),
    Tool("empty", "empty pair of programs", beside=[program("empty"), "calls"], ours=True),
    Tool("auto", "ringfence stat", beside=stat(), ours=True),
    Tool("full", "ringfence stat --latency=full", beside=stat("--latency=full"), ours=True),
    Tool("none", "ringfence stat --no-latency", beside=stat("--no-latency"), ours=True),
    Tool("perf-stat", "perf stat -e raw_syscalls:sys_enter",
         beside=["perf", "stat", "-a", "-o", "/dev/null", "-e", "raw_syscalls:sys_enter"],
         package="linux-perf"),
    Tool("syscount", "syscount (counts a call)", beside=["syscount"], package="libbpf-tools"),
    Tool("syscount-lp", "syscount -L -P (latency a process)", beside=["syscount", "-L", "-P"],
         package="libbpf-tools"),
    Tool("bpftrace-count", "bpftrace, count() by pid and call",
         beside=["bpftrace", "-e", BPFTRACE_COUNT], package="bpftrace"),
    Tool("bpftrace-hist", "bpftrace, hist() by pid and call",
         beside=["bpftrace", "-e", BPFTRACE_HIST], package="bpftrace"),
    Tool("strace", "strace -c -f", around=["strace", "-c", "-f", "-o", "/dev/null", "--"],
         package="strace"),
    Tool("perf-trace", "perf trace -s", around=["perf", "trace", "-s", "-o", "/dev/null", "--"],
         package="linux-perf"),
]

# What counting costs at least, in steps.
FLOORS = [
    Tool("floor-exit", "empty program on sys_exit alone", beside=[program("empty"), "exit"]),
    Tool("floor-counted", "a counter a CPU on both", beside=[program("empty"), "counted"]),
    Tool("floor-timed", "the same and the time on both", beside=[program("empty"), "timed"]),
]

# Every event kept; FOLDER becomes a scratch directory.
STREAM = [
    Tool("untraced", "untraced"),
    Tool("empty", "empty pair of programs", beside=[program("empty"), "calls"], ours=True),
    Tool("record", "ringfence record", beside=[RINGFENCE, "record", "-o", "FOLDER/cost.rec"],
         ours=True),
    Tool("perf-record", "perf trace record", package="linux-perf",
         around=["perf", "trace", "record", "-o", "FOLDER/perf.data", "--"]),
    Tool("strace-o", "strace -f -ttt -o", package="strace",
         around=["strace", "-f", "-ttt", "-o", "FOLDER/strace.out", "--"]),
]

FAULTS = [
    Tool("untraced", "untraced"),
    Tool("empty", "empty programs on the same events", beside=[program("empty"), "faults"]),
    Tool("auto", "ringfence stat", beside=stat(), ours=True),
    Tool("full", "ringfence stat --latency=full", beside=stat("--latency=full"), ours=True),
    Tool("none", "ringfence stat --no-latency", beside=stat("--no-latency"), ours=True),
    # every fault timed, and by what it hit
    Tool("events", "ringfence faults", beside=[RINGFENCE, "faults"], ours=True),
]


def hooks(pid):
    """How many BPF programs, links and perf events the process holds."""
    n = 0
    try:
        for fd in os.listdir(f"/proc/{pid}/fd"):
            try:
                target = os.readlink(f"/proc/{pid}/fd/{fd}")
            except OSError:
                continue
            n += bool(re.search(r"bpf.?(prog|link)|perf_event|raw-tracepoint", target))
    except OSError:
        pass
    return n


def asleep(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as f:
            return f.read().rpartition(")")[2].split()[0] == "S"
    except OSError:
        return False


def end(process, sig=signal.SIGINT, seconds=20):
    """Ends a process that was started here."""
    if process.poll() is None:
        process.send_signal(sig)
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


class Beside:
    """with Beside(tool): it has hooked up everything, and watches."""

    def __init__(self, tool, stdout=DEVNULL):
        self.tool, self.stdout, self.process = tool, stdout, None

    def __enter__(self):
        if self.tool.beside is None:
            return self
        self.process = subprocess.Popen(self.tool.beside, stdin=DEVNULL, stdout=self.stdout,
                                        stderr=DEVNULL)
        deadline, since, last = time.monotonic() + 30, time.monotonic(), None
        while True:
            if self.process.poll() is not None:
                raise Missing(f"{self.tool.shown} does not run here")
            if time.monotonic() > deadline:
                end(self.process)
                raise Missing(f"{self.tool.shown} is not ready after 30 s")
            now = hooks(self.pid)
            if now != last:
                since, last = time.monotonic(), now
            elif now and asleep(self.pid) and \
                    time.monotonic() - since > 0.4:
                return self
            time.sleep(0.02)

    def __exit__(self, *_):
        if self.process:
            end(self.process)
            if self.process.stdout:
                self.process.stdout.close()

    @property
    def pid(self):
        return self.process.pid
