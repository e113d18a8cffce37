#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Metrics as others read them: with Prometheus' own Python client, and with a real Prometheus.

  metrics.py parse [--openmetrics] FILE
      FILE is what the client takes for valid, and no series is in it twice.
  metrics.py that [--openmetrics] FILE EXPRESSION...
      Each Python expression must hold. value(NAME, LABEL=VALUE...) is one sample, total(...) the
      sum of all that match, groups(NAME) the groups of a metric; `nr` the number of samples.
  metrics.py watch FILE PID
      Parses FILE again and again until PID is gone; prints how often, and how many versions it saw.
  metrics.py query URL EXPRESSION [VALUE]
      Asks the Prometheus at URL; prints what it answers. With VALUE it must be that one.
  metrics.py until URL SECONDS EXPRESSION VALUE
      The same again and again until it is that value.
  metrics.py dashboard FILE URL
      Every query of a Grafana dashboard, its variables filled in, gets an answer.
  metrics.py rules URL
      Every rule was evaluated, without an error.
  metrics.py reference FILE DOC
      Every metric of FILE stands in the table of DOC with the same type and labels, and the other
      way round but for those that DOC marks as conditional.
  metrics.py notify SOCKET SECONDS WORD
      Serves as the service manager's socket until somebody says WORD; prints all that was said.
