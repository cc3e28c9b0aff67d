# SPDX-FileCopyrightText: the pecanctl authors
# SPDX-License-Identifier: BSD-3-Clause
"""kill -9 of `run` between publish and journal, over and over: the same command completes the array, each job has its
effect once, and what went over the wire twice is bounded."""

import collections
import os
import random
import secrets

import jobs
from support import Case, Shared, docker, environment, main
from wire import Wire

IN_DOUBT = 1000  # confirmations that a kill can lose: 900 unanswered, and 100 that were not yet written
# No job ends before the gate is open, so that there is enough left to be killed at.
TEMPLATE = """#!/bin/sh
while [ ! -e ../gate ]; do sleep 0.2; done
echo "${PWD##*/}" >> ../completed
"""


class Resume(Case):
    def setUp(self):
        self.shared = Shared()
        self.workflow = f"PEcAn_{secrets.token_hex(4)}"
        self.addCleanup(self.shared.settle)
        self.addCleanup(jobs.remove, self.shared, self.workflow)
        self.addCleanup(self.open_gate)  # or no worker would ever be idle
        self.here = self.temp_folder()
        self.expect(self.shared.run("scale", "dalec=4"), 0)
        self.seed = int(os.environ.get("PECANCTL_CHAOS_SEED") or secrets.randbelow(10**6))
        self.random = random.Random(self.seed)

    def array(self, count):
        """The command over so many rows."""
        (self.here / "model").mkdir()
        (self.here / "model/job.sh").write_text(TEMPLATE)
        (self.here / "model/job.sh").chmod(0o755)
        (self.here / "table.tsv").write_text("number\n" + "".join(f"{number:05}\n" for number in range(count)))
        return ["run", "dalec", f"workflows/{self.workflow}/run/{{number}}", "--array", self.here / "table.tsv",
                "--template", self.here / "model", "--json"]

    def open_gate(self):
        docker("exec", self.shared.container("dalec"), "touch", f"/data/workflows/{self.workflow}/run/gate", check=False)

    def kill(self, line):
        """A run that is killed after the broker confirmed and before the journal has it."""
        point = f"run.confirmed#{self.random.choice((1, 1, 2, 3))}"
        result = self.shared.run(*line, env=environment(PECANCTL_FAILPOINT=point))
        self.assertEqual(result.exit, 137, f"{point} was not reached: {result}")

    def check(self, count, kills, gate_opens):
        line = self.array(count)
        others = jobs.runs(self.shared)  # other tests may have left some that are not over
        wire = Wire(self.shared)
        wire.start()
        self.addCleanup(wire.stop)
        worst = 0
        for number in range(kills):
            if number == gate_opens:
                self.open_gate()
            before = wire.sent.total() - len(wire.sent)
            self.kill(line)
            wire.take()
            worst = max(worst, wire.sent.total() - len(wire.sent) - before)
        result = self.expect(self.shared.run(*line, timeout=600), 0)
        wire.take()

        repeated = wire.sent.total() - len(wire.sent)
        print(f"seed {self.seed}: {kills} kills, {count} jobs, {wire.sent.total()} messages, {repeated} of them again, "
              f"{worst} at most in the run after a kill, {max(wire.sent.values())} times the same at most")
        self.assertEqual(len(wire.sent), count, "a job keeps its id")
        self.assertLessEqual(repeated, IN_DOUBT * kills)
        self.assertLessEqual(worst, IN_DOUBT)
        done = collections.Counter(jobs.read(self.shared, f"workflows/{self.workflow}/run/completed"))
        self.assertEqual({name: times for name, times in done.items() if times != 1}, {}, "each once")
        self.assertEqual(len(done), count)
        self.assertEqual((result.records()[-1]["failed"], result.exit), (0, 0))
        again = self.expect(self.shared.run(*line[:-1]), 0)
        self.assertIn(f"{count} jobs already done", again.out)
        left = {run for run, row in jobs.runs(self.shared).items() if not row["is_over"] and run not in others}
        self.assertEqual(left, set(), "no run waits for anything")

    def test_an_array_killed_between_publish_and_journal_is_completed(self):
        self.check(1000, 3, gate_opens=2)

    def test_5000_jobs_and_50_kills(self):  # slow
        self.check(5000, 50, gate_opens=40)


if __name__ == "__main__":
    main()
