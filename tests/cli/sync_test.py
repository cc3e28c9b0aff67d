# SPDX-FileCopyrightText: the pecanctl authors
# SPDX-License-Identifier: BSD-3-Clause
"""Pulling another site's data into a real PostgreSQL from a web server that may misbehave: what is in the database before
and after each time, and the exit code."""

import gzip
import hashlib
import io
import secrets
import signal
import subprocess
import sys
import tarfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))

from support import Case, environment, finish, forget, main, run, service, start, wait_until  # noqa: E402
from sync_peer import BLOCK, Database, FtpSite, Site, pack, tar  # noqa: E402

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


class SyncCase(Case):
    def setUp(self):
        self.host, self.port = service("PECANCTL_TEST_POSTGRES"), service("PECANCTL_TEST_POSTGRES_PORT")
        self.name = f"t{secrets.token_hex(4)}"
        self.addCleanup(forget, self.name)
        self.peer = self.database()
        self.peer.query(ROWS)
        self.site = self.web_site()
        self.here = self.database()
        self.here.query(LOCAL.format(url=self.site.url))
        self.members = self.peer.members(1)
        self.site.publish(pack(self.members))

    def database(self):
        made = Database(self.host, self.port)
        self.addCleanup(made.drop)
        return made

    def web_site(self):
        site = Site()
        self.addCleanup(site.close)
        return site

    def arguments(self, *arguments):
        return ["sync", "-i", self.name, *arguments]

    def env(self, **changes):
        return environment(**self.here.environment(), **changes)

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

    def peer_of(self, result):
        return [record for record in result.records() if record["type"] == "sync_peer"][0]

    def same(self, table):
        where = f"FROM {table} t WHERE id BETWEEN {BLOCK} AND {2 * BLOCK - 1}"
        rows = f"SELECT coalesce(string_agg(t::text, E'\\n' ORDER BY id), '') {where}"
        self.assertEqual(self.here.query(rows), self.peer.query(rows), table)

    def all_same(self):
        for table in self.peer.tables():
            if table not in ("users", "sessions", "schema_migrations"):
                self.same(table)


