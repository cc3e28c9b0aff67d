# SPDX-FileCopyrightText: the pecanctl authors
# SPDX-License-Identifier: BSD-3-Clause
"""The shared instance publishes rows of a site, loses them, and pulls them back from a web server like any other."""

import functools
import http.server
import sys
import threading
import time

from support import MACHINE, SOURCE, Case, Shared, docker, environment, main, service

sys.path.insert(0, str(SOURCE / "tests" / "support"))
from recording_proxy import RecordingProxy  # noqa: E402

SITE = 7
ROW = SITE * 10**9 + 1


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments):
        pass


class Exchange(Case):
    def setUp(self):
        self.shared = Shared()
        text = self.shared.file.read_text()
        self.addCleanup(self.sql, f"DELETE FROM modeltypes WHERE id >= {ROW}; DROP SCHEMA IF EXISTS pecanctl CASCADE")
        self.addCleanup(self.shared.file.write_text, text)
        self.folder = self.temp_folder() / "dump"
        self.folder.mkdir()
        handler = functools.partial(Quiet, directory=str(self.folder))
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)
        url = f"http://127.0.0.1:{self.server.server_port}/bety.tar.gz"
        self.file(f"sync: {{ peers: [{SITE}], urls: {{ {SITE}: \"{url}\" }}, max_age: 3h }}\n", text)

    def file(self, extra, text):
        self.shared.file.write_text(text + extra)
        self.text = text

    def sql(self, text):
        return docker("exec", "-e", f"PGPASSWORD={self.shared.secret('postgres')}", self.shared.container("postgres"),
                      "psql", "-h", "127.0.0.1", "-U", "postgres", "-d", "bety", "-qAt", "-v", "ON_ERROR_STOP=1", "-c", text)

    def names(self):
        return self.sql(f"SELECT name FROM modeltypes WHERE id BETWEEN {ROW} AND {ROW + 9} ORDER BY id").split()

    def sync(self, *arguments, code=0, words=()):
        return self.expect(self.shared.run("sync", *arguments), code, *words)

    def look(self, *flags, code):
        """A sync that asks much of Docker, Consul and the database, and leaves all three as they were."""
        path = self.temp_folder() / "docker.sock"
        port = docker("port", f"{MACHINE}-consul-1", "8500").splitlines()[0].rsplit(":", 1)[1]
        with RecordingProxy(str(path), service("PECANCTL_TEST_DOCKER")) as engine, \
                RecordingProxy(None, ("127.0.0.1", int(port))) as index:
            env = environment(DOCKER_HOST=f"unix://{path}", CONSUL_HTTP_ADDR=index.address)
            self.expect(self.shared.run("sync", *flags, env=env), code)
        self.assertGreater(len(engine.requests), 0)
        self.assertEqual(engine.writing() + index.writing(), [])
        self.assertEqual(self.names(), [])
        self.assertEqual(self.sql("SELECT count(*) FROM pg_namespace WHERE nspname = 'pecanctl'"), "0")

    def test_what_a_site_publishes_another_pulls(self):
        self.sql(f"INSERT INTO modeltypes (id, name) VALUES ({ROW}, 'ONE'), ({ROW + 1}, 'TWO')")
        told = self.sync("--publish", self.folder, "--site", SITE, "--json").records()
        self.assertEqual(told[-1]["rows"], 2)
        self.sql(f"DELETE FROM modeltypes WHERE id >= {ROW}")

        self.expect(self.shared.run("status", "--check"), 10, f"site {SITE}")  # never pulled
        for flags, code in ((["-n"], 0), (["--check"], 10), (["-n", "--check"], 10)):
            self.look(*flags, code=code)
        self.assertEqual(self.sync("--json").records()[-1]["changed"], 2)
        self.assertEqual(self.names(), ["ONE", "TWO"])
        self.assertEqual(self.sync("--json").records()[-1]["changed"], 0)
        self.assertEqual(self.sync("-q", "--skip-if-locked").out, "")
        self.sync("--check")

        self.expect(self.shared.run("status", "--check"), 0)
        (peer,) = self.shared.run("status", "--json").records()[0]["peers"]
        self.assertEqual((peer["site"], peer["late"]), (SITE, False))
        self.shared.file.write_text(self.shared.file.read_text().replace("max_age: 3h", "max_age: 1s"))
        time.sleep(2)
        self.expect(self.shared.run("status", "--check"), 10, f"site {SITE}")

    def test_doctor_asks_the_other_sites(self):
        self.expect(self.shared.run("doctor", "peers"), 10)  # there is no dump yet
        self.sync("--publish", self.folder, "--site", SITE)
        self.expect(self.shared.run("doctor", "peers"), 0)
        self.server.shutdown()
        self.server.server_close()
        found = self.shared.run("doctor", "peers", env=environment())
        self.assertEqual(found.exit, 10)
        self.assertIn(f"site {SITE}", found.out + found.err)


if __name__ == "__main__":
    main()
