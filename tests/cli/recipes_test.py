# SPDX-FileCopyrightText: the pecanctl authors
# SPDX-License-Identifier: BSD-3-Clause
"""The README's recipes, run as they are written there: no home, no terminal, hardly a variable."""

import json
import re
import secrets
import subprocess
from pathlib import Path

import jobs
from support import BINARY, SOURCE, Case, forget, labelled, main, remove_all, run, service

# The machine of a recipe: pecanctl installed, Docker at its usual place, the instance where the recipe has it.
MACHINE = """
  mount -t tmpfs recipe /usr/local/bin && ln -s "$1" /usr/local/bin/pecanctl
  mount -t tmpfs recipe /run && touch /run/docker.sock && mount --bind "$2" /run/docker.sock
  mount -t tmpfs recipe /srv && mkdir -p /srv/pecan/demo && mount --bind "$3" /srv/pecan/demo
  cd "$4"
  shift 4
  exec env -i "$@"
"""


def recipes(language):
    """The fenced blocks of a language below "Recipes"."""
    part = (SOURCE / "README.md").read_text().split("\n## Recipes\n")[1].split("\n## ")[0]
    return re.findall(rf"^```{language}\n(.*?)^```$", part, re.M | re.S)


class Recipes(Case):
    def on_machine(self, folder, command, *variables, cwd="/"):
        """A shell's exit code and all that it said."""
        done = subprocess.run(
            ["unshare", "--mount", "--propagation", "private", "sh", "-euc", MACHINE, "sh", Path(BINARY).resolve(),
             service("PECANCTL_TEST_DOCKER"), folder, cwd, *variables, *command],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=170, check=False,
            start_new_session=True)
        return done.returncode, done.stdout + done.stderr

    def test_cron(self):
        block, = recipes("cron")
        lines = [line for line in block.splitlines() if line and not line.startswith("#")]
        variables = [line for line in lines if re.match(r"[A-Z]+=", line)]
        # minute hour day month weekday user command, or @reboot user command
        jobs_of_cron = [re.match(r"(@reboot|\S+ +\S+ +\S+ +\S+ +\S+) +root +(.*)$", line) for line in lines
                        if line not in variables]
        self.assertEqual(len(jobs_of_cron), 4, "every line is one of cron's")
        look, pull, start, nightly = (match[2] for match in jobs_of_cron)
        instance = self.instance()

        def cron(command):
            return self.on_machine(instance.folder, ["/bin/sh", "-c", command], *variables)

        code, told = cron(look)
        self.assertIn(code, (9, 10), "it does not run yet")
        self.assertIn("error:", told)
        self.assertEqual(cron(start), (0, ""))
        self.assertEqual(cron(look), (0, ""), "no mail while all is well")
        self.assertEqual(cron(pull.replace("--jitter 5m", "--jitter 1s")), (0, ""), "no mail while no site offers anything")
        folders = jobs.make(instance, "nightly", 2)
        self.assertEqual(cron(nightly), (0, ""))
        for folder in folders:
            self.assertEqual(jobs.read(instance, f"{folder}/rabbitmq.out")[-1], "OK")

    def test_a_script_that_goes_on_by_the_exit_code(self):
        script, = recipes("sh")
        instance = self.instance()
        path = ["PATH=/usr/local/bin:/usr/bin:/bin"]
        code, told = self.on_machine(instance.folder, ["/bin/sh", "-eu", "-c", script], *path)
        self.assertEqual(code, 0, told)
        self.assertEqual(set(instance.containers().values()), {"running"})
        code, told = self.on_machine(instance.folder, ["/bin/sh", "-eu", "-c", script], *path)
        self.assertEqual((code, told.splitlines()[-1]), (0, "as pecan.yml wants it"))

    def test_ci(self):
        block, = recipes("yaml")
        steps = re.findall(r"run: (.*)$", block, re.M)
        self.assertEqual([step.split("}} ")[1].split()[0] for step in steps], ["deploy", "run", "destroy"])
        number = str(secrets.randbelow(10**9))
        name = f"ci-{number}"
        workspace = self.temp_folder()
        self.addCleanup(forget, name)
        self.addCleanup(remove_all, name)
        self.assertEqual(run("init", workspace, "--name", "repository", "--models", "dalec", "--data", "./data").exit, 0)
        inputs = workspace / "data" / "tests" / "niwot"
        inputs.mkdir(parents=True)
        for file in (jobs.EXAMPLE / "example").iterdir():
            (inputs / file.name).write_bytes(file.read_bytes())
        (inputs / "job.sh").write_bytes((jobs.EXAMPLE / "job.sh").read_bytes())
        (inputs / "job.sh").chmod(0o755)
        subprocess.run(["chown", "-R", f"{jobs.WORKER}:{jobs.WORKER}", workspace / "data"], check=True)

        def step(text):
            command = text.replace("${{ github.run_id }}", number)
            self.assertNotIn("${{", command)
            return self.on_machine(workspace, ["bash", "-e", "-c", command], "PATH=/usr/local/bin:/usr/bin:/bin",
                                   "CI=true", "GITHUB_ACTIONS=true", cwd=workspace)

        for text in steps[:2]:
            code, told = step(text)
            self.assertEqual(code, 0, told)
        self.assertIn("1 OK, 0 ERROR", told)
        last = json.loads((workspace / "deploy.jsonl").read_text().splitlines()[-1])
        self.assertEqual((last["type"], last["ok"], last["exit"]), ("result", True, 0))
        code, told = step(steps[2])
        self.assertEqual(code, 0, told)
        for kind, flags in (("container", ["-a"]), ("network", []), ("volume", [])):
            self.assertEqual(labelled(kind, name, *flags), [])


if __name__ == "__main__":
    main()
