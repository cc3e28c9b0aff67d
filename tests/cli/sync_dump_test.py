# SPDX-FileCopyrightText: the pecanctl authors
# SPDX-License-Identifier: BSD-3-Clause
"""Dumps that are damaged, hostile or wrong: none of them changes anything."""

import gzip
import io
import tarfile
from pathlib import Path

from support import main, run
from sync_case import SyncCase
from sync_peer import pack, tar


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
        empty = b"".join(tarfile.TarInfo(f"t{i}.csv").tobuf(tarfile.USTAR_FORMAT) for i in range(4096))
        million = gzip.compress(empty) * 245  # gzip files can be joined
        cases = {
            "parent": pack({**self.members, "../evil.csv": b""}), "absolute": pack({"x.csv": b""}, prefix="/tmp/"),
            "symlink": odd("./evil.csv", tarfile.SYMTYPE, "/etc/passwd"), "link": odd("./evil.csv", tarfile.LNKTYPE, "users.csv"),
            "device": odd("./null.csv", tarfile.CHRTYPE), "folder": odd("./sub", tarfile.DIRTYPE),
            "fifo": odd("./f.csv", tarfile.FIFOTYPE), "million": million,
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


if __name__ == "__main__":
    main()
