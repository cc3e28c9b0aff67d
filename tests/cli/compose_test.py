# SPDX-FileCopyrightText: the pecanctl authors
# SPDX-License-Identifier: BSD-3-Clause
"""The profile full beside what PEcAn's docker-compose.yml says of each service, so far as that matters to the service:
image, variables, mounts, user, route, health. What differs is listed here with its reason, and in pecan.yml(5)."""

import json
import re

import yaml
from support import Case, main

R = "1.8.0"
URI, HOST = {"RABBITMQ_URI"}, {"FQDN"}

# service -> (image, variables, mounts, runs as the owner of /data, path of its route and port, health check asks for)
PECAN = {
    "rabbitmq": ("rabbitmq:3.8-management", {"RABBITMQ_DEFAULT_USER", "RABBITMQ_DEFAULT_PASS"},
                 {"rabbitmq:/var/lib/rabbitmq"}, False, ("rabbitmq.pecan.localhost", 15672), "rabbitmqctl ping"),
    "postgres": ("mdillon/postgis:9.5", set(), {"postgres:/var/lib/postgresql/data"}, False, None, "pg_isready"),
    "traefik": ("traefik:v2.9", set(), {"traefik:/config", "socket:/var/run/docker.sock:ro"}, False,
                ("traefik.pecan.localhost", 0), None),
    "bety": ("pecan/bety:latest", {"UNICORN_WORKER_PROCESSES", "SECRET_KEY_BASE", "RAILS_RELATIVE_URL_ROOT",
                                   "LOCAL_SERVER"}, {"bety:/home/bety/log"}, False, ("/bety/", 8000), ":8000/bety"),
    "rstudio": (f"pecan/base:{R}", URI | HOST | {"KEEP_ENV", "RABBITMQ_PREFIX", "RABBITMQ_PORT", "NAME", "USER",
                                                 "PASSWORD", "USERID", "GROUPID"},
                {"data:/data", "rstudio:/home"}, False, ("/rstudio/", 8787), None),
    "docs": (f"pecan/docs:{R}", set(), set(), False, ("/", 80), "localhost/"),
    "web": (f"pecan/web:{R}", URI | HOST | {"NAME", "SECRET_KEY_BASE"},
            {"data:/data", "data:/var/www/html/pecan/data"}, True, ("/pecan/", 8080), ":8080/pecan"),
    "monitor": (f"pecan/monitor:{R}", URI | HOST, {"data:/data"}, True, ("/monitor/", 9999), ":9999"),
    "executor": (f"pecan/executor:{R}", URI | HOST | {"RABBITMQ_PREFIX", "RABBITMQ_PORT"}, {"data:/data"}, True, None,
                 None),
    "dbsync": (f"pecan/shiny-dbsync:{R}", set(), set(), False, ("/dbsync/", 3838), ":3838"),
    "api": (f"pecan/api:{R}", URI | {"PGHOST", "HOST_ONLY", "AUTH_REQ", "DATA_DIR", "DBFILES_DIR", "SECRET_KEY_BASE"},
            {"data:/data/"}, True, ("/api/", 8000), ":8000/api/ping"),
    "basgra": (f"pecan/model-basgra-basgra_n_v1.0:{R}", URI, {"data:/data"}, True, None, None),
    "sipnet": (f"pecan/model-sipnet-git:{R}", URI, {"data:/data"}, True, None, None),
    "ed2": (f"pecan/model-ed2-2.2.0:{R}", URI, {"data:/data"}, True, None, None),
    "maespa": (f"pecan/model-maespa-git:{R}", URI, {"data:/data"}, True, None, None),
    "biocro": (f"pecan/model-biocro-0.95:{R}", URI, {"data:/data"}, True, None, None),
}
MODELS = ("basgra", "sipnet", "ed2", "maespa", "biocro")

