# SPDX-FileCopyrightText: the pecanctl authors
# SPDX-License-Identifier: BSD-3-Clause
"""Settings from flags, variables and files; validate and what it tells. Nothing that runs is needed."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import threading
import time
from pathlib import Path

import jsonschema
import yaml

from support import BINARY, SOURCE, Case, environment, finish, main, run, send, start, wait_until

CANARY = "canary0123456789abcdef"


class Folder(Case):
    def setUp(self):
        self.root = self.temp_folder()
        self.folder = self.root / "demo"
        self.assertEqual(run("init", self.folder).exit, 0)
        self.file = self.folder / "pecan.yml"

    def validate(self, *arguments, code=0, **options):
        return self.expect(run("validate", *arguments, **({"cwd": self.folder} | options)), code)

    def origins(self, *arguments, **options):
        (document,) = self.validate("--origins", "--json", *arguments, **options).records()
        return {row["key"]: (row["value"], row["origin"]) for row in document["origins"]}


class Precedence(Folder):
    """flag > PECANCTL_* > pecan.yml > the user's config.yml > /etc/pecanctl/config.yml > default"""

    def config(self, text, folder="config"):
        path = self.root / folder / "pecanctl" / "config.yml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def in_private_etc(self, text, *arguments, env):
        """As if /etc/pecanctl/config.yml were there: in a mount namespace of its own."""
        if os.geteuid() != 0:
            self.skipTest("needs root")
        script = ('mkdir -p "$0/etc" && cp -r /etc/passwd /etc/group "$0/etc/" && mkdir -p "$0/etc/pecanctl" && '
                  'printf %s "$1" > "$0/etc/pecanctl/config.yml" && mount --bind "$0/etc" /etc && shift && exec "$@"')
        done = subprocess.run(["unshare", "-m", "sh", "-c", script, str(self.root), text, str(Path(BINARY).resolve()),
                               *arguments], cwd=self.folder, env=env, capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        (document,) = [json.loads(line) for line in done.stdout.splitlines()]
        return {row["key"]: (row["value"], row["origin"]) for row in document["origins"]}

    def test_the_first_who_says_something_wins_and_is_named(self):
        own = self.config("lock_wait: 2m\ntimeout: 3m\n")
        env = environment(XDG_CONFIG_HOME=self.root / "config", PECANCTL_TIMEOUT="4m")
        found = self.origins(env=env)
        self.assertEqual(found["lock_wait"], ("2m", f"{own}:1:12"))
        self.assertEqual(found["timeout"], ("4m", "PECANCTL_TIMEOUT"))
        self.assertEqual(found["color"], ("auto", "default"))
        self.assertEqual(self.origins("--timeout", "5m", env=env)["timeout"], ("5m", "--timeout"))
        machine = self.in_private_etc("lock_wait: 9m\ncolor: never\n", "validate", "--origins", "--json", env=env)
        self.assertEqual(machine["lock_wait"], ("2m", f"{own}:1:12"))
        self.assertEqual(machine["color"], ("never", "/etc/pecanctl/config.yml:2:8"))

    def test_the_home_folder_is_used_and_none_is_fine(self):
        own = self.config("lock_wait: 2m\n", ".config")
        self.assertEqual(self.origins(env=environment(HOME=self.root))["lock_wait"], ("2m", f"{own}:1:12"))
        for home in (None, "", "/nonexistent", "/dev/null", "relative"):
            self.assertEqual(self.origins(env=environment(HOME=home))["lock_wait"], ("0s", "default"))

    def test_mistakes_in_a_configuration_file_have_places(self):
        own = self.config("lock_wiat: 2m\ncolor: blue\n")
        env = environment(XDG_CONFIG_HOME=self.root / "config")
        for arguments in (["validate"], ["deploy"], ["init", "other"]):
            result = self.expect(run(*arguments, cwd=self.folder, env=env), 3, f"{own}:1:1: error:", f"{own}:2:8: error:",
                                 "did you mean `lock_wait`?")
        self.golden("settings-file", result.err, (own, "CONFIG"))
        result = self.expect(run("deploy", "--json", cwd=self.folder, env=env), 3)
        self.assertEqual(result.records()[-1]["exit"], 3)

    def test_a_pipe_or_folder_in_its_place_is_an_error_and_no_trap(self):
        own = self.config("")
        own.unlink()
        env = environment(XDG_CONFIG_HOME=self.root / "config")
        for make in (os.mkfifo, os.mkdir):
            make(own)
            self.expect(run("validate", cwd=self.folder, env=env, timeout=10), 3, str(own), "it is not a file")
            own.unlink() if own.is_fifo() else own.rmdir()

    def test_a_wrong_variable_is_named(self):
        for name, value in (("PECANCTL_TIMEOUT", "soon"), ("PECANCTL_COLOR", "blue"), ("PECANCTL_JSON", "maybe")):
            self.expect(run("validate", cwd=self.folder, env=environment(**{name: value})), 2, name, value, "fix:")

    def test_file_instance_and_json_come_from_variables(self):
        other = self.root / "other.yml"
        shutil.copytree(self.folder / "secrets", self.root / "secrets")
        other.write_text(self.file.read_text().replace("name: demo", "name: other"))
        result = self.validate(cwd=self.root, env=environment(PECANCTL_FILE=other, PECANCTL_JSON="1"))
        self.assertEqual(json.loads(result.out)["instance"], "other")
        # A folder on the command line beats a file of the environment.
        result = self.validate("-C", self.folder, env=environment(PECANCTL_FILE=other))
        self.assertIn("instance demo", result.out)
        result = self.validate(env=environment(PECANCTL_INSTANCE="third"))
        self.assertIn("instance third", result.out)
        result = run("deplyo", env=environment(PECANCTL_JSON="1"))
        self.assertEqual(json.loads(result.out.splitlines()[-1])["exit"], 2)

    def test_a_configuration_file_names_the_file_for_all_other_places(self):
        self.config(f"file: {self.file}\n")
        env = environment(XDG_CONFIG_HOME=self.root / "config")
        self.assertIn("instance demo", self.validate(cwd="/", env=env).out)
        second = self.root / "second"
        self.assertEqual(run("init", second).exit, 0)
        self.assertIn("instance second", self.validate(cwd=second, env=env).out)

    def test_colour_is_forced_and_forbidden_by_the_usual_variables(self):
        self.file.write_text("name: demo\n")
        for variables, has_color in (({"FORCE_COLOR": "1"}, True), ({"CLICOLOR_FORCE": "1"}, True),
                                     ({"FORCE_COLOR": "0"}, False), ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
                                     ({"PECANCTL_COLOR": "always", "NO_COLOR": "1"}, True), ({}, False)):
            result = self.expect(run("validate", cwd=self.folder, env=environment(**variables)), 3)
            self.assertEqual("\x1b[" in result.err, has_color, variables)
        self.assertNotIn("\x1b[", run("validate", "--color", "never", cwd=self.folder,
                                      env=environment(FORCE_COLOR="1")).err)


class Conflicts(Folder):
    """A setting of ours and a variable of Docker or Consul that say different things: neither is guessed."""

    def test_two_consuls_are_named(self):
        self.file.write_text(self.file.read_text() + 'consul: { address: "http://127.0.0.1:1" }\n')
        env = environment(CONSUL_HTTP_ADDR="127.0.0.1:2", DOCKER_HOST="unix:///absent")
        result = self.expect(run("deploy", cwd=self.folder, env=env), 2, str(self.file), "http://127.0.0.1:1",
                             "CONSUL_HTTP_ADDR", "http://127.0.0.1:2", "fix:")
        self.golden("consul-conflict", result.err, (self.folder, "DIR"))
        # The same one twice is none.
        env = environment(CONSUL_HTTP_ADDR="127.0.0.1:1", DOCKER_HOST="unix:///absent")
        self.expect(run("deploy", cwd=self.folder, env=env), 4, "127.0.0.1:1")

    def test_two_dockers_are_named(self):
        env = environment(PECANCTL_DOCKER_HOST="unix:///one", DOCKER_HOST="unix:///two")
        self.expect(run("deploy", cwd=self.folder, env=env), 2, "PECANCTL_DOCKER_HOST", "unix:///one", "DOCKER_HOST",
                    "unix:///two", "fix:")
        env = environment(PECANCTL_DOCKER_HOST="unix:///one", DOCKER_HOST=None)
        self.expect(run("deploy", cwd=self.folder, env=env), 4, "/one")
        env = environment(PECANCTL_DOCKER_HOST="tcp://one:1", DOCKER_HOST=None)
        self.expect(run("deploy", cwd=self.folder, env=env), 2, "PECANCTL_DOCKER_HOST", "only unix://")

    def test_other_kinds_of_consul_address_are_refused(self):
        env = environment(CONSUL_HTTP_ADDR="unix:///run/consul.sock", DOCKER_HOST="unix:///absent")
        self.expect(run("deploy", cwd=self.folder, env=env), 2, "CONSUL_HTTP_ADDR=unix:///run/consul.sock", "fix:")


class Streams(Folder):
    """--file of what is no file."""

    def test_standard_input(self):
        result = run("validate", "--file", "-", cwd=self.folder, stdin=self.file.read_text())
        self.assertIn("instance demo", self.expect(result, 0).out)
        result = run("validate", "--file", "-", cwd=self.folder, stdin="name: demo\nnaem: x\n")
        self.expect(result, 3, "<stdin>:2:1: error:")
        # The folder is ours, or the one that is named: secrets are there.
        result = run("validate", "--file", "-", "-C", self.folder, stdin=self.file.read_text())
        self.expect(result, 0)
        self.expect(run("validate", "--file", "-", cwd=self.folder, stdin="x" * 2_000_000), 3, "larger than")

    def test_a_pipe_that_is_written_to(self):
        done = subprocess.run(["bash", "-c", '"$1" validate --file <(sleep 0.2; cat pecan.yml)', "bash", BINARY],
                              cwd=self.folder, env=environment(), capture_output=True, text=True, timeout=20,
                              check=False)
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_a_pipe_that_nobody_writes_to_is_given_up_on(self):
        pipe = self.folder / "pipe"
        os.mkfifo(pipe)
        result = self.expect(run("validate", "--file", pipe, "--timeout", "1s", cwd=self.folder, timeout=10), 6,
                             "pipe", "nobody writes", "fix:")
        self.assertGreater(result.seconds, 0.9)
        self.assertLess(result.seconds, 5)
        process = start("validate", "--file", pipe, cwd=self.folder)
        time.sleep(0.5)
        send(process, signal.SIGINT)
        result = finish(process, 5)
        self.assertEqual(result.exit, 130)
        self.assertLess(result.seconds, 2)


class Offline(Folder):
    def test_validate_touches_no_socket(self):
        touched = []

        def listen(listener, name):
            def wait():
                try:
                    while True:
                        listener.accept()[0].close()
                        touched.append(name)
                except OSError:
                    pass
            listener.listen()
            threading.Thread(target=wait, daemon=True).start()

        with socket.socket(socket.AF_UNIX) as docker, socket.socket() as consul:
            docker.bind(str(self.root / "docker.sock"))
            consul.bind(("127.0.0.1", 0))
            listen(docker, "docker")
            listen(consul, "consul")
            env = environment(DOCKER_HOST=f"unix://{self.root}/docker.sock",
                              CONSUL_HTTP_ADDR="127.0.0.1:%d" % consul.getsockname()[1])
            for arguments in ([], ["--print"], ["--origins"], ["--schema"], ["--print", "--origins", "--json"],
                              ["-i", "other"], ["--print", "-i", "other"]):
                self.validate(*arguments, env=env)
            self.expect(run("validate", "-i", "other", cwd="/", env=env), 9, "cannot find pecan.yml")
            self.assertEqual(touched, [])
            for command in (["deploy", "-n"], ["status"]):  # these do
                run(*command, cwd=self.folder, env=env)
            wait_until(lambda: set(touched) == {"docker", "consul"}, 10)

    def test_validate_makes_no_network_call(self):
        trace = self.root / "trace"
        subprocess.run(["strace", "-f", "-e", "trace=%network", "-o", str(trace), str(Path(BINARY).resolve()), "validate",
                        "--print"], cwd=self.folder, env=environment(ASAN_OPTIONS="detect_leaks=0"), check=True,
                       capture_output=True, timeout=60)
        calls = [line for line in trace.read_text().splitlines() if re.search(r"\b(socket|connect|sendto)\(", line)]
        self.assertEqual(calls, [])


class Print(Folder):
    TEXT = """pecan: ${RELEASE:-1.8.0}
name: demo
profile: core
data: ./data
models:
  dalec: { replicas: 2, max_runtime: 12h }
  sipnet: { memory: 4GiB, cpus: 1.5 }
  mine: { type: "on", version: "1", image: "registry.example.org/mine:1", worker: pecan }
  odd: { type: "a#b: c"  , version: "2.0", image: 'x"y\\z$$a' }
services:
  postgres: { memory: 3GiB, port: 5433 }
secrets:
  bety: { env: BETY }
consul: { address: "http://127.0.0.1:8500" }
images: build
"""

    def setUp(self):
        super().setUp()
        self.env = environment(RELEASE="1.9.0", BETY=CANARY)

    def test_it_parses_again_to_the_same(self):
        for text in (self.file.read_text(), self.TEXT.replace('type: "a#b: c"', 'type: ab').replace("'x\"y\\z$$a'", "'x:y'")):
            self.file.write_text(text)
            first = self.validate("--print", env=self.env).out
            self.file.write_text(first)
            bare = environment(BETY=CANARY)
            self.assertEqual(self.validate("--print", env=bare).out, first)
            self.assertEqual(yaml.safe_load(first)["name"], "demo")

    def test_defaults_variables_and_flags_are_filled_in(self):
        self.file.write_text(self.TEXT.replace('type: "a#b: c"', "type: ab"))
        result = yaml.safe_load(self.validate("--print", "-i", "other", env=self.env).out)
        self.assertEqual((result["pecan"], result["name"], result["engine"]), ("1.9.0", "other", "docker"))
        self.assertEqual(result["models"]["dalec"], {"replicas": 2, "max_runtime": "12h", "network": "shared",
                                                     "type": "DALEC", "version": "1.0", "worker": "pecan", "memory": "2GiB"})
        self.assertEqual(result["models"]["odd"]["image"], 'x"y\\z$$a')
        self.assertEqual(result["secrets"]["postgres"], {"file": "secrets/postgres"})

    def test_json_is_the_same_and_has_the_schema(self):
        self.file.write_text(self.TEXT.replace('type: "a#b: c"', "type: ab"))
        (document,) = self.validate("--print", "--json", env=self.env).records()
        self.assertEqual((document["type"], document["instance"]), ("validate", "demo"))
        jsonschema.Draft202012Validator(schema_of_files()).validate(document["resolved"])
        self.assertEqual(document["resolved"]["models"]["sipnet"]["cpus"], 1.5)

    def test_origins_name_places_variables_flags_and_defaults(self):
        self.file.write_text(self.TEXT.replace('type: "a#b: c"', "type: ab"))
        found = self.origins("-i", "other", env=self.env)
        self.assertEqual(found["pecan"], ("1.9.0", f"{self.file}:1:8, from RELEASE"))
        self.assertEqual(found["name"], ("other", "--instance"))
        self.assertEqual(found["models.dalec.replicas"], ("2", f"{self.file}:6:22"))
        self.assertEqual(found["engine"], ("docker", "default"))
        found = self.origins(env=environment(BETY=CANARY, PECANCTL_CONSUL_ADDRESS="http://127.0.0.1:9"))
        self.assertEqual(found["consul.address"], ("http://127.0.0.1:9", "PECANCTL_CONSUL_ADDRESS"))
        self.assertEqual(found["pecan"], ("1.8.0", f"{self.file}:1:8"))

    def test_no_secret_is_shown(self):
        (self.folder / "secrets" / "postgres").write_text(CANARY)
        self.file.write_text("pecan: 1.8.0\nname: demo\nprofile: core\nmodels: { dalec: {} }\n"
                             'data: "./${WHERE}"\nconsul: { address: "http://ann:swordfish@127.0.0.1:8500" }\n')
        for arguments in (["--print"], ["--origins"], ["--print", "--origins", "--json"]):
            result = self.validate(*arguments, env=environment(WHERE=f"data-{CANARY}"))
            self.assertNotIn(CANARY, result.out + result.err)
            self.assertNotIn("swordfish", result.out + result.err)
            self.assertIn("‹secret›", json.loads(result.out)["resolved"]["data"] if "--json" in arguments else result.out)

    def test_mistakes_of_all_kinds_are_told_together_and_the_count_last(self):
        self.file.write_text("pecan: ${UNSET}\nname: Demo\nprofile: cor\nmodels: { dalek: {}, dalec: { replica: 1 } }\n")
        for arguments in ([], ["--print"], ["--origins"]):
            result = self.validate(*arguments, code=3)
            places = re.findall(r"^pecan.yml:(\d+):", result.err, re.M)
            self.assertEqual(places, ["1", "2", "3", "4", "4"])
            self.assertIn("5 errors. Nothing was changed", result.err.splitlines()[-1])
            self.assertEqual(result.out, "")


def schema_of_files():
    result = run("validate", "--schema", cwd="/")
    assert result.exit == 0, result
    schema = json.loads(result.out)
    jsonschema.Draft202012Validator.check_schema(schema)
    return schema


class Schema(Folder):
    def test_it_needs_no_file_and_is_one_document_with_json(self):
        (document,) = self.expect(run("validate", "--schema", "--json", cwd="/"), 0).records()
        self.assertEqual(document["schema"], schema_of_files())

    def test_it_takes_what_is_right(self):
        validator = jsonschema.Draft202012Validator(schema_of_files())
        readme = re.findall(r"```yaml\n(pecan: .*?)```", (SOURCE / "README.md").read_text(), re.S)
        self.assertGreaterEqual(len(readme), 1)
        smallest = "{pecan: 1.8.0, name: demo, models: {sipnet: {}}}"
        for text in (self.file.read_text(), smallest, Print.TEXT, *readme):
            validator.validate(yaml.safe_load(text))

    def test_it_refuses_what_validate_refuses(self):
        validator = jsonschema.Draft202012Validator(schema_of_files())
        base = "pecan: 1.8.0\nname: demo\nprofile: core\n"
        for text in ("name: demo\n", base + "naem: x\n", base + "models: { dalec: { replica: 2 } }\n",
                     base + "models: { dalec: { replicas: -1 } }\n", base + "models: { dalec: { replicas: two } }\n",
                     base + "models: { dalec: { max_runtime: soon } }\n", base + "models: { dalec: { memory: 2XB } }\n",
                     base + "engine: swarm\n", base + "sync: { max_age: soon }\n", base + "images: maybe\n",
                     base + "secrets: { postgres: { command: x } }\n", "- a\n", "42\n", base.replace("core", "cor")):
            self.assertFalse(validator.is_valid(yaml.safe_load(text)), text)
            self.file.write_text(text)
            self.validate(code=3)


if __name__ == "__main__":
    main()
