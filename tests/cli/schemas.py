# SPDX-FileCopyrightText: the pecanctl authors
# SPDX-License-Identifier: BSD-3-Clause
"""What --json promises: every line has the schema of its type, and an acting command ends in `result`."""

import functools
import json
import os
import subprocess
from pathlib import Path

FOLDER = Path(os.environ.get("PECANCTL_SOURCE", ".")) / "templates" / "schema"
PROGRESS = ("start", "plan", "step", "note", "warning", "error", "job", "registration", "publication", "sync_table",
            "sync_peer", "decision", "deployment")  # something has to follow


@functools.lru_cache(None)
def validator(kind):
    import jsonschema  # most cases do without it, and it takes longer than they do
    path = FOLDER / f"{kind}.json"
    assert path.parent == FOLDER and path.is_file(), f"no schema for type {kind!r}: {path}"
    schema = json.loads(path.read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def check_line(line):
    """The record of a line. Fails when it is no JSON, or not what its type promises."""
    record = json.loads(line)
    assert isinstance(record, dict) and isinstance(record.get("type"), str), f"no record: {line}"
    mistakes = [f"{error.json_path}: {error.message}" for error in validator(record["type"]).iter_errors(record)]
    assert not mistakes, f"{line}\ndoes not match {record['type']}.json: {'; '.join(mistakes)}"
    return record


def check(out, code):
    """All of stdout of a process that ended with `code`; one that was killed may have left half a line."""
    lines = out.splitlines(keepends=True)
    was_killed = code is None or code < 0
    if was_killed and lines and not lines[-1].endswith("\n"):
        lines.pop()
    records = [check_line(line) for line in lines]
    kinds = [record["type"] for record in records]
    if kinds and not was_killed:
        assert kinds[-1] not in PROGRESS, f"nothing follows the last {kinds[-1]}:\n{out}"
        assert kinds.count("result") <= 1 and ("result" not in kinds or kinds[-1] == "result"), f"result is not last:\n{out}"
        assert code == 0 or kinds[-1] == "result", f"exit {code}, and no result:\n{out}"
        assert kinds[-1] != "result" or records[-1]["exit"] == code, f"exit {code}, but the result is {lines[-1]}"
    return records


class Program(subprocess.Popen):
    """A pecanctl. When its line has --json, whoever reads its output checks it too."""

    def communicate(self, *arguments, **options):
        out, err = super().communicate(*arguments, **options)
        wants_json = "--json" in map(str, self.args) and not {"-h", "--help"} & set(map(str, self.args))
        if wants_json and isinstance(out, str):
            check(out, self.returncode)
        return out, err
