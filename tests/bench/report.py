# SPDX-License-Identifier: GPL-2.0-or-later
"""Samples in, docs/performance.md and its plot out. The prose is here as well: the page is written
anew as a whole, and nothing in it by hand."""
import statistics

import plot
from tools import FAULTS, FLOORS, STREAM, TOOLS

MIB = 1024 * 1024


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(str(c) for c in row) + " |" for row in rows])


def least(samples, key):
    values = [s[key] for s in samples if s.get(key) is not None]
    return min(values) if values else None


def spread(values):
    """The middle one, and between what the middle half lies."""
    if not values:
        return "–"
    if len(values) < 4:
        return f"{statistics.median(values):.2f} ({min(values):.2f} … {max(values):.2f})"
    low, middle, high = statistics.quantiles(values, n=4, method="inclusive")
    return f"{middle:.2f} ({low:.2f} … {high:.2f})"


class Crossing:
    """Added cost of the tools of one section."""

    def __init__(self, section):
        self.samples, self.missing = section["samples"], section["missing"]

    def base(self, key):
        return least(self.samples.get("untraced", []), key)

    def added(self, tool, key="one"):
        """ns by which the least with the tool is above the least without; None: not run."""
        cost, base = least(self.samples.get(tool, []), key), self.base(key)
        return None if cost is None or base is None else cost - base

    def ratio(self, tool, key="one"):
        """... in empty pairs."""
        added, empty = self.added(tool, key), self.added("empty", key)
        return added / empty if added is not None and empty and empty > 0 else None

    def ratios(self, tool, key="one"):
        """The same, round by round: each against the untraced and the empty one of its own round."""
        found = []
        for cost, base, empty in zip(*(self.samples.get(t, [])
                                       for t in (tool, "untraced", "empty"))):
            if key in cost and key in base and empty[key] > base[key]:
                found.append((cost[key] - base[key]) / (empty[key] - base[key]))
        return found

    def scaling(self, tool):
        """Added on both cores at once, against its one-core figure."""
        one, two = self.added(tool), self.added(tool, "two")
        return two / one if one and two is not None and one > 0 else None


def number(value, digits=2):
    return "–" if value is None else f"{value:.{digits}f}"


def calls_rows(crossing, tools):
    rows = []
    for tool in tools:
        if tool.name not in crossing.samples or not crossing.samples[tool.name]:
            continue
        if tool.name == "untraced":
            rows.append([tool.shown, f"({number(crossing.base('one'), 0)} a call)", "", "", "", "",
                         ""])
            continue
        rows.append([f"**{tool.shown}**" if tool.ours and tool.name != "empty" else tool.shown,
                     number(crossing.added(tool.name), 0), number(crossing.ratio(tool.name)),
                     spread(crossing.ratios(tool.name)), number(crossing.added(tool.name, "two"), 0),
                     number(crossing.scaling(tool.name)),
                     number(crossing.ratio(tool.name, "mixed"))])
    return rows


CALLS_HEAD = ["tool", "added ns a call", "ratio", "by round: median (middle half)",
              "two cores: added ns", "two cores / one", "eight calls in turns: ratio"]


def calls_table(section, tools=None):
    return table(CALLS_HEAD, calls_rows(Crossing(section), tools or TOOLS))


def floors_text(section):
    if not any(section["samples"].get(tool.name) for tool in FLOORS):
        return ""
    return ("The floors: what the first steps towards counting cost on their own, in the same run."
            "\n\n" + calls_table(section, FLOORS))


def not_run(*missing):
    lines = sorted({why for m in missing for why in m.values()})
    return "\n".join(["", *(f"Not run: {why}." for why in lines), ""]) if lines else ""


def faults_table(section):
    crossing, rows = Crossing(section), []
    for tool in FAULTS:
        if not crossing.samples.get(tool.name):
            continue
        if tool.name == "untraced":
            rows.append([tool.shown, f"({number(crossing.base('one'), 0)} a page)", "", ""])
        else:
            rows.append([tool.shown, number(crossing.added(tool.name), 0),
                         number(crossing.ratio(tool.name)), spread(crossing.ratios(tool.name))])
    return table(["tool", "added ns a fault", "ratio", "by round: median (middle half)"], rows)


