# SPDX-FileCopyrightText: the pecanctl authors
# SPDX-License-Identifier: BSD-3-Clause
"""A running instance in good and bad weather. The cases share it, one at a time, and leave it as they found it."""

import json
import os
import re
import signal
import socket
import subprocess
import tempfile
from pathlib import Path

from proxy import Proxy
from support import LABEL, MACHINE, Case, Shared, docker, environment, lines, main, run, send, wait_until


class SharedCase(Case):
    def setUp(self):
        self.shared = Shared()

    def settle_afterwards(self):
        self.addCleanup(self.shared.settle)

    def proxy(self, *arguments, **options):
        folder = tempfile.mkdtemp(prefix="pecanctl-cli.")
        made = Proxy(Path(folder) / "docker.sock", os.environ["PECANCTL_TEST_DOCKER"], *arguments, **options)
        self.addCleanup(subprocess.run, ["rm", "-rf", folder], check=False)
        self.addCleanup(made.close)
        return made

    def workers(self):
        return sum(state == "running" and re.search(r"-dalec-\d+$", name) is not None
                   for name, state in self.shared.containers().items())


class Quiet(SharedCase):
    """Nothing changes."""

    def test_a_second_deploy_changes_nothing_and_writes_nothing(self):
        proxy = self.proxy()
        result = self.shared.run("deploy", env=environment(DOCKER_HOST=proxy.environment))
        self.expect(result, 0)
        self.assertIn("already matches pecan.yml", result.out)
        self.assertEqual(proxy.writes(), [])
        self.assertGreater(len(proxy.requests), 0)

    def test_dry_run_and_check_agree_that_nothing_differs(self):
        self.assertIn("unchanged", self.expect(self.shared.run("deploy", "-n"), 0).out)
        self.expect(self.shared.run("deploy", "--check"), 0)

    def test_check_finds_a_difference_and_changes_nothing(self):
        before = self.shared.containers()
        proxy = self.proxy()
        env = environment(DOCKER_HOST=proxy.environment)
        result = self.expect(self.shared.run("scale", "dalec=3", "--check", env=env), 10)
        self.assertIn("replicas 1 -> 3", result.out)
        self.expect(self.shared.run("destroy", "--check", env=env), 10)
        self.assertIn("create", self.expect(self.shared.run("scale", "dalec=3", "-n", env=env), 0).out)
        self.assertEqual((self.shared.containers(), proxy.writes()), (before, []))

    def test_every_line_of_json_parses_and_the_last_one_is_the_result(self):
        cases = ((["deploy"], 0), (["deploy", "-n"], 0), (["scale", "dalec=1"], 0), (["scale", "nothing=1"], 9),
                 (["destroy"], 8), (["destroy", "-n"], 0), (["deploy", "nothing"], 9))
        for arguments, code in cases:
            result = self.shared.run(*arguments, "--json")
            records = result.records()
            self.assertEqual(result.exit, code, result)
            self.assertEqual((records[-1]["type"], records[-1]["exit"], records[-1]["ok"]),
                             ("result", code, code == 0), arguments)
            self.assertTrue(all(record["v"] == 1 for record in records))
            self.assertEqual([record["type"] for record in records].count("result"), 1)

    def test_off_a_terminal_there_is_no_escape_and_no_carriage_return(self):
        for arguments in (["deploy"], ["deploy", "-v"], ["destroy"], ["deploy", "-n"]):
            result = self.shared.run(*arguments)
            self.assertNotRegex(result.out + result.err, "[\x1b\r]")

    def test_quiet_says_nothing(self):
        result = self.shared.run("deploy", "-q")
        self.assertEqual((result.exit, result.out, result.err), (0, "", ""))

    def test_closed_streams_do_not_matter(self):
        for redirection in ("<&-", "<&- >&-", "<&- >&- 2>&-"):
            done = subprocess.run(["bash", "-c", f'"$1" deploy {redirection}', "bash", os.environ["PECANCTL_BINARY"]],
                                  cwd=self.shared.folder, env=environment(), capture_output=True, text=True,
                                  timeout=60, check=False)
            self.assertEqual(done.returncode, 0, redirection + done.stderr)

    def test_a_reader_that_leaves_is_no_error(self):
        done = subprocess.run(["bash", "-c", '"$1" deploy -n | head -1; "$1" deploy --json | true; '
                               'echo "${PIPESTATUS[0]}"', "bash", os.environ["PECANCTL_BINARY"]],
                              cwd=self.shared.folder, env=environment(), capture_output=True, text=True,
                              timeout=60, check=False)
        self.assertEqual((done.stdout.splitlines()[-1], done.stderr), ("0", ""))

    def test_an_unknown_service_or_model_names_the_nearest_one(self):
        result = self.expect(self.shared.run("scale", "dalek=2"), 9, "has no model 'dalek'", "did you mean `dalec`?")
        self.golden("unknown-model", result.err, (self.shared.name, "NAME"))
        result = self.expect(self.shared.run("deploy", "postgras"), 9, "has no service 'postgras'", "postgres")
        self.golden("unknown-service", result.err, (self.shared.name, "NAME"))

    def test_scale_targets_are_checked_before_anything_happens(self):
        for target in ("dalec", "dalec=", "dalec=-1", "dalec=two", "dalec=100000"):
            self.expect(self.shared.run("scale", "dalec=2", target), 2, "cannot scale to", "fix:")
        self.expect(self.shared.run("scale", "postgres=2"), 2, "only one of it can run")
        self.assertEqual(self.workers(), 1)

    def test_destroy_wants_the_name_and_changes_nothing_without_it(self):
        before = self.shared.containers()
        result = self.expect(self.shared.run("destroy"), 8, "nothing was changed", f"--confirm {self.shared.name}")
        self.golden("destroy-unconfirmed", result.err, (self.shared.name, "NAME"))
        for arguments in (["--yes"], ["--confirm", "other"], ["--volumes", "--confirm", self.shared.name + "x"]):
            self.expect(self.shared.run("destroy", *arguments), 8, "nothing was changed")
        self.expect(self.shared.run("destroy", stdin=self.shared.name + "\n"), 8)
        self.assertEqual(self.shared.containers(), before)

    def test_destroying_another_instance_from_this_folder_is_refused(self):
        other = self.instance()
        self.expect(run("destroy", "-i", self.shared.name, "--confirm", self.shared.name, cwd=other.folder), 5,
                    self.shared.name, "another identity", "fix:")
        self.assertEqual(self.workers(), 1)
        result = self.expect(self.shared.run("deploy"), 0)
        self.assertIn("already matches", result.out)

    def test_no_secret_is_anywhere_it_can_be_seen(self):
        canaries = {name: self.shared.secret(name) for name in ("postgres", "rabbitmq", "bety")}
        channels = {"deploy -v": "".join(self.shared.run("deploy", "-v")[1:3]),
                    "deploy --json": "".join(self.shared.run("deploy", "--json", "-v")[1:3]),
                    "dry run": "".join(self.shared.run("deploy", "-n", "--json")[1:3]),
                    "validate": "".join(self.shared.run("validate", "--json")[1:3])}
        for kind in ("container", "network", "volume"):
            for instance in (self.shared.name, MACHINE):
                ids = lines(docker(kind, "ls", "-q", *(["-a"] if kind == "container" else []), "--filter",
                                   f"label={LABEL}instance={instance}"))
                channels[f"{kind} of {instance}"] = docker(kind, "inspect", *ids) if ids else ""
        for container in self.shared.containers():
            channels[f"processes of {container}"] = docker("top", container, "-eo", "pid,args")
            channels[f"log of {container}"] = docker("logs", container)
        port = docker("port", f"{MACHINE}-consul-1", "8500").rsplit(":", 1)[1]
        keys = subprocess.run(["curl", "-s", f"http://127.0.0.1:{port}/v1/kv/?recurse"], capture_output=True,
                              text=True, check=True).stdout
        import base64
        channels["Consul"] = "\n".join(base64.b64decode(entry["Value"] or "").decode() for entry in json.loads(keys))
        self.assertIn(self.shared.name, keys)
        found = [(channel, name) for channel, text in channels.items() for name, secret in canaries.items()
                 if secret in text]
        self.assertEqual(found, [])

    def test_containers_are_closed_to_the_outside(self):
        for container in self.shared.containers():
            details = json.loads(docker("inspect", container))[0]
            host = details["HostConfig"]
            self.assertIn("no-new-privileges:true", host["SecurityOpt"], container)
            self.assertEqual(host["CapDrop"], ["ALL"], container)
            self.assertGreater(host["Memory"], 0, container)
            self.assertGreater(host["PidsLimit"], 0, container)
            bindings = [b["HostIp"] for group in (details["NetworkSettings"]["Ports"] or {}).values()
                        for b in group or []]
            self.assertEqual({*bindings} - {"127.0.0.1"}, set(), container)


