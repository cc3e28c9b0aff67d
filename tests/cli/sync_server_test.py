# SPDX-FileCopyrightText: the pecanctl authors
# SPDX-License-Identifier: BSD-3-Clause
"""A PostgreSQL that is restarted, shot or full in the middle of a sync, and clocks that are wrong."""

import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

from support import finish, main, run
from sync_case import SyncCase
from postgres_server import Server
from sync_peer import pack
from skewed_clock import skewed_clock


class ServerInTrouble(SyncCase):
    """Its data are in memory, so that a disk of any size is at hand."""

    def server(self):
        self.disk = self.temp_folder()
        self.disk.chmod(0o755)
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1g", "tmpfs", self.disk], check=True)
        self.addCleanup(subprocess.run, ["umount", "-l", self.disk], check=True)
        (self.disk / "server").mkdir()
        self.postgres = Server(self.disk / "server", ["fsync=off", "max_wal_size=64MB", "wal_recycle=off"])
        self.addCleanup(self.postgres.stop, signal.SIGKILL)
        return self.postgres.folder, self.postgres.port

    def resize(self, size):
        subprocess.run(["mount", "-o", f"remount,size={size}", self.disk], check=True)

    def begin(self):
        """A sync that has written all it had to and waits for a lock; what the database is without it."""
        self.sync()
        self.peer.query("UPDATE sites SET notes = 'x' WHERE id < 1000000030; DELETE FROM dbfiles WHERE id = 1000000004;"
                        "INSERT INTO citations VALUES (1000000099, 'new')")
        self.publish()
        before = self.here.checksums()
        self.other("LOCK TABLE pecanctl.sync_log IN SHARE MODE")
        return self.begin_sync(), before

    def then_all_is_well(self, process, before):
        self.expect(finish(process), 4)
        self.postgres.start()
        self.assertEqual(self.here.checksums(), before)
        self.sync()
        self.all_same()

    def test_a_server_that_is_restarted_leaves_the_database_as_before(self):
        process, before = self.begin()
        self.postgres.stop()
        self.then_all_is_well(process, before)

    def test_a_server_that_is_killed_leaves_the_database_as_before(self):
        process, before = self.begin()
        self.postgres.stop(signal.SIGKILL)
        self.then_all_is_well(process, before)

    def test_a_backend_that_is_shot_leaves_the_database_as_before(self):
        process, before = self.begin()
        backend = self.here.query("SELECT pid FROM pg_stat_activity WHERE application_name = 'pecanctl' AND wait_event_type = 'Lock'")
        subprocess.run(["kill", "-KILL", backend], check=True)
        self.expect(finish(process, 60), 4)
        self.postgres.stop(limit=60)
        self.then_all_is_well(process, before)

    def test_a_server_whose_disk_is_full_is_named_and_changes_nothing(self):
        self.peer.query("ALTER TABLE traits DISABLE TRIGGER USER; INSERT INTO traits SELECT 1000001000 + i, 1000000001, "
                        "1000000001, NULL, 1, 'SD', 0, 4 FROM generate_series(1, 60000) i")
        self.publish()
        before = self.here.checksums()
        used = shutil.disk_usage(self.disk).used
        self.resize(used + (1 << 20))
        result = run(*self.arguments(), env=self.env())
        self.resize("1g")
        self.assertIn(result.exit, (1, 4), result)  # 4: it could not even go on
        self.assertRegex(result.err, "No space left|could not extend|connection|recovery")
        self.postgres.restart()
        self.assertEqual(self.here.checksums(), before)
        self.sync()
        self.all_same()


class Clock(SyncCase):
    def test_a_clock_a_day_off_changes_nothing_but_dates(self):
        for skew, note in ((-86400, "early"), (86400, "late")):
            with self.subTest(note):
                clock = skewed_clock(self.temp_folder(), skew)
                self.assertEqual(self.peer_of(self.sync("--json", "--verify", **clock))["state"], "done")
                self.assertEqual(self.peer_of(self.sync("--json", **clock))["state"], "unchanged")
                self.all_same()
                self.assertEqual(self.peer_of(self.sync("--json"))["state"], "unchanged")
                day = (Path("/var/lib/pecanctl") / self.name / "sync/sync.log").read_text().splitlines()[-2]
                told = time.mktime(time.strptime(re.sub(r" \d+ 0$", "", day), "%a %b %d %H:%M:%S UTC %Y")) - time.timezone
                self.assertAlmostEqual(told, time.time() + skew, delta=60)
                self.peer.query(f"UPDATE sites SET notes = '{note}' WHERE id = 1000000007")
                self.publish()
        self.assertEqual(self.peer_of(self.sync("--json"))["changed"], 1)
        self.all_same()

    def test_a_server_whose_clock_was_set_back_still_knows_what_came_last(self):
        self.sync()
        first = self.members
        self.here.query("UPDATE pecanctl.sync_log SET finished_at = finished_at + interval '1 day', "
                        "checked_at = checked_at + interval '1 day'")
        self.peer.query("UPDATE sites SET notes = 'x' WHERE id = 1000000007")
        self.publish()
        self.assertEqual(self.peer_of(self.sync("--json"))["changed"], 1)
        self.site.publish(pack(first))  # as it was
        self.assertEqual(self.peer_of(self.sync("--json"))["changed"], 1)
        self.assertEqual(self.peer_of(self.sync("--json"))["state"], "unchanged")


if __name__ == "__main__":
    main()
