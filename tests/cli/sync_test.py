# SPDX-FileCopyrightText: the pecanctl authors
# SPDX-License-Identifier: BSD-3-Clause
"""Pulling another site's data: what is in the database before and after each time, and the exit code."""

import secrets
from pathlib import Path

from support import environment, main, run
from sync_case import SyncCase
from sync_peer import pack


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
                        "1000000001, NULL, 1, 'SD', 0, 4 FROM generate_series(1, 30000) i;"
                        "UPDATE traits SET site_id = NULL WHERE id = 1000001007")
        self.publish()
        members = self.changed("traits.csv", b"1000001009\t1000000001", b"1000001009\t1000000777")
        self.site.publish(pack(members))
        record = self.peer_of(self.sync("--json"))
        self.assertEqual((record["held"], self.here.count("traits", 1)), (1, 30199))
        self.assertIn("index_traits_on_site_id", self.here.query("SELECT string_agg(indexname, ',') FROM pg_indexes"))
        # Only what the checks ask of was analysed: the rest is due, or done by now.
        self.assertEqual(self.here.query("SELECT n_mod_since_analyze > 0 OR autoanalyze_count > 0 FROM pg_stat_user_tables "
                                         "WHERE relname = 'traits'"), "t")
        # So much is compared over two sessions.
        self.publish()
        self.here.query("UPDATE traits SET statname = 'SE' WHERE id IN (1000001004, 1000030999)")
        record = self.peer_of(self.sync("--json", "--verify"))
        self.assertEqual((record["held"], record["added"], record["changed"], record["removed"]), (0, 1, 2, 0), record)
        self.all_same()

    def test_the_parents_that_a_big_first_load_finds_here_are_locked_in_one_go(self):
        # To look for the children of one parent after another takes minutes: a first load drops their index.
        self.peer.query("DELETE FROM covariates; DELETE FROM traits; INSERT INTO sites (id, sitename) "
                        "SELECT 1000001000 + i, 'parent ' || i FROM generate_series(1, 30000) i")
        self.publish()
        self.sync("--accept-shrink")
        self.peer.query("ALTER TABLE traits DISABLE TRIGGER USER; INSERT INTO traits SELECT 1000001000 + i, 1000031001 - i, "
                        "1000000001, NULL, 1, 'SD', 0, 4 FROM generate_series(1, 30000) i")
        self.publish()
        self.assertLess(self.sync().seconds, 20)
        self.all_same()

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


if __name__ == "__main__":
    main()
