# SPDX-FileCopyrightText: the pecanctl authors
# SPDX-License-Identifier: BSD-3-Clause
"""The instance that the cases share on a machine: fixture.py up|down MACHINE.

`up` deploys it, `down` destroys it. Machines that do not run are let be. The first machine has the images of the services
built as a deploy builds them; it takes minutes, so that the others, and later runs, load what it saved.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from support import (Instance, MACHINE, SOURCE, Shared, forget, labelled, lines, machine_folder, remove_all, run, service,
                     use_machine)

FIRST = "a"


def saved_images():
    """One file for each state of the recipes, among the tests' other downloads."""
    digest = hashlib.sha256()
    for path in sorted((SOURCE / "templates/images").rglob("*")):
        digest.update(f"{path.relative_to(SOURCE)}\n".encode() + (path.read_bytes() if path.is_file() else b""))
    return Path(os.environ.get("XDG_CACHE_HOME", "/var/cache")) / "pecanctl-tests" / f"images-{digest.hexdigest()[:12]}.tar"


def engine(*words):
    return subprocess.run(["docker", "-H", f"unix://{service('PECANCTL_TEST_DOCKER')}", *map(str, words)], timeout=300,
                          check=True, stdout=subprocess.PIPE, text=True).stdout


def built_images():
    """Name -> id, of those that hold no program of this build."""
    names = {folder.name for folder in (SOURCE / "templates/images").iterdir()} - {"holder"}
    listed = dict(line.split() for line in lines(engine("image", "ls", "--format", "{{.Repository}}:{{.Tag}} {{.ID}}")))
    return {name: image for name, image in listed.items()
            if name.startswith("pecanctl/") and name.removeprefix("pecanctl/").split(":")[0] in names}


def save_images(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    engine("save", "-o", path.with_suffix(".new"), *built_images())
    path.with_suffix(".new").rename(path)
    for old in set(path.parent.glob("images-*")) - {path}:
        old.unlink()


def up(machine):
    Shared.state.mkdir(parents=True, exist_ok=True)
    if (Shared.state / "shared").exists():
        down(machine)  # of an interrupted run
    saved = saved_images()
    if saved.exists():
        engine("load", "-q", "-i", saved)
    before = built_images()
    instance = Instance()
    (Shared.state / "shared").write_text(str(instance.folder))
    result = instance.run("deploy", timeout=600)
    print(result.err, result.out)
    if machine == FIRST and built_images() != before:  # a saved one may be out of date, too
        save_images(saved)
    return result.exit


def down(_machine):
    shared = Shared()
    result = run("destroy", "-i", shared.name, "--volumes", "--now", "--confirm", shared.name, timeout=100)
    print(result.err, result.out)
    left = [name for kind in ("container", "network", "volume") for instance in (shared.name, MACHINE)
            for name in labelled(kind, instance, *(["-a"] if kind == "container" else []))]
    print("left behind:", left)
    for name in (shared.name, MACHINE):
        remove_all(name)
    forget(shared.name)
    shutil.rmtree(shared.folder.parent, ignore_errors=True)
    (Shared.state / "shared").unlink()
    return result.exit or bool(left)


def main(step, machine):
    if not machine_folder(machine).exists():
        print(f"machine {machine} does not run")
        return 0
    use_machine(machine)
    return {"up": up, "down": down}[step](machine)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
