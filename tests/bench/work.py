# SPDX-License-Identifier: GPL-2.0-or-later
"""Section work: real programs, and how much slower each tool makes them. On loopback only, bounded
in time, and every server is ended by its pid."""
import os
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time

from measure import in_turns, say
from tools import DEVNULL, TOOLS, Beside, Missing, program

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
LIMIT = 60  # seconds; what takes longer is told as such
REDIS_PORT, NGINX_PORT = 16379, 18080


class TooSlow(Exception):
    pass


def run(argv, **options):
    """Runs it to its end, within LIMIT; its output."""
    options.setdefault("stdout", DEVNULL)
    process = subprocess.Popen(argv, stdin=DEVNULL, stderr=DEVNULL, start_new_session=True,
                               **options)
    late = threading.Event()

    def kill():
        late.set()
        # the session that was started here, the tracer and all that it runs
        os.killpg(process.pid, signal.SIGKILL)

    # a wait with a time limit looks every 50 ms only, which is too coarse for what is timed
    timer = threading.Timer(LIMIT, kill)
    timer.start()
    try:
        out, _ = process.communicate()
    finally:
        timer.cancel()
        if process.poll() is None:
            kill()
            process.wait()
    if late.is_set():
        raise TooSlow
    return out


def timed(argv, **options):
    begin = time.monotonic()
    run(argv, **options)
    return time.monotonic() - begin


class Server:
    """with Server(...): it answers; ended by the pid in its file, which a tracer around it lacks."""

    def __init__(self, tool, argv, pidfile, answers):
        self.argv, self.pidfile, self.answers = tool.prefix(argv), pidfile, answers
        self.process = None

    def __enter__(self):
        self.process = subprocess.Popen(self.argv, stdin=DEVNULL, stdout=DEVNULL, stderr=DEVNULL,
                                        start_new_session=True)
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            if os.path.exists(self.pidfile) and \
                    subprocess.run(self.answers, stdout=DEVNULL, stderr=DEVNULL,
                                   check=False).returncode == 0:
                return self
            if self.process.poll() is not None:
                break
            time.sleep(0.05)
        self.__exit__()
        raise Missing(f"{self.argv[0]}: the server does not answer")

    def __exit__(self, *_):
        try:
            with open(self.pidfile, encoding="ascii") as f:
                os.kill(int(f.read()), signal.SIGTERM)
        except (OSError, ValueError):
            pass
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


def redis(settings, tool, scratch):
    requests = settings.of(30000, 500)
    argv = ["redis-server", "--bind", "127.0.0.1", "--port", str(REDIS_PORT), "--save", "",
            "--appendonly", "no", "--dir", scratch, "--pidfile", f"{scratch}/redis.pid",
            "--daemonize", "no", "--logfile", "/dev/null"]
    with Server(tool, argv, f"{scratch}/redis.pid",
                ["redis-cli", "-h", "127.0.0.1", "-p", str(REDIS_PORT), "ping"]):
        return timed(["redis-benchmark", "-h", "127.0.0.1", "-p", str(REDIS_PORT), "-q", "-c", "20",
                      "-n", str(requests), "-t", "get,set"])


NGINX_CONF = """
daemon off; worker_processes 1; pid {scratch}/nginx.pid; error_log /dev/null;
events {{ worker_connections 256; }}
http {{
  access_log off; client_body_temp_path {scratch}/t1; proxy_temp_path {scratch}/t2;
  fastcgi_temp_path {scratch}/t3; uwsgi_temp_path {scratch}/t4; scgi_temp_path {scratch}/t5;
  server {{ listen 127.0.0.1:{port}; root {scratch}; }}
}}
user root;
"""


