# SPDX-FileCopyrightText: the pecanctl authors
# SPDX-License-Identifier: BSD-3-Clause
"""The check that all --json tests go through, held to what it has to refuse."""

import json
from pathlib import Path

import schemas
from support import BINARY, SOURCE, Case, main, run

RESULT = {"v": 1, "type": "result", "ok": True, "exit": 0, "elapsed_ms": 5}
NOTE = {"v": 1, "type": "note", "message": "x"}


def text(*records):
    return "".join(json.dumps(record) + "\n" for record in records)


class Check(Case):
    def test_what_keeps_the_promise_passes(self):
        schemas.check(text(NOTE, RESULT), 0)
        schemas.check(text(RESULT | {"ok": False, "exit": 9}), 9)
        schemas.check(text(NOTE, NOTE) + '{"v":1,"ty', -9)

    def test_what_breaks_it_is_refused(self):
        for out, code in ((text({"v": 1, "type": "nonsense"}), 0), (text({"v": 2, "type": "note", "message": "x"}), 0),
                          (text({"v": 1, "type": "../x"}), 0), ("no json\n", 0), (text(RESULT, NOTE), 0),
                          (text(NOTE), 0), (text(RESULT), 1), (text(RESULT, RESULT), 0),
                          (text(RESULT | {"exit": 9}), 9), (text(RESULT | {"ok": False, "exit": 99}), 99),
                          (text({"v": 1, "type": "note"}, RESULT), 0)):
            with self.subTest(out), self.assertRaises((AssertionError, ValueError)):
                schemas.check(out, code)


class Hook(Case):
    def test_a_program_with_json_is_checked_by_itself(self):
        folder = self.temp_folder()
        fake = folder / "fake"
        fake.write_text('#!/bin/sh\necho \'{"v":1,"type":"nonsense"}\'\n')
        fake.chmod(0o755)
        run("x", binary=fake)
        with self.assertRaises(AssertionError):
            run("x", "--json", binary=fake)

    def test_the_schemas_are_installed_with_the_templates(self):
        for path in (SOURCE / "templates" / "schema").iterdir():
            schemas.validator(path.stem)
            installed = Path(BINARY).parent / "share" / "pecanctl" / "schema" / path.name
            self.assertEqual(installed.read_bytes(), path.read_bytes())


if __name__ == "__main__":
    main()
