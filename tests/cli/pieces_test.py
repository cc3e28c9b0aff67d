# SPDX-FileCopyrightText: the pecanctl authors
# SPDX-License-Identifier: BSD-3-Clause
"""Pulling by a signed manifest: only the pieces that differ are fetched, and nothing that cannot be trusted is taken."""

import gzip
import json
import re
import sys
import urllib.error
import urllib.request
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))

from bety_database import Database  # noqa: E402
from site_keys import hand_over, make_key  # noqa: E402
from skewed_clock import skewed_clock  # noqa: E402
from support import environment, finish, forget, main, run, start  # noqa: E402
from sync_case import PullCase  # noqa: E402

QUIETLY = "SET session_replication_role = replica; "
# A hundred changes, as a day's work makes them: new rows, and some that lie together.
DAY = QUIETLY + """
UPDATE traits SET notes = notes || 'x' WHERE id BETWEEN 1000000101 AND 1000000140;
INSERT INTO entities (id, name) SELECT 1000900000 + g, 'new ' || g FROM generate_series(1, 40) g;
DELETE FROM sitegroups_sites WHERE id BETWEEN 1000000011 AND 1000000030;"""


class Signed(PullCase):
    """Site 1, which has a key and publishes, and a database that pulls from it."""

    scale = 0.003

    def setUp(self):
        super().setUp()
        self.there = self.database(1, self.scale)
        self.here = self.database(2, 0.001)
        self.root = self.temp_folder()
        self.folder = self.root / "dump"
        self.site = self.web_site()
        self.expect(run("init", self.root / "demo"), 0)
        self.secrets = self.root / "demo" / "secrets"
        with (self.root / "demo" / "pecan.yml").open("a") as file:
            file.write(f"\nsite: {{id: 1}}\nsync: {{publish: {{dir: {self.folder}}}}}\n")
        self.key = self.take_key("first")
        self.publish()

    def database(self, site, scale):
        return self.gone_at_the_end(Database.of_bety((self.host, self.port), site, scale))

    def take_key(self, name):
        private, public = make_key(self.root / name)
        (self.secrets / "site_key").write_text(private + "\n")
        (self.secrets / "site_key").chmod(0o600)
        return public

    def publish(self, changes="", **variables):
        if changes:
            self.there.psql(changes)
        self.expect(run("-C", self.root / "demo", "sync", "--publish",
                        env=environment(**self.there.variables(), **variables)), 0)
        self.site.show(self.folder)

    def sync(self, *arguments, code=0, words=(), database=None, url=None, **changes):
        result = run("sync", "-i", self.name, f"1={url or self.site.url}", "--json", *arguments,
                     env=environment(**(database or self.here).variables(), **changes), timeout=60)
        return self.expect(result, code, *words)

    def pull(self, *arguments, **options):
        return self.peer_of(self.sync(*arguments, **options))

    def sums(self, database, tables, where="true"):
        return sorted(database.psql(" UNION ALL ".join(
            f"SELECT '{table}', md5(coalesce(string_agg(t::text, E'\\n' ORDER BY t::text), '')) FROM {table} t WHERE {where}"
            for table in tables)).splitlines())

    def state(self):
        """Everything here, and what is remembered of the site's key."""
        return self.sums(self.here, self.here.tables()), self.keys("key || serial")

    def keys(self, what="key"):
        if not self.here.psql("SELECT to_regclass('pecanctl.site_keys')"):
            return ""
        return self.here.psql(f"SELECT {what} FROM pecanctl.site_keys WHERE site = 1")

    def assert_same(self):
        # Part of these is not shown: their whole is compared with that of a whole dump.
        tables = [name for name in self.there.tables() if name not in ("traits", "yields", "covariates", "users")]
        where = "id BETWEEN 1000000000 AND 1999999999"
        self.assertEqual(self.sums(self.here, tables, where), self.sums(self.there, tables, where))


class Pieces(Signed):
    scale = 0.03

    def test_a_days_changes_cost_their_pieces_and_give_what_the_whole_dump_gives(self):
        result = self.sync()
        self.assertIn(f"signs its dumps with the key {self.key}, seen for the first time", result.err + result.out)
        self.assertEqual(self.keys(), self.key)
        requests = len(self.site.requests)
        self.assertEqual(self.pull()["state"], "unchanged")
        self.assertEqual(len(self.site.requests), requests + 1, "one round trip when nothing is new")

        self.publish(DAY)
        self.site.sent = 0
        record = self.pull()
        self.assertEqual((record["added"], record["changed"], record["removed"]), (40, 38, 20))  # two of them are private
        size = len(self.site.files["/sync/dump/bety.tar.gz"])
        self.assertLess(self.site.sent * 20, size)
        self.assertEqual(record["bytes"], self.site.sent)
        self.assertIn(record["pieces"], (3, 4))
        self.assert_same()

        other, plain = self.database(2, 0.001), self.web_site()
        plain.publish(self.site.files["/sync/dump/bety.tar.gz"])
        self.assertEqual(self.pull(database=other, url=plain.url)["pieces"], 0)
        self.assertEqual(self.sums(other, other.tables()), self.sums(self.here, other.tables()))

        # Somebody's hand here is found and undone with a piece; what came before need not come again.
        self.here.psql(QUIETLY + "UPDATE species SET notes = 'mine' WHERE id = 1000000007")
        self.assertEqual(self.pull("-n", "--verify")["changed"], 1)
        record = self.pull("--verify")
        self.assertEqual((record["changed"], record["pieces"]), (1, 0))
        self.assertEqual(self.pull("--verify")["changed"], 0)
        self.assert_same()


