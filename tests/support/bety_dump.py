# SPDX-FileCopyrightText: the pecanctl authors
# SPDX-License-Identifier: BSD-3-Clause
"""Reads what a site of the BETY network publishes, and finds what is wrong with it.

Written from the description of the format, and shares nothing with the program that writes it: a letter at a time,
without a CSV library, whose idea of the dialect might be another.

    check_folder(Path("/srv/dump"))     raises AssertionError, or returns a Dump
"""

import base64
import gzip
import hashlib
import json
import re
import subprocess
import tarfile
import tempfile
from pathlib import Path
from typing import NamedTuple

TAB, QUOTE, ESCAPE, NULL = "\t", '"', "\\", "\\N"


class Dump(NamedTuple):
    md5: str
    schema: str
    migrations: list
    files: dict    # table -> the bytes of its CSV
    tables: dict   # table -> rows, each a list of texts; None is NULL
    version: list  # the fields of version.txt
    manifest: dict


def parse_rows(text):
    """Rows of tab-separated CSV: quoted with ", escaped with \\ inside quotes only, NULL is a bare \\N."""
    rows, row, value, at = [], [], [], 0
    while at < len(text):
        if text[at] == QUOTE:
            at += 1
            while text[at] != QUOTE:
                if text[at] == ESCAPE:
                    at += 1
                    assert text[at] in (QUOTE, ESCAPE), f"escaped {text[at]!r}"
                value.append(text[at])
                at += 1
            content = "".join(value)
            assert needs_quotes(content), f"quoted without need: {content!r}"
            at += 1
        else:
            end = at
            while text[end] not in (TAB, "\n"):
                assert text[end] not in (QUOTE, "\r"), f"{text[end]!r} outside quotes: {text[at:end + 20]!r}"
                end += 1
            content = text[at:end] if text[at:end] != NULL else None
            at = end
        row.append(content)
        value.clear()
        assert text[at] in (TAB, "\n"), f"{text[at]!r} after a value"
        if text[at] == "\n":
            rows.append(row)
            row = []
        at += 1
    assert not row, "the last row has no end"
    return rows


def needs_quotes(content):
    return any(letter in content for letter in "\t\"\n\r") or content == NULL


def columns_of(schema):
    """{table: its columns}, from the .schema member; nothing of it is run."""
    found = {}
    for name, body in re.findall(r"^CREATE TABLE public\.(\w+) \(\n(.*?)\n\);", schema, re.M | re.S):
        found[name] = [line.strip().split(" ")[0].strip('"') for line in body.split("\n")
                       if not line.strip().startswith("CONSTRAINT")]
    return found


def read_tarball(path):
    """{member: bytes}, in order; checks what tar itself would not mind."""
    members = {}
    with tarfile.open(path, "r:gz") as tar:
        for entry in tar:
            assert entry.name not in members, f"{entry.name} twice"
            if entry.name == ".":
                assert entry.isdir()
                continue
            assert entry.isreg() and re.fullmatch(r"\./[a-z0-9_]+\.(csv|schema)", "./" + entry.name.removeprefix("./"))
            assert entry.mode == 0o644 and entry.uid == entry.gid == 0
            members[entry.name.removeprefix("./")] = tar.extractfile(entry).read()
    return members


def read_dump(folder):
    members = read_tarball(folder / "bety.tar.gz")
    (schema_name,) = [name for name in members if name.endswith(".schema")]
    md5 = schema_name.removesuffix(".schema")
    schema = members[schema_name].decode()
    files = {name.removesuffix(".csv"): data for name, data in members.items() if name.endswith(".csv")}
    migrations = files.pop("schema_migrations").decode().split()
    version = (folder / "version.txt").read_text()
    assert re.fullmatch(r"\d+\t[0-9a-f]{32}\t\w+\t\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\n", version), version
    tables = {name: parse_rows(data.decode()) for name, data in files.items()}
    envelope = (folder / "bety.manifest.json").read_text()
    return Dump(md5, schema, migrations, files, tables, version.strip().split("\t"), json.loads(envelope)["manifest"])


def check_rows(dump, first, last):
    columns = columns_of(dump.schema)
    assert set(columns) - {"schema_migrations", "sessions"} == set(dump.tables), "tables of the schema"
    assert list(dump.tables) == sorted(dump.tables), "order of the tables"
    for name, rows in dump.tables.items():
        where = columns[name].index("id")
        ids = [int(row[where]) for row in rows]
        assert all(len(row) == len(columns[name]) for row in rows), f"columns of {name}"
        assert ids == sorted(ids), f"order of {name}"
        assert all(first <= number <= last for number in ids), f"ids of {name}"


def check_versions(dump):
    text = "{" + ",".join(dump.migrations) + "}"
    assert hashlib.md5(text.encode()).hexdigest() == dump.md5
    assert dump.version[:3] == [str(len(dump.migrations)), dump.md5, dump.migrations[-1]], dump.version


def check_pieces(folder, dump):
    for name, table in dump.manifest["tables"].items():
        columns = columns_of(dump.schema)[name]
        assert [column for column, _ in table["columns"]] == columns, f"columns of {name} in the manifest"
        whole, where = b"", columns.index("id")
        for bucket, rows, digest, size in table["pieces"]:
            packed = (folder / "bety.d" / f"{digest}.gz").read_bytes()
            content = gzip.decompress(packed)
            assert len(packed) == size and hashlib.sha256(content).hexdigest()[:32] == digest, f"piece of {name}"
            parsed = parse_rows(content.decode())
            assert len(parsed) == rows and {int(row[where]) // 1024 for row in parsed} == {bucket}, f"bucket of {name}"
            whole += content
        assert whole == dump.files[name], f"pieces of {name}"
        assert table["rows"] == len(dump.tables[name]), f"rows of {name}"


def check_signature(folder, public_key):
    """With OpenSSL, whose Ed25519 is given the key as an X.509 public key (RFC 8410)."""
    text = (folder / "bety.manifest.json").read_bytes()
    before, after = b'{"signature":"', b'","manifest":'
    assert text.startswith(before) and text.endswith(b"}\n")
    cut = text.index(after)
    signature, body = base64.b64decode(text[len(before):cut]), text[cut + len(after):-2]
    assert json.loads(body)["key"] == public_key
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch)
        (path / "key").write_bytes(bytes.fromhex("302a300506032b6570032100") + base64.b64decode(public_key))
        (path / "signature").write_bytes(signature)
        (path / "message").write_bytes(b"pecanctl bety manifest 1\n" + body)
        done = subprocess.run(["openssl", "pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-rawin", "-inkey",
                               path / "key", "-sigfile", path / "signature", "-in", path / "message"],
                              capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"signature: {done.stdout}{done.stderr}"


def check_folder(folder, public_key=None):
    dump = read_dump(folder)
    check_versions(dump)
    check_rows(dump, dump.manifest["range"]["first"], dump.manifest["range"]["last"])
    check_pieces(folder, dump)
    tarball = (folder / "bety.tar.gz").read_bytes()
    assert dump.manifest["tarball"] == {"size": len(tarball), "sha256": hashlib.sha256(tarball).hexdigest()}
    assert dump.manifest["published_at"] == dump.version[3]
    assert (folder / "sync.log").is_file()
    if public_key:
        check_signature(folder, public_key)
    return dump
