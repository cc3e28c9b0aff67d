# SPDX-FileCopyrightText: the pecanctl authors
# SPDX-License-Identifier: BSD-3-Clause
"""agent and scale --auto on the shared instance: a burst on an idle model, requests over the broker, Consul's catalogue."""

import collections
import json
import re
import secrets
import signal
import time
import urllib.error
import urllib.request
from pathlib import Path

import jobs
from register_test import Broker
from support import MACHINE, Case, Shared, docker, environment, finish, main, run, send, start, wait_until

COUNT = 200
# DALEC, then one line by O_APPEND; before it the machine's clock, for the first job to start.
SCRIPT = """#!/bin/sh
cut -d' ' -f1 /proc/uptime >> ../started
/usr/local/bin/dalec.1.0 --drivers ../drivers.csv --parameters ../parameters.csv --output dalec.csv || exit
echo "${PWD##*/}" >> ../completed
"""
QUICK = "scale: { min: 0, max: 8, cooldown: 3s, stabilisation: 3s, min_lifetime: 1s }"


def uptime():
    return float(Path("/proc/uptime").read_text().split()[0])


class AgentCase(Case):
    def setUp(self):
        self.shared = Shared()
        self.text = self.shared.file.read_text()
        self.addCleanup(self.restore)

    def restore(self):
        self.shared.run("scale", "--resume")
        self.shared.file.write_text(self.text)
        self.shared.settle()

    def configure(self, settings):
        text = re.sub(r"(?m)^  dalec:.*$", f"  dalec: {{ {settings} }}", self.text)
        self.assertIn(settings, text)
        self.shared.file.write_text(text)

    def workers(self, instance=None):
        instance = instance or self.shared
        return sum(state == "running" for name, state in instance.containers().items()
                   if re.fullmatch(rf"{instance.name}-dalec-\d+", name))

    def agent(self, *arguments):
        process = self.shared.start("agent", *arguments)
        self.addCleanup(process.kill)
        line = ""
        while "/health" not in line:
            line = process.stderr.readline()
            self.assertTrue(line, "the agent ended")
        return process, re.search(r"(http://[0-9.:]+)/health", line)[1]

    def stop(self, process):
        begun = time.monotonic()
        send(process, signal.SIGTERM)
        result = finish(process, 20)
        self.assertEqual(result.exit, 143, result.err)
        self.assertLess(time.monotonic() - begun, 10)
        return result

    def fetch(self, url):
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def announced(self, instance=None):
        """Keys of an instance's services in Consul's catalogue."""
        consul = docker("port", f"{MACHINE}-consul-1", "8500").splitlines()[0]
        services = json.loads(self.fetch(f"http://{consul}/v1/agent/services")[1])
        return {key for key in services if key.startswith(f"pecanctl/{(instance or self.shared).name}/")}

    def amqp(self):
        port = docker("port", self.shared.container("rabbitmq"), "5672/tcp").splitlines()[0].rsplit(":", 1)[1]
        return f"amqp://pecan:{self.shared.secret('rabbitmq')}@127.0.0.1:{port}/%2F"


