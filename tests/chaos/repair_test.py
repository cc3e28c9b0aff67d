# SPDX-FileCopyrightText: the pecanctl authors
# SPDX-License-Identifier: BSD-3-Clause
"""A group of workers whose network was killed, or whose engine crashed, works again after one command."""

import secrets

import jobs
from crash import crash_container, crash_engine
from support import Case, Shared, docker, main, wait_until


class Repair(Case):
    def setUp(self):
        self.shared = Shared()
        self.workflow = f"PEcAn_{secrets.token_hex(4)}"
        self.addCleanup(self.shared.settle)
        self.addCleanup(jobs.remove, self.shared, self.workflow)
        self.folders = iter(jobs.make(self.shared, self.workflow, 9, "#!/bin/sh\nsleep 0.1\n"))
        self.expect(self.shared.run("scale", "dalec=3"), 0)

    def born(self):
        names = [self.shared.container("dalec", number) for number in (1, 2, 3)]
        return docker("inspect", "-f", "{{.State.StartedAt}}", *names, check=False).splitlines()

    def check_works(self):
        """All run, and hear the broker."""
        up = [state for name, state in self.shared.containers().items() if "-dalec-" in name]
        self.assertEqual(up, ["running"] * 4, "three and their holder")
        folders = [next(self.folders) for _ in range(3)]
        self.expect(self.shared.run("run", "dalec", *folders, "--timeout", "40s"), 0)

    def test_a_group_whose_holder_was_killed_works_after_one_command(self):  # slow
        holder = f"{self.shared.name}-dalec-net-1"
        for command in (["deploy"], ["scale", "dalec=3"]):
            with self.subTest(command):
                docker("kill", holder)
                self.expect(self.shared.run(*command), 0)
                self.check_works()

    def test_a_group_whose_holder_crashed_heals_itself(self):  # slow
        """The engine starts the holder again, with another network; each worker sees that its own is gone."""
        before = self.born()
        crash_container(f"{self.shared.name}-dalec-net-1")
        wait_until(lambda: len(self.born()) == 3 and not set(before) & set(self.born()), 60, "a new start of each worker")
        self.check_works()

    def test_a_group_works_after_dockerd_was_killed_and_one_command(self):  # slow
        crash_engine()
        self.expect(self.shared.run("deploy"), 0)
        self.check_works()


if __name__ == "__main__":
    main()
