# SPDX-FileCopyrightText: the pecanctl authors
# SPDX-License-Identifier: BSD-3-Clause
"""Run folders in an instance's /data, made and read through Docker as an outsider would."""

import io
import json
import subprocess
import tarfile

from support import SOURCE, docker, lines, service

WORKER = 1001  # the user of pecan-worker's containers
EXAMPLE = SOURCE / "templates" / "models" / "dalec"


def _add(archive, path, content=None, mode=0o755):
    entry = tarfile.TarInfo(path)
    entry.type = tarfile.DIRTYPE if content is None else tarfile.REGTYPE
    entry.mode, entry.uid, entry.gid, entry.size = mode, WORKER, WORKER, len(content or b"")
    archive.addfile(entry, io.BytesIO(content) if content is not None else None)


def make(instance, workflow, count, script=None):
    """Makes run folders workflows/<workflow>/run/<number>; without `script` each is a DALEC run. Their names."""
    files = {"job.sh": script.encode()} if script is not None else {
        "job.sh": (EXAMPLE / "job.sh").read_bytes(), "drivers.csv": (EXAMPLE / "example" / "drivers.csv").read_bytes(),
        "parameters.csv": (EXAMPLE / "example" / "parameters.csv").read_bytes()}
    buffer = io.BytesIO()
    folders = [f"workflows/{workflow}/run/{number:05}" for number in range(1, count + 1)]
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        _add(archive, f"workflows/{workflow}")
        _add(archive, f"workflows/{workflow}/run")
        for folder in folders:
            _add(archive, folder)
            for name, content in files.items():
                _add(archive, f"{folder}/{name}", content)
    put(instance, buffer.getvalue())
    return folders


def put_file(instance, path, text):
    """Writes a file in /data, whose folder is there."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        _add(archive, path, text.encode(), 0o644)
    put(instance, buffer.getvalue())


def put(instance, archive):
    helper = docker("create", "-v", f"{instance.name}-data:/data", "--network", "none", "pecanctl/model-dalec:1.0")
    try:
        subprocess.run(["docker", "-H", f"unix://{service('PECANCTL_TEST_DOCKER')}", "cp", "-", f"{helper}:/data"],
                       input=archive, check=True, capture_output=True, timeout=60)
    finally:
        docker("rm", helper)


def runs(instance):
    """What is known of each run, by its id."""
    result = instance.run("status", "--jobs", "--json")
    assert result.exit == 0, result
    return {row["run"]: row for row in json.loads(result.out)["runs"]}


def end_runs(instance):
    """Ends the runs that nobody waits for: other cases may have left some."""
    for run in [run for run, row in runs(instance).items() if not row["is_over"]]:
        instance.run("run", "--cancel", run)
        instance.run("run", "--attach", run)
        left = runs(instance).get(run)  # the case that it belongs to may have removed it meanwhile
        assert left is None or left["is_over"], run


def read(instance, path):
    """Lines of a file in /data."""
    return lines(docker("exec", f"{instance.name}-dalec-1", "cat", f"/data/{path}", check=False))


def remove(instance, workflow):
    docker("exec", f"{instance.name}-dalec-1", "rm", "-rf", f"/data/workflows/{workflow}", check=False)
