# SPDX-FileCopyrightText: the pecanctl authors
# SPDX-License-Identifier: BSD-3-Clause
"""Ends that nobody wished."""

import os
import signal
import subprocess
from pathlib import Path

from support import SOURCE, docker, service


def crash_engine():
    """kill -9 of dockerd, which starts again; containers go with it and come back as their policy says."""
    folder = Path(service("PECANCTL_TEST_DOCKER")).parents[1]
    subprocess.run([SOURCE / "scripts/services", "crash", folder], check=True, timeout=120)


def crash_container(name):
    """By its process, so that the engine sees a crash and no wish."""
    if pid := int(docker("inspect", "-f", "{{.State.Pid}}", name, check=False) or 0):
        os.kill(pid, signal.SIGKILL)
