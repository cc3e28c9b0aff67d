# SPDX-FileCopyrightText: the pecanctl authors
# SPDX-License-Identifier: BSD-3-Clause
"""What the benchmarks share: Docker Compose to compare with, and containers of ours in its words."""
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path


def docker_socket():
    given = os.environ.get("DOCKER_HOST") or os.environ.get("PECANCTL_TEST_DOCKER")
    return (given or "/var/run/docker.sock").removeprefix("unix://")


def fetch_compose():
    """The program of Debian's package docker-compose (v2), from the suite after this one."""
    cache = Path(os.environ.get("XDG_CACHE_HOME", "/var/cache")) / "pecanctl-tests"
    program = cache / "compose/usr/libexec/docker/cli-plugins/docker-compose"
    if program.exists():
        return program
    targets = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(COMPONENT) $(RELEASE) $(REPO_URI)", "Created-By: Packages"],
        check=True, capture_output=True, text=True).stdout.split("\n")
    rows = [line.split() for line in targets if line.startswith("main ")]
    mirror = next(uri for _, release, uri in rows if "-" not in release)
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache) as folder:
        work = Path(folder)
        for name in ("state/lists/partial", "cache/archives/partial", "parts"):
            (work / name).mkdir(parents=True)
        keyring = "/usr/share/keyrings/debian-archive-keyring.gpg"
        (work / "sources.list").write_text(f"deb [signed-by={keyring}] {mirror} trixie main\n")
        settings = {"Dir::State": work / "state", "Dir::State::status": "/dev/null", "Dir::Cache": work / "cache",
                    "Dir::Etc::sourcelist": work / "sources.list", "Dir::Etc::sourceparts": work / "parts",
                    "Dir::Etc::preferencesparts": work / "parts", "APT::Sandbox::User": "root"}
        (work / "apt.conf").write_text("".join(f'{key} "{value}";\n' for key, value in settings.items()))
        environment = dict(os.environ, APT_CONFIG=str(work / "apt.conf"))
        for command in (["apt-get", "-qq", "update"], ["apt-get", "-qq", "download", "docker-compose"]):
            subprocess.run(command, check=True, cwd=work, env=environment, stdout=sys.stderr)
        package = next(work.glob("docker-compose_*.deb"))
        subprocess.run(["dpkg", "-x", package, work / "compose"], check=True)
        if not (cache / "compose").exists():
            shutil.move(work / "compose", cache / "compose")
    return program


def compose_service(details):
    """A container that `details` (of docker inspect) describes, without networks and labels. JSON is YAML."""
    config, host = details["Config"], details["HostConfig"]
    mounts = host.get("Mounts") or []
    service = {
        "image": config["Image"], "environment": config["Env"], "user": config["User"],
        "volumes": [{"type": m["Type"], "source": m.get("Source", ""), "target": m["Target"],
                     "read_only": m.get("ReadOnly", False)} for m in mounts if m["Type"] != "tmpfs"],
        "tmpfs": [m["Target"] for m in mounts if m["Type"] == "tmpfs"],
        "read_only": host["ReadonlyRootfs"], "cap_drop": host["CapDrop"], "cap_add": host["CapAdd"] or [],
        "security_opt": host["SecurityOpt"], "pids_limit": host["PidsLimit"], "mem_limit": host["Memory"],
        "restart": host["RestartPolicy"]["Name"],
        "logging": {"driver": host["LogConfig"]["Type"], "options": host["LogConfig"]["Config"]}}
    return {key: value for key, value in service.items() if value not in ("", [], 0, None)}
