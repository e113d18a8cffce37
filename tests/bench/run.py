#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The front of scripts/bench: which sections are measured, where results are kept."""
import argparse
import json
import os
import platform
import re
import signal
import subprocess
import sys
import time

import loader
import measure
import report
import stream
import top
import work
from tools import BUILD, STREAM, TOOLS, Missing

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SECTIONS = {"calls": measure.calls, "faults": measure.faults, "loader": loader.loader,
            "stream": stream.stream, "top": top.top, "work": work.work, "growth": loader.growth}


def options():
    parser = argparse.ArgumentParser(
        prog="scripts/bench", formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Measures what ringfence costs, side by side with its rivals.",
        epilog="sections, all by default: " + ", ".join(SECTIONS) + "\n\n"
        "A section that has been measured is not measured again until --fresh: a run that was\n"
        "interrupted goes on where it was. Exit status: 0 done; 1 failed; 2 usage; 3 cannot run.")
    parser.add_argument("sections", nargs="*", metavar="SECTION")
    parser.add_argument("--quick", action="store_true",
                        help="the calls alone, 3 rounds, in less than three minutes; writes no page")
    parser.add_argument("--fresh", action="store_true", help="measure again what was measured")
    parser.add_argument("--rounds", type=int, metavar="N", help="default 9; with --quick 3")
    parser.add_argument("--scale", type=float, default=1, metavar="X",
                        help="so much of every load and time: 0.1 for a look at the script itself")
    parser.add_argument("--tools", metavar="NAME,...",
                        help="only these: " + ", ".join(dict.fromkeys(
                            t.name for t in [*TOOLS, *STREAM])))
    parser.add_argument("--state", metavar="FILE", help="default: bench.json in the build folder")
    parser.add_argument("--output", metavar="DIR", help="for the page and its plot; default: docs")
    parser.add_argument("--report", action="store_true",
                        help="measure nothing, write the page from what is there")
    o = parser.parse_args()
    for name in o.sections:
        if name not in SECTIONS:
            parser.error(f"there is no section {name}; there are {', '.join(SECTIONS)}")
    o.tools = o.tools.split(",") if o.tools else []
    for name in o.tools:
        if name not in {t.name for t in [*TOOLS, *STREAM]}:
            parser.error(f"--tools: there is no {name}")
    if o.scale <= 0 or (o.rounds is not None and o.rounds < 1):
        parser.error("--scale and --rounds must be above 0")
    return o


def first(path, pattern):
    try:
        with open(path, encoding="utf-8", errors="replace") as f:
            found = re.search(pattern, f.read(), re.M)
        return found.group(1).strip() if found else None
    except OSError:
        return None


def others_watching():
    """Programs on system calls that are not ours, before anything is measured."""
    try:
        out = subprocess.run(["bpftool", "-j", "link"], capture_output=True, check=True).stdout
        return sum(str(link.get("tp_name", "")).startswith("sys_") or
                   "sys_enter" in json.dumps(link) for link in json.loads(out))
    except (OSError, ValueError, subprocess.CalledProcessError):
        return 0


def facts():
    """What one must know of the host to read the figures, and nothing that names it."""
    memory = int(first("/proc/meminfo", r"^MemTotal:\s+(\d+)") or 0)
    flags = first("/proc/cpuinfo", r"^flags\s*:(.*)$") or ""
    host = {
        "processor": first("/proc/cpuinfo", r"^model name\s*:(.*)$") or platform.machine(),
        "CPUs": os.cpu_count(),
        "virtual machine": "yes" if " hypervisor" in flags else "no",
        "memory": f"{memory / 1024 / 1024:.0f} GiB",
        "kernel": f"Linux {re.match(r'[0-9.]+', platform.release()).group(0)}",
        "system": first("/etc/os-release", r'^PRETTY_NAME="?([^"\n]*)') or "",
        "clock": first("/sys/devices/system/clocksource/clocksource0/current_clocksource", "(.*)"),
    }
    versions = {tool.package: tool.version() for tool in TOOLS if tool.package}
    found = {"host": host, "tools": {k: v or "not installed" for k, v in versions.items()}}
    warnings = []
    n = others_watching()
    if n:
        warnings.append(f"{n} other BPF programs were on the system calls of this host.")
    busy = os.getloadavg()[0]
    if busy > 0.5:
        warnings.append(f"The host was busy before the run: load average {busy:.1f}.")
    if warnings:
        found["warning"] = "**Not a quiet host**: " + " ".join(warnings)
        measure.say(found["warning"])
    return found


def stolen():
    """CPU time so far, all and that which the hypervisor gave to others."""
    with open("/proc/stat", encoding="ascii") as f:
        fields = [int(n) for n in f.readline().split()[1:]]
    return sum(fields[:8]), fields[7]


class State:
    """Results on disk, written after each section."""

    def __init__(self, path, key, fresh):
        self.path, self.data = path, {"key": key, "sections": {}}
        try:
            with open(path, encoding="utf-8") as f:
                kept = json.load(f)
            if kept["key"] == key or key is None:
                self.data = kept
            elif not fresh:
                measure.say("what was measured with other options is measured again")
        except (OSError, ValueError, KeyError):
            pass

    def save(self):
        with open(self.path + ".tmp", "w", encoding="utf-8") as f:
            json.dump(self.data, f, indent=1)
        os.replace(self.path + ".tmp", self.path)


def measure_all(o, state):
    settings = measure.Settings(o.rounds or (3 if o.quick else 9), o.scale, o.quick, o.tools)
    names = o.sections or (["calls"] if o.quick else list(SECTIONS))
    if o.fresh:
        for name in names:
            state.data["sections"].pop(name, None)
    names = [n for n in names if n not in state.data["sections"]]
    if names:
        state.data["facts"] = facts()
    for name in names:
        measure.say(f"section {name}")
        begin, (total, away) = time.monotonic(), stolen()
        section = SECTIONS[name](settings)
        section["seconds"] = time.monotonic() - begin
        now, gone = stolen()
        section["stolen_percent"] = 100 * (gone - away) / max(now - total, 1)
        state.data["sections"][name] = section
        state.save()
        measure.say(f"section {name}: {section['seconds']:.0f} s, "
                    f"{section['stolen_percent']:.1f} % of the CPUs' time stolen")


def main():
    # a shell that runs this in the background has these ignored, and so would every tool
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    o = options()
    path = o.state or os.path.join(BUILD or os.path.join(ROOT, "build", "release"),
                                   "bench-quick.json" if o.quick else "bench.json")
    key = None if o.report else {"rounds": o.rounds, "scale": o.scale, "tools": o.tools}
    state = State(path, key, o.fresh)
    if not o.report:
        measure_all(o, state)
    if not state.data["sections"]:
        measure.say(f"nothing has been measured: {path}")
        return 1
    if "calls" in state.data["sections"]:
        section = state.data["sections"]["calls"]
        print(report.calls_table(section), report.not_run(section["missing"]), sep="\n")
    if o.quick and "stream" in state.data["sections"]:
        print(report.stream_text(state.data["sections"]["stream"]))
    if not o.quick:
        folder = o.output or os.path.join(ROOT, "docs")
        report.write(state.data, folder)
        measure.say(f"written: {os.path.relpath(folder, ROOT)}/performance.md")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        measure.say("interrupted; the next run goes on behind the last whole section")
        sys.exit(130)
    except (Missing, RuntimeError, OSError, subprocess.SubprocessError) as e:
        measure.say(str(e))
        sys.exit(1)