class Scale(AgentCase):
    def make_jobs(self):
        workflow = f"PEcAn_{secrets.token_hex(4)}"
        jobs.make(self.shared, workflow, COUNT, SCRIPT)
        for name in ("drivers.csv", "parameters.csv"):
            content = (jobs.EXAMPLE / "example" / name).read_text()
            docker("exec", "-i", self.shared.container("dalec"), "sh", "-c",
                   f"cat > /data/workflows/{workflow}/run/{name}", input=content)
        return workflow

    def test_a_burst_on_an_idle_model_is_served_and_the_workers_leave(self):
        workflow = self.make_jobs()
        self.configure(QUICK)
        process, url = self.agent("--duties", "scale")
        wait_until(lambda: self.workers() == 0, 30, "none to do: no worker")
        begun = uptime()
        result = self.expect(self.shared.run("run", "dalec", f"workflows/{workflow}/run/0*", "--json", timeout=120), 0)
        self.assertEqual(result.records()[-1]["done"], COUNT)
        self.assertEqual(self.fetch(f"{url}/health")[0], 200)
        metrics = self.fetch(f"{url}/metrics")[1]
        self.assertRegex(metrics, rf'pecanctl_workers{{instance="{self.shared.name}",model="dalec",queue="DALEC_1.0"}} \d')
        wait_until(lambda: self.workers() == 0, 40, "back to zero")
        rows = self.shared.run("status", "--decisions", "--last", "100", "--json").records()[0]["decisions"]
        self.assertLessEqual({"up", "down"}, {row["decision"] for row in rows})
        self.assertTrue(all(row["target"] >= (row["busy"] or 0) for row in rows if row["decision"] == "down"))
        self.assertLessEqual(max(row["target"] for row in rows), 8)
        self.expect(self.shared.run("scale", "--auto"), 5, "has a scaler already")

        # By hand: that stays, until the queue may decide again.
        self.expect(self.shared.run("scale", "dalec=1", "--lock-wait", "30s"), 0, "--resume")
        time.sleep(5)
        self.assertEqual(self.workers(), 1)
        started = [float(line) for line in jobs.read(self.shared, f"workflows/{workflow}/run/started")]
        done = collections.Counter(jobs.read(self.shared, f"workflows/{workflow}/run/completed"))
        jobs.remove(self.shared, workflow)
        self.assertEqual((len(done), set(done.values()), len(started)), (COUNT, {1}, COUNT), "each once")
        first = min(started) - begun
        print(f"first job after {first:.1f} s")
        self.assertLess(first, 20, "5 s on a machine that does nothing else")
        self.expect(self.shared.run("scale", "--resume", "--lock-wait", "30s"), 0)
        wait_until(lambda: self.workers() == 0, 30, "its queue decides")
        self.stop(process)

    def born(self):
        return docker("inspect", "-f", "{{.State.StartedAt}}", self.shared.container("dalec"), check=False)

    def test_a_model_whose_network_was_killed_works_again(self):
        workflow = f"PEcAn_{secrets.token_hex(4)}"
        folders = jobs.make(self.shared, workflow, 2)
        self.configure("scale: { min: 1, max: 2 }")
        process, _ = self.agent("--duties", "scale")
        before = self.born()
        docker("kill", f"{self.shared.name}-dalec-net-1")
        wait_until(lambda: self.born() not in ("", before), 60, "a new worker, or the old one again")
        self.expect(self.shared.run("run", "dalec", *folders, "--timeout", "60s"), 0)
        jobs.remove(self.shared, workflow)
        self.stop(process)

    def test_one_pass_for_cron_says_what_it_does_and_why(self):
        self.expect(self.shared.run("scale", "--auto"), 2, "pecan.yml gives no model bounds")
        self.configure("scale: { min: 2, max: 8, fallback: 3 }")
        result = self.expect(self.shared.run("scale", "--auto", "-n", "--json"), 0)
        row, = (record for record in result.records() if record["type"] == "decision")
        self.assertEqual((row["decision"], row["workers"], row["target"]), ("up", 1, 2))
        self.assertEqual(self.workers(), 1)
        self.expect(self.shared.run("scale", "--auto"), 0)
        self.assertEqual(self.workers(), 2)
        result = self.expect(self.shared.run("scale", "--auto", "--json"), 0)
        self.assertEqual(result.records()[-1]["changed"], 0)
        self.expect(self.shared.run("scale", "--pause-up", "dalec"), 0)
        self.configure("scale: { min: 3, max: 8, fallback: 3 }")
        result = self.expect(self.shared.run("scale", "--auto"), 0)
        self.assertIn("adding is paused", result.out)
        self.expect(self.shared.run("scale", "--auto", "dalek"), 9, "dalec")
        self.expect(self.shared.run("scale", "--auto", "--resume"), 2, "--resume")
        self.expect(self.shared.run("scale"), 2, "MODEL=N")
        self.expect(self.shared.run("deploy"), 0)
        self.assertEqual(self.workers(), 2, "deploy keeps what the queue wanted")

    def test_a_pause_holds_one_direction_or_both_until_resumed(self):
        self.configure("scale: { min: 2, max: 8 }")
        self.expect(self.shared.run("scale", "dalec=2"), 0)
        self.expect(self.shared.run("scale", "--resume"), 0)
        fewer = "scale: { min: 0, max: 8, cooldown: 1s, stabilisation: 1s, min_lifetime: 1s }"
        for flag, settings, reason in (("--pause-down", fewer, "removing is paused"),
                                       ("--pause", "scale: { min: 4, max: 8 }", "paused"),
                                       ("--pause-up", "scale: { min: 4, max: 8 }", "adding is paused")):
            with self.subTest(flag=flag):
                self.configure(settings)
                self.assertIn("until --resume", self.expect(self.shared.run("scale", flag), 0).out)
                wait_until(lambda: reason in self.expect(self.shared.run("scale", "--auto"), 0).out, 20, reason)
                self.assertEqual(self.workers(), 2)
        self.expect(self.shared.run("scale", "--pause", "--pause-up"), 2, "cannot use --pause with --pause-up")
        self.configure("scale: { min: 3, max: 8 }")
        self.expect(self.shared.run("scale", "--resume"), 0)
        # Those that were added by the case before may have to be waited for.
        wait_until(lambda: self.shared.run("scale", "--auto").exit == 0 and self.workers() == 3, 90, "a third worker")

    def test_one_agent_serves_several_instances_and_each_by_itself(self):
        other = self.instance("--models", "dalec")
        bounds = "scale: {{ min: {}, max: 8 }}"
        other.file.write_text(re.sub(r"(?m)^  dalec:.*$", f"  dalec: {{ {bounds.format(2)} }}", other.file.read_text()))
        self.expect(other.run("deploy", timeout=180), 0)
        self.configure(bounds.format(2))
        process, url = self.agent(f"{self.shared.folder}/", f"{other.folder}/", "--duties", "scale,announce")
        both = (self.shared, other)
        wait_until(lambda: [self.workers(one) for one in both] == [2, 2], 60, "two workers each")
        wait_until(lambda: all(f"pecanctl/{one.name}/rabbitmq-1:5672" in self.announced(one) for one in both), 20, "announced")
        metrics = self.fetch(f"{url}/metrics")[1]
        for one in both:
            self.assertIn(f'pecanctl_workers{{instance="{one.name}",model="dalec",queue="DALEC_1.0"}} 2', metrics)
        # The broker of one is away: the other's queue decides all the same, and nobody's workers are taken.
        docker("stop", "-t", "5", f"{other.name}-rabbitmq-1")
        self.configure(bounds.format(3))
        wait_until(lambda: self.workers() == 3, 60, "a third worker here")
        self.assertEqual(self.workers(other), 2)
        docker("start", f"{other.name}-rabbitmq-1")
        self.stop(process)
        self.expect(other.run("destroy", "--volumes", "--now", "--confirm", other.name, timeout=120), 0)


