# SPDX-FileCopyrightText: the pecanctl authors
# SPDX-License-Identifier: BSD-3-Clause
"""What the tests of signals, locks and full pipes share: commands that stand still at a chosen point."""

import fcntl
import os
import select
import signal
import time
from pathlib import Path

from support import environment, finish, send

LOCK_FOLDERS = (Path("/run/pecanctl"), Path("/run/lock"))
WORD = "stopping after the current step"


def stalled(instance, point, milliseconds, *arguments, **changes):
    """A command that waits at a failpoint; returns when it is there. Its words so far are in `.said`."""
    process = instance.start(*arguments, env=environment(PECANCTL_FAILPOINT=f"{point}=stall:{milliseconds}", **changes))
    process.said = read_until(process.stderr, f"failpoint {point.split('#')[0]}\n", 120)
    return process


def read_until(stream, word, seconds):
    """Everything up to `word`, unbuffered: what is behind it stays for communicate()."""
    text, end = "", time.monotonic() + seconds
    while word not in text:
        ready = select.select([stream], [], [], max(0, end - time.monotonic()))[0]
        data = os.read(stream.fileno(), 4096) if ready else b""
        if not data:
            raise AssertionError(f"{word!r} was not said within {seconds} s:\n{text}")
        text += data.decode(errors="replace")
    return text


def interrupt(process, number=signal.SIGINT):
    """Sends the signal. How long the word took in seconds, and the Result."""
    begun = time.monotonic()
    send(process, number)
    read_until(process.stderr, WORD, 5)
    latency = time.monotonic() - begun
    result = finish(process, 15)
    return latency, result._replace(seconds=time.monotonic() - begun)


def is_lock_free(name):
    for folder in LOCK_FOLDERS:
        path = folder / f"pecanctl-{name}.lock"
        if path.exists():
            with path.open() as file:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    return False
    return True


def full_pipe():
    """A pipe that nobody reads and nothing fits into any more: its two ends."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    size = 65536
    while size:
        try:
            os.write(writer, b"x" * size)
        except BlockingIOError:
            size //= 2
    os.set_blocking(writer, True)
    return reader, writer
