# SPDX-FileCopyrightText: the pecanctl authors
# SPDX-License-Identifier: BSD-3-Clause
"""-n and --check: they say what would happen and why, and change nothing at all.

Every request to Docker and to Consul passes a proxy that records it; every file and lock is looked at afterwards.
"""

import os
import secrets
import shutil
import sys
from pathlib import Path

import jobs
from interrupts import LOCK_FOLDERS, stalled
from support import MACHINE, SOURCE, Case, Shared, docker, environment, main, run, service

sys.path.insert(0, str(SOURCE / "tests" / "support"))
from recording_proxy import RecordingProxy  # noqa: E402


def files_of(*folders):
    """Every file below, with what shows that it was written to."""
    return {str(path): (path.lstat().st_mtime_ns, path.lstat().st_size, path.lstat().st_ino)
            for folder in folders for path in [Path(folder), *Path(folder).rglob("*")] if os.path.lexists(path)}


class DryRun(Case):
    def setUp(self):
        self.shared = Shared()

    def look(self, instance, *arguments, code=0, consul=True):
        """Runs the command, and shows that it changed nothing. Its Result."""
        folders = [instance.folder, f"/var/lib/pecanctl/{instance.name}"]
        own_locks = [folder / f"pecanctl-{name}.lock" for folder in LOCK_FOLDERS for name in (instance.name, MACHINE)]
        before = files_of(*folders, *own_locks)
        socket = self.temp_folder() / "docker.sock"
        with RecordingProxy(str(socket), service("PECANCTL_TEST_DOCKER")) as proxy:
            changes = {"DOCKER_HOST": f"unix://{socket}"}
            if consul:
                port = docker("port", f"{MACHINE}-consul-1", "8500").splitlines()[0].rsplit(":", 1)[1]
                with RecordingProxy(None, ("127.0.0.1", int(port))) as index:
                    changes["CONSUL_HTTP_ADDR"] = index.address
                    result = instance.run(*arguments, env=environment(**changes))
                self.assertEqual(index.writing(), [])
            else:
                result = instance.run(*arguments, env=environment(**changes))
        self.assertEqual(proxy.writing(), [], arguments)
        self.assertGreater(len(proxy.requests), 0)
        self.assertEqual(files_of(*folders, *own_locks), before, arguments)
        return self.expect(result, code)

    def both(self, instance, arguments, differs, *words, consul=True):
        """-n exits 0; --check, with and without it, 10 or 0. The plan as JSON."""
        result = self.look(instance, *arguments, "-n", consul=consul)
        for word in words:
            self.assertRegex(result.out, word)
        for flags in (["--check"], ["-n", "--check"]):
            self.look(instance, *arguments, *flags, code=10 if differs else 0, consul=consul)
        records = self.look(instance, *arguments, "-n", "--json", consul=consul).records()
        (plan,) = [record for record in records if record["type"] == "plan"]
        self.assertEqual(plan["changes"], len(plan["steps"]))
        self.assertEqual(plan["changes"] > 0, differs)
        self.assertEqual(records[-1]["changes"], plan["changes"])
        self.assertTrue(all(step["reason"] for step in plan["steps"]), plan)
        return plan

    def test_deploy_of_nothing_new(self):
        self.both(self.shared, ["deploy"], False, "unchanged")

    def test_a_deploy_that_changes_nothing_asks_for_little(self):
        self.expect(self.shared.run("deploy"), 0)
        socket = self.temp_folder() / "docker.sock"
        with RecordingProxy(str(socket), service("PECANCTL_TEST_DOCKER")) as proxy:
            result = self.shared.run("deploy", env=environment(DOCKER_HOST=f"unix://{socket}"))
        self.assertIn("already matches", self.expect(result, 0).out)
        self.assertEqual(proxy.writing(), [])
        images = [one for one in proxy.requests if "/images/" in one]
        self.assertEqual(len(images), len(set(images)), images)
        lists = [one for one in proxy.requests if "/containers/json" in one and self.shared.name in one]
        self.assertLessEqual(len(lists), 5, lists)
        self.assertLessEqual(len(proxy.requests), 21, proxy.requests)  # of the core; each image is one

    def test_deploy_of_a_change_names_the_field_and_both_values(self):
        text = self.shared.file.read_text()
        self.addCleanup(self.shared.file.write_text, text)
        self.shared.file.write_text(text + "services: { postgres: { memory: 900MiB } }\n")
        plan = self.both(self.shared, ["deploy"], True, r"~ \S+-postgres-\d +replace +memory 1\.0 GiB -> 900\.0 MiB")
        self.assertIn("memory 1.0 GiB -> 900.0 MiB", plan["steps"][0]["reason"])

    def test_deploy_of_a_new_instance(self):
        made = self.instance()
        plan = self.both(made, ["deploy"], True, rf"\+ {made.name}-postgres-1 +create", r"\+ \S+-dalec-1 +create")
        self.assertIn(f"{made.name}-rabbitmq-1", [step["id"] for step in plan["steps"]])
        self.assertFalse(Path(f"/var/lib/pecanctl/{made.name}").exists())
        self.both(made, ["destroy"], False)

    def test_scale_up_down_and_stay(self):
        self.both(self.shared, ["scale", "dalec=3"], True, r"\+ \S+-dalec-2 +create +replicas 1 -> 3")
        self.both(self.shared, ["scale", "dalec=0"], True, r"- \S+-dalec-1 +remove +replicas 1 -> 0")
        self.both(self.shared, ["scale", "dalec=1"], False, "unchanged")

    def test_destroy_tells_what_goes(self):
        plan = self.both(self.shared, ["destroy"], True, rf"- {self.shared.name}-dalec-1 +remove", consul=False)
        self.assertFalse(plan["deletes_data"])
        plan = self.both(self.shared, ["destroy", "--volumes"], True,
                         rf"- {self.shared.name}-postgres +remove volume .*with all its data", consul=False)
        self.assertTrue(plan["deletes_data"])

    def test_run_tells_what_would_be_submitted(self):
        workflow = f"PEcAn_{secrets.token_hex(4)}"
        self.addCleanup(jobs.remove, self.shared, workflow)
        folders = jobs.make(self.shared, workflow, 3)
        plan = self.both(self.shared, ["run", "dalec", *folders], True, r"\+ \S+00001 +to DALEC_1\.0 +not done yet")
        self.assertEqual([step["action"] for step in plan["steps"]], ["submit"] * 3)
        self.expect(self.shared.run("run", "dalec", folders[0]), 0)
        plan = self.both(self.shared, ["run", "dalec", *folders], True, "2 jobs to run, 1 already done")
        self.expect(self.shared.run("run", "dalec", *folders), 0)
        self.both(self.shared, ["run", "dalec", *folders], False, "0 jobs to run, 3 already done")
        self.both(self.shared, ["run", "dalec", *folders, "--rerun"], True, "--rerun")
        # What a detached run has sent is not sent again, and told so.
        slow = jobs.make(self.shared, workflow + "s", 1, "#!/bin/sh\nsleep 8\n")
        self.addCleanup(jobs.remove, self.shared, workflow + "s")
        self.expect(self.shared.run("run", "dalec", *slow, "--detach"), 0)
        result = self.look(self.shared, "run", "dalec", *slow, "-n")
        self.assertIn("under way already", result.out)
        self.expect(self.shared.run("run", "--attach"), 0)

    def test_run_in_a_fresh_instance_makes_no_journal(self):
        state = Path(f"/var/lib/pecanctl/{self.shared.name}")
        hidden = state.with_name(state.name + "-hidden")
        if state.exists():
            state.rename(hidden)
            self.addCleanup(hidden.rename, state)
        workflow = f"PEcAn_{secrets.token_hex(4)}"
        self.addCleanup(jobs.remove, self.shared, workflow)
        folders = jobs.make(self.shared, workflow, 1)
        self.look(self.shared, "run", "dalec", *folders, "-n")
        self.assertFalse(state.exists())

    def test_no_lock_is_taken_or_waited_for(self):
        holder = stalled(self.shared, "deploy.locked", 60_000, "deploy")
        self.addCleanup(holder.communicate)
        self.addCleanup(holder.kill)
        for arguments in (["deploy", "-n"], ["scale", "dalec=2", "-n"], ["destroy", "-n"], ["status"]):
            result = self.look(self.shared, *arguments, consul=False)
            self.assertNotIn("lock", result.err)
        self.look(self.shared, "deploy", "--check", consul=False)


class Init(Case):
    def test_init_tells_what_would_be_written(self):
        root = self.temp_folder()
        before = files_of(root)
        result = self.expect(run("init", "demo", "-n", cwd=root), 0)
        self.assertRegex(result.out, r"\+ create demo/pecan\.yml +missing")
        self.expect(run("init", "demo", "--check", cwd=root), 10, "missing")
        records = self.expect(run("init", "demo", "-n", "--json", cwd=root), 0).records()
        (plan,) = [record for record in records if record["type"] == "plan"]
        self.assertEqual((plan["changes"], plan["steps"][-1]["id"]), (6, "demo/pecan.yml"))
        self.assertEqual(files_of(root), before)
        self.expect(run("init", "demo", cwd=root), 0)
        self.assertEqual(self.expect(run("init", "demo", "-n", "--check", cwd=root), 0).out.count("= keep"), 6)
        (root / "demo" / "secrets" / "bety").unlink()
        before = files_of(root)
        result = self.expect(run("init", "demo", "--check", cwd=root), 10)
        self.assertRegex(result.out, r"\+ create demo/secrets/bety +missing")
        self.assertEqual(files_of(root), before)
        shutil.rmtree(root / "demo")


if __name__ == "__main__":
    main()