class Requests(AgentCase):
    def listens(self):
        try:
            return Broker(self.shared).call("GET", "queues/%2F/elasticity-deploy")
        except urllib.error.HTTPError:
            return None

    def test_a_request_edits_the_file_once_and_deploys(self):
        process, url = self.agent("--duties", "deploy,announce")
        wait_until(self.listens, 20, "a queue for requests")
        request = secrets.token_hex(8)
        wish = ("deploy", "DALEC_1.0", "--via", self.amqp(), "--min", "2", "--max", "4", "--request-id", request)
        result = self.expect(run(*wish, "--json", timeout=120), 0)
        states = [record["state"] for record in result.records() if record["type"] == "deployment"]
        self.assertEqual(states, ["accepted", "deploying", "deployed"])
        edited = self.shared.file.read_text()
        self.assertRegex(edited, r"(?m)^  dalec: \{ .*scale: \{ min: 2, max: 4 \} \}$")
        self.expect(self.shared.run("validate"), 0)
        begun = self.shared.file.stat().st_mtime_ns
        again = self.expect(run(*wish, timeout=60), 0)
        self.assertIn("deployed", again.out)
        self.assertEqual(self.shared.file.stat().st_mtime_ns, begun, "the same request again changes nothing")

        foreign = {"schema": 1, "request_id": "foreign", "action": "deploy", "tools": [{"extractor": "DALEC_1.0"}],
                   "rabbitmq": {"host": "elsewhere", "port": 5672, "vhost": "/"}}
        Broker(self.shared).call("POST", "exchanges/%2F/amq.default/publish", properties={}, payload_encoding="string",
                                 routing_key="elasticity-deploy", payload=json.dumps(foreign))
        self.expect(run("deploy", "TOY_1", "--via", self.amqp(), "--image", "toy", timeout=60), 3, "tag or a digest")
        self.expect(run("deploy", "DALEC_1.0", "--via", self.amqp(), "--action", "pause", timeout=60), 0)
        table = self.shared.run("status", "--deployments", "--json").records()[0]["deployments"]
        self.assertEqual({row["request"]: row["state"] for row in table}[request], "deployed")
        reasons = {row["request"]: (row["state"], row["reason"]) for row in table}
        self.assertEqual(reasons["foreign"], ("rejected", f"elsewhere:5672/ is not the broker of instance {self.shared.name}"))

        # Consul's catalogue follows the containers.
        broker = f"pecanctl/{self.shared.name}/rabbitmq-1:5672"
        wait_until(lambda: broker in self.announced(), 20, "the broker is announced")
        docker("stop", "-t", "5", self.shared.container("postgres"))
        wait_until(lambda: not any("postgres" in key for key in self.announced()), 20, "the database is not")
        self.assertIn(broker, self.announced())
        self.assertIn('duty="announce"} 1', self.fetch(f"{url}/metrics")[1])
        self.stop(process)

    def test_what_administrators_wish_and_what_cannot_be(self):
        process, _ = self.agent("--duties", "deploy")
        wait_until(self.listens, 20, "a queue for requests")
        toy = ("deploy", "TOY_1", "--via", self.amqp())
        image = ("--image", "pecanctl/model-dalec:1.0")
        self.expect(run(*toy, *image, "--min", "0", "--max", "2", "--memory", "128m", "--cpus", "0.5", timeout=120), 0)
        added, = re.findall(r"(?m)^  toy:.*$", self.shared.file.read_text())
        for word in ("TOY", "128MiB", "cpus: 0.5", "max: 2"):
            self.assertIn(word, added)
        queue = "queues/%2F/TOY_1"
        self.assertEqual(Broker(self.shared).call("GET", queue)["name"], "TOY_1")
        self.expect(run("deploy", "TOY_2", "--via", self.amqp(), *image, timeout=60), 3, "allocated to TOY_1")
        self.expect(run("deploy", "NONE_1", "--via", self.amqp(), "--image", "nowhere.invalid/none:1", "--min", "1",
                        timeout=120), 1, "none:1")
        self.expect(run("deploy", "NONE_1", "--via", self.amqp(), "--action", "delete", timeout=60), 0)
        self.expect(run(*toy, "--min", "1", "--memory", "900GiB", timeout=60), 1, "cannot hold")
        self.expect(run(*toy, "--action", "delete", timeout=60), 0)
        self.assertNotIn("toy:", self.shared.file.read_text())
        with self.assertRaises(urllib.error.HTTPError) as raised:
            Broker(self.shared).call("GET", queue)
        self.assertEqual(raised.exception.code, 404)
        self.stop(process)

    def test_a_request_outlives_the_agent_that_took_it(self):
        for count, point in enumerate(("agent.edited", "agent.accepted"), 2):
            with self.subTest(point):
                agent = self.shared.start("agent", "--duties", "deploy", env=environment(PECANCTL_FAILPOINT=point))
                self.addCleanup(agent.kill)
                wait_until(self.listens, 20, "a queue for requests")
                asking = start("deploy", "DALEC_1.0", "--via", self.amqp(), "--min", "1", "--max", str(count), "--json")
                self.addCleanup(asking.kill)
                self.assertEqual(finish(agent, 60).exit, 137, "the point was not reached")
                process, _ = self.agent("--duties", "deploy")
                states = [record["state"] for record in self.expect(finish(asking, 120), 0).records()
                          if record["type"] == "deployment"]
                self.assertEqual(states.count("deployed"), 1, states)
                self.assertRegex(self.shared.file.read_text(), rf"(?m)^  dalec: .*max: {count} ")
                self.stop(process)
                wait_until(lambda: Broker(self.shared).call("GET", "queues/%2F/elasticity-deploy").get("messages") == 0,
                           20, "nothing left to take")

    def test_without_an_agent_nobody_takes_a_request(self):
        self.expect(run("deploy", "--via", self.amqp()), 2, "no model")
        self.expect(run("deploy", "x", "--via", "http://x"), 3)
        self.expect(self.shared.run("agent", "--duties", "dance"), 2, "no duty")
        self.expect(self.shared.run("agent", "--interval", "1ms"), 2)
        self.expect(self.shared.run("agent", "--listen", "here"), 2, "ADDRESS:PORT")


if __name__ == "__main__":
    main()
