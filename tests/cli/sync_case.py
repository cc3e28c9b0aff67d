# SPDX-FileCopyrightText: the pecanctl authors
# SPDX-License-Identifier: BSD-3-Clause
"""A real PostgreSQL that pulls another site's data from a web server that may misbehave."""

import secrets
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))

from support import Case, environment, forget, run, service, start, wait_until  # noqa: E402
from sync_peer import BLOCK, Database, Site, pack  # noqa: E402

# What a peer has, in range 1. Values with every edge of the format.
ROWS = r"""
INSERT INTO users (id, login, email, crypted_password, salt, access_level, page_access_level, apikey)
  SELECT 1000000000 + i, 'person' || i, i || '@bu.example', 'hash' || i, 'pepper', 1, 1, repeat('k', 40)
  FROM generate_series(1, 3) i;
INSERT INTO machines (id, hostname, sync_host_id) VALUES (1000000001, 'bu.example', NULL);
INSERT INTO modeltypes VALUES (1000000001, 'ED2');
INSERT INTO variables SELECT 1000000000 + i, 'v' || i, '0', '1000' FROM generate_series(1, 5) i;
INSERT INTO citations SELECT 1000000000 + i, 'title ' || i FROM generate_series(1, 5) i;
INSERT INTO sites SELECT 1000000000 + i, 'site ' || i,
  (ARRAY[NULL, '', '\N', '\.', E'tab\there', E'new\nline', E'cr\rhere', 'quote " and \ back', '"', '\', E'\\"\t\n', 'ünïcødé'])[1 + i % 12],
  1.1 * i, i + 0.25, '{"a": "\"\\", "b": [1, null]}', i % 2 = 0, '2001-02-03 04:05:06.7' FROM generate_series(1, 60) i;
INSERT INTO citations_sites SELECT 1000000001 + i % 5, 1000000000 + i, 1000000000 + i FROM generate_series(1, 20) i;
INSERT INTO entities SELECT 1000000000 + i, CASE WHEN i > 1 THEN 1000000000 + i / 2 END, 'e' FROM generate_series(1, 10) i;
INSERT INTO inputs SELECT 1000000000 + i, 1000000000 + i, 'in' FROM generate_series(1, 20) i;
INSERT INTO models VALUES (1000000001, 'ED', 1000000001);
INSERT INTO dbfiles SELECT 1000000000 + i, 'f' || i, '/data', 1000000001, 'Input', 1000000000 + i FROM generate_series(1, 20) i;
ALTER TABLE traits DISABLE TRIGGER USER;
INSERT INTO traits SELECT 1000000000 + i, 1000000001 + i % 60, 1000000001 + i % 5, 1000000001 + i % 10, i, 'SD', 0, 4, '2002-02-02'
  FROM generate_series(1, 200) i;
ALTER TABLE traits ENABLE TRIGGER USER;
INSERT INTO covariates SELECT 1000000000 + i, 1000000000 + i, 1000000001, i / 3.0, 1 FROM generate_series(1, 50) i;
"""

# What is here: a row of the network's, and this site's own in range 7.
LOCAL = """
INSERT INTO machines (id, hostname, sync_host_id, sync_url) VALUES (101, 'bu', 1, '{url}');
INSERT INTO users (id, login, email, crypted_password) VALUES (7000000001, 'me', 'me@here', 'x');
INSERT INTO sites (id, sitename) VALUES (7000000001, 'ours');
SELECT setval('users_id_seq', 7000000001);
"""


class Session:
    """psql, word for word."""

    def __init__(self, command):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                        text=True, bufsize=1)

    def tell(self, statements):
        self.process.stdin.write(f"{statements};\n\\echo said\n")

    def hear(self):
        """What it answered to what it was told."""
        return "".join(iter(self.process.stdout.readline, "said\n"))

    def say(self, statements):
        self.tell(statements)
        return self.hear()

    def close(self):
        self.process.kill()
        self.process.communicate()


class PullCase(Case):
    """What all have that pull: a server, the name of an instance, sites' web servers."""

    def server(self):
        """Host and port of the PostgreSQL that both databases are on."""
        return service("PECANCTL_TEST_POSTGRES"), service("PECANCTL_TEST_POSTGRES_PORT")

    def setUp(self):
        self.host, self.port = self.server()
        self.name = f"t{secrets.token_hex(4)}"
        self.addCleanup(forget, self.name)

    def gone_at_the_end(self, database):
        self.addCleanup(database.drop)
        return database

    def web_site(self):
        site = Site()
        self.addCleanup(site.close)
        return site

    def peer_of(self, result):
        return [record for record in result.records() if record["type"] == "sync_peer"][0]


class SyncCase(PullCase):
    def setUp(self):
        super().setUp()
        self.peer = self.database()
        self.peer.query(ROWS)
        self.site = self.web_site()
        self.here = self.database()
        self.here.query(LOCAL.format(url=self.site.url))
        self.members = self.peer.members(1)
        self.site.publish(pack(self.members))

    def database(self):
        return self.gone_at_the_end(Database(self.host, self.port))

    def arguments(self, *arguments):
        return ["sync", "-i", self.name, *arguments]

    def env(self, **changes):
        return environment(**{**self.here.environment(), **changes})

    def sync(self, *arguments, code=0, words=(), **changes):
        result = run(*self.arguments(*arguments), env=self.env(**changes), timeout=60)
        return self.expect(result, code, *words)

    def refuse(self, bundle, code, *words, arguments=(), version=None):
        """A dump that must change nothing."""
        before = self.here.checksums()
        self.site.publish(bundle, version)
        result = self.sync(*arguments, code=code, words=words)
        self.assertEqual(self.here.checksums(), before)
        return result

    def changed(self, table, old, new, count=-1):
        members = dict(self.members)
        assert old in members[table], (old, members[table])
        members[table] = members[table].replace(old, new, count)
        return members

    def publish(self):
        self.members = self.peer.members(1)
        self.site.publish(pack(self.members))

    def other(self, statements=""):
        """Another session here, in a transaction that has done `statements`."""
        session = Session(self.here.command("psql", "-XqAt"))
        self.addCleanup(session.close)
        session.say(f"BEGIN; {statements}")
        return session

    def begin_sync(self, *arguments):
        """A sync that has come to a lock of somebody else."""
        process = start(*self.arguments("--json", *arguments), env=self.env())
        self.wait_for_waiting("pecanctl", process)
        return process

    def wait_for_waiting(self, program, process):
        """Until a session of this program waits for a lock, or the process has ended."""
        waiting = (f"SELECT count(*) FROM pg_stat_activity WHERE datname = '{self.here.name}' AND wait_event_type = 'Lock' "
                   f"AND application_name = '{program}'")
        wait_until(lambda: process.poll() is not None or self.here.query(waiting) != "0", 60)

    def same(self, table):
        where = f"FROM {table} t WHERE id BETWEEN {BLOCK} AND {2 * BLOCK - 1}"
        rows = f"SELECT coalesce(string_agg(t::text, E'\\n' ORDER BY id), '') {where}"
        self.assertEqual(self.here.query(rows), self.peer.query(rows), table)

    def all_same(self):
        for table in self.peer.tables():
            if table not in ("users", "sessions", "schema_migrations"):
                self.same(table)
