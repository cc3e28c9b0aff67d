# SPDX-FileCopyrightText: the pecanctl authors
# SPDX-License-Identifier: BSD-3-Clause
"""sync --publish: what stands in the folder, read by others, and what stands there when it fails."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

from support import BINARY, NOBODY, SOURCE, Case, environment, finish, main, run, service, start, wait_until

sys.path.insert(0, str(SOURCE / "tests" / "support"))
from bety_database import Database  # noqa: E402
from bety_dump import check_folder, parse_rows  # noqa: E402
from site_keys import hand_over, make_key  # noqa: E402

# What BETY's own script reads files with.
COPY = r"""WITH (DELIMITER E'\t', NULL '\N', ESCAPE '\', FORMAT CSV, ENCODING 'UTF-8')"""
KEPT = "access_level >= 3 AND checked != -1"


class Published(Case):
    """A database with rows of site 1, and a folder to publish to."""

    scale = 0.003

    def setUp(self):
        server = service("PECANCTL_TEST_POSTGRES"), service("PECANCTL_TEST_POSTGRES_PORT")
        self.database = Database.of_bety(server, site=1, scale=self.scale)
        self.addCleanup(self.database.drop)
        self.root = self.temp_folder()
        self.folder = self.root / "dump"

    def environment(self, **changes):
        return environment(**self.database.variables(), **changes)

    def publish(self, *arguments, code=0, folder=None, **changes):
        folder = folder or self.folder
        return self.expect(run("sync", "--publish", folder, "--site", "1", *arguments,
                               env=self.environment(**changes)), code)

    def record(self, result):
        (record,) = [each for each in result.records() if each["type"] == "publication"]
        return record

    def files(self):
        """What a web server would show, pieces left out."""
        return {path.name: path.read_bytes() for path in self.folder.iterdir() if path.is_file()}

    def assert_clean(self):
        names = {path.name for path in self.folder.iterdir()}
        self.assertEqual(names, {"bety.tar.gz", "bety.manifest.json", "version.txt", "sync.log", "bety.d"})
        self.assertEqual([name for name in os.listdir(self.folder / "bety.d") if name.startswith(".")], [])


class Format(Published):
    def test_others_read_every_row_as_it_is(self):
        record = self.record(self.publish("--json"))
        dump = check_folder(self.folder)
        self.assert_clean()
        self.assertEqual({name: len(rows) for name, rows in dump.tables.items()}, record["tables"])

        # A database with the dump's own schema, loaded in the way of the network's scripts.
        other = Database(self.database.server)
        self.addCleanup(other.drop)
        unpacked = self.root / "unpacked"
        unpacked.mkdir()
        subprocess.run(["tar", "-xzf", self.folder / "bety.tar.gz", "-C", unpacked], check=True)
        other.psql((unpacked / f"{dump.md5}.schema").read_text())
        tables = self.database.tables()
        self.assertEqual(other.tables(), tables)
        other.psql("BEGIN; SET LOCAL session_replication_role = replica;\n" + "".join(
            f"\\copy public.{table} FROM '{unpacked}/{table}.csv' {COPY}\n"
            for table in ["schema_migrations", *tables]) + "COMMIT;")
        for table in set(tables) - {"users"}:
            where = KEPT if table in ("traits", "yields") else "true"
            if table == "covariates":
                where = f"trait_id IN (SELECT id FROM traits WHERE {KEPT})"
            self.assertEqual(other.rows(table), self.database.rows(table, where), table)
        self.assertEqual(other.psql("SELECT count(*) FROM traits t FULL JOIN covariates c ON c.trait_id = t.id "
                                    "WHERE t.id IS NULL"), "0")

    def test_the_schema_makes_the_same_database(self):
        self.publish()
        dump = check_folder(self.folder)
        other = Database(self.database.server)
        self.addCleanup(other.drop)
        other.psql(dump.schema)
        facts = ("SET search_path = ''; SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint "
                 "WHERE connamespace = 'public'::regnamespace AND conname NOT LIKE 'valid_%' ORDER BY 1, 2; "
                 "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1; "
                 "SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1; "
                 "SELECT attrelid::regclass::text, attnum, attname, format_type(atttypid, atttypmod), attnotnull FROM "
                 "pg_attribute JOIN pg_class c ON c.oid = attrelid WHERE relnamespace = 'public'::regnamespace AND attnum "
                 "> 0 AND relkind = 'r' ORDER BY 1, 2; SELECT proname, prosrc FROM pg_proc WHERE pronamespace = "
                 "'public'::regnamespace AND proname LIKE '%_ids' ORDER BY 1")
        self.assertEqual(other.psql(facts), self.database.psql(facts))

    def test_the_same_data_is_the_same_file(self):
        first = self.record(self.publish("--json"))
        before = (self.folder / "bety.tar.gz").stat()
        again = self.record(self.publish("--json"))
        after = (self.folder / "bety.tar.gz").stat()
        self.assertEqual((before.st_ino, before.st_mtime_ns), (after.st_ino, after.st_mtime_ns))
        self.assertEqual((again["changed"], again["new_pieces"], again["sha256"]), (False, 0, first["sha256"]))
        self.assertGreater(again["serial"], first["serial"])
        elsewhere = self.record(self.publish("--json", folder=self.root / "other"))
        self.assertEqual(elsewhere["sha256"], first["sha256"])
        # Rows that lie elsewhere on the disk are the same rows.
        self.database.psql("UPDATE sites SET map = map WHERE id % 3 = 0; ALTER TABLE sites DISABLE TRIGGER USER; "
                           "UPDATE sites SET updated_at = '2016-06-07 08:09:10'; CLUSTER sites USING sites_pkey")
        self.assertEqual(self.record(self.publish("--json"))["sha256"], first["sha256"])

    def test_a_peer_needs_only_the_pieces_that_changed(self):
        self.publish()
        before = {path.name for path in (self.folder / "bety.d").iterdir()}
        self.database.psql("UPDATE species SET commonname = 'oak' WHERE id = 1000000003; "
                           "INSERT INTO entities (id, name) VALUES (1000900000, 'new')")
        record = self.record(self.publish("--json"))
        self.assertEqual((record["changed"], record["new_pieces"]), (True, 2))
        # Those of the manifest before are there once more, and go the next time.
        self.assertLessEqual(before, {path.name for path in (self.folder / "bety.d").iterdir()})
        self.publish()
        check_folder(self.folder)
        dump = json.loads((self.folder / "bety.manifest.json").read_text())["manifest"]
        named = {f"{piece[2]}.gz" for table in dump["tables"].values() for piece in table["pieces"]}
        self.assertEqual({path.name for path in (self.folder / "bety.d").iterdir()}, named)

    def test_a_broken_piece_is_made_again(self):
        self.publish()
        pieces = sorted((self.folder / "bety.d").iterdir())
        pieces[0].write_bytes(b"")
        pieces[1].write_bytes(pieces[1].read_bytes()[:-3])
        pieces[2].unlink()
        pieces[3].write_bytes(pieces[4].read_bytes())
        self.assertEqual(self.record(self.publish("--json"))["new_pieces"], 4)
        check_folder(self.folder)


class Privacy(Published):
    def test_what_is_private_is_held_back(self):
        self.publish()
        dump = check_folder(self.folder)
        text = b"".join(dump.files.values())
        for secret in (b"Person", b"person1_", b"@site1.org", b"pepper", b"k" * 40):
            self.assertNotIn(secret, text)
        user = dump.tables["users"][0]
        number = user[0]
        self.assertEqual(user[1:9] + user[11:], [
            f"user{number}", f"user {number}", f"betydb+{number}@gmail.com", "", "", "", "1234567890abcdef", "SALT",
            None, None, "3", "4", None, "", ""])

        everything = self.record(self.publish("--level", "1", "--unchecked", "--keep-users", "--json"))
        self.assertEqual(everything["tables"]["traits"], int(self.database.psql("SELECT count(*) FROM traits")))
        self.assertEqual(everything["tables"]["covariates"], int(self.database.psql("SELECT count(*) FROM covariates")))
        self.assertIn(b"person1_", check_folder(self.folder).files["users"])
        strict = self.record(self.publish("--level", "4", "--json"))
        self.assertEqual(strict["tables"]["traits"],
                         int(self.database.psql("SELECT count(*) FROM traits WHERE access_level = 4 AND checked <> -1")))

    def test_only_rows_of_the_site_are_published(self):
        self.database.psql("INSERT INTO species (id, scientificname) VALUES (1000000000, 'a'), (2000000000, 'b'), "
                           "(1999999999, 'c'), (7, 'd')")
        self.publish()
        names = [row[4] for row in check_folder(self.folder).tables["species"]]
        self.assertEqual([name for name in names if len(name) == 1], ["c"])
        self.database.psql("INSERT INTO machines (id, hostname, sync_host_id, sync_start, sync_end) VALUES (1, 'bu', 1, 5, 7)")
        self.publish()
        self.assertEqual([row[4] for row in check_folder(self.folder).tables["species"]], ["d"])

    def test_a_look_writes_nothing(self):
        record = self.record(self.publish("-n", "--json"))
        self.assertFalse(record["done"])
        self.assertFalse(self.folder.exists())
        self.assertEqual(record["tables"], self.record(self.publish("--json"))["tables"])

    def test_the_manifest_is_signed_by_the_site(self):
        self.expect(run("init", self.root / "demo"), 0)
        secrets = self.root / "demo" / "secrets"
        keys = {name: make_key(self.root / name) for name in ("old", "new")}
        (secrets / "site_key").write_text(keys["new"][0] + "\n")
        (secrets / "site_key").chmod(0o600)
        public = {name: pair[1] for name, pair in keys.items()}
        (secrets / "site_handover").write_text(hand_over(self.root / "old", public["old"], public["new"]))
        with (self.root / "demo" / "pecan.yml").open("a") as file:
            file.write(f"\nsite: {{id: 1}}\nsync: {{publish: {{dir: {self.folder}, level: 4}}}}\n")
        done = self.expect(run("-C", self.root / "demo", "sync", "--publish", "--json", env=self.environment()), 0)
        self.assertTrue(self.record(done)["signed"])
        dump = check_folder(self.folder, public["new"])
        self.assertEqual(dump.manifest["previous_key"], public["old"])
        self.assertEqual(dump.manifest["filter"], {"level": 4, "checked": True, "users": "anonymous"})


class Failure(Published):
    def setUp(self):
        super().setUp()
        self.publish()
        self.before = self.files()
        self.database.psql("UPDATE species SET notes = 'changed'")

    def assert_unchanged(self):
        shown = {name: content for name, content in self.files().items() if not name.startswith(".")}
        self.assertEqual(shown, self.before)

    def test_killed_anywhere_it_leaves_whole_files_and_is_repeated(self):
        for point in ("publish.snapshot", "publish.piece", "publish.table#30", "publish.tarball"):
            with self.subTest(point=point):
                killed = finish(start("sync", "--publish", self.folder, "--site", "1",
                                      env=self.environment(PECANCTL_FAILPOINT=point)))
                self.assertEqual(killed.exit, 128 + signal.SIGKILL)
                self.assert_unchanged()
        for point in ("publish.renamed_tarball", "publish.renamed_manifest", "publish.renamed"):
            with self.subTest(point=point):
                self.database.psql(f"UPDATE species SET notes = '{point}'")
                version = (self.folder / "version.txt").read_bytes()
                time.sleep(1.1)  # it has the time in seconds
                finish(start("sync", "--publish", self.folder, "--site", "1",
                             env=self.environment(PECANCTL_FAILPOINT=point)))
                self.assertEqual((self.folder / "version.txt").read_bytes() == version, point != "publish.renamed")
                self.assertIn(point.encode(), subprocess.run(
                    ["tar", "-xzOf", self.folder / "bety.tar.gz", "./species.csv"], check=True, capture_output=True).stdout)
        self.publish()
        check_folder(self.folder)
        self.assert_clean()

    def test_a_full_disk_changes_nothing(self):
        small = self.root / "small"
        small.mkdir()
        script = ('mount -t tmpfs -o size=$3 tmpfs "$1" && cp -a "$2/." "$1/" && exec "$4" sync --publish "$1" --site 1')
        compared = "; code=$?; diff -rq -x .pecanctl-publish.\\* \"$1\" \"$2\" | grep -v bety.d; ls -A \"$1\" >&2; exit $code"
        size = sum(path.stat().st_blocks * 512 for path in self.folder.rglob("*") if path.is_file())
        done = subprocess.run(["unshare", "-m", "bash", "-c", script.replace("exec ", "") + compared, "bash", small, self.folder,
                               f"{(size // 4096 + 12) * 4}k", BINARY], capture_output=True, text=True,
                              env=self.environment(), check=False)
        self.assertEqual((done.returncode, done.stdout), (1, ""), done.stderr)
        self.assertIn("No space left on device", done.stderr)
        self.assertNotRegex(done.stderr, r"(?m)^\.pecanctl-publish")

    def test_a_folder_that_cannot_be_written_is_refused(self):
        if os.geteuid() != 0:
            self.skipTest("needs root to become nobody")
        shutil.chown(self.folder, 0)
        os.chmod(self.root, 0o755)
        done = finish(start("sync", "--publish", self.folder, "--site", "1", env=self.environment(), user=NOBODY))
        self.expect(done, 4)
        self.assert_unchanged()
        (self.root / "file").write_text("")
        self.publish(code=1, folder=self.root / "file")

    def test_two_at_once_take_turns(self):
        slow = start("sync", "--publish", self.folder, "--site", "1",
                     env=self.environment(PECANCTL_FAILPOINT="publish.tarball=stall:3000"))
        wait_until(lambda: any(self.folder.glob(".pecanctl-publish.*")), what="the first one's start")
        refused = self.publish(code=5)
        self.assertIn("another pecanctl publishes there", refused.err)
        self.assert_unchanged()
        self.publish("--lock-wait", "30s")
        self.expect(finish(slow), 0)
        check_folder(self.folder)
        self.assert_clean()

    def test_a_server_that_goes_away_and_an_interrupt_change_nothing(self):
        slow = {"PECANCTL_FAILPOINT": "publish.table#20=stall:1500"}
        for end in ("server", "interrupt"):
            with self.subTest(end=end):
                running = start("sync", "--publish", self.folder, "--site", "1", env=self.environment(**slow))
                wait_until(lambda: any(self.folder.glob(".pecanctl-publish.*")), what="the start")
                time.sleep(0.5)
                if end == "server":
                    self.database.psql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = "
                                       "current_database() AND pid <> pg_backend_pid()")
                else:
                    running.send_signal(signal.SIGINT)
                self.expect(finish(running), 4 if end == "server" else 130)
                self.assert_unchanged()
                self.assert_clean()

    def test_a_database_that_is_no_bety_is_refused(self):
        self.database.psql("DROP TABLE schema_migrations")
        refused = self.publish(code=9)
        self.assertIn("it is no BETY", refused.err)
        self.assert_unchanged()


class Reader(Case):
    def test_the_reader_notices_what_is_wrong(self):
        self.assertEqual(parse_rows('1\t\\N\t\n2\t"a\\"b\\\\"\t"\\\\N"\n'), [["1", None, ""], ["2", 'a"b\\', "\\N"]])
        for wrong in ('1\t"a"\n', "1\ta\rb\n", '1\t"a\tb"c\n', '"a\\nb\n"\n', "1\t2", '1\ta"b\n'):
            with self.subTest(wrong=wrong), self.assertRaises((AssertionError, IndexError)):
                parse_rows(wrong)


if __name__ == "__main__":
    main()
