# SPDX-FileCopyrightText: the pecanctl authors
# SPDX-License-Identifier: BSD-3-Clause
"""Images under PEcAn's names, made from tests/support/stand_in. They need the images that a deploy of ours builds."""

import shutil
import tempfile
from pathlib import Path

from support import SOURCE, docker

RELEASE = "1.8.0"
ROLES = {"traefik": "traefik:v2.11", "bety": "pecan/bety:latest", "rstudio": f"pecan/base:{RELEASE}"}
ROLES |= {role: f"pecan/{role}:{RELEASE}" for role in ("docs", "web", "monitor", "executor", "api")}
ROLES |= {"dbsync": f"pecan/shiny-dbsync:{RELEASE}"}
LOADER, DATA = "pecan/db:latest", f"pecan/data:{RELEASE}"


def build(tag, folder, *arguments):
    docker("build", "-q", "--network=host", "-t", tag, *arguments, folder)


def build_version(role, version, tag=None):
    """Another image for `role`; version "broken" does not come up."""
    folder = SOURCE / "tests/support/stand_in"
    build(tag or ROLES[role], folder, "--build-arg", f"ROLE={role}", "--build-arg", f"VERSION={version}")


def build_all():
    folder = Path(tempfile.mkdtemp(prefix="pecanctl-stand-in."))
    try:
        shutil.copytree(SOURCE / "tests/support/stand_in", folder, dirs_exist_ok=True)
        shutil.copy(SOURCE / "templates/bety/core.sql", folder)
        for role in ROLES:
            build_version(role, "1")
        build(LOADER, folder, "-f", folder / "Dockerfile.load")
        docker("tag", LOADER, DATA)
    finally:
        shutil.rmtree(folder)


def remove_all():
    docker("image", "rm", "-f", LOADER, DATA, *ROLES.values(), check=False)