class Locks(SharedCase):
    def test_of_two_commands_one_works_and_one_names_it(self):
        # The first one hangs in the middle, so that the second one surely meets it.
        proxy = self.proxy("GET .*/containers/json", "hang", hit=1)
        first = self.shared.start("deploy", "--timeout", "60s", env=environment(DOCKER_HOST=proxy.environment))
        self.addCleanup(first.kill)
        wait_until(proxy.triggered.is_set, what="the first deploy")
        second = self.expect(self.shared.run("scale", "dalec=2"), 5, "is locked", f"pid {first.pid}",
                             "`pecanctl deploy --timeout 60s`", " of root on ", os.uname().nodename, "--lock-wait")
        self.golden("locked", re.sub(r"since \S+", "since TIME", second.err), (self.shared.name, "NAME"),
                    (f"pid {first.pid}", "pid PID"), (os.uname().nodename, "HOST"))
        self.assertEqual(self.workers(), 1)
        # Reading commands do not wait.
        self.expect(self.shared.run("validate"), 0)
        self.expect(self.shared.run("deploy", "-n"), 0)
        # A waiting one goes on as soon as the holder is dead, however it died.
        third = self.shared.start("deploy", "--lock-wait", "60s")
        self.assertIn("waiting for the lock", third.stderr.readline())
        first.send_signal(signal.SIGKILL)
        first.wait()
        out, err = third.communicate(timeout=60)
        self.assertEqual(third.returncode, 0, err + out)

    def test_lock_wait_ends(self):
        proxy = self.proxy("GET .*/containers/json", "hang", hit=1)
        first = self.shared.start("deploy", env=environment(DOCKER_HOST=proxy.environment))
        self.addCleanup(first.wait)
        self.addCleanup(first.kill)
        wait_until(proxy.triggered.is_set, what="the first deploy")
        result = self.expect(self.shared.run("deploy", "--lock-wait", "1s"), 5, f"pid {first.pid}")
        self.assertGreater(result.seconds, 0.9)
        self.assertLess(result.seconds, 5)


