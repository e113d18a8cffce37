# SPDX-License-Identifier: GPL-2.0-or-later
"""Section stream: what recording every crossing costs beside perf trace record and strace -o, whether
a recorder keeps up with one core and with all of them, and how fast a recording is read."""
import json
import os
import subprocess
import tempfile
import time

from measure import in_turns, loads, mean_least, say
from tools import DEVNULL, RINGFENCE, STREAM, Beside, Missing, Tool, program


def measure_cost(settings, tool):
    ms, calls = str(settings.of(300, 10)), "200" if tool.around else "5000"

    def loop(cpu):
        return [program("loop"), str(cpu), ms, "1", calls]

    with Beside(tool):
        sample = {"one": mean_least(loads([loop(settings.cpus[0])], tool))}
        if len(settings.cpus) > 1:
            sample["two"] = mean_least(loads([loop(c) for c in settings.cpus], tool))
    return sample


def report_of(path):
    out = subprocess.run([RINGFENCE, "report", "--format", "json", path], stdout=subprocess.PIPE,
                         stderr=DEVNULL, check=True).stdout
    return json.loads(out)


def keep_up(settings, folder, cpus):
    """Loops flat out on these CPUs; the recorder is on the last one, as far as it may choose."""
    path = os.path.join(folder, f"full-{len(cpus)}.rec")
    ms = settings.of(3000, 50)
    recorder = Tool("record", "ringfence record", beside=[
        "taskset", "-c", str(settings.cpus[-1]), RINGFENCE, "record", "-o", path])
    with Beside(recorder):
        loads([[program("loop"), str(cpu), str(ms), "1", "5000"] for cpu in cpus], Tool("", ""))
    acc = report_of(path)["accounting"]
    return {"path": path, "seconds": ms / 1000, "cpus": len(cpus), "seen": acc["seen"],
            "lost": acc["lost"], "unexplained": acc["lost_by"]["unexplained"],
            "bytes": os.path.getsize(path), "rate": acc["seen"] / (ms / 1000)}


def reading(path, crossings, rounds):
    """Crossings a second out of the page cache, and the most memory that it took."""
    seconds, memory = [], 0
    for _ in range(rounds):
        begin = time.monotonic()
        process = subprocess.Popen([RINGFENCE, "report", "--format", "json", path], stdout=DEVNULL,
                                   stderr=DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = status
        if status:
            raise Missing("ringfence report does not read its recording")
        seconds.append(time.monotonic() - begin)
        memory = max(memory, usage.ru_maxrss)
    return {"crossings": crossings, "seconds": seconds, "rate": crossings / min(seconds),
            "kib": memory}


def stream(settings):
    with tempfile.TemporaryDirectory() as folder:
        result = in_turns(settings, [tool.within(folder) for tool in STREAM], measure_cost)
        result["one"] = keep_up(settings, folder, settings.cpus[:1])
        say(f"one core: {result['one']['rate']:,.0f} crossings a second, "
            f"{result['one']['lost']:,} lost")
        result["all"] = keep_up(settings, folder, settings.cpus)
        say(f"all cores: {result['all']['rate']:,.0f} crossings a second, "
            f"{result['all']['lost']:,} lost")
        one = result["one"]
        result["read"] = reading(one["path"], one["seen"] - one["lost"], max(settings.rounds, 3))
        say(f"report reads {result['read']['rate']:,.0f} crossings a second, "
            f"{result['read']['kib'] / 1024:.1f} MiB")
        return result
