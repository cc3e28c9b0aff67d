# SPDX-FileCopyrightText: the pecanctl authors
# SPDX-License-Identifier: BSD-3-Clause
"""Databases in BETY's shape on the test cluster, dumps of them as BETY's own script makes them, and a web server of a
site that can misbehave."""

import gzip
import hashlib
import http.server
import io
import secrets
import socket
import subprocess
import tarfile
import threading
from pathlib import Path

from postgres_server import BIN

SCHEMA = Path(__file__).with_name("sync_schema.sql")
COPY = r"WITH (DELIMITER E'\t', NULL '\N', ESCAPE '\', FORMAT CSV, ENCODING 'UTF-8')"
BLOCK = 1_000_000_000


class Database:
    """A database of its own, gone with drop()."""

    def __init__(self, host, port, template=None):
        self.host, self.port = host, port
        self.name = f"pecanctl-sync-{secrets.token_hex(4)}"
        self.query(f'CREATE DATABASE "{self.name}"' + (f' TEMPLATE "{template}"' if template else ""), database="postgres")
        if not template:
            self.query(SCHEMA.read_text())

    def command(self, program, *arguments, database=None):
        return [BIN / program, "-h", self.host, "-p", str(self.port), "-U", "postgres", "-d", database or self.name, *arguments]

    def query(self, text, database=None, user=None):
        command = self.command("psql", "-XqAt", "-v", "ON_ERROR_STOP=1", database=database)
        if user:
            command[command.index("-U") + 1] = user
        done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def tables(self):
        return self.query("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1").split()

    def checksums(self):
        """What is in every table, and whether its triggers are as they were."""
        parts = [f"SELECT '{table}', md5(coalesce(string_agg(t::text, E'\\n' ORDER BY t::text), '')) FROM public.{table} t"
                 for table in self.tables()]
        parts.append("SELECT 'triggers', md5(string_agg(tgname || tgenabled::text, ',' ORDER BY tgname)) FROM pg_trigger")
        parts.append("SELECT 'functions', md5(string_agg(prosrc, ',' ORDER BY proname)) FROM pg_proc p "
                     "JOIN pg_namespace n ON n.oid = pronamespace AND nspname = 'public'")
        parts.append("SELECT 'indexes', md5(string_agg(indexdef, ',' ORDER BY indexdef)) FROM pg_indexes "
                     "WHERE schemaname = 'public'")
        return dict(line.split("|") for line in self.query(" UNION ALL ".join(parts)).splitlines())

    def count(self, table, site):
        return int(self.query(f"SELECT count(*) FROM {table} WHERE id BETWEEN {site * BLOCK} AND {site * BLOCK + BLOCK - 1}"))

    def environment(self, user="postgres"):
        return {"PGHOST": self.host, "PGPORT": self.port, "PGDATABASE": self.name, "PGUSER": user}

    def members(self, site, keeps_users=True):
        """name -> bytes of a dump of the site's rows, as dump.bety.sh writes them."""
        md5 = self.query("SELECT md5(array_agg(version)::text) FROM (SELECT version FROM schema_migrations ORDER BY version) v")
        schema = subprocess.run(self.command("pg_dump", "-s", "-O", "-x"), capture_output=True, timeout=60, check=True).stdout
        members = {f"{md5}.schema": schema}
        script = []
        tables = [table for table in self.tables() if table != "sessions"]
        for table in tables:
            where = "" if table == "schema_migrations" else f"WHERE id BETWEEN {site * BLOCK} AND {site * BLOCK + BLOCK - 1}"
            script.append(f"COPY (SELECT * FROM {table} {where}) TO STDOUT {COPY};\nSELECT E'\\x01';")
        done = subprocess.run(self.command("psql", "-XqAt", "-v", "ON_ERROR_STOP=1"), input="\n".join(script).encode(),
                              capture_output=True, timeout=60, check=True)
        for table, content in zip(tables, done.stdout.split(b"\x01\n")):
            members[f"{table}.csv"] = content
        return members

    def drop(self):
        self.query(f'DROP DATABASE IF EXISTS "{self.name}" WITH (FORCE)', database="postgres")


