# SPDX-FileCopyrightText: the pecanctl authors
# SPDX-License-Identifier: BSD-3-Clause
"""What an operator reads when something went wrong: the words, the place, the fix, and no secret."""

import re

import jobs
from screen import Terminal
from support import BINARY, SOURCE, Case, Shared, docker, environment, main, run

CODES = ("failed", "usage", "invalid", "unreachable", "denied", "conflict", "timeout", "partial", "unconfirmed",
         "not_found", "finding", "workload", "internal")
# Prints its log, then the broker's password, and ends.
SCRIPT = ("i=1; while [ $i -le 30 ]; do echo line $i; i=$((i+1)); done; "
          "echo $RABBITMQ_URI; exit 3")


class Golden(Case):
    def test_every_code_is_held_by_a_golden_text(self):
        texts = "".join(path.read_text() for path in (SOURCE / "tests" / "golden").glob("*.txt"))
        self.assertEqual([code for code in CODES if f"[{code}, exit " not in texts], [])

    def test_every_error_of_a_golden_text_has_a_fix(self):
        for path in (SOURCE / "tests" / "golden").glob("*.txt"):
            text = path.read_text()
            if re.search(r"^\[", text, re.M):
                self.assertRegex(text, r"(?m)^fix: \S", path.name)

    def test_a_folder_that_was_removed_is_told(self):
        gone = self.temp_folder() / "gone"
        gone.mkdir()
        result = run("-c", 'cd "$1" && rmdir "$1" && "$2" status; code=$?; exit $code', "sh", gone,
                     BINARY, binary="/bin/sh")
        self.expect(result, 9, "the current folder was removed", "fix: go to another one")


class Columns(Case):
    def test_carets_stand_behind_tabs_and_wide_characters(self):
        folder = self.temp_folder() / "demo"
        run("init", folder)
        (folder / "pecan.yml").write_text('pecan: 1.8.0\nname:\tdemo!\nprofile: core\n'
                                          'models: { "森林": {}, dalec:\t{ replica: 2 } }\n'
                                          'services: { postgres: { memory:\t"ä", imagge: x } }\n')
        result = self.expect(run("validate", cwd=folder), 3, "5 errors. Nothing was changed.")
        self.golden("yaml-columns", result.err)
        result = run("validate", cwd=folder, env=environment(GITHUB_ACTIONS="true"))
        self.assertIn("::error file=pecan.yml,line=4,col=30::unknown key `replica` in models.dalec"
                      "%0Afix: did you mean `replicas`?\n", result.err)
        self.assertEqual(result.err.count("::error "), 5)


class Suggestions(Case):
    def test_flags_of_a_command_and_flags_of_all(self):
        self.expect(run("deploy", "--drian-timeout", "5s"), 2, "did you mean `--drain-timeout`?")
        self.expect(run("scale", "dalec=1", "--timeuot=5s"), 2, "did you mean `--timeout`?")

    def test_what_is_near_to_nothing_gets_a_way_on(self):
        self.expect(run("frobnicate"), 2, "fix: see `pecanctl --help`")
        self.expect(run("deploy", "--frobnicate"), 2, "fix: see `pecanctl deploy --help`")


class Failing(Case):
    """A container that ends as soon as it runs."""

    def setUp(self):
        self.made = self.instance()
        folder = self.made.folder / "mine"
        folder.mkdir()
        (folder / "Dockerfile").write_text("FROM pecanctl/model-dalec:1.0\n"
                                           f'ENTRYPOINT ["/bin/busybox", "sh", "-c", "{SCRIPT}"]\n')
        self.made.edit("  dalec: {", "  mine: { type: MINE, version: '1', build: ./mine }\n  dalec: {")
        self.canary = self.made.secret("rabbitmq")

    def test_its_last_words_stand_under_its_line_and_the_error_comes_last(self):
        result = self.expect(self.made.run("deploy", "mine"), 7, f"{self.made.name}-mine-1 did not come up")
        lines = result.err.splitlines()
        at = next(i for i, line in enumerate(lines) if "FAILED" in line)
        self.assertEqual(len([line for line in lines[at + 1:] if re.match(r"\S+Z   \| ", line)]), 20)
        self.assertIn("line 30", result.err)
        self.assertNotIn("line 9\n", result.err)
        self.assertGreater(next(i for i, line in enumerate(lines) if line.startswith("error:")), at + 20)
        self.golden("container-failed",
                    re.sub(r"it is (restarting|exited)(, exit code 3)?", "it is STATE",
                           result.err[result.err.index("error:"):]), (self.made.name, "NAME"))
        self.silent_about_the_secret(result.out + result.err)
        self.assertIn("pecan:***@", result.err)

        quiet = self.expect(self.made.run("deploy", "mine", "-q"), 1)
        self.assertTrue(quiet.err.startswith("error: "), quiet.err)
        self.assertIn("  | line 30\n", quiet.err)
        self.silent_about_the_secret(quiet.out + quiet.err)

        self.forget_the_container()
        told = self.made.run("deploy", "mine", "--json")
        step = next(record for record in told.records() if record["type"] == "step" and record["state"] == "failed")
        self.assertEqual((step["id"], len(step["log"])), (f"{self.made.name}-mine-1", 20))
        error, last = told.records()[-2:]
        self.assertEqual((error["exit"], last["exit"], error["log"]), (told.exit, told.exit, step["log"]))
        self.silent_about_the_secret(told.out + told.err)

        for columns, rows in ((80, 24), (40, 10)):
            self.forget_the_container()
            terminal = Terminal("deploy", "mine", cwd=self.made.folder, columns=columns, rows=rows)
            self.assertEqual(terminal.finish(), 1)
            text = terminal.screen.text()
            self.assertRegex(text, rf"(?m)^ ✘ mine  it is (exited|restarting).*\n     \| line \d+")
            self.assertEqual(text.count("     | "), 20)
            self.assertTrue(terminal.screen.visible()[-2].startswith("[failed, exit 1"), text)
            self.assertTrue(terminal.screen.is_cursor_visible)
            self.silent_about_the_secret(terminal.raw)

    def forget_the_container(self):
        docker("rm", "-f", f"{self.made.name}-mine-1")

    def silent_about_the_secret(self, text):
        self.assertNotIn(self.canary, text)


class Codes(Case):
    """Golden texts of what needs a running instance."""

    def setUp(self):
        self.shared = Shared()

    def test_a_difference_that_is_found(self):
        result = self.expect(self.shared.run("scale", "dalec=3", "--check"), 10)
        self.golden("check-found", result.err)

    def test_a_job_that_fails(self):
        folders = jobs.make(self.shared, "errors", 1, "echo no met file; exit 1\n")
        self.addCleanup(jobs.remove, self.shared, "errors")
        result = self.expect(self.shared.run("run", "dalec", *folders), 11)
        self.golden("job-failed", result.err[result.err.index("error:"):])

    def test_quiet_is_silent_when_all_is_well(self):
        for arguments in (["status"], ["status", "--check"], ["scale", "dalec=1"], ["deploy", "-n"], ["validate"]):
            result = self.shared.run(*arguments, "-q")
            self.assertEqual((result.exit, result.out, result.err), (0, "", ""), arguments)


if __name__ == "__main__":
    main()
