#!/usr/bin/env python3
# SPDX-FileCopyrightText: the pecanctl authors
# SPDX-License-Identifier: BSD-3-Clause
"""Checks who includes whom in core and cli, and that nothing runs a shell.

    layers.py [ROOT]

Prints one line a mistake and exits 1 when there is one.
"""
import pathlib
import re
import sys

TOPS = ("core/", "cli/", "worker/")
BASE = {"base"}
MODEL = {"stack", "exchange"}  # pure: anybody above base may use them
CLIENTS = {"docker", "consul", "postgres", "rabbitmq"}
OVER_HTTP = {"docker", "consul", "rabbitmq"}
CAPABILITIES = {"config", "engine", "deployment", "project", "workflow", "arrays", "tasks", "scaling", "inspection",
                "registration", "publication", "replication"}

# folder of core -> folders of core that it may include, beside itself.
ALLOWED = {"base": set(), "http": BASE, "stack": BASE, "exchange": BASE, "config": BASE | MODEL}
ALLOWED |= {client: BASE | MODEL | {"http"} for client in OVER_HTTP}
ALLOWED |= {"postgres": BASE | MODEL}
ALLOWED |= {"engine": BASE | MODEL | {"docker"}}
ALLOWED |= {folder: BASE | MODEL | CLIENTS | {"engine"}
            for folder in CAPABILITIES - {"config", "engine"}}
ALLOWED["replication"] |= {"http"}  # it fetches files from servers that are no product of ours
ALLOWED["project"] |= {"config"}  # it is what pecan.yml says, read
ALLOWED["tasks"] |= {"config"}  # and it what task.yaml says

# header (or the folder before its first slash) -> where it may be included. None: any folder. A header of ours that
# includes one is private: only its own folder may include it.
THIRD_PARTY = {
    "CLI": {"cli"},
    "curl": {"core/http"},
    "httplib.h": {"core/http"},
    "pqxx": {"core/postgres"},
    "libpq-fe.h": {"core/postgres"},
    "amqp.h": {"core/rabbitmq", "worker"},
    "amqp_tcp_socket.h": {"core/rabbitmq", "worker"},
    "amqp_ssl_socket.h": {"core/rabbitmq", "worker"},
    "rabbitmq-c": {"core/rabbitmq", "worker"},
    "yaml-cpp": {"core/config"},
    "openssl": {"core/base", "worker"},
    "libdeflate.h": {"core/publication", "core/replication"},
    "archive.h": None,
    "archive_entry.h": None,
    "xxhash.h": {"core/replication"},
    "nlohmann": None,
}
IN_HEADERS = {"nlohmann/json_fwd.hpp"}  # forward declarations only

INCLUDE = re.compile(r'^\s*#\s*include\s*(["<])([^">]+)[">]')
SHELL = re.compile(r"(?<![\w.>])(?:std::)?(system|popen)\s*\(")
COMMENT_OR_STRING = re.compile(r'//.*|"(?:\\.|[^"\\])*"')


def folder_of(path):
    """"core/docker" for core/docker/engine.cpp, "cli" for anything below cli."""
    return "/".join(path.parts[:2]) if path.parts[0] == "core" else path.parts[0]


def check_ours(path, included):
    owner, target = folder_of(path), folder_of(pathlib.PurePosixPath(included))
    if owner == target:
        return None
    if owner.startswith("core/") and target == "cli":
        return "core never includes cli"
    if owner == "cli":
        clients = {f"core/{name}" for name in CLIENTS | {"http", "config"}}
        # The composition root of pecanctl, and pecan-worker, a program of its own over one client.
        is_root = path.parent.name == "cli" and path.stem.split("_")[0] in ("context", "connections", "settings")
        is_worker = path.parent.name == "worker" and target == "core/rabbitmq"
        if target in clients and not is_root and not is_worker:
            return f"only the composition root includes {target}; a command goes through a capability"
        return None
    if owner.startswith("core/") and target.startswith("core/"):
        folder = owner.removeprefix("core/")
        if folder not in ALLOWED:
            return f"{owner} is unknown: say in tests/lint/layers.py what it may include"
        if target.removeprefix("core/") not in ALLOWED[folder]:
            return f"{owner} may not include {target}"
    return None


def is_third_party(included):
    return key_of(included) in THIRD_PARTY and included not in IN_HEADERS


def key_of(included):
    return included if included in THIRD_PARTY else included.split("/")[0]


def check_third_party(path, included):
    owners = THIRD_PARTY[key_of(included)]
    if owners is not None and folder_of(path) not in owners:
        return f"<{included}> is included by {', '.join(sorted(owners))} only"
    return None


def check_line(path, line, private):
    match = INCLUDE.match(line)
    if match and match[2] in private and folder_of(path) != folder_of(pathlib.PurePosixPath(match[2])):
        return f"{match[2]} shows a library that its folder should hide"
    if match and match[2].startswith(TOPS):
        return check_ours(path, match[2])
    if match and is_third_party(match[2]):
        return check_third_party(path, match[2])
    if not match and SHELL.search(COMMENT_OR_STRING.sub("", line)):
        return "nothing of ours runs a shell: start the program with an argument vector"
    return None


def is_private(path, lines):
    includes = (INCLUDE.match(line) for line in lines)
    return path.suffix == ".hpp" and any(match and is_third_party(match[2]) for match in includes)


def check_tree(root):
    """Every mistake below `root`, as "file:line: what"."""
    files = {}
    for path in sorted(path for top in TOPS for path in (root / top).rglob("*.[ch]pp")):
        relative = pathlib.PurePosixPath(path.relative_to(root).as_posix())
        files[relative] = path.read_text(encoding="utf-8").splitlines()
    private = {str(path) for path, lines in files.items() if is_private(path, lines)}
    return [f"{path}:{number}: {mistake}"
            for path, lines in files.items()
            for number, line in enumerate(lines, 1)
            if (mistake := check_line(path, line, private))]


if __name__ == "__main__":
    found = check_tree(pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".").resolve())
    print("\n".join(found) or "layers are clean")
    sys.exit(1 if found else 0)
