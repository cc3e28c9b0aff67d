# SPDX-FileCopyrightText: the pecanctl authors
# SPDX-License-Identifier: BSD-3-Clause
"""A database server and a broker that are nobody's instance: what services.*.external means in the tests."""

import base64
import json
import secrets
import time
import urllib.parse
import urllib.request

from relay import Relay
from support import docker, service, wait_until


class Elsewhere:
    """One server in a container of its own network, and a virtual host of the tests' broker, both as other machines
    would be reached. remove() leaves nothing behind."""

    def __init__(self):
        self.name = f"elsewhere{secrets.token_hex(4)}"
        self.password = secrets.token_hex(8)
        docker("network", "create", self.name)
        docker("run", "-d", "--name", self.name, "--network", self.name, "-e", f"POSTGRES_PASSWORD={self.password}",
               "-e", "POSTGRES_DB=site_bety", "--tmpfs", "/var/lib/postgresql/data", "pecanctl/postgres:15")
        network = json.loads(docker("inspect", self.name))[0]["NetworkSettings"]["Networks"][self.name]
        self.host = network["IPAddress"]
        url = urllib.parse.urlsplit(service("PECANCTL_TEST_RABBITMQ"))
        self.login = (url.username, url.password)
        self.relay = Relay(network["Gateway"], (url.hostname, url.port))
        self.broker = f"{network['Gateway']}:{self.relay.port}"
        self.manage("PUT", f"vhosts/{self.name}")
        self.manage("PUT", f"permissions/{self.name}/{url.username}", configure=".*", write=".*", read=".*")
        wait_until(lambda: self.sql("SELECT 1", check=False) == "1", 30, "a database")

    def settings(self):
        """For pecan.yml."""
        return (f'  postgres: {{ external: "postgres://{self.host}/site_bety" }}\n'
                f'  rabbitmq: {{ external: "amqp://{self.login[0]}@{self.broker}/{self.name}" }}\n')

    def sql(self, text, check=True):
        return docker("exec", "-e", f"PGPASSWORD={self.password}", self.name, "psql", "-h", "127.0.0.1", "-U", "postgres",
                      "-d", "site_bety", "-tAc", text, check=check)

    def queues(self):
        return {row["name"] for row in self.manage("GET", f"queues/{self.name}")}

    def manage(self, method, path, **body):
        login = base64.b64encode(":".join(self.login).encode()).decode()
        request = urllib.request.Request(f"{service('PECANCTL_TEST_MANAGEMENT')}/api/{path}", method=method, headers={
            "Authorization": f"Basic {login}", "Content-Type": "application/json"},
            data=json.dumps(body).encode() if method != "GET" else None)
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.loads(answer.read() or b"null")

    def remove(self):
        self.relay.close()
        self.manage("DELETE", f"vhosts/{self.name}")
        docker("rm", "-f", "-v", self.name, check=False)
        for _ in range(10):  # what used it may be on its way out
            docker("network", "rm", self.name, check=False)
            if self.name not in docker("network", "ls", "--format", "{{.Name}}").split():
                return
            time.sleep(0.5)