def slowdown(samples, tool, item):
    """Percent; "too slow", "not run"."""
    times = [s[item] for s in samples.get(tool, []) if item in s]
    base = least(samples.get("untraced", []), item)
    if not times or base is None:
        return "not run"
    if None in times:
        return "too slow"
    return f"{100 * (statistics.median(times) / median_of(samples, item) - 1):+.1f}"


def median_of(samples, item):
    return statistics.median(s[item] for s in samples["untraced"] if s.get(item) is not None)


def work_table(section):
    items, samples = section["items"], section["samples"]
    rows = [[tool.shown, *(slowdown(samples, tool.name, item) for item in items)]
            for tool in TOOLS if samples.get(tool.name) and tool.name != "untraced"]
    times = [f"{median_of(samples, i):.3f} s" if any(s.get(i) is not None
                                                     for s in samples["untraced"]) else "–"
             for i in items]
    return table(["tool", *items], [["untraced", *times], *rows])


def middle(point, key):
    return statistics.median(point[key])


def added_per_call(point):
    """The least of each: what disturbs only adds."""
    return min(point["traced_ns"]) - min(point["plain_ns"])


def growth_tables(section):
    parts = []
    titles = {"rate": "calls a second asked for, of 200 processes", "processes":
              "processes, 100,000 calls a second in all", "threads":
              "threads of one process, 100,000 calls a second in all"}
    for key, title in titles.items():
        rows = [[f"{p['x']:,}", f"{middle(p, 'calls_per_s'):,.0f}", number(min(p["plain_ns"]), 0),
                 number(added_per_call(p), 0), number(middle(p, "loader_percent")),
                 number(middle(p, "sweep_ms") or None, 1)] for p in section[key]]
        parts.append(table([title, "calls a second made", "processor ns a call", "added ns a call",
                            "loader, % of one core", "a sweep, ms"], rows))
    rows = [[p["x"], number(min(p["plain_ns"]), 0), number(added_per_call(p), 0)]
            for p in section["distinct"]]
    parts.append(table(["different calls in turns", "ns a call", "added ns a call"], rows))
    return "\n\n".join(parts)


def growth_plot(section):
    def at(point, x):
        if x == "x":
            return max(point[x], 1)
        # a tick for each point would be unreadable where the points are measured, not chosen
        measured = max(middle(point, x), 1)
        return round(measured, 1 - len(str(int(measured))))

    def line(key, y, x="x"):
        return sorted((at(p, x), y(p)) for p in section[key])

    panels = [("Calls a second", "added ns a call",
               [("added", line("rate", added_per_call, "calls_per_s"))]),
              ("Processes", "added ns a call", [("added", line("processes", added_per_call))]),
              ("Threads", "added ns a call", [("added", line("threads", added_per_call))]),
              ("Different calls", "added ns a call", [("added", line("distinct", added_per_call))]),
              ("Calls a second", "loader, % of one core",
               [("loader", line("rate", lambda p: middle(p, "loader_percent"), "calls_per_s"))]),
              ("Processes", "a sweep, ms",
               [("sweep", line("processes", lambda p: middle(p, "sweep_ms")))])]
    return plot.row(panels, "How the cost grows")


