# SPDX-FileCopyrightText: the pecanctl authors
# SPDX-License-Identifier: BSD-3-Clause
"""Every exit code that the manual promises, provoked. The same code stands in the last record of --json."""

import secrets
import signal
import socket

import jobs
from interrupts import interrupt, stalled
from support import Case, Shared, docker, environment, main, run

ABSENT = environment(DOCKER_HOST="unix:///nonexistent/docker.sock")


class Codes(Case):
    """What each one needs is made; nothing of it is there afterwards."""

    def codes(self):
        """code -> how to provoke it: a function that gives arguments, folder and options of `run`."""
        return {0: self.valid, 1: self.failed, 2: self.usage, 3: self.invalid, 4: self.unreachable, 5: self.locked,
                6: self.late, 7: self.partly, 8: self.unconfirmed, 9: self.missing, 10: self.differs, 11: self.errors,
                70: self.bug}

    def setUp(self):
        self.shared = Shared()
        self.folder = self.temp_folder() / "demo"
        self.assertEqual(run("init", self.folder).exit, 0)

    def valid(self):
        return ["validate"], self.folder, {}

    def failed(self):
        return ["init", "/dev/null/demo"], self.folder, {}

    def usage(self):
        return ["deploy", "--nonsense"], self.folder, {}

    def invalid(self):
        (self.folder / "pecan.yml").write_text("name: demo\n")
        return ["deploy"], self.folder, {}

    def unreachable(self):
        return ["deploy"], self.folder, {"env": ABSENT}

    def locked(self):
        holder = stalled(self.shared, "deploy.locked", 60_000, "deploy")
        self.addCleanup(holder.communicate)
        self.addCleanup(holder.kill)
        return ["scale", "dalec=2"], self.shared.folder, {}

    def late(self):
        listener = socket.socket(socket.AF_UNIX)
        self.addCleanup(listener.close)
        path = self.folder / "silent.sock"
        listener.bind(str(path))
        listener.listen()
        return ["deploy", "--timeout", "1s"], self.folder, {"env": environment(DOCKER_HOST=f"unix://{path}")}

    def partly(self):
        """One volume cannot go: somebody else's container uses it."""
        made = self.instance()
        self.expect(made.run("deploy", "rabbitmq"), 0)
        guest = docker("create", "-v", f"{made.name}-rabbitmq:/x", "pecanctl/model-dalec:1.0")
        self.addCleanup(docker, "rm", "-f", guest)
        return ["destroy", "--volumes", "--confirm", made.name], made.folder, {}

    def unconfirmed(self):
        return ["destroy"], self.shared.folder, {}

    def missing(self):
        return ["deploy", "postgras"], self.shared.folder, {}

    def differs(self):
        return ["scale", "dalec=5", "--check"], self.shared.folder, {}

    def errors(self):
        workflow = f"PEcAn_{secrets.token_hex(4)}"
        self.addCleanup(jobs.remove, self.shared, workflow)
        return ["run", "dalec", *jobs.make(self.shared, workflow, 1, "#!/bin/sh\nexit 1\n"), "--rerun"], \
            self.shared.folder, {}

    def bug(self):
        return ["deploy"], self.shared.folder, {"env": environment(PECANCTL_FAILPOINT="deploy.locked=throw")}

    def check_code(self, code):
        arguments, folder, options = self.codes()[code]()
        result = run(*arguments, cwd=folder, **options)
        self.expect(result, code)
        result = run(*arguments, "--json", cwd=folder, **options)
        self.assertEqual(result.exit, code, result)
        last = result.records()[-1]
        self.assertEqual(last.get("exit", 0), code)
        self.assertEqual(last["ok"], code == 0)

    def test_0_done(self):
        self.check_code(0)

    def test_1_failed(self):
        self.check_code(1)

    def test_2_usage(self):
        self.check_code(2)

    def test_3_invalid_file(self):
        self.check_code(3)

    def test_4_unreachable(self):
        self.check_code(4)

    def test_5_locked(self):
        self.check_code(5)

    def test_6_timed_out(self):
        self.check_code(6)

    def test_7_partly_done(self):
        self.check_code(7)

    def test_8_unconfirmed(self):
        self.check_code(8)

    def test_9_no_such_thing(self):
        self.check_code(9)

    def test_10_a_check_found_something(self):
        self.check_code(10)

    def test_11_a_job_ended_in_error(self):
        self.check_code(11)

    def test_70_a_bug(self):
        self.check_code(70)
        self.expect(self.shared.run("deploy"), 0)

    def test_130_and_143_interrupted(self):
        for number, code in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
            process = stalled(self.shared, "deploy.locked", 500, "deploy", "--json")
            result = interrupt(process, number)[1]
            self.assertEqual(result.exit, code, result)
            self.assertEqual(result.records()[-1]["exit"], code)

    def test_every_code_of_the_manual_is_here(self):
        import re
        from support import SOURCE
        text = (SOURCE / "cli" / "exit_status.hpp").read_text()
        promised = {int(number) for number in re.findall(r"= (\d+),", text)}
        self.assertEqual(set(self.codes()) | {130, 143}, promised)


if __name__ == "__main__":
    main()
