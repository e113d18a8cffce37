# SPDX-License-Identifier: GPL-2.0-or-later
"""Section top: what the live view takes of a processor, and how soon it answers a key."""
import fcntl
import os
import platform
import pty
import random
import select
import signal
import struct
import subprocess
import termios
import time

from loader import Load, cpu_ns
from measure import say
from tools import RINGFENCE, end

WIDTH, HEIGHT = 200, 60
PPOLL = {"x86_64": 271, "aarch64": 73}
# What the two pages have in their first corner, so that either is drawn anew, and the key to them.
PAGES = [(b"?", b"Keys"), (b"x", b"ringfence")]


class Screen:
    """with Screen(OPTION...): ringfence top on a terminal of its own."""

    def __init__(self, *options):
        self.argv, self.process, self.fd = [RINGFENCE, "top", *options], None, -1

    def __enter__(self):
        self.fd, terminal = pty.openpty()
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", HEIGHT, WIDTH, 0, 0))
        self.process = subprocess.Popen(
            self.argv, stdin=terminal, stdout=terminal, stderr=terminal, start_new_session=True,
            env={**os.environ, "TERM": "xterm-256color", "LC_ALL": "C.UTF-8"})
        os.close(terminal)
        try:
            self.wait_for(b"crossings/s", 30)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        end(self.process, signal.SIGTERM)
        os.close(self.fd)

    def read(self, seconds):
        """What it writes next, b"" if that is nothing for so long."""
        ready, _, _ = select.select([self.fd], [], [], max(seconds, 0))
        try:
            return os.read(self.fd, 65536) if ready else b""
        except OSError:
            raise RuntimeError("ringfence top has ended") from None

    def wait_for(self, text, seconds):
        deadline, seen = time.monotonic() + seconds, b""
        while text not in seen:
            if time.monotonic() > deadline:
                raise RuntimeError(f"ringfence top does not show {text.decode()}")
            seen = seen[-len(text):] + self.read(deadline - time.monotonic())

    def read_on(self, seconds):
        """Takes what it writes, for so long."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self.read(deadline - time.monotonic())

    def sweeping(self):
        """Whether its other thread does anything but wait for the next interval."""
        pid = self.process.pid
        for tid in os.listdir(f"/proc/{pid}/task"):
            if int(tid) != pid:
                with open(f"/proc/{pid}/task/{tid}/syscall", encoding="ascii") as f:
                    return f.read().split()[0] != str(PPOLL[platform.machine()])
        return False

    def answers(self, key, text):
        """Milliseconds from the key to what it should show."""
        begin = time.monotonic()
        os.write(self.fd, key)
        self.wait_for(text, 10)
        return 1000 * (time.monotonic() - begin)


def share(screen, seconds):
    before, begin = cpu_ns(screen.process.pid), time.monotonic()
    screen.read_on(seconds)
    return 100 * (cpu_ns(screen.process.pid) - before) / ((time.monotonic() - begin) * 1e9)


def presses(screen, number):
    """Times of so many keys; every one is pressed while a sweep runs, at any moment of it."""
    chance, times = random.Random(1), []
    for i in range(number):
        screen.read_on(chance.uniform(0.005, 0.02))
        while screen.sweeping():
            screen.read_on(0.002)
        while not screen.sweeping():
            screen.read(0)
        time.sleep(chance.uniform(0, 0.003))
        times.append(screen.answers(*PAGES[i % len(PAGES)]))
    return times


def top(settings):
    number, rate = settings.of(1000, 10), settings.of(20000, 200)
    seconds, keys = settings.of(20, 2), settings.of(200, 10)
    result = {"processes": number, "rate": rate, "width": WIDTH, "height": HEIGHT}
    with Load(number, rate, seconds + 4) as load:
        with Screen("-i", "1s") as screen:
            say("processor time of top")
            screen.read_on(2)
            result["percent"] = share(screen, seconds)
        load.finish()
    with Load(number, rate, keys // 5 + 10), Screen("-i", "100ms") as screen:
        say("keys pressed in top")
        result["key_ms"] = sorted(presses(screen, keys))
    return result
