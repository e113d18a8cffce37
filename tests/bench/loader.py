# SPDX-License-Identifier: GPL-2.0-or-later
"""Sections loader and growth: what ringfence's own process costs, and how cost grows."""
import json
import os
import re
import subprocess
import tempfile
import time

from measure import loads, mean_least, say
from tools import DEVNULL, RINGFENCE, Beside, Tool, program

UNTRACED = Tool("untraced", "untraced")


class Load:
    """with Load(...): so many processes or threads make calls at a steady rate."""

    def __init__(self, number, rate, seconds, threads=False):
        self.argv = [program("load"), str(number), str(rate), str(int(seconds * 1000)),
                     *(["threads"] if threads else [])]
        self.process, self.result = None, None

    def __enter__(self):
        self.process = subprocess.Popen(self.argv, stdin=DEVNULL, stdout=subprocess.PIPE, text=True)
        if self.process.stdout.readline() != "ready\n":
            raise RuntimeError(f"{' '.join(self.argv[1:])}: the load could not be started")
        return self

    def finish(self):
        out, _ = self.process.communicate()
        self.result = json.loads(out.strip().splitlines()[-1])
        return self.result

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.process.stdout.close()


def cpu_ns(pid):
    """Processor time of all its threads so far, without its children's."""
    total = 0
    for tid in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{tid}/schedstat", encoding="ascii") as f:
            total += int(f.read().split()[0])
    return total


def memory_kib(pid):
    with open(f"/proc/{pid}/status", encoding="utf-8", errors="replace") as f:
        text = f.read()
    return {key: int(re.search(rf"^{key}:\s+(\d+)", text, re.M).group(1))
            for key in ("VmRSS", "VmHWM", "RssAnon")}


def watching(*options):
    return Tool("ringfence", "ringfence", beside=[RINGFENCE, *options], ours=True)


def loader_share(settings, tool, number, rate):
    """Percent of one core that the loader takes while the load runs."""
    seconds = settings.of(20, 2)
    with Load(number, rate, seconds + 4) as load, Beside(tool) as watcher:
        time.sleep(1)
        before, begin = cpu_ns(watcher.pid), time.monotonic()
        time.sleep(seconds)
        share = 100 * (cpu_ns(watcher.pid) - before) / ((time.monotonic() - begin) * 1e9)
        calls = load.finish()
    return {"percent": share, "calls_per_s": 1e9 * calls["calls"] / calls["ran_ns"]}


def last_lines(path):
    """The whole lines of JSON in a file that may still be written to."""
    with open(path, encoding="utf-8") as f:
        return [json.loads(line) for line in f if line.endswith("\n")]


def crowd(settings):
    """Many live processes: the loader's memory, and how long a sweep takes."""
    number = settings.of(10000, 50)
    with tempfile.NamedTemporaryFile() as out, Load(number, number, 14) as load:
        tool = watching("stat", "-i", "1s", "--overhead", "--format", "json", "--top", "5",
                        "-o", out.name)
        with Beside(tool) as watcher:
            time.sleep(8)
            memory = memory_kib(watcher.pid)
        load.finish()
        # the first intervals meet everybody for the first time
        overheads = [line["overhead"] for line in last_lines(out.name)][2:-1]
    return {"processes": number, **memory,
            "sweep_ms": sorted(o["sweep_ns"] / max(o["sweeps"], 1) / 1e6 for o in overheads)}


