# SPDX-License-Identifier: GPL-2.0-or-later
"""Sections calls and faults: what a crossing costs under each tool, in turns, many times over.

Every sample is kept; report.py makes figures of them."""
import json
import os
import subprocess
import sys

from tools import FAULTS, FLOORS, TOOLS, Beside, Missing, program


def say(text):
    print(f"bench: {text}", file=sys.stderr, flush=True)


class Settings:
    """How much of everything: --scale takes all of it down alike, for a look or a test."""

    def __init__(self, rounds, scale, quick, tools):
        self.rounds, self.scale, self.quick, self.tools = rounds, scale, quick, tools
        cpus = sorted(os.sched_getaffinity(0))
        self.cpus = [cpus[0], cpus[-1]] if len(cpus) > 1 else [cpus[0]]

    def of(self, n, least=1):
        """So many, at this scale."""
        return max(int(n * self.scale), least)

    def wanted(self, tool):
        return not self.tools or tool.name in ("untraced", "empty") or tool.name in self.tools


def loads(argvs, tool, timeout=120):
    """Runs them at once under the tool; the JSON that each printed."""
    running = [subprocess.Popen(tool.prefix(argv), stdin=subprocess.DEVNULL, text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
               for argv in argvs]
    results = []
    try:
        for process in running:
            out, _ = process.communicate(timeout=timeout)
            try:
                results.append(json.loads(out.strip().splitlines()[-1]))
            except (ValueError, IndexError):
                raise Missing(f"{tool.shown} does not run here") from None
    finally:
        for process in running:
            if process.poll() is None:
                process.kill()
                process.wait()
    return results


def mean_least(results):
    return sum(r["min_ns"] for r in results) / len(results)


def measure_calls(settings, tool):
    """One round of one tool: ns a call, the least of many segments."""
    ms = str(settings.of(300, 10))
    # a segment must be short beside the time, however slow the tool
    calls = "200" if tool.around else "5000"

    def loop(cpu, kinds):
        return [program("loop"), str(cpu), ms, str(kinds), calls]

    with Beside(tool):
        sample = {"one": mean_least(loads([loop(settings.cpus[0], 1)], tool))}
        if len(settings.cpus) > 1:
            sample["two"] = mean_least(loads([loop(c, 1) for c in settings.cpus], tool))
        if not settings.quick:
            sample["mixed"] = mean_least(loads([loop(settings.cpus[0], 8)], tool))
    return sample


def measure_faults(settings, tool):
    argv = [program("faults"), str(settings.cpus[0]), str(settings.of(500, 10))]
    with Beside(tool):
        return {"one": mean_least(loads([argv], tool))}


def one_sample(settings, tool, measure):
    """A tool that does not come up once may the second time: it would leave all its rounds out."""
    try:
        return measure(settings, tool)
    except (Missing, subprocess.TimeoutExpired) as e:
        say(f"{e}; once more")
        return measure(settings, tool)


def in_turns(settings, tools, measure):
    """{tool: [sample, ...]}, and {tool: why} of those that did not run."""
    samples, missing = {}, {}
    for tool in tools:
        if not settings.wanted(tool):
            continue
        if tool.available():
            samples[tool.name] = []
        else:
            missing[tool.name] = f"{tool.shown} is not installed"
    for i in range(settings.rounds):
        for tool in tools:
            if tool.name not in samples:
                continue
            try:
                samples[tool.name].append(one_sample(settings, tool, measure))
            except (Missing, subprocess.TimeoutExpired) as e:
                missing[tool.name] = str(e)
                del samples[tool.name]
                say(missing[tool.name])
        say(f"round {i + 1} of {settings.rounds}")
    return {"samples": samples, "missing": missing}


def calls(settings):
    tools = TOOLS if settings.quick else [*TOOLS, *FLOORS]
    return in_turns(settings, tools, measure_calls)


def faults(settings):
    return in_turns(settings, FAULTS, measure_faults)
