# SPDX-FileCopyrightText: the pecanctl authors
# SPDX-License-Identifier: BSD-3-Clause
"""What the black-box tests share: the program, instances that clean up after themselves, Docker, golden texts.

The tests see only what an operator sees: arguments, exit code, output, and what runs afterwards. CTest sets
PECANCTL_BINARY, PECANCTL_SOURCE and PECANCTL_TEST_STATE; scripts/services the rest (tests/support/services.hpp). Each
folder in PECANCTL_TEST_SERVICES is a machine: a set of services; CTest gives a case that needs one for itself one that
is free. With PECANCTL_ACCEPT=1 golden texts are written instead of compared.
"""

import ctypes
import json
import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path
from typing import NamedTuple

from schemas import Program

BINARY = os.environ.get("PECANCTL_BINARY", "build/dev/pecanctl")
SOURCE = Path(os.environ.get("PECANCTL_SOURCE", "."))
LABEL = "org.pecanproject.pecanctl."
MACHINE = "pecanctl"  # the instance of the machine's own services: Consul
SKIPPED = 77
NOBODY = 65534


class Result(NamedTuple):
    exit: int
    out: str
    err: str
    seconds: float

    def records(self):
        """The JSON Lines of stdout. Fails when one of them is none."""
        return [json.loads(line) for line in self.out.splitlines()]


def service(variable):
    """A variable of scripts/services. Without it: skipped, or failed where services are required."""
    if value := os.environ.get(variable):
        return value
    print(f"{variable} is not set: start the services with scripts/services", file=sys.stderr)
    os._exit(1 if os.environ.get("PECANCTL_REQUIRE_SERVICES") == "1" else SKIPPED)


def machine_folder(machine):
    """Where the services of a machine are."""
    return Path(service("PECANCTL_TEST_SERVICES")) / machine


def use_machine(machine):
    """From here on the services are those of `machine`."""
    text = (machine_folder(machine) / "environment").read_text()
    os.environ.update(re.findall(r"^export (\w+)=(.*)$", text, re.MULTILINE))
    Shared.state = Path(os.environ["PECANCTL_TEST_STATE"]) / machine


def environment(**changes):
    """A small environment that is the same everywhere; None removes a variable."""
    base = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "LANG": "C.UTF-8", "TERM": "xterm"}
    for name in ("PECANCTL_TEMPLATES", "ASAN_OPTIONS", "TSAN_OPTIONS"):
        if name in os.environ:
            base[name] = os.environ[name]
    if socket := os.environ.get("PECANCTL_TEST_DOCKER"):
        base["DOCKER_HOST"] = f"unix://{socket}"
    base.update(changes)
    return {name: str(value) for name, value in base.items() if value is not None}


def _die_with_parent():
    """A test that CTest kills must not leave a pecanctl that holds a lock."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


def start(*arguments, cwd=None, env=None, binary=BINARY, **options):
    """The program, running: for tests that signal it or race it. With --json each line is held against its schema."""
    streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE,
               "preexec_fn": _die_with_parent}
    return Program([str(binary), *map(str, arguments)], cwd=cwd or "/", env=env or environment(),
                            text=True, errors="replace", start_new_session=True, **(streams | options))


def finish(process, timeout=180, stdin=None):
    begun = time.monotonic()
    try:
        out, err = process.communicate(stdin, timeout)
    except subprocess.TimeoutExpired:
        process.kill()
        out, err = process.communicate()
        raise AssertionError(f"still running after {timeout} s\n{out}\n{err}") from None
    code = process.returncode
    return Result(128 - code if code < 0 else code, out or "", err or "", time.monotonic() - begun)


def run(*arguments, cwd=None, env=None, stdin=None, timeout=180, **options):
    """The program, ended. stdin: text, or nothing (/dev/null)."""
    if stdin is not None:
        options["stdin"] = subprocess.PIPE
    return finish(start(*arguments, cwd=cwd, env=env, **options), timeout, stdin)


def docker(*arguments, check=True, merged=False, **options):
    """Docker's own client, asked by an outsider. Its stdout, with stderr in it when `merged`."""
    done = subprocess.run(["docker", "-H", f"unix://{service('PECANCTL_TEST_DOCKER')}", *map(str, arguments)],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT if merged else subprocess.PIPE,
                          text=True, timeout=120, check=False, **options)
    if check and done.returncode != 0:
        raise AssertionError(f"docker {' '.join(map(str, arguments))}: {done.stderr or done.stdout}")
    return done.stdout.strip()


def lines(text):
    return [line for line in text.splitlines() if line]


def wait_until(condition, seconds=60, what="it"):
    """Repeats `condition` until it gives something true, and returns that. Pauses as long as a look takes: many start a
    program, and those who wait must not keep the processors from what they wait for."""
    end = time.monotonic() + seconds
    while True:
        begun = time.monotonic()
        if found := condition():
            return found
        now = time.monotonic()
        if now > end:
            raise AssertionError(f"{what} did not happen within {seconds} s")
        time.sleep(min(max(0.05, now - begun), 0.5))


def labelled(kind, name, *flags):
    """Names of the containers, networks or volumes that carry an instance's label."""
    field = {"container": ".Names"}.get(kind, ".Name")
    return sorted(lines(docker(kind, "ls", *flags, "--filter", f"label={LABEL}instance={name}",
                               "--format", f"{{{{{field}}}}}")))


