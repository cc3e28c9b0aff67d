# SPDX-FileCopyrightText: the pecanctl authors
# SPDX-License-Identifier: BSD-3-Clause
"""run with arrays: where jobs come from, how they are controlled, resumed and reported."""

import json
import secrets

import jobs
from support import Case, Shared, finish, main, wait_until

SLOW = "#!/bin/sh\necho x >> ../started\nsleep 1.5\n"


class ArrayCase(Case):
    def setUp(self):
        self.shared = Shared()
        self.workflow = f"PEcAn_{secrets.token_hex(4)}"
        self.addCleanup(jobs.remove, self.shared, self.workflow)
        self.here = self.temp_folder()

    def write(self, name, text):
        path = self.here / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        return path

    def started(self):
        return jobs.read(self.shared, f"workflows/{self.workflow}/run/started")


class Array(ArrayCase):
    def test_rows_become_folders_jobs_and_reports_and_are_resumed_in_any_order(self):
        self.write("model/job.sh.in", "#!/bin/sh\necho {site} ${HOME:+h} >&2\n[ {rate} != bad ]\n").chmod(0o755)
        table = self.write("sites.csv", 'site,rate\n"A",1\nB,bad\nC,3\n"A",1\n')
        line = ["run", "dalec", f"workflows/{self.workflow}/run/{{site}}", "--array", table,
                "--template", self.here / "model"]
        plan = self.expect(self.shared.run(*line, "-n", "--json"), 0).records()
        self.assertEqual([row["changes"] for row in plan if row["type"] == "plan"], [3])
        self.assertEqual(jobs.read(self.shared, f"workflows/{self.workflow}/run/A/job.sh"), [], "-n makes nothing")

        log, results = self.here / "log", self.here / "results"
        first = self.expect(self.shared.run(*line, "--joblog", log, "--results", results, "--json"), 11)
        self.assertEqual((first.records()[-1]["done"], first.records()[-1]["failed"]), (2, 1))
        rows = [row.split("\t") for row in log.read_text().splitlines()]
        self.assertEqual([len(row) for row in rows], [9] * 4)
        self.assertEqual(sorted(row[6] for row in rows[1:]), ["0", "0", "1"])
        self.assertEqual((results / "site/A/rate/1/stdout").read_text(), "A h\n")
        self.assertEqual((results / "site/B/rate/bad/outcome").read_text(), "error\n")
        self.assertEqual(json.loads((results / "site/C/rate/3/joblog.json").read_text())["Exitval"], 0)

        table.write_text("rate,site\n4,D\n3,C\nbad,B\n1,A\n")
        again = self.expect(self.shared.run(*line, "--resume", "--joblog", log, "--json"), 11)
        told = [row["folder"] for row in again.records() if row["type"] == "job"]
        self.assertEqual(told, [f"/data/workflows/{self.workflow}/run/D"])
        self.assertEqual(len(log.read_text().splitlines()), 5)
        self.expect(self.shared.run(*line, "--resume"), 11, "--resume-failed")
        again = self.expect(self.shared.run(*line, "--resume-failed", "--json"), 11)
        told = [row["folder"] for row in again.records() if row["type"] == "job"]
        self.assertEqual(told, [f"/data/workflows/{self.workflow}/run/B"])

        table.write_text("rate,site\n5,D\n")
        self.expect(self.shared.run(*line), 3, "/data/workflows", "something else", "--rerun")
        self.expect(self.shared.run(*line, "--rerun"), 0)

    def test_matrix_and_runs_txt_name_folders(self):
        folders = jobs.make(self.shared, self.workflow, 4, "#!/bin/sh\nexit 0\n")
        self.assertEqual(folders[0][-5:], "00001")
        line = ["run", "dalec", f"workflows/{self.workflow}/run/{{a}}{{b}}"]
        result = self.expect(self.shared.run(*line, "--matrix", "a=000", "--matrix", "b=01,02", "--json"), 0)
        self.assertEqual(result.records()[-1]["done"], 2)
        self.expect(self.shared.run(*line, "--matrix", "aa=000", "--matrix", "b=1"), 2, "did you mean `aa`?")
        jobs.put_file(self.shared, f"workflows/{self.workflow}/run/runs.txt", "00003\n00004\n")
        result = self.expect(self.shared.run("run", "dalec", "--runs-from",
                                             f"/data/workflows/{self.workflow}/run/runs.txt", "--json"), 0)
        self.assertEqual(result.records()[-1]["done"], 2)
        bad = self.write("bad.csv", "a,b\n1\n")
        self.expect(self.shared.run(*line, "--array", bad), 3, "bad.csv:2:1", "1 fields")


class Control(ArrayCase):
    def latest(self):
        """Other cases may have left runs that nobody waits for."""
        return max(run for run, row in jobs.runs(self.shared).items() if not row["is_over"])

    def test_a_second_terminal_looks_on_and_takes_back_what_has_not_begun(self):
        folders = jobs.make(self.shared, self.workflow, 12, SLOW)
        process = self.shared.start("run", "dalec", *folders, "--json")
        self.addCleanup(process.kill)
        wait_until(self.started, what="the first job")
        run = self.latest()
        self.assertEqual(jobs.runs(self.shared)[run]["holder"], process.pid)
        onlooker = self.shared.start("run", "--attach", run, "--json")
        self.addCleanup(onlooker.kill)
        wait_until(lambda: "job" in [json.loads(onlooker.stdout.readline())["type"]], what="a job that is looked at")
        result = self.expect(self.shared.run("run", "--cancel", run, "--json"), 0)
        self.assertGreaterEqual(result.records()[-1]["cancelled"], 3)
        for ended in (finish(process), finish(onlooker)):
            self.expect(ended, 7, "taken back")
        row = jobs.runs(self.shared)[run]
        self.assertEqual((row["is_over"], row["under_way"], row["jobs"]), (True, 0, 12))
        self.assertEqual(len(self.started()), row["ok"], "what was taken back never ran")

    def test_a_run_that_nobody_waits_for_is_taken_back_and_one_that_halts_leaves_what_runs(self):
        folders = jobs.make(self.shared, self.workflow, 5, SLOW)
        self.expect(self.shared.run("run", "dalec", *folders, "--detach"), 0)
        wait_until(self.started, what="the first job")
        run = self.latest()
        self.expect(self.shared.run("run", "--cancel", run), 0)
        self.expect(self.shared.run("run", "--attach", run), 7, "taken back")
        begun = len(self.started())
        self.assertLess(begun, 5)
        result = self.expect(self.shared.run("run", "dalec", *folders, "--halt", "now,success=1", "--json"), 0)
        last = result.records()[-1]
        self.assertGreaterEqual(last["cancelled"], 1)
        self.expect(self.shared.run("run", "dalec", *folders), 0)
        self.assertEqual(len(self.started()), 5, "each once")

    def test_a_job_over_its_time_counts_as_timeout_and_goes_on(self):
        folders = jobs.make(self.shared, self.workflow, 1, "#!/bin/sh\nsleep 5\necho late > late\n")
        result = self.expect(self.shared.run("run", "dalec", *folders, "--job-timeout", "1s", "--json"), 11)
        self.assertEqual([row["end"] for row in result.records() if row["type"] == "job"], ["timeout"])
        wait_until(lambda: jobs.read(self.shared, f"{folders[0]}/rabbitmq.out")[-1:] == ["OK"], what="the late end")
        self.assertIn("1 job already done", self.expect(self.shared.run("run", "dalec", *folders), 0).out)


if __name__ == "__main__":
    main()