def short_growth(short):
    """Percent by which the memory is above what it was after a fifth of the processes, and KiB."""
    samples = [kib for _, kib in short["samples"]]
    early = max(samples[:max(len(samples) // 5, 1)])
    return 100 * (max(samples) / early - 1), early, max(samples)


class Goals:
    """The table of goals: what was wanted, what was measured, and whether that holds."""

    def __init__(self):
        self.rows, self.missed = [], []

    def add(self, what, limit, value, shown, goal, key):
        if value is None:
            self.rows.append([what, goal, "not measured", ""])
            return
        self.rows.append([what, goal, shown, "yes" if value <= limit else "**no**"])
        if value > limit:
            self.missed.append(key)


def crossing_goals(goals, section, faults):
    if section:
        c = Crossing(section)

        def ratio(what, tool, limit):
            value = c.ratio(tool)
            goals.add(what, limit, value, number(value), f"{limit} × the empty pair", "calls")

        ratio("everything on (`--latency=full`), one core", "full", 1.7)
        ratio("timing of some calls (`--latency=auto`, the default)", "auto", 1.3)
        ratio("counts only (`--no-latency`)", "none", 1.3)
        for tool in ("full", "auto"):
            value = c.scaling(tool)
            goals.add(f"`--latency={tool}` on both cores at once", 1.05, value, number(value),
                      "1.05 × its one-core figure", "two")
    if faults:
        for what, tool in {"a page fault (`--latency=auto`, the default)": "auto",
                           "every page fault timed (`--latency=full`)": "full"}.items():
            value = Crossing(faults).ratio(tool)
            goals.add(what, 1.5, value, number(value), "1.5 × empty programs", "faults")


def loader_goals(goals, section):
    if not section:
        return
    load = section["load"]
    share = section["share"]["stat -i 1s"]["percent"]
    goals.add(f"loader, {load['processes']} processes at {load['rate']:,} calls a second, 1 s "
              "interval", 0.5, share, f"{share:.2f} %", "0.5 % of one core", "loader")
    crowd = section["crowd"]
    goals.add(f"loader memory with {crowd['processes']:,} live processes", 64,
              crowd["VmHWM"] / 1024, f"{crowd['VmHWM'] / 1024:.1f} MiB", "64 MiB", "memory")
    rise, early, late = short_growth(section["short"])
    goals.add(f"and over {section['short']['total']:,} short-lived ones", 20, rise,
              f"{early / 1024:.1f} → {late / 1024:.1f} MiB", "flat", "flat")
    kernel = section["kernel"]
    goals.add(f"kernel memory, {kernel['cpus']} CPUs", 16 * kernel["cpus"], kernel["bytes"] / MIB,
              f"{kernel['bytes'] / MIB:.1f} MiB", "16 MiB a CPU", "kernel")
    middle_load = statistics.median(section["load_ms"])
    goals.add("load and attach", 300, middle_load, f"{middle_load:.0f} ms", "300 ms", "load")
    if crowd["sweep_ms"]:
        sweep = statistics.median(crowd["sweep_ms"])
        goals.add(f"a sweep at {crowd['processes']:,} processes", 50, sweep, f"{sweep:.1f} ms",
                  "50 ms", "sweep")


def stream_goals(goals, section):
    if not section:
        return
    c = Crossing(section)
    ratio, two = c.ratio("record"), c.ratio("record", "two")
    goals.add("every crossing recorded (`record`), one core", 2.2, ratio, number(ratio),
              "2.2 × the empty pair", "record")
    goals.add("the same on both cores at once", 2.2, two, number(two), "2.2 × the empty pair",
              "record")
    one, read = section["one"], section["read"]
    goals.add(f"lost of {one['rate']:,.0f} crossings a second from one core", 0, one["lost"],
              f"{one['lost']:,}", "0", "keep-up")
    goals.add("not accounted for with all cores saturated", 0, abs(section["all"]["unexplained"]),
              f"{section['all']['unexplained']:,}", "0", "saturated")
    goals.add("`report`, crossings a second", -20e6, -read["rate"], f"{read['rate'] / 1e6:.1f} M",
              "20 M at least", "read")


def stream_text(section):
    one, full, read = section["one"], section["all"], section["read"]
    rows = [[str(s["cpus"]), f"{s['rate'] / 1e6:.2f} M", f"{s['lost']:,}",
             f"{s['bytes'] / max(s['seen'] - s['lost'], 1):.2f}"] for s in (one, full)]
    return "\n\n".join([
        table(CALLS_HEAD[:-1], [row[:-1] for row in calls_rows(Crossing(section), STREAM)]),
        not_run(section["missing"]),
        f"Loops flat out for {one['seconds']:.0f} s, the recorder on the last CPU, the file on a "
        "disk:",
        table(["CPUs that call", "crossings a second", "lost, and counted", "bytes a crossing in "
               "the file"], rows),
        f"`ringfence report` reads {read['crossings']:,} crossings from the page cache at "
        f"{read['rate'] / 1e6:.1f} million a second, in {read['kib'] / 1024:.1f} MiB of memory.",
    ])


def top_goals(goals, section):
    if not section:
        return
    goals.add(f"`ringfence top`, {section['processes']:,} processes, 1 s interval", 1,
              section["percent"], f"{section['percent']:.2f} %", "1 % of one core", "top")
    middle_key, late, last = key_times(section)
    goals.add("a key in it while a sweep runs", 50, last,
              f"{middle_key:.1f} ms, 95 % in {late:.1f}, all in {last:.1f}", "50 ms", "key")


WHY = {
    "calls": "A call costs a counter on either side at least, and the time on either side for "
             "every one that is timed: see the floors under [A call](#a-call). What is above them "
             "is told helper by helper in [architecture.md](architecture.md#the-hot-path-helper-by-"
             "helper).",
    "two": "The cores share no line that a program writes to. Empty programs on both cores at once "
           "are the floor here: their own figure is in the table under [A call](#a-call).",
    "faults": "A fault takes two programs, and the time before and after its handling is part of what "
              "is told: two readings of the clock, which cost as much as they do in a call.",
    "loader": "Each interval the loader reads the cells of both epochs that were used, asks for all "
              "threads once, and prints.",
    "memory": "Most of it is the kernel's cells, which the loader has mapped: RssAnon below is its "
              "own.",
    "flat": "A process that has ended is kept until its interval has been shown: what is needed "
            "follows the busiest interval. A rise of 20 % is still called flat; eight bytes a "
            "process kept for good would be 40 %.",
    "kernel": "`--memory` bounds it.",
    "load": "Most of it is the kernel's verifier and trying the features that `check` lists.",
    "record": "A call takes the time on either side and a word of eight bytes in a batch; see "
              "[architecture.md](architecture.md#the-hot-path-helper-by-helper).",
    "keep-up": "The recorder shares its CPU with whatever else runs there.",
    "saturated": "A defect.",
    "read": "A record is decoded and added up one at a time, on one CPU.",
    "top": "Most of it is the sweep: reading every thread's state and cells.",
    "key": "Keys are waited for by a thread of their own; it needs a free CPU.",
    "sweep": "A sweep waits for an RCU grace period, which depends on the host.",
}


def goals_text(results):
    goals = Goals()
    sections = results["sections"]
    crossing_goals(goals, sections.get("calls"), sections.get("faults"))
    loader_goals(goals, sections.get("loader"))
    stream_goals(goals, sections.get("stream"))
    top_goals(goals, sections.get("top"))
    if not goals.rows:
        return "Nothing that has a goal was measured."
    text = table(["what", "goal, at most", "measured", "met"], goals.rows)
    notes = [f"- {WHY[key]}" for key in dict.fromkeys(goals.missed)]
    return text + ("\n\nWhere a goal is missed:\n\n" + "\n".join(notes) if notes else "")


def loader_text(section):
    crowd, short = section["crowd"], section["short"]
    rise, early, late = short_growth(short)
    rows = [[f"`ringfence {name}`", f"{s['percent']:.2f} %", f"{s['calls_per_s']:,.0f}"]
            for name, s in section["share"].items()]
    load = section["load"]
    sweeps = (f" A sweep takes {statistics.median(crowd['sweep_ms']):.1f} ms on the clock then "
              f"({min(crowd['sweep_ms']):.1f} … {max(crowd['sweep_ms']):.1f})."
              if crowd["sweep_ms"] else "")
    return "\n\n".join([
        f"Processor time of the loader while {load['processes']} processes make {load['rate']:,} "
        "calls a second in all:",
        table(["verb", "of one core", "calls a second"], rows),
        f"With {crowd['processes']:,} live processes, all of them making calls, at an interval of "
        f"one second: {crowd['VmHWM'] / 1024:.1f} MiB resident at the highest, of which "
        f"{crowd['RssAnon'] / 1024:.1f} MiB its own and the rest the program and the kernel's maps."
        + sweeps,
        f"Over {short['total']:,} processes that live for an instant, its own memory goes from "
        f"{early / 1024:.1f} MiB (the most in the first fifth) to {late / 1024:.1f} MiB (the most "
        f"of all), {rise:+.1f} %; afterwards it is {short['after'] / 1024:.1f} MiB.",
        f"The maps take {section['kernel']['bytes'] / MIB:.1f} MiB of kernel memory on "
        f"{section['kernel']['cpus']} CPUs; [architecture.md](architecture.md#memory) has the rule. "
        f"From the first look at the host until everything is loaded and attached: "
        f"{statistics.median(section['load_ms']):.0f} ms "
        f"({min(section['load_ms']):.0f} … {max(section['load_ms']):.0f}).",
    ])


def key_times(section):
    """Milliseconds: the middle one, that which 95 % are within, the longest."""
    times = section["key_ms"]
    return statistics.median(times), times[len(times) * 95 // 100], times[-1]


def top_text(section):
    middle_key, late, last = key_times(section)
    return (f"On a terminal of {section['width']}×{section['height']}, with {section['processes']:,} "
            f"processes that make {section['rate']:,} calls a second in all, `ringfence top -i 1s` "
            f"takes {section['percent']:.2f} % of one core. {len(section['key_ms'])} keys that "
            "change the whole screen, each pressed while a sweep runs: from the key to the new "
            f"page on the terminal {middle_key:.1f} ms in the middle, {late:.1f} ms for 95 % of "
            f"them, {last:.1f} ms at most.")


INTRO = """# What ringfence costs

Written by `scripts/bench`, which measures everything on this page anew: change the script, not the
page. Figures are of one host and one day; the ratios travel better than the nanoseconds.

*Added* is what a tool adds to a call or fault of the load: the shortest of many short segments, on
one pinned CPU, less the same without a tool. The *empty pair* is a pair of BPF programs on
`sys_enter` and `sys_exit` that do nothing, what every tool on these tracepoints pays at least; a
*ratio* counts in empty pairs. All tools take turns, round after round, and each round has its own
untraced and empty run, so that a host that slows down slows them all; the middle half of the rounds'
own ratios stands beside. Every tool watches the whole host, except strace and perf trace, which
watch the load alone."""


def facts_text(facts):
    rows = [[key, value] for key, value in facts["host"].items()]
    rows += [[name, version] for name, version in facts["tools"].items()]
    text = table(["", ""], rows)
    return text + ("\n\n" + facts["warning"] if facts.get("warning") else "")


def page(results):
    sections = results["sections"]
    parts = [INTRO, "## The host", facts_text(results["facts"]), "## Goals", goals_text(results)]
    if "calls" in sections:
        parts += ["## A call", "getppid in a loop; the last column has eight cheap calls in turns.",
                  calls_table(sections["calls"]), not_run(sections["calls"]["missing"]),
                  floors_text(sections["calls"]),
                  "`--latency=auto` is timed in full for threads that call seldom or wait: what it "
                  "saves, it saves in loops like this one. Its percentiles are tested against full "
                  "timing on the same load."]
    if "faults" in sections:
        parts += ["## A page fault", "The first write to fresh anonymous pages; the empty programs "
                  "are on the tracepoints and software events that ringfence uses.",
                  faults_table(sections["faults"]), not_run(sections["faults"]["missing"])]
    if "work" in sections:
        work = sections["work"]
        parts += ["## Real work", "Slowdown in percent, median of the rounds; the first line is the "
                  "time without a tool. Servers and clients run on the same CPUs, on loopback; "
                  "around a server, strace and perf trace watch the server alone.",
                  "\n".join(f"- *{key}*: {shown}" for key, shown in work["items"].items()),
                  work_table(work), not_run(work["missing"]),
                  "\n".join(f"Not run: {shown}." for shown in work["items_missing"])]
    if "loader" in sections:
        parts += ["## The loader", loader_text(sections["loader"])]
    if "stream" in sections:
        parts += ["## The stream", "Every crossing into a file: getppid in a loop, as above.",
                  stream_text(sections["stream"])]
    if "top" in sections:
        parts += ["## The live view", top_text(sections["top"])]
    if "growth" in sections:
        parts += ["## How it grows", "![How the cost grows](performance-growth.svg)",
                  "Processor time of the load's own processes, divided by its calls, with and "
                  "without `ringfence stat -i 1s`: switches between processes and what they cost "
                  "more are in it. The least of the rounds.", growth_tables(sections["growth"])]
    return "\n\n".join(p.strip("\n") for p in parts if p.strip()) + "\n"


def write(results, folder):
    """performance.md, and performance-growth.svg where growth was measured."""
    with open(f"{folder}/performance.md", "w", encoding="utf-8") as f:
        f.write(page(results))
    if "growth" in results["sections"]:
        with open(f"{folder}/performance-growth.svg", "w", encoding="utf-8") as f:
            f.write(growth_plot(results["sections"]["growth"]))
