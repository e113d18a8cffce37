#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""keys.py COUNT COMMAND...: how long `ringfence top` takes to answer a key.

Runs COMMAND on a terminal of its own, pauses it, so that nothing but a key makes it draw while it
goes on collecting, and moves the cursor COUNT times. Prints median, 95th percentile and maximum
in milliseconds. Exit status 1 if it did not answer."""
import fcntl
import os
import pty
import select
import struct
import sys
import termios
import time


def wait(fd, seconds):
    """Time until something comes, all of which is taken; None: nothing came."""
    begin = time.monotonic()
    if not select.select([fd], [], [], seconds)[0]:
        return None
    took = time.monotonic() - begin
    while select.select([fd], [], [], 0.005)[0]:
        if not os.read(fd, 65536):
            break
    return took


def settle(fd, seconds):
    """Until nothing has come for so long."""
    while wait(fd, seconds) is not None:
        pass


def main():
    count = int(sys.argv[1])
    pid, fd = pty.fork()
    if not pid:
        os.environ["TERM"] = "xterm-256color"
        os.execvp(sys.argv[2], sys.argv[2:])
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 160, 0, 0))
    wait(fd, 20)
    time.sleep(1.5)
    wait(fd, 1)
    os.write(fd, b"p")
    settle(fd, 0.3)
    took = []
    for i in range(count):
        os.write(fd, b"k" if i & 1 else b"j")
        ms = wait(fd, 2)
        if ms is None:
            print("no answer", file=sys.stderr)
            os.kill(pid, 15)
            return 1
        took.append(ms * 1000)
        # not in step with the sweeps
        time.sleep(0.003 + 0.0007 * (i % 17))
    os.write(fd, b"q")
    while True:
        try:
            if not os.read(fd, 65536):
                break
        except OSError:
            break
    os.waitpid(pid, 0)
    took.sort()
    print("%.1f %.1f %.1f" % (took[count // 2], took[count * 95 // 100], took[-1]))
    return 0


sys.exit(main())
