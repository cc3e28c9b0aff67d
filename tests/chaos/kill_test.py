# SPDX-FileCopyrightText: the pecanctl authors
# SPDX-License-Identifier: BSD-3-Clause
"""kill -9 of pecanctl at chosen points: the same command again ends well, and nothing shows that it was killed."""

import re

from support import LABEL, Case, Shared, docker, environment, labelled, lines, main

# Points of `deploy` from nothing, in the order in which they are reached. After each kill the next one is tried on
# what is there then, as an unlucky operator would see it.
FIRST_DEPLOY = ("deploy.locked", "deploy.machine", "converge.planned", "deploy.network", "deploy.volume",
                "volume.helper", "volume.filled", "deploy.volume", "deploy.files", "deploy.before_create",
                "deploy.created", "deploy.started", "deploy.task", "deploy.task", "deploy.before_create",
                "deploy.created", "deploy.ready", "deploy.applied", "deploy.published")
DESTROY = ("retire.signalled", "retire.removed", "destroy.workers", "destroy.halted", "destroy.services",
           "destroy.object", "destroy.object#3", "destroy.applied", "destroy.forgotten")
SCALE_UP = ("scale.remembered", "converge.planned", "deploy.before_create", "deploy.created", "deploy.started",
            "deploy.ready", "scale.applied")
SCALE_DOWN = ("scale.remembered", "retire.signalled", "retire.removed", "deploy.removed", "scale.applied")
REPLACE = ("replace.halted", "replace.started", "replace.ready")


class Chaos(Case):
    def killed(self, instance, point, *arguments):
        """Runs the command, killed at the point. False when it never came there (and so ended well)."""
        result = instance.run(*arguments, env=environment(PECANCTL_FAILPOINT=point))
        self.assertIn(result.exit, (0, 137), f"{point}: {result}")
        return result.exit == 137

    def again(self, instance, *arguments):
        result = instance.run(*arguments)
        self.assertEqual(result.exit, 0, result)
        return result

    def check_world(self, instance, workers):
        """Exactly what an undisturbed run leaves: one running container per number, one network, no helper."""
        rows = docker("container", "ls", "-a", "--filter", f"label={LABEL}instance={instance.name}", "--format",
                      "{{.Label \"" + LABEL + "service\"}} {{.State}} {{.Label \"" + LABEL + "role\"}}")
        wanted = ["postgres running service", "rabbitmq running service", "dalec-net running holder"]
        wanted += ["dalec running worker"] * workers
        self.assertEqual(sorted(lines(rows)), sorted(wanted))
        self.assertEqual(labelled("network", instance.name), [instance.name])
        # The name of a volume with files ends in a digest of them.
        volumes = [re.sub("-files-[0-9a-f]{8}$", "-files", name) for name in labelled("volume", instance.name)]
        self.assertEqual(sorted(volumes),
                         sorted(f"{instance.name}-{key}" for key in
                                ("data", "postgres", "rabbitmq", "dalec-files", "postgres-files", "rabbitmq-files")))
        self.assertIn("already matches", self.again(instance, "deploy").out)

    def check_gone(self, instance):
        for kind, flags in (("container", ["-a"]), ("network", []), ("volume", [])):
            self.assertEqual(labelled(kind, instance.name, *flags), [])


class Lifecycle(Chaos):
    def test_deploy_and_destroy_killed_everywhere_converge(self):
        instance = self.instance()
        for point in FIRST_DEPLOY:
            with self.subTest(point):
                self.assertTrue(self.killed(instance, point, "deploy"), "the point was not reached")
        self.again(instance, "deploy")
        self.check_world(instance, 1)
        made = docker("exec", f"{instance.name}-dalec-1", "stat", "-c", "%n %u", "/data", "/data/workflows", "/data/dbfiles")
        self.assertEqual(lines(made), ["/data 1001", "/data/workflows 1001", "/data/dbfiles 1001"])
        for point in DESTROY:
            with self.subTest(point):
                self.assertTrue(self.killed(instance, point, "destroy", "--volumes", "--confirm", instance.name),
                                "the point was not reached")
        self.again(instance, "destroy", "--volumes", "--confirm", instance.name)
        self.check_gone(instance)

    def test_replacing_a_service_killed_anywhere_converges(self):
        shared = Shared()
        text = shared.file.read_text()
        self.addCleanup(shared.settle)
        self.addCleanup(shared.file.write_text, text)
        for number, point in enumerate(REPLACE):
            with self.subTest(point):
                shared.file.write_text(text + f"services: {{ postgres: {{ memory: {900 + number}MiB }} }}\n")
                self.assertTrue(self.killed(shared, point, "deploy"), "the point was not reached")
                self.again(shared, "deploy")
                self.check_world(shared, 1)


class Scale(Chaos):
    def setUp(self):
        self.shared = Shared()
        self.addCleanup(self.shared.settle)

    def each(self, points, before, after):
        for point in points:
            with self.subTest(point):
                self.again(self.shared, "scale", f"dalec={before}")
                self.assertTrue(self.killed(self.shared, point, "scale", f"dalec={after}"), "not reached")
                self.again(self.shared, "scale", f"dalec={after}")
                self.check_world(self.shared, after)

    def test_scaling_up_killed_anywhere_converges(self):
        self.each(SCALE_UP, 1, 4)

    def test_scaling_down_killed_anywhere_converges(self):
        self.each(SCALE_DOWN, 4, 1)

    def test_a_worker_left_frozen_is_found_by_the_next_command(self):
        for arguments, workers in ((["scale", "dalec=1"], 1), (["deploy"], 3)):
            with self.subTest(arguments):
                self.again(self.shared, "scale", "dalec=3")
                docker("pause", f"{self.shared.name}-dalec-2", f"{self.shared.name}-dalec-3")
                self.again(self.shared, *arguments)
                self.check_world(self.shared, workers)


if __name__ == "__main__":
    main()