def tar(members, prefix="./", extra=()):
    """members: name -> bytes. extra: TarInfo objects without content."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        root = tarfile.TarInfo("./")
        root.type = tarfile.DIRTYPE
        archive.addfile(root)
        for name, content in members.items():
            info = tarfile.TarInfo(prefix + name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
        for info in extra:
            archive.addfile(info)
    return buffer.getvalue()


def pack(members, **options):
    return gzip.compress(tar(members, **options), compresslevel=1, mtime=0)


class FtpSite:
    """A site that has FTP only, as far as fetching one file needs it (RFC 959, 2428, 3659)."""

    def __init__(self, content):
        self.content = content
        self.logins = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"ftp://anon:anonpass@127.0.0.1:{self.listener.getsockname()[1]}/outgoing/bety.tar.gz"
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.talk, args=(connection,), daemon=True).start()

    def talk(self, connection):
        lines, data = connection.makefile("rb"), None
        say = lambda text: connection.sendall(text.encode() + b"\r\n")  # noqa: E731
        say("220 ready")
        for line in lines:
            verb, _, rest = line.decode().strip().partition(" ")
            missing = "." in rest and verb != "PASS" and "bety.tar.gz" not in rest
            if verb == "PASS":
                self.logins.append(rest)
            if verb == "EPSV":
                data = socket.create_server(("127.0.0.1", 0))
                say(f"229 ok (|||{data.getsockname()[1]}|)")
            elif verb == "RETR" and not missing:
                say("150 here it comes")
                with data.accept()[0] as stream:
                    stream.sendall(self.content)
                data.close()
                say("226 done")
            else:
                say({"USER": "331 password?", "PASS": "230 in", "PWD": '257 "/"', "MDTM": "213 20261120060540",
                     "SIZE": f"213 {len(self.content)}", "QUIT": "221 bye"}.get(verb, "250 ok") if not missing else "550 no such file")
        connection.close()

    def close(self):
        self.listener.close()


class Site:
    """A site's web server. `respond` may be replaced: it gets the handler and the path, and returns whether it answered."""

    def __init__(self):
        self.files = {}
        self.requests = []
        self.sent = 0  # bytes of bodies
        self.respond = None
        site = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle(self):
                try:
                    super().handle()
                except ConnectionResetError:  # a client that was refused something goes
                    pass

            def do_GET(self):
                site.requests.append((self.path, dict(self.headers)))
                try:
                    if not (site.respond and site.respond(self, self.path)):
                        site.serve(self)
                except (BrokenPipeError, ConnectionResetError):
                    pass

            def log_message(self, *arguments):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/sync/dump/bety.tar.gz"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self.thread.start()

    def publish(self, bundle, version=None):
        self.files["/sync/dump/bety.tar.gz"] = bundle
        self.files["/sync/dump/version.txt"] = version

    def show(self, folder):
        """What is in a folder that a site publishes."""
        self.files = {f"/sync/dump/{path.relative_to(folder)}": path.read_bytes()
                      for path in folder.rglob("*") if path.is_file()}

    def serve(self, handler):
        content = self.files.get(handler.path)
        if content is None:
            return self.answer(handler, 404, b"<html>not here</html>", {"Content-Type": "text/html"})
        etag = '"' + hashlib.md5(content).hexdigest() + '"'
        headers = {"ETag": etag, "Last-Modified": "Fri, 20 Nov 2026 06:05:40 GMT"}
        if handler.headers.get("If-None-Match") == etag:
            return self.answer(handler, 304, b"", headers)
        begin = handler.headers.get("Range", "")
        if begin.startswith("bytes=") and handler.headers.get("If-Range") == etag:
            offset = int(begin[6:].rstrip("-"))
            headers["Content-Range"] = f"bytes {offset}-{len(content) - 1}/{len(content)}"
            return self.answer(handler, 206, content[offset:], headers)
        return self.answer(handler, 200, content, headers)

    def answer(self, handler, status, content, headers=None, length=None):
        self.sent += len(content)
        handler.send_response(status)
        for name, value in (headers or {}).items():
            handler.send_header(name, value)
        if status != 304:
            handler.send_header("Content-Length", str(len(content) if length is None else length))
        handler.end_headers()
        handler.wfile.write(content)
        if length is not None and length != len(content):
            handler.close_connection = True
        return True

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join(5)
