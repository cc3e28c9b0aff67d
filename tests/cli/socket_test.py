# SPDX-FileCopyrightText: the pecanctl authors
# SPDX-License-Identifier: BSD-3-Clause
"""No Docker, or none that answers: nothing that runs is needed for these."""

import os
import shutil
import socket
from pathlib import Path

from support import BINARY, NOBODY, Case, environment, main, run

COMMANDS = (["deploy"], ["scale", "dalec=2"], ["destroy", "--confirm", "demo"], ["deploy", "-n"])


class Socket(Case):
    def setUp(self):
        self.root = self.temp_folder()
        self.folder = self.root / "demo"
        self.assertEqual(run("init", self.folder).exit, 0)
        self.socket = self.root / "docker.sock"

    def all_commands(self, *words):
        env = environment(DOCKER_HOST=f"unix://{self.socket}")
        for arguments in COMMANDS:
            result = self.expect(run(*arguments, cwd=self.folder, env=env, timeout=60), 4, "fix:", *words)
        return result

    def test_a_missing_socket_is_told(self):
        result = self.all_commands(str(self.socket), "No such file or directory")
        self.golden("no-socket", result.err, (self.root, "DIR"))

    def test_a_socket_that_nobody_listens_on_is_told(self):
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(self.socket))
        self.all_commands(str(self.socket), "Connection refused")

    def test_a_socket_that_we_may_not_open_is_told(self):
        if os.geteuid() != 0:
            self.skipTest("needs root")
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(self.socket))
            listener.listen()
            self.socket.chmod(0o600)
            # nobody can read neither the build folder nor root's secrets: they get their own.
            self.root.chmod(0o755)
            program = self.root / "bin" / "pecanctl"
            program.parent.mkdir()
            shutil.copy(BINARY, program)
            shutil.copytree(Path(BINARY).parent / "share", self.root / "bin" / "share")
            for path in [self.folder, *self.folder.rglob("*")]:
                os.chown(path, NOBODY, NOBODY)
            env = environment(DOCKER_HOST=f"unix://{self.socket}")
            for arguments in COMMANDS:
                result = self.expect(run(*arguments, cwd=self.folder, env=env, binary=program, user=NOBODY,
                                         group=NOBODY, extra_groups=[]), 4, str(self.socket), "ermission denied")
            self.golden("no-permission", result.err, (self.root, "DIR"))

    def test_something_else_than_docker_is_told(self):
        import threading

        def serve(listener):
            try:
                while True:
                    client = listener.accept()[0]
                    client.recv(4096)
                    client.sendall(b"\x00\xff\x1b[31mthis is no HTTP\r\n\r\n")
                    client.close()
            except OSError:
                pass

        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(self.socket))
            listener.listen()
            threading.Thread(target=serve, args=(listener,), daemon=True).start()
            self.assertNotIn("\x1b", self.all_commands().err)

    def test_a_daemon_that_does_not_answer_is_given_up_on(self):
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(self.socket))
            listener.listen()
            env = environment(DOCKER_HOST=f"unix://{self.socket}")
            result = run("deploy", "--timeout", "2s", cwd=self.folder, env=env, timeout=60)
            self.expect(result, 6)
            self.golden("timeout", result.err, (self.root, "DIR"))
            self.assertLess(result.seconds, 10)


if __name__ == "__main__":
    main()
