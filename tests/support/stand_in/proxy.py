# SPDX-FileCopyrightText: the pecanctl authors
# SPDX-License-Identifier: BSD-3-Clause
"""What the tests need of Traefik: routes by the labels of running, healthy containers, read through Docker's socket;
longest prefix first; stripped prefixes; another backend when one refuses the connection."""

import http.client
import http.server
import itertools
import json
import re
import socket
import ssl
import threading
import time

SOCKET = "/var/run/docker.sock"
CONNECT_SECONDS = 1


class Docker(http.client.HTTPConnection):
    def __init__(self):
        super().__init__("docker", timeout=10)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(SOCKET)


def list_containers():
    docker = Docker()
    docker.request("GET", "/containers/json")
    return json.load(docker.getresponse())


def routes(containers, constraint, network):
    """(prefix, stripped prefix, attempts, [address]), the longest prefix first."""
    found = {}
    for container in containers:
        labels = container["Labels"]
        if labels.get("traefik.enable") != "true" or labels.get(constraint[0]) != constraint[1]:
            continue
        if "(unhealthy)" in container["Status"] or "starting" in container["Status"]:
            continue
        rules = {key.split(".")[3]: value for key, value in labels.items()
                 if re.fullmatch(r"traefik\.http\.routers\.[a-z]+\.rule", key)}
        address = container["NetworkSettings"]["Networks"].get(network, {}).get("IPAddress")
        for name, rule in rules.items():
            prefix = re.search(r"PathPrefix\(`([^`]*)`\)", rule)[1]
            strip = labels.get(f"traefik.http.middlewares.{name}-strip.stripprefix.prefixes", "")
            port = int(labels[f"traefik.http.services.{name}.loadbalancer.server.port"])
            attempts = int(labels.get(f"traefik.http.middlewares.{name}-retry.retry.attempts", 1))
            if address:
                found.setdefault((prefix, strip, attempts), []).append((address, port))
    return sorted(found.items(), key=lambda item: -len(item[0][0]))


class Table:
    def __init__(self, constraint, network):
        self.constraint, self.network, self.routes = constraint, network, []
        self.turn = itertools.count()
        threading.Thread(target=self.watch, daemon=True).start()

    def watch(self):
        while True:
            try:
                self.routes = routes(list_containers(), self.constraint, self.network)
            except OSError as error:
                print("docker:", error)
            time.sleep(0.1)


class Front(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    table = None

    def do_GET(self):
        for (prefix, strip, attempts), backends in self.table.routes:
            if self.path.startswith(prefix):
                self.forward(self.path.removeprefix(strip) or "/", attempts, backends)
                return
        self.answer(404, b"no route\n")

    def forward(self, path, attempts, backends):
        first = next(self.table.turn)
        for attempt in range(attempts):
            host, port = backends[(first + attempt) % len(backends)]
            backend = http.client.HTTPConnection(host, port, timeout=CONNECT_SECONDS)
            try:
                backend.connect()
            except OSError:
                continue
            backend.sock.settimeout(30)
            backend.request("GET", path)
            response = backend.getresponse()
            self.answer(response.status, response.read())
            return
        self.answer(502, b"no backend\n")

    def answer(self, status, body):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def serve(arguments):
    text = " ".join(arguments)
    constraint = re.search(r"--providers\.docker\.constraints=Label\(`([^`]*)`,`([^`]*)`\)", text).groups()
    Front.table = Table(constraint, re.search(r"--providers\.docker\.network=(\S+)", text)[1])
    server = http.server.ThreadingHTTPServer
    server.request_queue_size = 128
    if settings := re.search(r"--providers\.file\.filename=(\S+)", text):
        encrypted = server(("0.0.0.0", 443), Front)
        encrypted.socket = make_tls(settings[1]).wrap_socket(encrypted.socket, server_side=True)
        threading.Thread(target=encrypted.serve_forever, daemon=True).start()
    server(("0.0.0.0", 80), Front).serve_forever()


def make_tls(settings):
    """With the certificate that Traefik's file of settings names."""
    with open(settings, encoding="utf-8") as file:
        files = dict(re.findall(r"(certFile|keyFile): *\"?([^\s\"]+)", file.read()))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files["certFile"], files["keyFile"])
    return context