class Signals(SharedCase):
    def interrupted(self, number, code):
        proxy = self.proxy("GET .*/containers/json", "hang", hit=1)
        process = self.shared.start("deploy", "--json", env=environment(DOCKER_HOST=proxy.environment))
        self.addCleanup(process.kill)
        wait_until(proxy.triggered.is_set, what="the deploy")
        send(process, number)
        out, err = process.communicate(timeout=10)
        self.assertEqual(process.returncode, code, err)
        self.assertIn("stopping", err)
        last = json.loads(out.splitlines()[-1])
        self.assertEqual((last["type"], last["exit"]), ("result", code))
        self.assertNotIn("\x1b", out + err)
        result = self.expect(self.shared.run("deploy"), 0)
        self.assertIn("already matches", result.out)

    def test_an_interrupt_ends_with_130_and_frees_the_lock(self):
        self.interrupted(signal.SIGINT, 130)

    def test_a_termination_ends_with_143_and_frees_the_lock(self):
        self.interrupted(signal.SIGTERM, 143)

    def test_a_second_interrupt_ends_at_once_and_prints_no_escape(self):
        proxy = self.proxy("GET .*/containers/json", "hang", hit=1)
        process = self.shared.start("deploy", env=environment(DOCKER_HOST=proxy.environment))
        self.addCleanup(process.kill)
        wait_until(proxy.triggered.is_set, what="the deploy")
        process.send_signal(signal.SIGSTOP)  # so that both are there when it goes on
        send(process, signal.SIGINT)
        send(process, signal.SIGTERM)
        process.send_signal(signal.SIGCONT)
        out, err = process.communicate(timeout=10)
        self.assertIn(process.returncode, (130, 143), err)
        self.assertNotIn("\x1b", out + err)


