# SPDX-FileCopyrightText: the pecanctl authors
# SPDX-License-Identifier: BSD-3-Clause
"""One changing command at a time, on this machine and across machines.

Another machine is another host name and other lock folders: namespaces of its own over /run/pecanctl and /run/lock.
"""

import json
import os
import re
import signal
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

from interrupts import is_lock_free, read_until, stalled
from support import (BINARY, MACHINE, NOBODY, Case, Result, Shared, docker, environment, finish, labelled, main,
                     run, send, service, wait_until)

ELSEWHERE = ["unshare", "--mount", "--uts", "sh", "-c",
             'hostname elsewhere && mkdir -p /run/pecanctl && mount -t tmpfs none /run/pecanctl && '
             'mount -t tmpfs -o mode=1777 none /run/lock && exec "$0" "$@"']


def run_elsewhere(instance, *arguments, timeout=120):
    done = subprocess.run([*ELSEWHERE, str(Path(BINARY).resolve()), *arguments], cwd=instance.folder, env=environment(),
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=timeout, check=False)
    return Result(done.returncode, done.stdout, done.stderr, 0)


class Consul:
    """The machine's own, asked by an outsider."""

    def __init__(self):
        port = docker("port", f"{MACHINE}-consul-1", "8500").splitlines()[0].rsplit(":", 1)[1]
        self.url = f"http://127.0.0.1:{port}/v1/"

    def get(self, path):
        try:
            with urllib.request.urlopen(self.url + path, timeout=10) as answer:
                return json.load(answer)
        except urllib.error.HTTPError:
            return []

    def holder(self, name):
        """The session that holds an instance, or None."""
        found = self.get(f"kv/pecan/instances/{name}/lock")
        return found[0].get("Session") if found else None


class Locks(Case):
    def setUp(self):
        self.shared = Shared()
        self.addCleanup(self.shared.settle)

    def workers(self):
        return sum(state == "running" and re.search(r"-dalec-\d+$", name) is not None
                   for name, state in self.shared.containers().items())

    def holder(self, point="scale.remembered", milliseconds=60_000, *arguments):
        process = stalled(self.shared, point, milliseconds, *(arguments or ("scale", "dalec=2")))
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        return process


class Here(Locks):
    def test_the_second_one_names_the_holder_and_since_when(self):
        first = self.holder()
        for arguments in (["deploy"], ["scale", "dalec=3"], ["destroy", "--confirm", self.shared.name]):
            result = self.expect(self.shared.run(*arguments), 5, "is locked", f"pid {first.pid}", "`pecanctl scale dalec=2`",
                                 f"of root on {os.uname().nodename}", "fix:")
            since = re.search(r"since (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)", result.err)
            self.assertIsNotNone(since, result.err)
            self.assertLess(result.seconds, 5)
        self.assertEqual(self.shared.run("deploy", "-n").exit, 0, "looking needs no lock")

    def test_one_that_waits_says_so_and_then_works(self):
        first = self.holder("scale.remembered", 4000)
        second = self.shared.start("scale", "dalec=3", "--lock-wait", "60s")
        self.addCleanup(second.kill)
        text = read_until(second.stderr, f"pid {first.pid}", 5)
        self.assertIn("waiting for the lock", text)
        self.assertEqual(finish(first, 60).exit, 0)
        result = self.expect(finish(second, 60), 0)
        self.assertIn(f"lock of {self.shared.name} wait done", text + result.err)
        self.assertEqual(self.workers(), 3)

    def test_a_killed_holder_blocks_nobody(self):
        first = self.holder()
        first.kill()
        first.wait()
        begun = time.monotonic()
        result = self.expect(self.shared.run("deploy"), 0)
        self.assertNotIn("waiting", result.err)
        self.assertLess(time.monotonic() - begun, 30)
        first = self.holder("deploy.locked", 60_000, "deploy")
        second = self.shared.start("deploy", "--lock-wait", "60s", "-v")
        read_until(second.stderr, "waiting for the lock", 5)
        begun = time.monotonic()
        first.kill()
        read_until(second.stderr, "wait done", 2)  # taken over
        self.assertLess(time.monotonic() - begun, 2)
        self.expect(finish(second, 60), 0)

    def test_a_user_outside_the_group_shares_the_lock_with_root(self):
        """One who reaches Docker by other means than the group docker cannot write to /run/pecanctl."""
        if os.geteuid() != 0:
            self.skipTest("needs root")
        first = self.holder()
        # Its own copy of everything, and a socket for everybody.
        root = self.temp_folder()
        root.chmod(0o755)
        from proxy import Proxy
        proxy = Proxy(root / "docker.sock", service("PECANCTL_TEST_DOCKER"))
        self.addCleanup(proxy.close)
        os.chmod(proxy.path, 0o777)
        subprocess.run(["cp", "-rL", str(BINARY), str(Path(BINARY).parent / "share"), str(self.shared.folder), str(root)],
                       check=True)
        folder = root / self.shared.name
        subprocess.run(["chown", "-R", f"{NOBODY}:{NOBODY}", str(folder)], check=True)
        result = run("deploy", cwd=folder, binary=root / "pecanctl", env=environment(DOCKER_HOST=proxy.environment),
                     user=NOBODY, group=NOBODY, extra_groups=[])
        self.expect(result, 5, "is locked", f"pid {first.pid}", "of root on")
        # And the other way round; the file that nobody made is no obstacle for root.
        first.kill()
        first.wait()
        for path in Path("/run/lock").glob(f"pecanctl-{self.shared.name}.lock"):
            path.unlink()
        other = run_stalled_as_nobody(folder, root / "pecanctl", proxy)
        self.addCleanup(other.communicate)
        self.addCleanup(other.kill)
        self.expect(self.shared.run("deploy"), 5, "is locked", f"pid {other.pid}", "of nobody on")
        other.kill()
        other.wait()
        self.expect(self.shared.run("deploy"), 0)