def nginx(settings, tool, scratch):
    """Seconds for a thousand requests, from how many there were in a fixed time."""
    conf = f"{scratch}/nginx.conf"
    with open(conf, "w", encoding="ascii") as f:
        f.write(NGINX_CONF.format(scratch=scratch, port=NGINX_PORT))
    with open(f"{scratch}/page.html", "w", encoding="ascii") as f:
        f.write("x" * 4096)
    url = f"http://127.0.0.1:{NGINX_PORT}/page.html"
    with Server(tool, ["nginx", "-c", conf, "-p", scratch, "-e", "/dev/null"],
                f"{scratch}/nginx.pid", ["bash", "-c", f"exec 3<>/dev/tcp/127.0.0.1/{NGINX_PORT}"]):
        out = run(["wrk", "-t1", "-c16", f"-d{settings.of(3)}s", url], stdout=subprocess.PIPE)
    found = re.search(rb"Requests/sec:\s+([0-9.]+)", out)
    if not found or float(found.group(1)) == 0:
        raise Missing("wrk does not say how many requests it made")
    return 1000 / float(found.group(1))


def parallel_compile(settings, tool, scratch):
    sources = sorted(os.path.join(folder, name)
                     for room in ("base", "identity", "ledger", "views")
                     for folder, _, names in os.walk(os.path.join(ROOT, "src", room))
                     for name in names if name.endswith(".c"))[:settings.of(12)]
    objects = [f"{i}.o" for i in range(len(sources))]
    with open(f"{scratch}/Makefile", "w", encoding="utf-8") as f:
        f.write(f"all: {' '.join(objects)}\n")
        for name, source in zip(objects, sources):
            f.write(f"{name}:\n\tgcc -O1 -std=gnu17 -D_GNU_SOURCE -I{ROOT} -I{ROOT}/src "
                    f"-I{ROOT}/bpf -c {source} -o {name}\n")
    return timed(tool.prefix(["make", "-B", "-s", f"-j{os.cpu_count()}", "-C", scratch]))


def find(settings, tool, _):
    where = "/" if settings.scale >= 1 else "/etc"
    return timed(tool.prefix(["find", where, "-xdev"]))


def hackbench(settings, tool, _):
    return timed(tool.prefix(["hackbench", "-g", "2", "-l", str(settings.of(200, 5))]))


def storm(settings, tool, _):
    return timed(tool.prefix([program("forks"), str(settings.of(1000, 20)), "exec"]))


def dd(settings, tool, _):
    return timed(tool.prefix(["dd", "if=/dev/zero", "of=/dev/null", "bs=1",
                              f"count={settings.of(200000, 1000)}"]))


# name: what it is, what it needs, how it is run. Each gives seconds, less is better.
ITEMS = {
    "redis": ("redis-benchmark, GET and SET, the server watched", ["redis-server", "redis-benchmark"],
              redis),
    "nginx": ("nginx, a page of 4 KiB, under wrk", ["nginx", "wrk"], nginx),
    "compile": ("a compile on all CPUs", ["make", "gcc"], parallel_compile),
    "find": ("find /", ["find"], find),
    "hackbench": ("hackbench -g 2", ["hackbench"], hackbench),
    "storm": ("fork and exec, one after the other", [], storm),
    "dd": ("dd bs=1", ["dd"], dd),
}


def measure_work(settings, tool):
    sample = {}
    with Beside(tool):
        for name, (_, needs, item) in ITEMS.items():
            if any(shutil.which(n) is None for n in needs):
                continue
            with tempfile.TemporaryDirectory() as scratch:
                try:
                    sample[name] = item(settings, tool, scratch)
                except TooSlow:
                    sample[name] = None
                    say(f"{name} under {tool.shown} takes more than {LIMIT} s")
    return sample


def work(settings):
    rounds, settings.rounds = settings.rounds, max(settings.rounds // 3, 1)
    say("once without a tool: what is read from the disk is in memory from then on")
    measure_work(settings, TOOLS[0])
    result = in_turns(settings, TOOLS, measure_work)
    settings.rounds = rounds
    result["items"] = {name: shown for name, (shown, needs, _) in ITEMS.items()
                       if all(shutil.which(n) for n in needs)}
    result["items_missing"] = [shown for name, (shown, needs, _) in ITEMS.items()
                               if name not in result["items"]]
    return result