def containers(name):
    """Container name -> state, of an instance."""
    rows = docker("container", "ls", "-a", "--filter", f"label={LABEL}instance={name}",
                  "--format", "{{.Names}} {{.State}}")
    return dict(row.split() for row in lines(rows))


def snapshot():
    """All objects on the engine that carry no label of ours, with what would show that they were touched."""
    world = {}
    for kind, ids in (("container", docker("container", "ls", "-aq", "--no-trunc")),
                      ("network", docker("network", "ls", "-q", "--no-trunc")),
                      ("volume", docker("volume", "ls", "-q"))):
        for item in lines(ids):
            details = json.loads(docker(kind, "inspect", item))[0]
            labels = details.get("Labels") or details.get("Config", {}).get("Labels") or {}
            if f"{LABEL}instance" not in labels:
                state = details.get("State", {})
                world[kind, item] = (state.get("Status"), state.get("StartedAt"), labels)
    return world


def remove_all(name):
    """Removes what carries an instance's label, whatever state it is in."""
    for kind, flags in (("container", ["-a"]), ("network", []), ("volume", [])):
        if found := labelled(kind, name, *flags):
            docker(kind, "rm", *(["-f"] if kind != "network" else []), *found, check=False)


def forget(name):
    """Removes what pecanctl remembers of an instance on this machine."""
    shutil.rmtree(f"/var/lib/pecanctl/{name}", ignore_errors=True)


class Instance:
    """A folder with a fresh pecan.yml. remove() leaves nothing of it behind."""

    def __init__(self, name=None, *init_arguments):
        self.name = name or f"t{secrets.token_hex(4)}"
        self.root = Path(tempfile.mkdtemp(prefix="pecanctl-cli."))
        self.folder = self.root / self.name
        result = run("init", self.name, *init_arguments, cwd=self.root)
        assert result.exit == 0, result
        self.file = self.folder / "pecan.yml"

    def run(self, *arguments, **options):
        return run(*arguments, cwd=self.folder, **options)

    def start(self, *arguments, **options):
        return start(*arguments, cwd=self.folder, **options)

    def edit(self, old, new):
        text = self.file.read_text()
        assert old in text, text
        self.file.write_text(text.replace(old, new))

    def secret(self, name):
        return (self.folder / "secrets" / name).read_text().strip()

    def containers(self):
        return containers(self.name)

    def remove(self):
        remove_all(self.name)
        shutil.rmtree(self.root, ignore_errors=True)
        forget(self.name)


class Case(unittest.TestCase):
    """Adds what all cases ask: an exit code with its words, and golden texts."""

    maxDiff = None

    def instance(self, *init_arguments):
        made = Instance(None, *init_arguments)
        self.addCleanup(made.remove)
        return made

    def temp_folder(self):
        folder = Path(tempfile.mkdtemp(prefix="pecanctl-cli."))
        self.addCleanup(shutil.rmtree, folder, True)
        return folder

    def expect(self, result, code, *words):
        """The exit code, and what stderr has to say: what, why, fix."""
        self.assertEqual(result.exit, code, f"\n--- stdout\n{result.out}\n--- stderr\n{result.err}")
        for word in words:
            self.assertIn(word, result.err)
        if code not in (0, 130, 143) and "Traceback" not in result.err:
            self.assertRegex(result.err, rf"exit {code}[],]", "an error tells its exit code")
            plain = re.sub(r"\x1b\[[0-9;]*m", "", result.err)
            self.assertRegex(plain, r"(?m)^fix: \S|^ +\| \s*\^", "an error tells what to do")
        return result

    def golden(self, name, text, *replacements):
        """Compares with tests/golden/<name>.txt, after what differs between runs was replaced."""
        for old, new in replacements:
            text = text.replace(str(old), new)
        text = re.sub(r"\b[0-9a-f]{64}\b|\b[0-9a-f]{12}\b", "ID", text)
        text = re.sub(r"\d\d:\d\d:\d\dZ", "TIME", text)
        path = SOURCE / "tests" / "golden" / f"{name}.txt"
        if os.environ.get("PECANCTL_ACCEPT") == "1":
            path.write_text(text)
        self.assertEqual(text, path.read_text() if path.exists() else "(no golden text yet)")


class Shared:
    """The instance that the fixture deploys once; cases leave it as they found it."""

    state = Path("/nonexistent")

    def __init__(self):
        service("PECANCTL_TEST_DOCKER")
        self.folder = Path((self.state / "shared").read_text().strip())
        self.name = self.folder.name
        self.file = self.folder / "pecan.yml"

    run = Instance.run
    start = Instance.start
    secret = Instance.secret
    containers = Instance.containers

    def container(self, service_name, number=1):
        return f"{self.name}-{service_name}-{number}"

    def settle(self):
        """Back to one worker, everything up."""
        result = self.run("deploy", timeout=180)
        assert result.exit == 0, result
        result = self.run("scale", "dalec=1", timeout=180)
        assert result.exit == 0, result


if chosen := re.match(r"id:(\w+)", os.environ.get("CTEST_RESOURCE_GROUP_0_MACHINES", "")):
    use_machine(chosen[1])


def send(process, number=signal.SIGINT):
    os.kill(process.pid, number)


def main():
    unittest.main(verbosity=1)