class Pull(SyncCase):
    def test_all_rows_come_once_and_then_nothing_is_written(self):
        result = self.sync("--json")
        self.assertEqual((self.peer_of(result)["state"], self.peer_of(result)["added"]), ("done", 396))
        self.all_same()
        self.assertEqual(self.here.query("SELECT login, access_level, page_access_level, crypted_password, apikey IS NULL "
                                         "FROM users WHERE id = 1000000001"), "user1000000001|3|4|1234567890abcdef|t")
        before = self.here.checksums()
        requests = len(self.site.requests)
        self.assertEqual(self.peer_of(self.sync("--json"))["state"], "unchanged")
        self.assertEqual(len(self.site.requests), requests + 1, "one round trip when nothing is new")
        result = self.sync("--verify", "--json")
        self.assertEqual((self.peer_of(result)["state"], result.records()[-1]["changed"]), ("done", 0))
        self.assertEqual(self.here.checksums(), before)
        self.assertEqual(self.sync("-q").out + self.sync("-q").err, "")
        log = Path(f"/var/lib/pecanctl/{self.name}/sync/sync.log").read_text().splitlines()
        self.assertRegex(log[0], r"^(Mon|Tue|Wed|Thu|Fri|Sat|Sun) [A-Z][a-z]{2} \d\d \d\d:\d\d:\d\d UTC \d{4} 1 0$")

    def test_changes_come_and_triggers_do_not_fire(self):
        self.sync()
        self.peer.query("ALTER TABLE traits DISABLE TRIGGER USER; UPDATE traits SET mean = 7 WHERE id = 1000000005;"
                        "UPDATE sites SET notes = 'x' WHERE id = 1000000007; DELETE FROM covariates WHERE id = 1000000003;"
                        "INSERT INTO citations VALUES (1000000099, 'new');"
                        "ALTER TABLE inputs DISABLE TRIGGER USER; DELETE FROM dbfiles WHERE id = 1000000004;"
                        "DELETE FROM inputs WHERE id = 1000000004")
        self.publish()
        record = self.peer_of(self.sync("--json"))
        self.assertEqual((record["added"], record["changed"], record["removed"]), (1, 2, 3))
        self.all_same()
        self.assertEqual(self.here.query("SELECT count(*) FROM sites WHERE id = 7000000001"), "1")

    def test_a_dry_run_tells_the_numbers_and_check_finds_them(self):
        before = self.here.checksums()
        result = self.sync("-n", "--json")
        tables = {record["table"]: record["added"] for record in result.records() if record["type"] == "sync_table"}
        self.assertEqual((tables["traits"], result.records()[-1]["changes"]), (200, 396))
        self.assertIn("nothing is changed", self.sync("-n").out)
        self.sync("--check", code=10, words=["396 rows differ"])
        self.assertEqual(self.here.checksums(), before)
        self.assertEqual(self.here.query("SELECT count(*) FROM pg_namespace WHERE nspname = 'pecanctl'"), "0")
        self.sync()
        self.sync("--check")

    def test_a_big_first_load_goes_straight_in_and_its_indexes_come_back(self):
        self.peer.query("ALTER TABLE traits DISABLE TRIGGER USER; INSERT INTO traits SELECT 1000001000 + i, 1000000001, "
                        "1000000001, NULL, 1, 'SD', 0, 4 FROM generate_series(1, 5000) i;"
                        "UPDATE traits SET site_id = NULL WHERE id = 1000001007")
        self.publish()
        members = self.changed("traits.csv", b"1000001009\t1000000001", b"1000001009\t1000000777")
        self.site.publish(pack(members))
        record = self.peer_of(self.sync("--json"))
        self.assertEqual((record["held"], self.here.count("traits", 1)), (1, 5199))
        self.assertIn("index_traits_on_site_id", self.here.query("SELECT string_agg(indexname, ',') FROM pg_indexes"))

    def test_rows_without_parents_wait_in_quarantine(self):
        self.site.publish(pack(self.changed("traits.csv", b"1000000009\t1000000010", b"1000000009\t1000000990")))
        record = self.peer_of(self.sync("--json"))
        self.assertEqual(record["held"], 2, record)  # and its covariate
        self.assertEqual(self.here.query("SELECT table_name, reason FROM pecanctl.quarantine ORDER BY 1"),
                         "covariates|no row of traits (covariates_trait_id_fkey)\ntraits|no row of sites (traits_site_id_fkey)")
        before = self.here.checksums()
        self.assertEqual(self.peer_of(self.sync("--json", "--verify"))["held"], 2)
        self.assertEqual(self.here.checksums(), before)
        self.publish()
        self.assertEqual(self.peer_of(self.sync("--json"))["held"], 0)
        self.assertEqual(self.here.query("SELECT count(*) FROM pecanctl.quarantine"), "0")
        self.all_same()

    def test_strict_refuses_and_compat_takes_rows_without_parents(self):
        bundle = pack(self.changed("traits.csv", b"1000000009\t1000000010", b"1000000009\t1000000990"))
        self.refuse(bundle, 3, "1 rows of traits: no row of sites", "--policy quarantine", arguments=["--policy", "strict"])
        self.sync("--policy", "compat")
        self.assertEqual(self.here.count("traits", 1), 200)

    def test_values_out_of_range_and_clashing_keys_are_held_back_and_named(self):
        self.here.query("INSERT INTO modeltypes VALUES (7000000001, 'ED2')")
        members = self.changed("traits.csv", b"\t12.0000\t", b"\t12000.0000\t")
        members["covariates.csv"] = members["covariates.csv"].replace(b"\t1\n", b"\t0\n", 1)
        self.site.publish(pack(members))
        record = self.peer_of(self.sync("--json"))
        reasons = {reason["table"]: reason["reason"] for reason in record["held_reasons"]}
        self.assertEqual(reasons["modeltypes"], "unique key modeltypes_name_key (name)")
        self.assertEqual(reasons["models"], "no row of modeltypes (models_modeltype_id_fkey)")
        self.assertEqual(reasons["traits"], "outside of the range of its variable")
        self.assertIn(reasons["covariates"], ("check covariates_n_check", "no row of traits (covariates_trait_id_fkey)"))

    def test_what_local_rows_need_is_kept(self):
        self.sync()
        self.here.query("INSERT INTO inputs VALUES (7000000001, 1000000030, 'ours')")
        self.peer.query("DELETE FROM traits WHERE site_id = 1000000030; DELETE FROM sites WHERE id IN (1000000030, 1000000031)")
        self.publish()
        record = self.peer_of(self.sync("--json"))
        self.assertEqual(record["retained"], 1)
        self.assertEqual(self.here.query("SELECT id FROM sites WHERE id IN (1000000030, 1000000031)"), "1000000030")

    def test_a_trusted_peers_users_come_as_they_are(self):
        folder = self.temp_folder()
        self.expect(run("init", self.name, cwd=folder), 0)
        path = folder / self.name / "pecan.yml"
        path.write_text(path.read_text() + "\nsync: { trusted: [1] }\n")
        self.expect(run("sync", cwd=folder / self.name, env=self.env()), 0)
        self.same("users")

    def test_two_sites_that_refer_to_each_other_need_one_run(self):
        other, web = self.database(), self.web_site()
        other.query("INSERT INTO sites (id, sitename) VALUES (2000000001, 'two')")
        web.publish(pack(other.members(2)))
        self.here.query(f"INSERT INTO machines (id, hostname, sync_host_id, sync_url) VALUES (102, 'two', 2, '{web.url}')")
        self.site.publish(pack(self.changed("traits.csv", b"1000000009\t1000000010", b"1000000009\t2000000001")))
        result = self.sync("--json")
        self.assertEqual([record["held"] for record in result.records() if record["type"] == "sync_peer"], [0, 0])
        self.assertEqual(self.here.query("SELECT site_id FROM traits WHERE id = 1000000009"), "2000000001")

    def test_a_bad_peer_stops_no_other(self):
        web = self.web_site()
        self.here.query(f"INSERT INTO machines (id, hostname, sync_host_id, sync_url) VALUES (102, 'two', 2, '{web.url}')")
        result = self.sync("--json", code=7, words=())
        states = {record["site"]: record["state"] for record in result.records() if record["type"] == "sync_peer"}
        self.assertEqual(states, {1: "done", 2: "failed"})
        self.all_same()
        self.sync("--except", "2")
        self.sync("--only", "1")
        self.sync("2", code=4, words=["answered 404"])

    def test_an_owner_who_is_no_superuser_can_pull_too(self):
        role = f"r{secrets.token_hex(4)}"
        self.here.query(f"CREATE ROLE {role} LOGIN; GRANT CREATE ON DATABASE \"{self.here.name}\" TO {role}")
        self.addCleanup(self.here.query, f"DROP OWNED BY {role}; DROP ROLE {role}")
        for table in self.here.tables():
            self.here.query(f"ALTER TABLE {table} OWNER TO {role}")
        for function in ("get_input_ids", "get_model_ids"):
            self.here.query(f"ALTER FUNCTION {function} OWNER TO {role}")
        self.expect(run(*self.arguments(), env=environment(**self.here.environment(role))), 0)
        self.all_same()
        self.peer.query("ALTER TABLE traits DISABLE TRIGGER USER; UPDATE sites SET notes = 'x' WHERE id < 1000000010;"
                        "DELETE FROM traits WHERE id > 1000000150; DELETE FROM covariates WHERE id > 1000000045")
        self.publish()
        before = self.here.checksums()["triggers"]
        self.expect(run(*self.arguments("--accept-shrink"), env=environment(**self.here.environment(role))), 0)
        self.all_same()
        self.assertEqual(self.here.checksums()["triggers"], before)

    def test_a_role_without_rights_is_told_what_it_lacks(self):
        role = f"r{secrets.token_hex(4)}"
        self.here.query(f"CREATE ROLE {role} LOGIN; GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role};"
                        f"GRANT SELECT ON ALL SEQUENCES IN SCHEMA public TO {role}")
        self.addCleanup(self.here.query, f"DROP OWNED BY {role}; DROP ROLE {role}")
        result = run(*self.arguments(), env=environment(**self.here.environment(role)))
        self.expect(result, 4, "no superuser", "not its own")

    def test_bootstrap_takes_all_and_touches_no_row_that_is_there(self):
        self.here.query("INSERT INTO sites (id, sitename) VALUES (1000000005, 'not theirs')")
        before = self.here.checksums()
        self.sync("--bootstrap", code=5, words=["1 rows of sites", "register site"])
        self.assertEqual(self.here.checksums(), before)
        self.here.query("DELETE FROM sites WHERE id = 1000000005; DELETE FROM machines")
        self.sync("--bootstrap", f"1={self.site.url}")
        self.all_same()

    def test_a_database_that_gives_out_a_peers_ids_is_refused(self):
        self.here.query("SELECT setval('users_id_seq', 1000000500)")
        self.refuse(pack(self.members), 5, "ids of that site", "register site")

    def test_other_schemas_are_refused_before_the_dump_is_fetched_unless_told(self):
        self.peer.query("INSERT INTO schema_migrations VALUES ('20260101000000'); ALTER TABLE sites ADD soil text;"
                        "ALTER TABLE citations DROP doi")
        members = self.peer.members(1)
        md5 = next(name for name in members if name.endswith(".schema"))[:32]
        version = f"4\t{md5}\t20260101000000\t2026-11-20T06:04:32Z\n".encode()
        self.refuse(pack(members), 3, "this database is older", version=version)
        self.assertFalse((Path("/var/lib/pecanctl") / self.name / "sync/1/bety.tar.gz").exists())
        self.refuse(pack(members), 3, "20260101000000", "--allow-drift")
        result = self.sync("--allow-drift")
        self.assertIn("only the dump has sites.soil", result.err)
        self.assertEqual(self.here.count("sites", 1), 60)
        self.assertEqual(self.here.count("citations", 1), 5)

    def test_reordered_columns_are_taken_by_their_names_and_never_by_place(self):
        self.peer.query("ALTER TABLE citations DROP title; ALTER TABLE citations ADD title text; UPDATE citations SET title = 't'")
        self.site.publish(pack(self.peer.members(1)))
        self.sync()
        self.assertEqual(self.here.query("SELECT DISTINCT title FROM citations"), "t")

    def test_a_dump_that_lost_much_needs_a_word(self):
        self.sync()
        self.peer.query("DELETE FROM covariates WHERE id > 1000000010")
        self.refuse(pack(self.peer.members(1)), 5, "40 of its 50 rows in covariates", "--accept-shrink")
        self.sync("--accept-shrink")
        self.assertEqual(self.here.count("covariates", 1), 10)

    def test_an_old_dump_is_a_warning(self):
        md5 = next(name for name in self.members if name.endswith(".schema"))[:32]
        self.site.publish(pack(self.members), f"3\t{md5}\t20200329233137\t2020-01-01T00:00:00Z\n".encode())
        self.assertIn("its cron may have stopped", self.sync().err)