class Weather(SharedCase):
    """Services of the instance are away."""

    def setUp(self):
        super().setUp()
        self.settle_afterwards()

    def test_without_the_broker_scale_says_so_and_deploy_starts_it(self):
        docker("stop", "-t", "5", self.shared.container("rabbitmq"))
        result = self.expect(self.shared.run("scale", "dalec=3"), 4, "its broker does not run", "fix:",
                             "pecanctl deploy")
        self.golden("broker-down", result.err, (self.shared.name, "NAME"))
        self.assertEqual(self.workers(), 1, "nothing half-done")
        self.expect(self.shared.run("deploy", "--check"), 10)
        self.expect(self.shared.run("deploy"), 0)
        self.assertEqual(set(self.shared.containers().values()), {"running"})

    def test_without_consul_scale_says_so_and_deploy_starts_it(self):
        docker("stop", "-t", "5", f"{MACHINE}-consul-1")
        result = self.expect(self.shared.run("scale", "dalec=3"), 4, "cannot reach Consul", "does not run", "fix:",
                             "pecanctl deploy")
        self.golden("consul-down", result.err)
        self.assertEqual(self.workers(), 1, "nothing half-done")
        self.expect(self.shared.run("deploy"), 0)
        self.expect(self.shared.run("scale", "dalec=2"), 0)

    def test_a_consul_that_does_not_answer_is_told(self):
        docker("pause", f"{MACHINE}-consul-1")
        self.addCleanup(docker, "unpause", f"{MACHINE}-consul-1", check=False)
        result = self.shared.run("scale", "dalec=3", timeout=60)
        self.assertIn(result.exit, (4, 6), result)
        self.assertIn("Consul", result.err)
        self.assertEqual(self.workers(), 1, "nothing half-done")

    def test_under_a_memory_alarm_workers_can_be_scaled(self):
        broker = self.shared.container("rabbitmq")
        docker("exec", broker, "rabbitmqctl", "-q", "set_vm_memory_high_watermark", "0.000001")
        self.addCleanup(docker, "exec", broker, "rabbitmqctl", "-q", "set_vm_memory_high_watermark", "0.6")
        self.expect(self.shared.run("scale", "dalec=2"), 0)
        self.expect(self.shared.run("deploy"), 0)

    def test_a_stopped_and_a_frozen_worker_are_brought_back(self):
        self.expect(self.shared.run("scale", "dalec=3"), 0)
        docker("kill", self.shared.container("dalec", 1))
        docker("pause", self.shared.container("dalec", 2))
        result = self.expect(self.shared.run("deploy"), 0)
        self.assertEqual(set(self.shared.containers().values()), {"running"}, result)
        self.assertEqual(self.workers(), 3)

    def test_what_scale_set_stays(self):
        self.expect(self.shared.run("scale", "dalec=3"), 0)
        self.assertEqual(self.workers(), 3)
        result = self.expect(self.shared.run("deploy"), 0, "dalec stays at 3", "pecan.yml says 1")
        self.assertEqual(self.workers(), 3)
        result = self.expect(self.shared.run("scale", "dalec=0"), 0)
        self.assertIn("3 -> 0", result.out)
        self.expect(self.shared.run("scale", "dalec=1"), 0)
        self.assertEqual(self.workers(), 1)

    def test_a_daemon_that_dies_half_way_is_told_and_repeating_goes_on(self):
        proxy = self.proxy("POST .*/start", hit=2)
        env = environment(DOCKER_HOST=proxy.environment)
        result = self.shared.run("scale", "dalec=5", env=env, timeout=60)
        self.assertTrue(proxy.triggered.is_set())
        self.assertIn(result.exit, (4, 7), result)
        self.assertIn("error:", result.err)
        self.expect(self.shared.run("scale", "dalec=5"), 0)
        self.assertEqual(self.workers(), 5)

    def test_a_port_that_is_taken_is_told_and_the_old_container_runs_again(self):
        text = self.shared.file.read_text()
        self.addCleanup(self.shared.file.write_text, text)
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            listener.listen()
            port = listener.getsockname()[1]
            self.shared.file.write_text(text + f"services: {{ postgres: {{ port: {port} }} }}\n")
            result = self.shared.run("deploy")
        self.expect(result, 5, f"cannot start {self.shared.name}-postgres-", f"{port}", "runs again",
                    "fix: stop what uses the port")
        self.assertEqual(sorted(self.shared.containers().values()), ["running"] * 4, result)
        self.assertEqual(len(self.shared.containers()), 4, "nothing half-done")

    def test_workers_share_a_network_and_get_it_back_when_its_holder_was_away(self):
        holder = f"{self.shared.name}-dalec-net-1"
        self.expect(self.shared.run("scale", "dalec=3"), 0)
        shared = docker("inspect", "--format", "{{.Id}}", holder).strip()
        for number in (1, 2, 3):
            mode = docker("inspect", "--format", "{{.HostConfig.NetworkMode}}", f"{self.shared.name}-dalec-{number}")
            self.assertEqual(mode.strip(), f"container:{shared}")

        with self.subTest("the engine came back without them: they start again, and none is made anew"):
            members = [f"{self.shared.name}-dalec-{number}" for number in (1, 2, 3)]
            docker("kill", *members, holder)
            before = docker("inspect", "--format", "{{.Id}}", holder, *members)
            self.expect(self.shared.run("deploy"), 0)
            self.assertEqual(docker("inspect", "--format", "{{.Id}}", holder, *members), before)
            self.assertEqual(self.workers(), 3)
        with self.subTest("somebody removed it: the workers are cut off and replaced"):
            docker("rm", "-f", holder)
            result = self.expect(self.shared.run("deploy", "-n"), 0)
            self.assertIn("its network is gone", result.out)
            self.expect(self.shared.run("scale", "dalec=2"), 0)
            self.assertEqual(self.workers(), 2)
            self.expect(self.shared.run("deploy"), 0)
        self.assertIn("already matches", self.expect(self.shared.run("deploy"), 0).out)
        self.expect(self.shared.run("scale", "dalec=0"), 0)  # the next one is number 1 again

    def test_a_start_that_is_refused_leaves_no_container(self):
        proxy = self.proxy("POST .*/start", "refuse", message="Bind for 127.0.0.1:5 failed: port is already allocated")
        result = self.shared.run("scale", "dalec=2", env=environment(DOCKER_HOST=proxy.environment))
        self.expect(result, 5, f"cannot start {self.shared.name}-dalec-", "port is already allocated", "fix:")
        self.assertEqual(len(self.shared.containers()), 4, "nothing half-done")


if __name__ == "__main__":
    main()
