# SPDX-FileCopyrightText: the pecanctl authors
# SPDX-License-Identifier: BSD-3-Clause
"""Kills at random while jobs run: a worker, the broker, the agent, pecanctl, dockerd. Each job has one accepted outcome;
runs that a kill cost are counted, at most one for each worker that it hit."""

import collections
import json
import os
import random
import re
import secrets
import time
from pathlib import Path

import jobs
from agent_test import AgentCase
from crash import crash_container, crash_engine
from support import docker, lines, main, wait_until

SCALE = "scale: { min: 2, max: 6, cooldown: 5s, stabilisation: 5s, min_lifetime: 5s }"
KINDS = ("worker", "broker", "agent", "pecanctl", "dockerd")
# A line each by O_APPEND, at the beginning and at the end.
SCRIPT = """#!/bin/sh
echo "${PWD##*/}" >> ../started
sleep 0.4
echo "${PWD##*/}" >> ../completed
"""
AGAIN = (4, 5, 6, 7)  # exit codes after which the same command goes on


class Storm(AgentCase):
    def setUp(self):
        super().setUp()
        self.seed = int(os.environ.get("PECANCTL_CHAOS_SEED") or secrets.randbelow(10**6))
        self.random = random.Random(self.seed)
        self.workflow = f"PEcAn_{secrets.token_hex(4)}"
        self.addCleanup(jobs.remove, self.shared, self.workflow)
        volume = docker("volume", "inspect", "-f", "{{.Mountpoint}}", f"{self.shared.name}-data")
        self.runs = Path(volume, "workflows", self.workflow, "run")
        self.told = collections.Counter()
        self.begun = 0
        self.ends = collections.Counter()

    # --- the processes

    def start_run(self):
        self.begun += 1
        self.output = self.here / f"run{self.begun}.out"
        self.errors = self.here / f"run{self.begun}.err"
        with self.output.open("w") as out, self.errors.open("w") as err:
            self.process = self.shared.start("run", "dalec", f"workflows/{self.workflow}/run/0*", "--json",
                                             stdout=out, stderr=err)
        self.addCleanup(self.process.wait)
        self.addCleanup(self.process.kill)

    def end_run(self):
        """Counts what an ended run told."""
        self.process.wait(30)
        for line in self.output.read_text().splitlines():
            record = json.loads(line) if line.endswith("}") else {}
            if record.get("type") == "job":
                self.assertEqual(record["state"], "OK", record)
                self.told[record["folder"]] += 1

    def keep_running(self):
        """Whoever finds something down repeats the command. Whether it is done."""
        code = self.process.poll()
        if code is None:
            return False
        self.end_run()
        self.ends[code] += 1
        if code == 0:
            return True
        self.assertIn(code, AGAIN, self.errors.read_text()[-3000:])
        time.sleep(1)
        self.start_run()
        return False

    def start_agent(self):
        self.agent_log = self.here / "agent.log"
        with self.agent_log.open("a") as log:
            self.agent_process = self.shared.start("agent", "--duties", "scale,announce", stdout=log, stderr=log)
        self.addCleanup(self.agent_process.wait)
        self.addCleanup(self.agent_process.kill)

    # --- the kills; each returns how many workers it hit

    def running(self, pattern):
        return [name for name, state in self.shared.containers().items()
                if state == "running" and re.fullmatch(rf"{self.shared.name}-{pattern}-\d+", name)]

    def kill(self, kind):
        if kind == "worker":
            workers = self.running("dalec")
            if workers:
                crash_container(self.random.choice(workers))
            return 1 if workers else 0
        if kind == "broker":
            crash_container(self.shared.container("rabbitmq"))
        elif kind == "agent":
            self.agent_process.kill()
            self.agent_process.wait()
            self.start_agent()
        elif kind == "pecanctl":
            self.process.kill()
            self.end_run()
            self.start_run()
        else:
            workers = self.running("dalec")
            crash_engine()
            return len(workers)
        return 0

    # --- the story

    def storm(self, count, kills, pause):
        self.here = self.temp_folder()
        kinds = [KINDS[number % len(KINDS)] for number in range(kills)]
        self.random.shuffle(kinds)
        print(f"seed {self.seed}: {', '.join(kinds)}", flush=True)
        jobs.make(self.shared, self.workflow, count, SCRIPT)
        self.configure(SCALE)
        self.expect(self.shared.run("deploy"), 0)
        self.expect(self.shared.run("scale", "--resume"), 0)
        self.start_agent()
        self.start_run()
        hit = collections.Counter()
        for kind in kinds:
            self.assertFalse(self.wait_for_work(10), "there are too few jobs for so many kills")
            time.sleep(self.random.uniform(*pause))
            begun = time.monotonic()
            hit[kind] += self.kill(kind)
            print(f"  {kind} killed after {self.count('completed')} jobs ({time.monotonic() - begun:.1f} s)", flush=True)
        self.wait_for_work(count)
        self.check(count, sum(hit.values()))
        print(f"  runs ended with {dict(self.ends)}; hit: {dict(hit)}")

    def wait_for_work(self, more):
        """Until so many more jobs were completed, or the run has ended. Whether it has."""
        before = self.count("completed")
        end = time.monotonic() + 120 + more
        while self.count("completed") < before + more:
            self.assertLess(time.monotonic(), end, f"no work is done: {self.state()}")
            if self.keep_running():
                return True
            time.sleep(0.2)
        return False

    def read(self, name):
        path = self.runs / name
        return lines(path.read_text()) if path.exists() else []

    def count(self, name):
        return len(self.read(name))

    def state(self):
        return f"{self.shared.containers()}\n{self.errors.read_text()[-2000:]}\n{self.agent_log.read_text()[-4000:]}"

    def journalled(self):
        """How often an outcome of each job is in the journal."""
        ends = collections.Counter()
        for path in Path(f"/var/lib/pecanctl/{self.shared.name}/runs").rglob("*.jsonl"):
            folders = {}
            for line in path.read_text().splitlines():
                record = json.loads(line)
                if record["event"] == "job":
                    folders[record.get("job", 0)] = record["folder"]
                elif record["event"] in ("done", "lost", "timeout"):
                    ends[folders[record.get("job", 0)]] += 1
        return {folder: times for folder, times in ends.items() if f"/{self.workflow}/" in folder}

    def check(self, count, hit):
        started, completed = (collections.Counter(self.read(name)) for name in ("started", "completed"))
        again = sum(started.values()) - len(started)
        twice = sum(completed.values()) - len(completed)
        print(f"  {count} jobs: {again} begun again, {twice} of them although completed; the kills hit {hit} workers; "
              f"pecanctl was started {self.begun} times")
        self.assertEqual(len(completed), count, "none is lost")
        outcomes = [path.read_text().splitlines()[-1] for path in self.runs.glob("0*/rabbitmq.out")]
        self.assertEqual(collections.Counter(outcomes), {"OK": count}, "one outcome each")
        self.assertEqual({name: times for name, times in self.told.items() if times > 1}, {}, "told once")
        self.assertEqual({name: times for name, times in self.journalled().items() if times > 1}, {}, "accepted once")
        self.assertLessEqual(again, hit, "a job is begun again only where a kill hit its worker")
        self.assertLessEqual(twice, again)
        again = self.expect(self.shared.run("run", "dalec", f"workflows/{self.workflow}/run/0*"), 0)
        self.assertIn(f"{count} jobs already done", again.out)

    def test_2000_jobs_and_20_kills(self):  # slow
        self.storm(2000, 20, (2, 8))


if __name__ == "__main__":
    main()