class Rules(Signed):
    def test_what_is_held_or_needed_stays_so_from_pull_to_pull(self):
        self.publish("INSERT INTO species (id, scientificname) VALUES (1000900001, 'a'), (1000900002, 'b')")
        self.sync()
        self.publish(QUIETLY + "UPDATE traits SET site_id = 1000777777 WHERE id = 1000000103; "
                     "DELETE FROM species WHERE id > 1000900000")
        self.here.psql("INSERT INTO cultivars (id, specie_id, name) VALUES (2000900001, 1000900002, 'ours')")
        record = self.pull()
        self.assertGreater(record["pieces"], 0)
        self.assertEqual((record["retained"], record["held"] > 0), (1, True))
        self.assertIn("no row of sites", json.dumps(record["held_reasons"]))
        before = self.state()
        again = self.pull("--verify")
        self.assertEqual((again["retained"], again["held"], again["pieces"]), (1, record["held"], 0))
        self.assertEqual(self.state(), before)
        self.publish(QUIETLY + "UPDATE traits SET site_id = 1000000009 WHERE id = 1000000103")
        self.assertEqual(self.pull()["held"], 0)
        before = self.state()
        self.publish(QUIETLY + "DELETE FROM citations_sites WHERE id > 1000000020")
        self.sync(code=5, words=["--accept-shrink"])
        self.assertEqual(self.state(), before)

    def test_killed_anywhere_nothing_changed_and_what_was_fetched_is_not_fetched_again(self):
        self.sync()
        self.publish(DAY)
        before = self.state()
        for place in ("sync.manifest", "sync.hashed", "sync.fetched_piece", "sync.unpacked", "sync.written", "sync.recorded"):
            with self.subTest(place):
                result = run("sync", "-i", self.name, f"1={self.site.url}",
                             env=environment(**self.here.variables(), PECANCTL_FAILPOINT=place))
                self.assertEqual(result.exit, 137, result)
                self.assertEqual(self.state(), before)
        self.assertEqual(self.pull()["pieces"], 0)
        self.assert_same()

    def test_a_sample_of_a_large_table_tells_that_the_whole_dump_is_needed(self):
        # Most of the dump, in more pieces than are looked at one by one; another text each time.
        self.publish(QUIETLY + "INSERT INTO entities (id, name) SELECT 1000000000 + 1024 * g, 'e' FROM generate_series(1, 300) g")
        text = "(SELECT string_agg(md5(random()::text || entities.id + g), '') FROM generate_series(1, 500) g)"
        self.publish(QUIETLY + f"UPDATE entities SET notes = {text} WHERE name = 'e'")
        self.sync()
        # Killed where all rows here have been hashed.
        hashed = self.here.variables() | {"PECANCTL_FAILPOINT": "sync.hashed"}
        self.publish(QUIETLY + f"UPDATE entities SET notes = {text} WHERE id = 1000102400")
        self.assertEqual(run("sync", "-i", self.name, f"1={self.site.url}", env=environment(**hashed)).exit, 137)
        self.assertGreater(self.pull()["pieces"], 0)
        self.publish(QUIETLY + f"UPDATE entities SET notes = {text} WHERE name = 'e'")
        record = self.pull(PECANCTL_FAILPOINT="sync.hashed")
        self.assertEqual((record["pieces"], record["changed"]), (0, 300))
        self.assert_same()

    def test_missing_pieces_are_no_harm_and_the_tarball_must_be_the_manifests(self):
        self.sync()
        self.publish(DAY)
        for name in [name for name in self.site.files if "/bety.d/" in name]:
            del self.site.files[name]
        before = self.state()
        tarball = self.site.files["/sync/dump/bety.tar.gz"]
        self.site.files["/sync/dump/bety.tar.gz"] = gzip.compress(gzip.decompress(tarball), 1)
        self.sync(code=3, words=["not the one that its manifest names"])
        self.assertEqual(self.state(), before)
        self.site.files["/sync/dump/bety.tar.gz"] = tarball
        self.assertEqual(self.pull()["pieces"], 0)
        self.assert_same()

    def test_a_site_whose_clock_was_a_day_ahead_is_heard_when_it_is_right_again(self):
        self.publish(DAY, **skewed_clock(self.temp_folder(), 86400))
        self.sync()
        self.publish(QUIETLY + "UPDATE species SET notes = 'later' WHERE id = 1000000007")
        self.assertEqual(self.pull()["changed"], 1)
        self.assert_same()

    def test_a_site_without_a_key_is_taken_as_it_comes(self):
        (self.secrets / "site_key").unlink()
        self.publish()
        self.sync()
        self.publish(DAY)
        self.assertGreater(self.pull()["pieces"], 0)
        self.assert_same()
        self.assertEqual(self.keys(), "")


