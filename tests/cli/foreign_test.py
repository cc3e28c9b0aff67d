# SPDX-FileCopyrightText: the pecanctl authors
# SPDX-License-Identifier: BSD-3-Clause
"""Instances of their own: what belongs to others is left alone, and what cannot be deployed leaves nothing."""

import os
import signal
import tempfile
from pathlib import Path

from proxy import Proxy
from support import Case, docker, environment, labelled, main, remove_all, run, send, snapshot, wait_until

IMAGE = "pecanctl/model-dalec:1.0"


class Refused(Case):
    """Nothing was changed: not a container, network or volume."""

    def setUp(self):
        self.made = self.instance()

    def objects(self):
        name = self.made.name
        return labelled("container", name, "-a") + labelled("network", name) + labelled("volume", name)

    def foreign(self, kind, *arguments):
        name = docker(kind, "create", *arguments)
        self.addCleanup(docker, kind, "rm", *(["-f"] if kind != "network" else []), name, check=False)
        return name

    def refused(self, code, *words):
        before = snapshot()
        result = self.expect(self.made.run("deploy", timeout=60), code, "fix:", *words)
        self.assertEqual((self.objects(), snapshot()), ([], before))
        return result

    def test_a_name_that_a_foreign_container_has(self):
        name = f"{self.made.name}-rabbitmq-1"
        self.foreign("container", "--name", name, IMAGE)
        result = self.refused(5, name, "not made by pecanctl", "nothing was changed")
        self.golden("name-taken", result.err, (self.made.name, "NAME"))

    def test_a_name_that_another_instance_of_our_name_has(self):
        name = f"{self.made.name}-dalec-1"
        self.foreign("container", "--name", name, "--label", f"org.pecanproject.pecanctl.instance={self.made.name}",
                     "--label", "org.pecanproject.pecanctl.owner=11111111-1111-1111-1111-111111111111", IMAGE)
        result = self.expect(self.made.run("deploy", timeout=60), 5, name, "another identity")
        self.assertEqual(self.objects(), [name])

    def test_a_volume_that_is_somebody_elses(self):
        self.foreign("volume", f"{self.made.name}-postgres")
        self.refused(5, f"{self.made.name}-postgres")

    def test_a_network_that_is_somebody_elses(self):
        self.foreign("network", self.made.name)
        self.refused(5, self.made.name)

    def test_an_image_that_cannot_be_had(self):
        self.made.edit("# images: auto ", "images: build #")
        self.made.edit("# services:\n", "services:\n  postgres: { image: 'nowhere.invalid/none:1' }\n")
        result = self.refused(9, "nowhere.invalid/none:1")
        self.golden("no-image", result.err)

    def test_a_dockerfile_that_fails(self):
        folder = self.made.folder / "mine"
        folder.mkdir()
        (folder / "Dockerfile").write_text(f"FROM {IMAGE}\nRUN [\"/bin/false\"]\n")
        self.made.edit("  dalec: {", "  mine: { type: MINE, version: '1', build: ./mine }\n  dalec: {")
        self.refused(1, "mine", "/bin/false")


class Deployed(Case):
    def test_an_interrupted_deploy_goes_on_and_destroy_leaves_what_is_foreign(self):
        made = self.instance()
        marks = [docker("volume", "create", f"my-{made.name}"), docker("network", "create", f"{made.name}-x")]
        self.addCleanup(docker, "volume", "rm", marks[0], check=False)
        self.addCleanup(docker, "network", "rm", marks[1], check=False)
        # Somebody's container whose name looks like ours, with compose's label of our project.
        mark = docker("container", "create", "--name", f"{made.name}-dalec-99", "--label",
                      f"com.docker.compose.project={made.name}", IMAGE)
        self.addCleanup(docker, "rm", "-f", mark, check=False)
        before = snapshot()

        with self.subTest("Ctrl-C while services start"):
            process = made.start("deploy")
            self.addCleanup(process.kill)
            wait_until(lambda: "running" in made.containers().values(), what="the first container")
            send(process, signal.SIGINT)
            out, err = process.communicate(timeout=15)
            self.assertEqual(process.returncode, 130, err + out)
        with self.subTest("the same command goes on"):
            self.expect(made.run("deploy"), 0)
            self.assertEqual(made.containers(), {f"{made.name}-{service}-1": "running"
                                                 for service in ("postgres", "rabbitmq", "dalec-net", "dalec")})
            self.assertEqual(labelled("network", made.name), [made.name])
        with self.subTest("destroy from elsewhere, without the file"):
            elsewhere = self.temp_folder()
            self.expect(run("destroy", "-i", made.name, cwd=elsewhere), 8)
            result = self.expect(run("destroy", "-i", made.name, "--confirm", made.name, cwd=elsewhere), 0)
            self.assertIn("its data is kept", result.out)
            self.assertEqual(made.containers(), {})
            self.assertEqual(labelled("volume", made.name), [f"{made.name}-{key}"
                                                             for key in ("data", "postgres", "rabbitmq")])
        with self.subTest("destroy twice, then the data"):
            result = self.expect(made.run("destroy", "--confirm", made.name), 0)
            self.assertIn("Nothing to destroy", result.out)
            self.expect(made.run("destroy", "--volumes"), 8)
            self.expect(made.run("destroy", "--volumes", "--confirm", made.name), 0)
            self.assertEqual(labelled("volume", made.name), [])
            result = self.expect(run("destroy", "-i", made.name, "--confirm", made.name, cwd=elsewhere), 0)
            self.assertIn("Nothing to destroy", result.out)
        self.assertEqual(snapshot(), before)

    def test_a_model_deployed_alone_brings_what_it_needs(self):
        made = self.instance()
        self.expect(made.run("deploy", "dalec"), 0)
        self.assertEqual(made.containers(), {f"{made.name}-{service}-1": "running"
                                             for service in ("rabbitmq", "dalec-net", "dalec")})

    def test_a_daemon_that_dies_during_deploy_is_told_and_repeating_goes_on(self):
        made = self.instance()
        folder = tempfile.mkdtemp(prefix="pecanctl-cli.")
        self.addCleanup(os.rmdir, folder)
        proxy = Proxy(Path(folder) / "docker.sock", os.environ["PECANCTL_TEST_DOCKER"], "POST .*/containers/create",
                      hit=2)
        self.addCleanup(proxy.close)
        result = made.run("deploy", env=environment(DOCKER_HOST=proxy.environment), timeout=120)
        self.expect(result, 4, "error:")
        self.expect(made.run("deploy"), 0)
        self.assertEqual(set(made.containers().values()), {"running"})
        self.assertEqual(len(made.containers()), 4)
        self.expect(made.run("destroy", "--volumes", "--confirm", made.name), 0)
        remove_all(made.name)


if __name__ == "__main__":
    main()
