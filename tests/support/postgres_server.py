# SPDX-FileCopyrightText: the pecanctl authors
# SPDX-License-Identifier: BSD-3-Clause
"""A PostgreSQL of one's own, to be measured, filled to the brim, or shot."""

import os
import pwd
import shutil
import signal
import subprocess
import time
from pathlib import Path

BIN = Path("/usr/lib/postgresql/15/bin")  # those in /usr/bin are scripts that take longer than what they start


class Server:
    """Runs on a socket in `folder`, which must exist and whose parents others may enter; as user postgres where root runs us."""

    port = 5432

    def __init__(self, folder, settings=()):
        self.folder, self.options, self.process = Path(folder), {}, None
        self.settings = ["listen_addresses=", f"port={self.port}", *settings]
        if os.geteuid() == 0:
            user = pwd.getpwnam("postgres")
            os.chown(folder, user.pw_uid, user.pw_gid)
            self.options = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
        subprocess.run([BIN / "initdb", "-D", self.folder / "data", "-U", "postgres", "-A", "trust", "-E", "UTF8",
                        "--locale=C.UTF-8", "--no-sync"], check=True, stdout=subprocess.DEVNULL, cwd="/", **self.options)
        self.start()

    address = property(lambda self: (self.folder, self.port))

    def start(self):
        command = [BIN / "postgres", "-D", self.folder / "data", "-k", self.folder]
        for setting in self.settings:
            command += ["-c", setting]
        for _ in range(600):
            if not self.process or self.process.poll() is not None:  # children of a killed one may still hold its memory
                with open(self.folder / "log", "ab") as log:
                    self.process = subprocess.Popen(command, stdout=log, stderr=log, cwd="/", **self.options)
            if subprocess.run([BIN / "pg_isready", "-q", "-h", self.folder], check=False).returncode == 0:
                return
            time.sleep(0.05)
        raise RuntimeError((self.folder / "log").read_text()[-4000:])

    def stop(self, how=signal.SIGINT, limit=None):
        """SIGINT: at once, in order. SIGKILL: as a power cut would. An error when it takes more than `limit` seconds."""
        self.process.send_signal(how)
        self.process.wait(limit)

    def processor_seconds(self):
        """What sessions that have ended have used, user and system."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[13]) + int(fields[14])) / os.sysconf("SC_CLK_TCK")

    def restart(self, how=signal.SIGINT):
        self.stop(how)
        self.start()


def missing_programs(*others):
    """What a benchmark with such a server lacks."""
    return [str(path) for path in (BIN / "postgres",) if not path.exists()] + [name for name in others if not shutil.which(name)]
