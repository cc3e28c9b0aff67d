# SPDX-FileCopyrightText: the pecanctl authors
# SPDX-License-Identifier: BSD-3-Clause
"""Servers that lie, disks that are full, processes that are killed, others who write: the database is as before, or right."""

import contextlib
import hashlib
import select
import signal
import socket
import ssl
import subprocess
import threading
import time
from pathlib import Path

from support import finish, forget, main, run, start, wait_until
from sync_case import SyncCase
from sync_peer import FtpSite, pack


class Front:
    """A socket of PostgreSQL in a folder of its own, behind which is the real one."""

    def __init__(self, folder, host, port):
        self.environment = {"PGHOST": str(folder), "PGPORT": port}
        self.target = f"{host}/.s.PGSQL.{port}"
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(f"{folder}/.s.PGSQL.{port}")
        self.listener.listen()
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                self.take(self.listener.accept()[0])

    def relay(self, client):
        with client, socket.socket(socket.AF_UNIX) as server, contextlib.suppress(OSError):
            server.connect(self.target)
            self.carry(client, server)

    def close(self):
        self.listener.close()


class CutAtCommit(Front):
    """The first COMMIT arrives; that it did is not told, for the connection is cut."""

    commits = 0

    def take(self, client):
        threading.Thread(target=self.relay, args=(client,), daemon=True).start()

    def carry(self, client, server):
        while True:
            for ready in select.select([client, server], [], [])[0]:
                data = ready.recv(65536)
                if not data:
                    return
                (server if ready is client else client).sendall(data)
                if ready is client and data.startswith(b"Q") and data[5:11] == b"COMMIT":
                    self.commits += 1
                    if self.commits == 1:
                        server.recv(65536)  # it has happened
                        return