# What is meant to differ: (service, aspect) -> ours.
PASSWORD = "every role has a password of its own, so whoever connects is told it"
DIFFERENCES = {
    ("rabbitmq", "image"): "a supported broker",
    ("rabbitmq", "variables"): "no guest; the login is in a file",
    ("rabbitmq", "route"): "the management page is not for everybody",
    ("rabbitmq", "health"): "rabbitmqctl takes a second of processor time",
    ("postgres", "image"): "a supported server",
    ("postgres", "variables"): "a password is set, from a file",
    ("traefik", "image"): "talks to today's Docker Engine",
    ("traefik", "route"): "its dashboard is not for everybody",
    ("traefik", "health"): "theirs has none",
    ("bety", "variables"): PASSWORD,
    ("rstudio", "variables"): PASSWORD,
    ("web", "variables"): PASSWORD,
    ("monitor", "variables"): PASSWORD + "; and the broker's management page is at /, not at /rabbitmq/",
    ("dbsync", "variables"): PASSWORD,
    ("api", "variables"): PASSWORD,
}


def route(labels):
    for name, rule in labels.items():
        if found := re.fullmatch(r"traefik\.http\.routers\.(\w+)\.rule", name):
            port = labels[f"traefik.http.services.{found[1]}.loadbalancer.server.port"]
            return re.search(r"PathPrefix\(`(.*)`\)", rule)[1], int(port)
    return None


def aspects(service):
    """Of a service of ours, as the table has them."""
    health = " ".join(service.get("healthcheck", {}).get("test", []))
    mounts = {re.sub(r"^/.*(:/var/run/docker.sock)", r"socket\1", mount) for mount in service.get("volumes", [])}
    return {"image": service["image"], "variables": set(service.get("environment", {})), "mounts": mounts,
            "user": service.get("user") == "1001:1001", "route": route(service.get("labels", {})), "health": health}


class Compose(Case):
    def setUp(self):
        self.made = self.instance("--profile", "full", "--models", ",".join(MODELS))

    def compose(self):
        text = self.expect(self.made.run("validate", "--print", "--as", "compose"), 0).out
        return text, yaml.safe_load(text)

    def test_every_service_is_as_in_pecans_compose_file_but_for_what_is_listed(self):
        services = self.compose()[1]["services"]
        self.assertEqual(set(services), set(PECAN) | {f"{model}-net" for model in MODELS})
        differing = set()
        for name, (image, variables, mounts, user, path, asked) in PECAN.items():
            ours = aspects(services[name])
            theirs = {"image": image, "variables": variables, "mounts": mounts, "user": user, "route": path}
            differing |= {(name, aspect) for aspect, value in theirs.items() if ours[aspect] != value}
            if asked is None and ours["health"] or asked is not None and asked not in ours["health"]:
                differing.add((name, "health"))
        self.assertEqual(differing, set(DIFFERENCES))

    def test_theirs_are_all_among_our_variables_but_the_guests(self):
        services = self.compose()[1]["services"]
        for name, (_, variables, *_) in PECAN.items():
            missing = variables - set(services[name].get("environment", {}))
            self.assertEqual(missing, variables if name == "rabbitmq" else set(), name)

    def test_no_secret_is_in_it_and_nothing_but_the_proxy_is_open_to_others(self):
        text, document = self.compose()
        for secret in ("postgres", "rabbitmq", "bety", "bety_key", "admin", "rstudio"):
            self.assertNotIn(self.made.secret(secret), text)
        opened = {name for name, service in document["services"].items()
                  for port in service.get("ports", []) if not port.startswith("127.0.0.1:")}
        self.assertEqual(opened, {"traefik"})
        record = json.loads(self.made.run("validate", "--print", "--as", "compose", "--json").out.splitlines()[0])
        self.assertEqual(yaml.safe_load(record["compose"]), document)

    def test_a_format_without_print_is_refused(self):
        self.expect(self.made.run("validate", "--as", "compose"), 2, "add --print")
        self.expect(self.made.run("validate", "--print", "--as", "xml"), 2)


if __name__ == "__main__":
    main()