def run_stalled_as_nobody(folder, binary, proxy):
    from support import start
    process = start("deploy", cwd=folder, binary=binary, user=NOBODY, group=NOBODY, extra_groups=[],
                    env=environment(DOCKER_HOST=proxy.environment, PECANCTL_FAILPOINT="deploy.locked=stall:60000"))
    read_until(process.stderr, "failpoint deploy.locked", 20)
    return process


class Elsewhere(Locks):
    """Through Consul alone."""

    def test_the_holder_is_named_and_waited_for(self):
        first = self.holder()
        result = self.expect(run_elsewhere(self.shared, "scale", "dalec=3"), 5, "is locked", f"pid {first.pid}",
                             f"of root on {os.uname().nodename}", "since 20", "fix:")
        self.assertNotIn("waiting", result.err)
        self.assertTrue(is_lock_free("elsewhere-has-its-own"))

    def test_a_killed_holder_is_free_within_25_seconds(self):
        first = self.holder()
        first.kill()
        first.wait()
        begun = time.monotonic()
        result = self.expect(run_elsewhere(self.shared, "scale", "dalec=3", "--lock-wait", "60s"), 0,
                             "waiting for the claim", f"pid {first.pid}")
        seconds = time.monotonic() - begun
        print(f"free and scaled {seconds:.1f} s after the death: {result.out}")
        self.assertLess(seconds, 25)
        self.assertEqual(self.workers(), 3)

    def test_a_holder_suspended_past_its_lease_cannot_write(self):
        consul = Consul()
        text = self.shared.file.read_text()
        self.addCleanup(self.shared.file.write_text, text)
        self.shared.file.write_text(text + "services: { rabbitmq: { memory: 1100MiB } }\n")  # there is something to write
        first = self.holder("deploy.applied", 500, "deploy")
        self.assertIsNotNone(consul.holder(self.shared.name))
        send(first, signal.SIGSTOP)
        wait_until(lambda: consul.holder(self.shared.name) is None, 40, "the end of the lease")
        before = consul.get(f"kv/pecan/instances/{self.shared.name}/?recurse")
        send(first, signal.SIGCONT)
        result = self.expect(finish(first, 60), 5, "lost its claim", "suspended for too long", "fix:", "repeat")
        self.assertEqual(consul.get(f"kv/pecan/instances/{self.shared.name}/?recurse"), before, "nothing was written")
        self.assertNotIn("is up", result.out)
        self.expect(self.shared.run("deploy"), 0)
        self.assertNotEqual(consul.get(f"kv/pecan/instances/{self.shared.name}/?recurse"), before)

    def test_nor_can_it_when_another_machine_has_the_instance_by_then(self):
        consul = Consul()
        text = self.shared.file.read_text()
        self.addCleanup(self.shared.file.write_text, text)
        self.shared.file.write_text(text + "services: { rabbitmq: { memory: 1101MiB } }\n")
        first = self.holder("deploy.applied", 500, "deploy")
        send(first, signal.SIGSTOP)
        self.expect(run_elsewhere(self.shared, "scale", "dalec=3", "--lock-wait", "60s"), 0, "waiting for the claim")
        before = consul.get(f"kv/pecan/instances/{self.shared.name}/?recurse")
        send(first, signal.SIGCONT)
        self.expect(finish(first, 60), 5, "lost its claim")
        self.assertEqual(consul.get(f"kv/pecan/instances/{self.shared.name}/?recurse"), before)
        self.expect(self.shared.run("deploy"), 0, "dalec stays at 3")


class Machine(Case):
    """The machine's own Consul, and those who need it."""

    def test_destroying_one_instance_leaves_consul_to_another_that_starts(self):
        # A docker of its own would be needed to have no other instance: the shared one is stopped and put back.
        shared = Shared()
        self.addCleanup(shared.settle)
        leaving, coming = self.instance(), self.instance()
        self.expect(shared.run("destroy", "--confirm", shared.name), 0)  # keeps its data
        self.expect(leaving.run("deploy"), 0)
        # It has no container yet, and has seen that Consul runs.
        process = stalled(coming, "deploy.machine", 15_000, "deploy")
        self.addCleanup(process.kill)
        result = self.expect(leaving.run("destroy", "--volumes", "--confirm", leaving.name), 0)
        self.assertIsNone(process.poll())
        self.assertEqual(labelled("container", MACHINE), [f"{MACHINE}-consul-1"], result)
        self.expect(finish(process, 120), 0)
        # The last one takes it along; a dry run has said so.
        plan = self.expect(coming.run("destroy", "-n"), 0)
        self.assertRegex(plan.out, f"- {MACHINE}-consul-1 +remove +destroy: no instance is left to use it")
        self.expect(coming.run("destroy", "--volumes", "--confirm", coming.name), 0)
        self.assertEqual(labelled("container", MACHINE, "-a"), [])
        plan = self.expect(coming.run("deploy", "-n"), 0)
        self.assertRegex(plan.out, rf"\+ {MACHINE}-consul-1 +create")


if __name__ == "__main__":
    main()