"""
import collections
import json
import os
import re
import socket
import sys
import time
import urllib.parse
import urllib.request

from prometheus_client import openmetrics, parser
import prometheus_client.openmetrics.parser


def families(text, is_open):
    if is_open:
        return list(openmetrics.parser.text_string_to_metric_families(text))
    return list(parser.text_string_to_metric_families(text))


def read(path, is_open=False):
    with open(path, "rb") as f:
        return families(f.read().decode("utf-8", "strict"), is_open)


class Samples:
    def __init__(self, all_families):
        self.families = all_families
        self.samples = [s for f in all_families for s in f.samples]
        seen = collections.Counter((s.name, tuple(sorted(s.labels.items()))) for s in self.samples)
        twice = [key for key, n in seen.items() if n > 1]
        if twice:
            raise SystemExit("series more than once: %s" % twice)
        if not self.samples:
            raise SystemExit("no samples")

    def matching(self, name, labels):
        return [s for s in self.samples if s.name == name
                and all(s.labels.get(k) == v for k, v in labels.items())]

    def value(self, name, **labels):
        found = self.matching(name, labels)
        if len(found) != 1:
            raise SystemExit("%d samples %s%s: %s" % (len(found), name, labels, found))
        return found[0].value

    def total(self, name, **labels):
        return sum(s.value for s in self.matching(name, labels))

    def groups(self, name):
        return {s.labels["group"] for s in self.samples if s.name == name}

    def names(self):
        return {"value": self.value, "total": self.total, "groups": self.groups,
                "nr": len(self.samples), "samples": self.samples}


def that(path, expressions, is_open):
    names = Samples(read(path, is_open)).names()
    bad = 0
    for expression in expressions:
        if not eval(expression, names):
            print("does not hold: %s" % expression)
            for call in re.findall(r"(?:value|total|groups)\([^()]*\)|\bnr\b", expression):
                print("  %s = %r" % (call, eval(call, names)))
            bad += 1
    return 1 if bad else 0


def alive(pid):
    try:
        with open("/proc/%d/stat" % pid) as f:
            return f.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def watch(path, pid):
    times, versions = 0, set()
    while alive(pid):
        try:
            found = Samples(read(path))
        except FileNotFoundError:
            continue
        times += 1
        # whole: the first metric and the last one of the same version
        versions.add(found.value("ringfence_start_time_seconds"))
        found.value("ringfence_self_resident_memory_bytes")
    print(times, len(versions))
    return 0


def ask(url, expression):
    query = urllib.parse.urlencode({"query": expression})
    with urllib.request.urlopen("%s/api/v1/query?%s" % (url, query), timeout=10) as answer:
        answer = json.load(answer)
    if answer["status"] != "success":
        raise SystemExit("%s: %s" % (expression, answer))
    data = answer["data"]
    return [data] if data["resultType"] == "scalar" else data["result"]


def values(url, expression):
    return [float(r["value"][1]) for r in ask(url, expression)]


def query(url, expression, expected=None):
    try:
        result = ask(url, expression)
    except urllib.error.HTTPError as e:
        print("%s: %s" % (expression, e.read().decode()))
        return 1
    print(json.dumps(result))
    if expected is None:
        return 0
    if [float(r["value"][1]) for r in result] != [float(expected)]:
        print("%s is not %s" % (expression, expected))
        return 1
    return 0


def until(url, seconds, expression, expected):
    end, found = time.monotonic() + float(seconds), None
    while time.monotonic() < end:
        try:
            found = values(url, expression)
        except OSError as e:
            found = e
        if found == [float(expected)]:
            return 0
        time.sleep(0.2)
    print("%s is %s, not %s" % (expression, found, expected))
    return 1


def fill_in(expression):
    for name, text in (("$__rate_interval", "1m"), ("$__range", "5m"), ("$instance", ".*"),
                       ("$group", ".*")):
        expression = expression.replace(name, text)
    if "$" in expression:
        raise SystemExit("cannot fill in: %s" % expression)
    return expression


def dashboard(path, url):
    with open(path, encoding="utf-8") as f:
        board = json.load(f)
    queries = [target["expr"] for panel in board["panels"] for target in panel.get("targets", [])]
    queries += [re.match(r"label_values\((.*), *\w+\)$", v["query"]).group(1)
                for v in board["templating"]["list"] if v["type"] == "query"]
    empty = [q for q in queries if not ask(url, fill_in(q))]
    for q in empty:
        print("no answer: %s" % fill_in(q))
    print("%d queries" % len(queries))
    return 1 if empty or len(queries) < 25 else 0


def rules(url):
    with urllib.request.urlopen(url + "/api/v1/rules", timeout=10) as answer:
        groups = json.load(answer)["data"]["groups"]
    bad = [r for g in groups for r in g["rules"] if r["health"] != "ok"]
    for r in bad:
        print("%s: %s %s" % (r["name"], r["health"], r.get("lastError")))
    return 1 if bad or not groups else 0


ROW = re.compile(r"^\| `(ringfence_\w+)` \| (\w+) \|([^|]*)\| .*\|$")


def reference(path, doc):
    found, documented, conditional = {}, {}, set()
    for f in read(path):
        if not f.samples:
            continue
        labels = {k for s in f.samples for k in s.labels} - {"le"}
        name = f.name + ("_total" if f.type == "counter" else "")
        found[name] = (f.type, labels)
    with open(doc, encoding="utf-8") as f:
        for line in f:
            row = ROW.match(line)
            if not row:
                continue
            name, kind, labels = row.groups()
            documented[name] = (kind, set(re.findall(r"`(\w+)`", labels)))
            if "*conditional*" in line:
                conditional.add(name)
    bad = [(n, found.get(n), documented.get(n)) for n in sorted({*found, *documented})
           if found.get(n) != documented.get(n) and not (n in conditional and n not in found)]
    for name, has, says in bad:
        print("%s is %s, documented as %s" % (name, has, says))
    return 1 if bad or not documented else 0


def notify(path, seconds, word):
    s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    s.bind(path)
    end = time.monotonic() + float(seconds)
    while time.monotonic() < end:
        s.settimeout(max(end - time.monotonic(), 0.01))
        try:
            said = s.recv(4096).decode()
        except TimeoutError:
            break
        print(said, flush=True)
        if said == word:
            return 0
    return 1


def main(argv):
    is_open = "--openmetrics" in argv
    verb, args = argv[0], [a for a in argv[1:] if a != "--openmetrics"]
    if verb == "parse":
        Samples(read(args[0], is_open))
        return 0
    if verb == "that":
        return that(args[0], args[1:], is_open)
    if verb == "watch":
        return watch(args[0], int(args[1]))
    return {"query": query, "until": until, "dashboard": dashboard, "rules": rules, "reference": reference,
            "notify": notify}[verb](*args)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
