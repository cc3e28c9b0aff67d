# SPDX-FileCopyrightText: the pecanctl authors
# SPDX-License-Identifier: BSD-3-Clause
"""Stands in for PEcAn's images: checks what it is given as the real one would miss it, reaches for what the real one
connects to, and answers its health check. The front proxy is played by proxy.py.

    stand_in.py ARGUMENT...     the service $STAND_IN

What the health checks call is health.sh.
"""

import http.server
import os
import signal
import socket
import sys
import threading
import urllib.parse

URL = urllib.parse.urlsplit(os.environ.get("RABBITMQ_URI", ""))
BROKER = (URL.hostname or "rabbitmq", URL.port or 5672)
DATABASE = (os.environ.get("PGHOST", "postgres"), int(os.environ.get("PGPORT", "5432")))
DATA = {"/data"}
URI = {"RABBITMQ_URI"}

# role -> port, variables, mounts, peers, whether it runs as the owner of /data
ROLES = {
    "bety": (8000, {"SECRET_KEY_BASE", "RAILS_RELATIVE_URL_ROOT", "LOCAL_SERVER", "BETYPASSWORD",
                    "UNICORN_WORKER_PROCESSES"}, {"/home/bety/log"}, {DATABASE}, False),
    "rstudio": (8787, URI | {"KEEP_ENV", "USER", "PASSWORD", "USERID", "GROUPID", "FQDN", "NAME"}, DATA | {"/home"},
                {DATABASE, BROKER}, False),
    "docs": (80, set(), set(), set(), False),
    "web": (8080, URI | {"FQDN", "NAME", "SECRET_KEY_BASE", "BETYPASSWORD"}, DATA | {"/var/www/html/pecan/data"},
            {DATABASE, BROKER}, True),
    "monitor": (9999, URI | {"FQDN", "BETYPASSWORD", "RABBITMQ_MGMT_PATH"}, DATA, {DATABASE, BROKER}, True),
    "executor": (0, URI | {"FQDN", "RABBITMQ_PREFIX", "RABBITMQ_PORT"}, DATA, {DATABASE, BROKER}, True),
    "dbsync": (3838, {"PGPASSWORD"}, set(), {DATABASE}, False),
    "api": (8000, URI | {"PGHOST", "HOST_ONLY", "AUTH_REQ", "DATA_DIR", "DBFILES_DIR", "SECRET_KEY_BASE"}, DATA,
            {DATABASE, BROKER}, True),
    "model": (0, URI, DATA, {BROKER}, True),
}


def complain(mistakes):
    if mistakes:
        sys.exit("\n".join(f"{os.environ['STAND_IN']}: {mistake}" for mistake in mistakes))


def check(role):
    _, variables, mounts, peers, owns_data = ROLES[role]
    complain([f"{name} is not set" for name in sorted(variables) if not os.environ.get(name)] +
             [f"{path} is not mounted" for path in sorted(mounts) if not os.path.ismount(path)])
    if owns_data:
        owner = os.stat("/data")
        if (owner.st_uid, owner.st_gid) != (os.getuid(), os.getgid()) or not os.path.isdir("/data/workflows"):
            complain([f"/data is {owner.st_uid}:{owner.st_gid}'s, this is {os.getuid()}:{os.getgid()}"])
    if role == "web":
        with open("/var/www/html/pecan/config.php", encoding="utf-8") as file:
            complain(["config.php has no hosts"] if "$hostlist" not in file.read() else [])
    for peer in peers:
        socket.create_connection(peer, 5).close()


class Page(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        body = f"{os.environ['STAND_IN']} {os.environ['STAND_IN_VERSION']} {socket.gethostname()} {self.path}\n".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    """For both families: `localhost` may be either. Asked to end it answers first whoever got through to it, as the
    servers of the real images do."""

    address_family = socket.AF_INET6
    request_queue_size = 128
    daemon_threads = False  # those that answer are waited for

    def end(self):
        self.shutdown()
        self.timeout = 0
        self.timed_out = False
        while not self.timed_out:
            self.handle_request()
        self.server_close()
        os._exit(0)

    def handle_timeout(self):
        self.timed_out = True


def consume(queue):
    """As PEcAn's executor.py and model.py declare it; jobs are not done."""
    import pika

    channel = pika.BlockingConnection(pika.URLParameters(os.environ["RABBITMQ_URI"])).channel()
    channel.queue_declare(queue=queue, durable=True)
    channel.basic_qos(prefetch_count=1)
    channel.basic_consume(on_message_callback=lambda *_: None, queue=queue)
    channel.start_consuming()


def serve(arguments):
    role = os.environ["STAND_IN"]
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    if role == "traefik":
        import proxy

        proxy.serve(arguments)
    if os.environ["STAND_IN_VERSION"] == "broken":
        complain(["this version does not work"])
    if arguments == ["migrate"]:
        complain(["a migration fails"] if os.environ["STAND_IN_VERSION"] == "unmigratable" else [])
        socket.create_connection(DATABASE, 5).close()
        sys.exit(0)
    check(role)
    if ROLES[role][0] == 0:
        consume(os.environ.get("STAND_IN_QUEUE", "pecan"))
    server = Server(("::", ROLES[role][0]), Page)
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.end).start())
    server.serve_forever(poll_interval=0.05)
    threading.Event().wait()  # `end` is the end


if __name__ == "__main__":
    serve(sys.argv[1:])
