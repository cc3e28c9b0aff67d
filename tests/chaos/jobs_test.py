# SPDX-FileCopyrightText: the pecanctl authors
# SPDX-License-Identifier: BSD-3-Clause
"""Jobs while containers die: each is run exactly once to completion, nothing is lost, nothing is told twice."""

import collections
import re
import secrets

import jobs
from support import Case, Shared, docker, finish, main, wait_until

COUNT = 200
# DALEC, then one line by O_APPEND: whoever is killed before that has not completed it. Who is killed after it and before
# the worker has written the outcome has, and is run again all the same.
SCRIPT = """#!/bin/sh
sleep 0.2
/usr/local/bin/dalec.1.0 --drivers ../drivers.csv --parameters ../parameters.csv --output dalec.csv || exit
echo "${PWD##*/}" >> ../completed
"""


def interrupted(container):
    """The job that a killed worker had begun and told no end of."""
    log = docker("logs", container, merged=True)
    last = re.findall(r"/(\d{5}): (.*)", log)[-1]
    return {last[0]} if last[1] == "started" else set()


class Jobs(Case):
    def test_200_jobs_survive_a_killed_worker_and_a_restarted_broker(self):
        shared = Shared()
        workflow = f"PEcAn_{secrets.token_hex(4)}"
        self.addCleanup(shared.settle)
        self.addCleanup(jobs.remove, shared, workflow)
        self.expect(shared.run("scale", "dalec=4"), 0)
        jobs.make(shared, workflow, COUNT, SCRIPT)
        for name in ("drivers.csv", "parameters.csv"):
            content = (jobs.EXAMPLE / "example" / name).read_text()
            docker("exec", "-i", f"{shared.name}-dalec-1", "sh", "-c",
                   f"cat > /data/workflows/{workflow}/run/{name}", input=content)

        def completed():
            return jobs.read(shared, f"workflows/{workflow}/run/completed")

        process = shared.start("run", "dalec", f"workflows/{workflow}/run/0*", "--json")
        self.addCleanup(process.kill)
        wait_until(lambda: len(completed()) > 20, 60, "the first jobs")
        docker("kill", f"{shared.name}-dalec-2")
        wait_until(lambda: len(completed()) > 60, 60, "more jobs")
        docker("restart", "-t", "5", f"{shared.name}-rabbitmq-1")
        result = self.expect(finish(process, 180), 0)

        told = collections.Counter(record["folder"] for record in result.records() if record["type"] == "job")
        self.assertEqual((len(told), set(told.values())), (COUNT, {1}), "told once each")
        self.assertEqual({record["state"] for record in result.records() if record["type"] == "job"}, {"OK"})
        done = collections.Counter(completed())
        twice = {name for name, times in done.items() if times != 1}
        self.assertLessEqual(twice, interrupted(f"{shared.name}-dalec-2"))
        self.assertLessEqual(max(done.values()), 2)
        self.assertEqual(len(done), COUNT)
        self.assertEqual(result.records()[-1]["done"], COUNT)
        again = self.expect(shared.run("run", "dalec", f"workflows/{workflow}/run/0*"), 0)
        self.assertIn(f"{COUNT} jobs already done", again.out)


if __name__ == "__main__":
    main()
