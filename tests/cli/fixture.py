# SPDX-FileCopyrightText: the pecanctl authors
# SPDX-License-Identifier: BSD-3-Clause
"""The instance that the cases share on a machine: fixture.py up|down MACHINE.

`up` builds the images where they are missing and deploys it, `down` destroys it. Machines that do not run are let be.
"""

import shutil
import subprocess
import sys
from pathlib import Path

from support import Instance, MACHINE, Shared, forget, labelled, lines, machine_folder, remove_all, run, service, use_machine

FIRST = "a"  # it builds the images; building them once more costs minutes


def images():
    return Path(service("PECANCTL_TEST_SERVICES")) / "images.tar"


def engine(*words):
    return subprocess.run(["docker", "-H", f"unix://{service('PECANCTL_TEST_DOCKER')}", *map(str, words)], timeout=300,
                          check=True, stdout=subprocess.PIPE, text=True).stdout


def give_images():
    listed = lines(engine("image", "ls", "--filter", "reference=pecanctl/*", "--format", "{{.Repository}}:{{.Tag}}"))
    engine("save", "-o", images(), *listed)


def up(machine):
    Shared.state.mkdir(parents=True, exist_ok=True)
    if (Shared.state / "shared").exists():
        down(machine)  # of an interrupted run
    if machine != FIRST:
        engine("load", "-q", "-i", images())
    instance = Instance()
    (Shared.state / "shared").write_text(str(instance.folder))
    result = instance.run("deploy", timeout=600)
    print(result.err, result.out)
    if machine == FIRST and machine_folder("b").exists():
        give_images()
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