class Trust(Signed):
    MANIFEST = "/sync/dump/bety.manifest.json"

    def test_what_cannot_be_trusted_changes_nothing(self):
        self.sync()
        old = self.site.files[self.MANIFEST]
        self.publish(DAY)
        good = dict(self.site.files)
        before = self.state()

        other = self.take_key("other")
        self.publish()
        stranger = self.site.files[self.MANIFEST]
        (self.secrets / "site_key").unlink()
        self.publish()
        unsigned = self.site.files[self.MANIFEST]

        manifest = good[self.MANIFEST]
        piece = self.changed_piece(manifest, old)
        rows = gzip.decompress(good[piece])
        cases = {
            "changed": (self.MANIFEST, manifest.replace(b'"level":3', b'"level":4'), 3, "its signature is not by the key"),
            "signature": (self.MANIFEST, manifest.replace(b'"signature":"', b'"signature":"A', 1), 3, "its signature"),
            "key": (self.MANIFEST, stranger, 5, f"signed with the key {other}"),
            "unsigned": (self.MANIFEST, unsigned, 3, "it is not signed"),
            "cut": (self.MANIFEST, manifest[:-40], 3, "no manifest"),
            "words": (self.MANIFEST, b"<html>not here</html>", 5, "signed its dumps before"),
            "gone": (self.MANIFEST, None, 5, "signed its dumps before"),
            "piece": (piece, gzip.compress(rows[:-1] + b"y\n", 9), 3, "cannot use the piece"),
            "bomb": (piece, gzip.compress(b"\0" * (80 << 20), 9), 3, "cannot"),
            "short": (piece, good[piece][:-9], 3, "cannot use the piece"),
        }
        for name, (path, content, code, word) in cases.items():
            with self.subTest(name):
                self.site.files = {**good, path: content}
                self.sync(code=code, words=[word])
                self.assertEqual(self.state(), before)
        self.site.files = good
        self.sync()
        self.assert_same()
        with self.subTest("older"):
            before = self.state()
            self.site.files = {**good, self.MANIFEST: old}
            self.sync(code=3, words=["it is older"])
            self.assertEqual(self.state(), before)

    def changed_piece(self, manifest, old):
        """Path of a piece that only the new manifest names."""
        pieces = [{piece[2] for table in json.loads(text)["manifest"]["tables"].values() for piece in table["pieces"]}
                  for text in (manifest, old)]
        return f"/sync/dump/bety.d/{min(pieces[0] - pieces[1])}.gz"

    def test_a_key_is_handed_over_or_taken_on_somebodys_word(self):
        self.sync()
        second = self.take_key("second")
        (self.secrets / "site_handover").write_text(hand_over(self.root / "first", self.key, second))
        self.publish()
        result = self.sync()
        self.assertIn("handed over by the one before", result.err + result.out)
        self.assertEqual(self.keys(), second)

        third = self.take_key("third")
        self.publish(DAY)
        before = self.state()
        self.sync(code=5, words=["--accept-key"])
        self.expect(run("sync", "-i", self.name, "--accept-key", env=environment(**self.here.variables())), 2, "SITE")
        self.sync("--accept-key", "-n")
        self.assertEqual(self.state(), before)
        self.sync("--accept-key")
        self.assertEqual(self.keys(), third)
        self.assert_same()
        self.assertEqual(self.pull()["state"], "unchanged")

        self.site.files[self.MANIFEST] = None
        self.sync(code=5, words=["signed its dumps before"])
        self.sync("--accept-key")
        self.assertEqual(self.keys(), "")
        self.sync()