class BadDump(SyncCase):
    def test_a_dump_cut_anywhere_changes_nothing(self):
        bundle = pack(self.members)
        before = self.here.checksums()
        for i in range(64):
            with self.subTest(i):
                self.site.publish(bundle[:len(bundle) * i // 64])
                result = run(*self.arguments(), env=self.env())
                self.assertEqual(result.exit, 3, result)
        self.site.publish(bundle[:-1])
        self.sync(code=3, words=["cut off"])
        self.assertEqual(self.here.checksums(), before)
        self.site.publish(bundle)
        self.sync()
        self.all_same()

    def test_what_is_no_dump_changes_nothing(self):
        good = pack(self.members)
        flipped = bytearray(good)
        flipped[len(good) // 2] ^= 0x55
        short_tar = gzip.compress(tar(self.members).rstrip(b"\0"))
        bad_sum = bytearray(good)
        bad_sum[-6] ^= 1
        for name, bundle, word in (
                ("html", b"<html>sorry</html>", "it is no gzip"), ("empty", b"", "it is empty"),
                ("flipped", bytes(flipped), "cannot read the dump"), ("sum", bytes(bad_sum), "damaged"),
                ("no tar", gzip.compress(b"x" * 5000), "it is no tar"), ("short tar", short_tar, "cannot read the dump"),
                ("trailing", good + b"garbage", "damaged"), ("bomb", gzip.compress(b"\0" * (200 << 20), 9), "unpack to more")):
            with self.subTest(name):
                self.refuse(bundle, 3, word)

    def test_hostile_archives_are_refused_and_nothing_is_unpacked(self):
        def odd(name, kind, target=""):
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, target
            return pack(self.members, extra=[info])
        many = {f"t{i}.csv": b"" for i in range(2100)}
        cases = {
            "parent": pack({**self.members, "../evil.csv": b""}), "absolute": pack({"x.csv": b""}, prefix="/tmp/"),
            "symlink": odd("./evil.csv", tarfile.SYMTYPE, "/etc/passwd"), "link": odd("./evil.csv", tarfile.LNKTYPE, "users.csv"),
            "device": odd("./null.csv", tarfile.CHRTYPE), "folder": odd("./sub", tarfile.DIRTYPE),
            "fifo": odd("./f.csv", tarfile.FIFOTYPE), "many": pack(many),
            "sql": pack({**self.members, 'users"; DROP TABLE sites; --.csv': b""}),
            "twice": gzip.compress(self.twice()),
        }
        for name, bundle in cases.items():
            with self.subTest(name):
                self.refuse(bundle, 3)
        self.assertFalse(Path("/tmp/x.csv").exists())

    def twice(self):
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w") as archive:
            for name in (*self.members, "users.csv"):
                info = tarfile.TarInfo(name)
                info.size = len(self.members[name])
                archive.addfile(info, io.BytesIO(self.members[name]))
        return buffer.getvalue()

    def test_wrong_rows_are_refused_with_table_and_row(self):
        more = {**self.members, "sites.csv": self.members["sites.csv"] + b"1000000001\t\\N\t\\N\t1\t1\t{}\tt\t\\N\n"}
        without = {name: content for name, content in self.members.items() if name != "entities.csv"}
        cases = {
            "bad value": (self.changed("traits.csv", b"\t12.0000\t", b"\ttwelve\t"), "traits.csv"),
            "cut": ({**self.members, "traits.csv": self.members["traits.csv"][:-20]}, "is cut off"),
            "field": (self.changed("traits.csv", b"\tSD\t", b"\t", 1), "fields instead of"),
            "missing": (without, "no entities.csv"),
            "extra": ({**self.members, "planets.csv": b"1\n"}, "no table planets"),
            "double": (more, "is there twice"),
            "outside": (self.changed("users.csv", b"1000000003\t", b"2000000777\t"), "is none of the site's"),
            "id": (self.changed("sites.csv", b"1000000003\t", b"x\t"), "`x` is no id"),
            "utf8": (self.changed("citations.csv", b"title 3", b"title \xff"), "citations.csv"),
            "nul": (self.changed("citations.csv", b"title 3", b"title \0"), "citations.csv"),
            "end mark": ({**self.members, "citations.csv": b"\\.\n" + self.members["citations.csv"]}, "fields instead of"),
            "level": (self.changed("traits.csv", b"\t4\t2002", b"\t9\t2002", 1), "traits.csv"),
        }
        for name, (members, word) in cases.items():
            with self.subTest(name):
                self.refuse(pack(members), 3, word)

    def test_a_schema_is_read_and_never_run(self):
        name = next(name for name in self.members if name.endswith(".schema"))
        marker = Path(f"/tmp/{self.name}.owned")
        evil = f"\\! touch {marker}\n\\restrict x\nDROP TABLE sites;\nCREATE TABLE public.evil (\n    id bigint\n);\n".encode()
        self.site.publish(pack({**self.members, name: evil + self.members[name]}))
        self.sync()
        self.assertFalse(marker.exists())
        self.assertNotIn("evil", self.here.tables())
        self.all_same()


class BadWeather(SyncCase):
    def respond(self, function):
        self.site.respond = function

    def test_servers_that_lie_change_nothing(self):
        before = self.here.checksums()
        bundle = pack(self.members)
        redirect = lambda to: lambda handler, path: self.site.answer(handler, 302, b"", {"Location": to})  # noqa: E731
        for name, respond, code in (
                ("longer", lambda handler, path: self.site.answer(handler, 200, bundle, length=len(bundle) + 99), 4),
                ("loop", redirect("/sync/dump/bety.tar.gz"), 4), ("file", redirect("file:///etc/passwd"), 3),
                ("gone", lambda handler, path: self.site.answer(handler, 404, b""), 4),
                ("login", lambda handler, path: self.site.answer(handler, 401, b""), 4)):
            with self.subTest(name):
                self.respond(respond)
                self.sync(code=code)
                self.assertEqual(self.here.checksums(), before)
        self.here.query("UPDATE machines SET sync_url = 'http://127.0.0.1:1/bety.tar.gz'")
        self.sync(code=4)
        self.here.query("UPDATE machines SET sync_url = 'file:///etc/passwd'")
        self.sync(code=2, words=["no http, https or ftp URL"])

    def test_a_server_that_drips_is_given_up_with_the_deadline(self):
        def drip(handler, path):
            handler.send_response(200)
            handler.send_header("Content-Length", "100000")
            handler.end_headers()
            for _ in range(100):
                handler.wfile.write(b"x")
                handler.wfile.flush()
                time.sleep(0.1)
        self.respond(drip)
        before = self.here.checksums()
        self.assertLess(self.sync("--timeout", "2s", code=6).seconds, 8)
        self.assertEqual(self.here.checksums(), before)

    def test_a_broken_transfer_goes_on_where_it_stopped(self):
        bundle = pack(self.members)
        half = len(bundle) // 2

        def break_once(handler, path):
            if "version" in path or "Range" in handler.headers:
                return False
            etag = '"' + hashlib.md5(bundle).hexdigest() + '"'
            return self.site.answer(handler, 200, bundle[:half], {"ETag": etag}, length=len(bundle))
        self.respond(break_once)
        self.sync()
        ranges = [headers["Range"] for path, headers in self.site.requests if "Range" in headers]
        self.assertEqual(ranges, [f"bytes={half}-"])
        self.all_same()

    def test_redirects_and_passwords_in_urls_work_and_are_not_shown(self):
        url = self.site.url.replace("http://", "http://anon:s3cretword@")
        self.respond(lambda handler, path: None if path.startswith("/sync") else
                     self.site.answer(handler, 301, b"", {"Location": self.site.url}))
        result = self.sync("-v", "1=" + url.replace("/sync/dump", "/old"))
        self.assertNotIn("s3cretword", result.out + result.err)
        self.assertNotIn("s3cretword", self.here.query("SELECT url FROM pecanctl.sync_log"))

    def test_a_site_that_has_ftp_only_is_pulled_from_once(self):
        site = FtpSite(pack(self.members))
        self.addCleanup(site.close)
        self.sync("1=" + site.url)
        self.assertIn("anonpass", site.logins)
        self.all_same()
        self.assertEqual(self.peer_of(self.sync("1=" + site.url, "--json"))["state"], "unchanged")

    def test_a_full_disk_changes_nothing_and_is_named(self):
        before = self.here.checksums()
        folder = Path("/var/lib/pecanctl") / self.name
        folder.mkdir(parents=True)
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", folder], check=True)
        try:
            self.sync(code=1, words=["No space left"])
        finally:
            subprocess.run(["umount", folder], check=True)
        self.assertEqual(self.here.checksums(), before)

    def test_two_syncs_at_once_are_told_apart(self):
        first = start(*self.arguments(), env=self.env(PECANCTL_FAILPOINT="sync.written=stall:3000"))
        wait_until(lambda: self.here.query("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database = "
                                           f"(SELECT oid FROM pg_database WHERE datname = '{self.here.name}')") == "1", 20)
        self.sync(code=5)
        self.assertIn("skipped", self.sync("--skip-if-locked").err)
        other = run("sync", "-i", self.name + "x", env=self.env())
        self.addCleanup(forget, self.name + "x")
        self.expect(other, 5, "another sync works on this database")
        self.assertEqual(self.here.query("SELECT count(*) FROM sites WHERE id < 7000000000"), "0", "nobody sees half of it")
        self.here.query("INSERT INTO sites (id, sitename) VALUES (7000000002, 'meanwhile')")
        self.expect(finish(first), 0)
        self.all_same()


class Killed(SyncCase):
    def test_killed_anywhere_the_database_is_before_or_after(self):
        before = self.here.checksums()
        places = ["sync.piece", "sync.fetched", "sync.all_fetched", "sync.unpacked", "sync.compared", "sync.loaded", "sync.checked",
                  "sync.removed", "sync.added", "sync.written", "sync.recorded"]
        places += [f"sync.staged#{i}" for i in range(2, 12, 3)]
        for place in places:
            with self.subTest(place):
                result = run(*self.arguments(), env=self.env(PECANCTL_FAILPOINT=place))
                self.assertEqual(result.exit, 137, result)
                self.assertEqual(self.here.checksums(), before)
        result = run(*self.arguments(), env=self.env(PECANCTL_FAILPOINT="sync.committed"))
        self.assertEqual(result.exit, 137)
        self.all_same()
        self.assertEqual(self.peer_of(self.sync("--json", "--verify"))["added"], 0)

    def test_interrupted_it_ends_soon_and_changes_nothing(self):
        before = self.here.checksums()
        process = start(*self.arguments(), env=self.env(PECANCTL_FAILPOINT="sync.loaded=stall:500"))
        time.sleep(0.4)
        process.send_signal(signal.SIGINT)
        self.assertLess(self.expect(finish(process), 130).seconds, 10)
        self.assertEqual(self.here.checksums(), before)

    def test_a_backend_that_is_ended_changes_nothing(self):
        before = self.here.checksums()
        process = start(*self.arguments(), env=self.env(PECANCTL_FAILPOINT="sync.written=stall:1500"))
        end = (f"SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = '{self.here.name}' "
               "AND application_name = 'pecanctl' AND state = 'idle in transaction'")
        wait_until(lambda: self.here.query(end) != "0", 20)
        self.expect(finish(process), 4)
        self.assertEqual(self.here.checksums(), before)
        self.sync()
        self.all_same()

    def test_a_commit_that_did_not_arrive_is_found_out_and_done_again(self):
        process = start(*self.arguments(), env=self.env(PECANCTL_FAILPOINT="sync.recorded=stall:1500"))
        end = (f"SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = '{self.here.name}' "
               "AND application_name = 'pecanctl' AND state = 'idle in transaction' AND query LIKE 'INSERT INTO pecanctl.sync_log%'")
        wait_until(lambda: self.here.query(end) != "0", 20)
        self.expect(finish(process), 0)
        self.all_same()
        self.assertEqual(self.here.query("SELECT count(*) FROM pecanctl.sync_log"), "1")


if __name__ == "__main__":
    main()