class OnePlace(Front):
    """One session at a time: another is turned away."""

    refused = 0

    def take(self, client):
        self.relay(client)

    def carry(self, client, server):
        while True:
            ready = select.select([client, server, self.listener], [], [])[0]
            if ready == [self.listener]:  # beside a client that leaves it would be the next
                self.listener.accept()[0].close()
                self.refused += 1
            for end in set(ready) - {self.listener}:
                if not (data := end.recv(65536)):
                    return
                (server if end is client else client).sendall(data)


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
            if "bety.tar.gz" not in path or "Range" in handler.headers:
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

    def test_https_needs_a_good_certificate_unless_pecan_yml_says_otherwise(self):
        folder = self.temp_folder()
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                        "-subj", "/CN=127.0.0.1", "-keyout", folder / "key", "-out", folder / "certificate"],
                       check=True, capture_output=True)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / "certificate", folder / "key")
        self.site.server.socket = context.wrap_socket(self.site.server.socket, server_side=True)
        url = self.site.url.replace("http:", "https:")
        before = self.here.checksums()
        self.sync("1=" + url, code=4, words=["certificate"])
        self.assertEqual(self.here.checksums(), before)
        self.expect(run("init", self.name, cwd=folder), 0)
        with (folder / self.name / "pecan.yml").open("a") as file:
            file.write(f"\nsync: {{ urls: {{ 1: '{url}' }}, insecure: [1] }}\n")
        self.expect(run("sync", cwd=folder / self.name, env=self.env()), 0)
        self.all_same()

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

    def orphans(self, child, column, parent):
        return self.here.query(f"SELECT count(*) FROM {child} c LEFT JOIN {parent} p ON p.id = c.{column} "
                               f"WHERE p.id IS NULL AND c.{column} IS NOT NULL")

    def child_of_a_local_row(self):
        self.sync()
        self.peer.query("INSERT INTO sites (id, sitename) VALUES (7000000001, 'ours');"
                        "INSERT INTO inputs VALUES (1000000099, 7000000001, 'of the peer');"
                        "UPDATE sites SET notes = 'x' WHERE id = 1000000007")
        self.publish()

    def test_a_parent_removed_before_its_child_was_looked_at_leaves_none_behind(self):
        self.child_of_a_local_row()
        other = self.other("DELETE FROM sites WHERE id = 7000000001")
        process = self.begin_sync()
        other.say("COMMIT")
        self.assertEqual(self.peer_of(self.expect(finish(process), 0))["held"], 1)
        self.assertEqual(self.orphans("inputs", "site_id", "sites"), "0")

    def test_a_parent_of_a_child_that_comes_is_kept_until_it_is_there(self):
        self.child_of_a_local_row()
        holder = self.other("UPDATE sites SET notes = 'y' WHERE id = 1000000007")  # the sync's first row to change
        process = self.begin_sync()
        remover = self.other()
        remover.tell("DELETE FROM sites WHERE id = 7000000001")
        self.wait_for_waiting("psql", process)
        holder.say("ROLLBACK")
        self.assertEqual(self.peer_of(self.expect(finish(process), 0))["held"], 0)
        self.assertIn("violates foreign key", remover.hear())
        self.assertEqual(self.orphans("inputs", "site_id", "sites"), "0")

    def test_who_refers_to_a_row_that_the_site_has_changed_need_not_wait(self):
        self.sync()
        self.peer.query("UPDATE sites SET notes = 'x' WHERE id = 1000000030")
        self.publish()
        holder = self.other("LOCK TABLE pecanctl.sync_log IN SHARE MODE")
        process = self.begin_sync()
        self.here.query("SET statement_timeout = '10s'; INSERT INTO inputs VALUES (7000000001, 1000000030, 'ours')")
        holder.say("ROLLBACK")
        self.expect(finish(process), 0)
        self.here.query("DELETE FROM inputs WHERE id = 7000000001")
        self.all_same()

    def test_rows_that_exchanged_their_keys_are_taken(self):
        self.peer.query("INSERT INTO modeltypes VALUES (1000000002, 'SIPNET')")
        self.publish()
        self.sync()
        self.peer.query("BEGIN; UPDATE modeltypes SET name = 'x' WHERE id = 1000000001; UPDATE modeltypes SET name = 'ED2' "
                        "WHERE id = 1000000002; UPDATE modeltypes SET name = 'SIPNET' WHERE id = 1000000001; COMMIT")
        self.publish()
        self.assertEqual(self.peer_of(self.sync("--json"))["changed"], 2)
        self.all_same()

    def test_a_row_written_meanwhile_keeps_the_parent_that_the_site_has_dropped(self):
        self.sync()
        self.peer.query("DELETE FROM traits WHERE site_id = 1000000030; DELETE FROM sites WHERE id = 1000000030")
        self.publish()
        holder = self.other("SELECT FROM traits WHERE site_id = 1000000030 FOR UPDATE")
        process = self.begin_sync("-v")
        # All checks are made; the site is not removed yet. Another session commits a child, and need not wait.
        self.here.query("SET statement_timeout = '10s'; INSERT INTO inputs VALUES (7000000001, 1000000030, 'ours')")
        holder.say("ROLLBACK")
        record = self.peer_of(self.expect(finish(process), 0))
        self.assertEqual(record["retained"], 1)
        self.assertEqual(self.orphans("inputs", "site_id", "sites"), "0")

    def test_a_commit_whose_answer_is_lost_is_found_out_and_not_done_twice(self):
        cutter = CutAtCommit(self.temp_folder(), self.host, self.port)
        self.addCleanup(cutter.close)
        record = self.peer_of(self.sync("--json", **cutter.environment))
        self.assertEqual((cutter.commits, record["added"]), (1, 396))
        self.assertEqual(self.here.query("SELECT operation FROM pecanctl.sync_log"), record["operation"])
        self.all_same()

    def test_one_session_is_enough_for_a_dump_that_two_would_compare(self):
        self.peer.query("ALTER TABLE traits DISABLE TRIGGER USER; INSERT INTO traits SELECT 1000001000 + i, 1000000001, "
                        "1000000001, NULL, 1, 'SD', 0, 4 FROM generate_series(1, 30000) i")
        self.publish()
        place = OnePlace(self.temp_folder(), self.host, self.port)
        self.addCleanup(place.close)
        self.sync(**place.environment)
        self.assertEqual(place.refused, 1)
        self.all_same()

    def test_what_somebody_changed_meanwhile_is_looked_at_again(self):
        self.sync()
        self.peer.query("UPDATE sites SET notes = 'x' WHERE id = 1000000007")
        self.publish()
        other = self.other("UPDATE sites SET notes = 'y' WHERE id = 1000000007")
        process = self.begin_sync("-v")
        other.say("COMMIT")
        result = self.expect(finish(process), 0)
        self.assertIn("SQLSTATE 40001", result.out + result.err)
        self.all_same()

    def test_of_two_that_wait_for_each_other_one_begins_anew(self):
        self.sync()
        self.peer.query("ALTER TABLE traits DISABLE TRIGGER USER; UPDATE traits SET mean = 7 WHERE id = 1000000005;"
                        "UPDATE sites SET notes = 'x' WHERE id = 1000000007")
        self.publish()
        other = self.other("SELECT FROM traits WHERE id = 1000000005 FOR UPDATE")
        process = self.begin_sync()  # sites come before traits
        other.tell("UPDATE sites SET notes = 'y' WHERE id = 1000000007; COMMIT")
        self.expect(finish(process), 0)
        other.hear()
        self.all_same()


class Killed(SyncCase):
    # Forty places: these, the thirteen tables of the test's BETY each way, and right after COMMIT.
    BEFORE = ["sync.piece", "sync.fetched", "sync.all_fetched", "sync.unpacked", "sync.table#2", "sync.table#8", "sync.compared"]
    BEFORE += [f"sync.staged#{i}" for i in range(1, 14)]
    WITHIN = ["sync.loaded", "sync.checked", "sync.removed", "sync.added", "sync.written", "sync.recorded"]
    WITHIN += [f"sync.wrote#{i}" for i in range(1, 14)]

    def kill_at(self, places):
        before = self.here.checksums()
        for place in places:
            with self.subTest(place):
                result = run(*self.arguments(), env=self.env(PECANCTL_FAILPOINT=place))
                self.assertEqual(result.exit, 137, result)
                self.assertEqual(self.here.checksums(), before)

    def test_killed_before_it_writes_the_database_is_as_before(self):
        self.kill_at(self.BEFORE)

    def test_killed_while_it_writes_the_database_is_before_or_after(self):
        self.kill_at(self.WITHIN)
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
