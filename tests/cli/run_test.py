# SPDX-FileCopyrightText: the pecanctl authors
# SPDX-License-Identifier: BSD-3-Clause
"""run and status: good jobs, bad jobs, and what cannot be run."""

import secrets
import signal
import subprocess

import jobs
from support import MACHINE, Case, Shared, docker, main, send, wait_until


class JobCase(Case):
    def setUp(self):
        self.shared = Shared()
        self.workflow = f"PEcAn_{secrets.token_hex(4)}"
        self.addCleanup(jobs.remove, self.shared, self.workflow)

    def make(self, count, script=None):
        return jobs.make(self.shared, self.workflow, count, script)

    def waiting(self):
        """Messages in the queue."""
        document = self.shared.run("status", "--json").records()[0]
        return {row["service"]: row.get("ready") for row in document["services"]}["dalec"]


class Run(JobCase):
    def test_jobs_run_once_and_are_skipped_then(self):
        folders = self.make(3)
        result = self.expect(self.shared.run("run", "dalec", *folders, "--json"), 0)
        records = result.records()
        self.assertEqual(sorted(record["state"] for record in records if record["type"] == "job"), ["OK"] * 3)
        self.assertEqual((records[-1]["type"], records[-1]["done"], records[-1]["failed"]), ("result", 3, 0))
        result = self.expect(self.shared.run("run", "dalec", *folders), 0)
        self.assertIn("3 jobs already done", result.out)

    def test_a_job_that_fails_is_11_and_shows_its_last_words(self):
        folders = self.make(2, "#!/bin/sh\necho the water ran out\nexit 3\n")
        result = self.expect(self.shared.run("run", "dalec", *folders, "--retries", "1", "--json"), 11)
        states = [record["state"] for record in result.records() if record["type"] == "job"]
        self.assertEqual(sorted(states), ["ERROR"] * 2 + ["RETRY"] * 2)
        result = self.expect(self.shared.run("run", "dalec", folders[0]), 11, "1 job ended in ERROR", "fix:")
        self.assertIn("the water ran out", result.out + result.err)

    def test_folders_that_cannot_be_run_are_told_and_nothing_is_submitted(self):
        folders = self.make(1)
        empty = f"workflows/{self.workflow}/run"
        for bad, code, word in ((f"workflows/{self.workflow}/run/absent", 3, "absent"), (empty, 3, "job.sh"),
                                ("/etc", 3, "/data"), ("../../etc", 3, "/data"),
                                (f"workflows/{self.workflow}/run/../../../../etc", 3, "/data")):
            with self.subTest(bad):
                self.expect(self.shared.run("run", "dalec", folders[0], bad), code, bad, word)
        self.assertEqual(jobs.read(self.shared, f"{folders[0]}/rabbitmq.out"), [], "nothing half-done")
        result = self.shared.run("run", "dalec", "workflows/absent/run/1", "workflows/absent/run/2")
        self.golden("run-no-folder", result.err)

    def test_an_unknown_model_and_a_wrong_line_are_told(self):
        self.expect(self.shared.run("run", "dalek", "x"), 9, "has no model 'dalek'", "dalec")
        self.expect(self.shared.run("run", "dalec"), 2, "no folder")
        self.expect(self.shared.run("run"), 2, "no model")
        self.expect(self.shared.run("run", "--attach", "nothing"), 9, "nothing")
        self.expect(self.shared.run("run", "dalec", "x", "--retries", "-1"), 2)

    def test_without_a_worker_nothing_is_submitted(self):
        folders = self.make(1)
        self.addCleanup(self.shared.settle)
        self.expect(self.shared.run("scale", "dalec=0"), 0)
        result = self.shared.run("run", "dalec", *folders)
        self.expect(result, result.exit, "no worker listens", "nothing was submitted", "fix:", "pecanctl scale dalec=")
        self.assertIn(result.exit, (1, 4))
        self.golden("run-no-worker", result.err)
        self.assertEqual(self.waiting(), 0)

    def test_interrupted_jobs_go_on_and_can_be_waited_for(self):
        folders = self.make(2, "#!/bin/sh\necho started >> ../started\nsleep 3\n")
        process = self.shared.start("run", "dalec", *folders)
        self.addCleanup(process.kill)
        wait_until(lambda: jobs.read(self.shared, f"workflows/{self.workflow}/run/started"), what="the first job")
        send(process, signal.SIGINT)
        out, err = process.communicate(timeout=15)
        self.assertEqual(process.returncode, 130, out + err)
        self.assertIn("pecanctl run --attach", err)
        self.expect(self.shared.run("run", "--attach"), 0)
        self.assertEqual(len(jobs.read(self.shared, f"workflows/{self.workflow}/run/started")), 2, "each once")

    def test_without_the_broker_run_says_so_and_status_shows_it(self):
        folders = self.make(1)
        self.addCleanup(self.shared.settle)
        docker("stop", "-t", "5", self.shared.container("rabbitmq"))
        result = self.expect(self.shared.run("run", "dalec", *folders, timeout=90), 4, "rabbitmq", "fix:",
                             "pecanctl deploy")
        self.golden("run-no-broker", result.err, (self.shared.name, "NAME"))
        self.assertIn("rabbitmq", self.expect(self.shared.run("status"), 0).out)
        self.expect(self.shared.run("status", "--check"), 10)

    def test_a_memory_alarm_ends_the_wait_with_its_reason(self):
        folders = self.make(1)
        broker = self.shared.container("rabbitmq")
        docker("exec", broker, "rabbitmqctl", "-q", "set_vm_memory_high_watermark", "0.000001")
        self.addCleanup(docker, "exec", broker, "rabbitmqctl", "-q", "set_vm_memory_high_watermark", "0.6")
        result = self.shared.run("run", "dalec", *folders, "--timeout", "5s", timeout=60)
        self.expect(result, 6, "memory")
        self.assertLess(result.seconds, 30)


class Status(JobCase):
    def test_one_screen_names_everything_that_runs(self):
        result = self.expect(self.shared.run("status"), 0)
        for word in ("postgres", "rabbitmq", "dalec", "DALEC_1.0", "healthy", self.shared.name, "drift none",
                     "lock free", "consul answers"):
            self.assertIn(word, result.out)
        self.expect(self.shared.run("status", "--check"), 0)
        self.assertIn(self.shared.name, self.expect(self.shared.run("status", "--all"), 0).out)

    def test_json_is_one_document(self):
        result = self.expect(self.shared.run("status", "--json"), 0)
        document, = result.records()
        self.assertEqual((document["type"], document["instance"]), ("status", self.shared.name))

    def test_without_consul_the_rest_is_shown(self):
        self.addCleanup(self.shared.settle)
        docker("stop", "-t", "5", f"{MACHINE}-consul-1")
        result = self.expect(self.shared.run("status"), 0)
        self.assertIn("consul does not run", result.out)

    def test_a_worker_that_works_is_busy(self):
        folders = self.make(1, "#!/bin/sh\nsleep 2\n")
        self.expect(self.shared.run("run", "dalec", *folders, "--detach"), 0)
        wait_until(lambda: "1 busy" in self.shared.run("status").out, 10, "busy")
        self.expect(self.shared.run("run", "--attach"), 0)
        self.assertIn("0 busy", self.shared.run("status").out)


if __name__ == "__main__":
    main()