def short_lived(settings):
    """The loader's memory while processes come and go: samples of (processes so far, KiB)."""
    total = settings.of(20000 if settings.quick else 1000000, 1000)
    parts, samples = 20, []
    tool = watching("stat", "-i", "1s", "--top", "5", "-o", "/dev/null")
    with Beside(tool) as watcher:
        time.sleep(2)
        for i in range(parts):
            subprocess.run([program("forks"), str(total // parts)], stdout=DEVNULL, check=True)
            samples.append((total // parts * (i + 1), memory_kib(watcher.pid)["RssAnon"]))
        time.sleep(2.5)
        after = memory_kib(watcher.pid)["RssAnon"]
    return {"total": total, "samples": samples, "after": after}


def load_times(settings):
    times = []
    for _ in range(settings.of(7, 2)):
        out = subprocess.run([RINGFENCE, "stat", "-d", "20ms", "--overhead", "--format", "json",
                              "--top", "1"], capture_output=True, check=True)
        times.append(json.loads(out.stdout)["overhead"]["load_ns"] / 1e6)
    return times


def kernel_memory():
    out = subprocess.run([RINGFENCE, "check", "--format", "json"], capture_output=True, check=False)
    host = json.loads(out.stdout)["host"]
    return {"bytes": host["map_bytes"], "cpus": host["cpus"]}


def loader(settings):
    number, rate = settings.of(200, 4), settings.of(100000, 1000)
    say("memory and load time")
    result = {"kernel": kernel_memory(), "load_ms": load_times(settings)}
    with tempfile.TemporaryDirectory() as scratch:
        for name, options in {
                "stat -i 1s": ("stat", "-i", "1s"),
                "stat -i 1s --format json": ("stat", "-i", "1s", "--format", "json",
                                             "-o", "/dev/null"),
                "stat": ("stat",),
                "export --textfile -i 1s": ("export", "--textfile", f"{scratch}/ringfence.prom",
                                            "-i", "1s")}.items():
            say(f"processor time of {name}")
            result.setdefault("share", {})[name] = loader_share(settings, watching(*options),
                                                                number, rate)
    result["load"] = {"processes": number, "rate": rate}
    say("a crowd")
    result["crowd"] = crowd(settings)
    say("short-lived processes")
    result["short"] = short_lived(settings)
    return result


def grown(settings, number, rate, threads=False):
    """One point: processor time of the load for a call without and with ringfence, the loader's."""
    seconds = settings.of(5, 1)
    point = {}
    for _ in range(settings.of(2)):
        with Load(number, rate, seconds, threads) as load:
            plain = load.finish()
        with tempfile.NamedTemporaryFile() as out:
            tool = watching("stat", "-i", "1s", "--overhead", "--format", "json", "--top", "5",
                            "-o", out.name)
            # no --overhead for what is compared: timing the programs has its price
            with Beside(watching("stat", "-i", "1s", "--top", "5", "-o", "/dev/null")) as watcher, \
                    Load(number, rate, seconds, threads) as load:
                before = cpu_ns(watcher.pid)
                time.sleep(max(seconds - 0.2, 0.5))
                loader_ns = cpu_ns(watcher.pid) - before
                traced = load.finish()
            with Load(number, rate, seconds + 3, threads) as load, Beside(tool):
                load.finish()
            lines = last_lines(out.name)
        sample = {
            "calls_per_s": 1e9 * plain["calls"] / plain["ran_ns"],
            "plain_ns": plain["cpu_ns"] / max(plain["calls"], 1),
            "traced_ns": traced["cpu_ns"] / max(traced["calls"], 1),
            "loader_percent": 100 * loader_ns / (max(seconds - 0.2, 0.5) * 1e9),
            "sweep_ms": max((o["sweep_ns"] / max(o["sweeps"], 1) / 1e6
                             for o in (line["overhead"] for line in lines[1:-1])), default=0),
        }
        for key, value in sample.items():
            point.setdefault(key, []).append(value)
    return point


def growth(settings):
    result = {}
    rates = [10000, 30000, 100000, 300000, 1000000, 10000000]
    for rate in rates:
        say(f"{rate} calls a second")
        result.setdefault("rate", []).append(
            {"x": rate, **grown(settings, settings.of(200, 2), settings.of(rate, 1000))})
    for number in [10, 100, 1000, 10000]:
        number = settings.of(number, 2)
        say(f"{number} processes")
        result.setdefault("processes", []).append(
            {"x": number, **grown(settings, number, settings.of(100000, 1000))})
    for number in [10, 100, 1000, 4000]:
        number = settings.of(number, 2)
        say(f"{number} threads")
        result.setdefault("threads", []).append(
            {"x": number, **grown(settings, number, settings.of(100000, 1000), True)})
    say("distinct calls")
    for kinds in [1, 2, 4, 8, 16, 32, 56]:
        argv = [program("loop"), str(settings.cpus[0]), str(settings.of(500, 20)), str(kinds)]
        point = {"x": kinds, "plain_ns": [], "traced_ns": []}
        for _ in range(settings.rounds):
            point["plain_ns"].append(mean_least(loads([argv], UNTRACED)))
            with Beside(watching("stat")):
                point["traced_ns"].append(mean_least(loads([argv], UNTRACED)))
        result.setdefault("distinct", []).append(point)
    return result