class Serve(Signed):
    def setUp(self):
        super().setUp()
        (self.secrets / "site_token").write_text("a-token-of-site-1\n")
        (self.secrets / "site_token").chmod(0o600)
        self.process = start("-C", self.root / "demo", "sync", "--serve", "127.0.0.1:0")
        self.addCleanup(self.end)
        self.url = re.search(r"http://\S+/bety.tar.gz", self.process.stderr.readline())[0]

    def end(self):
        self.process.terminate()
        return finish(self.process)

    def ask(self, name, token="a-token-of-site-1", method="GET", **headers):
        request = urllib.request.Request(self.url.replace("bety.tar.gz", name), method=method)
        if token:
            request.add_header("Authorization", f"Bearer {token}")
        for header, value in headers.items():
            request.add_header(header.replace("_", "-"), value)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.headers, b""

    def test_the_folder_is_served_to_those_who_show_the_token(self):
        whole = (self.folder / "bety.tar.gz").read_bytes()
        for token in (None, "", "a-token-of-site-2", "a-token-of-site-1x", "a-token-of-site-"):
            self.assertEqual(self.ask("bety.tar.gz", token)[0], 401)
        status, headers, body = self.ask("bety.tar.gz")
        etag = headers["ETag"]
        self.assertEqual((status, body), (200, whole))
        status, headers, body = self.ask("bety.tar.gz", method="HEAD")
        self.assertEqual((status, int(headers["Content-Length"]), body), (200, len(whole), b""))
        self.assertEqual(self.ask("bety.tar.gz", If_None_Match=etag)[0], 304)
        self.assertEqual(self.ask("bety.tar.gz", If_None_Match='"x", W/' + etag)[0], 304)
        self.assertEqual(self.ask("bety.tar.gz", If_None_Match='"x"')[0], 200)
        for range_, part in (("bytes=10-19", whole[10:20]), ("bytes=100-", whole[100:]), ("bytes=-7", whole[-7:])):
            self.assertEqual(self.ask("bety.tar.gz", Range=range_)[::2], (206, part))
            self.assertEqual(self.ask("bety.tar.gz", Range=range_, If_Range=etag)[::2], (206, part))
            self.assertEqual(self.ask("bety.tar.gz", Range=range_, If_Range='"x"')[::2], (200, whole))
        self.assertEqual(self.ask("bety.tar.gz", Range=f"bytes={len(whole)}-")[0], 416)
        (self.folder / "notes.txt").write_text("not published")
        for name in ("notes.txt", "", "bety.d", "bety.d/", "bety.d/../notes.txt", "../demo/secrets/site_key", "%2e%2e/demo/pecan.yml",
                     "bety.d/" + "0" * 32 + ".gz"):
            self.assertEqual(self.ask(name)[0], 404, name)
        (self.secrets / "site_token").write_text("another-token\n")
        self.assertEqual(self.ask("version.txt")[0], 401)
        self.assertEqual(self.ask("version.txt", "another-token")[0], 200)

    def test_a_peer_that_has_the_token_pulls_from_it_and_it_ends_soon(self):
        self.expect(run("init", self.root / "mine"), 0)
        with (self.root / "mine" / "pecan.yml").open("a") as file:
            file.write(f"\nsync: {{peers: [1], urls: {{1: '{self.url}'}}, tokens: {{1: {{env: TOKEN_OF_1}}}}}}\n")
        words = ("-C", self.root / "mine", "sync", "--json")
        self.addCleanup(forget, "mine")
        variables = environment(**self.here.variables())
        self.expect(run(*words, env=variables), 3, "TOKEN_OF_1 is not set")
        self.expect(run(*words, env={**variables, "TOKEN_OF_1": "wrong"}), 4, "sync.tokens")
        token = {**variables, "TOKEN_OF_1": "a-token-of-site-1"}
        self.expect(run(*words, env=token), 0)
        self.publish(DAY)
        result = self.expect(run(*words, "--request", "-", env=token, stdin='{"cmd":"sync","remotes":[1],"mode":"plan"}'), 0)
        self.assertEqual(result.records()[-1]["changes"], 98)
        self.assertNotIn("a-token-of-site-1", result.out + result.err)
        self.expect(run(*words, env=token), 0)
        self.assert_same()
        self.expect(run(*words, "--request", "-", env=token, stdin='{"cmd":"sync","remote":[1]}'), 2, "`remote` is not known")

        text = (self.root / "demo" / "pecan.yml").read_text()
        (self.root / "demo" / "pecan.yml").write_text(text.replace("{dir:", "{listen: '127.0.0.1:0', dir:"))
        agent = start("-C", self.root / "demo", "agent", "--duties", "serve")
        try:
            lines = iter(agent.stderr.readline, "")
            self.url = next(found[0] for line in lines if (found := re.search(r"http://\S+/bety.tar.gz", line)))
            self.assertEqual(self.ask("version.txt", "wrong")[0], 401)
            self.assertEqual(self.ask("version.txt")[0], 200)
        finally:
            agent.terminate()
            finish(agent)
        ended = self.end()
        self.assertEqual(ended.exit, 143)
        self.assertLess(ended.seconds, 4)


if __name__ == "__main__":
    main()
