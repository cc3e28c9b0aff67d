# SPDX-FileCopyrightText: the pecanctl authors
# SPDX-License-Identifier: BSD-3-Clause
"""Help, version, exit codes and manual pages: all of them tell what the program really does."""

import re
import subprocess
from pathlib import Path

from support import BINARY, SOURCE, Case, environment, main, run

MAN = SOURCE / "man"
HAND_WRITTEN = {"pecan-worker.1"}


def commands():
    """From the program's own table, by way of completion."""
    return [line.split("\t")[0] for line in run("__complete", "").out.splitlines()]


class Help(Case):
    def test_every_form_of_help_goes_to_stdout_and_is_a_success(self):
        forms = [["help"], ["-h"], ["--help"], ["help", "exit-codes"], ["--json", "-q", "--help"]]
        for command in commands():
            forms += [["help", command], [command, "-h"], [command, "--help"], ["-n", command, "--help"],
                      ["--help", command], [command, "--no-such-flag", "--help"],
                      [command, "--color", "blue", "-h"], [command, "-nh"]]
        for form in forms:
            result = run(*form)
            self.assertEqual((result.exit, result.err), (0, ""), form)
            self.assertGreater(len(result.out.splitlines()), 5, form)
            self.assertLessEqual(max(map(len, result.out.splitlines())), 80, form)

    def test_the_short_help_fits_on_a_screen_of_24_lines(self):
        self.assertLessEqual(len(run("-h").out.splitlines()), 24)
        self.assertEqual(run().out, run("-h").out)
        self.assertEqual(run().exit, 2)

    def test_the_groups_are_in_order(self):
        text = run("help").out
        places = [text.index(f"\n{group}\n") for group in ("Start", "Day to day", "Look", "Shell")]
        self.assertEqual(places, sorted(places))

    def test_help_behind_two_dashes_is_not_asked_for(self):
        self.expect(run("run", "dalec", "--", "--help", cwd=self.temp_folder()), 9)

    def test_help_on_nothing_known_names_the_nearest(self):
        self.expect(run("help", "deplyo"), 2, "no help on 'deplyo'", "deploy")
        self.expect(run("deplyo", "--help"), 2, "unknown command 'deplyo'", "deploy")

    def test_examples_come_first(self):
        for command in commands():
            text = run(command, "--help").out
            self.assertLess(text.index("Examples:"), text.index("Usage:"), command)
            self.assertGreaterEqual(len(re.findall(rf"^  pecanctl {command}\b", text, re.M)), 2, command)

    def test_version_has_a_line_and_a_document(self):
        line = run("version").out
        self.assertEqual(line, run("--version").out)
        self.assertEqual(line, run("-V").out)
        document, = run("version", "--json").records()
        self.assertEqual(document["type"], "version")
        self.assertTrue(line.startswith(f"pecanctl {document['version']} "))
        self.assertIn(f"Docker API {document['docker_api']['oldest']} to {document['docker_api']['newest']}", line)

    def test_a_full_disk_is_an_error(self):
        for arguments in (["help"], ["version"], ["completion", "bash"]):
            with open("/dev/full", "w", encoding="ascii") as full:
                self.expect(run(*arguments, stdout=full), 1, "cannot write to standard output")


class ExitCodes(Case):
    def test_the_enum_the_help_the_manual_and_the_readme_have_the_same_codes(self):
        enum = (SOURCE / "cli" / "exit_status.hpp").read_text()
        codes = [int(code) for code in re.findall(r"^  [a-z_]+ = (\d+),$", enum, re.M)]
        self.assertGreater(len(codes), 12)
        shown = re.findall(r"^ *(\d+)  .* (?:yes|no)$", run("help", "exit-codes").out, re.M)
        self.assertEqual([int(code) for code in shown], codes)
        page = (MAN / "pecanctl.1").read_text().split(".SH EXIT STATUS")[1].split(".SH")[0]
        self.assertEqual([int(code) for code in re.findall(r"^\\fB(\d+)\\fR$", page, re.M)], codes)
        table = (SOURCE / "README.md").read_text().split("| exit | | exit | |")[1].split("\n\n")[0]
        cells = [cell.strip() for line in table.splitlines()[2:] for cell in line.split("|")[1:-1:2]]
        self.assertEqual(sorted(int(code) for cell in cells for code in cell.split(", ") if code), codes)


class Manual(Case):
    def test_the_pages_are_those_that_the_program_writes(self):
        folder = self.temp_folder()
        self.assertEqual(run("__man", folder).exit, 0)
        written = {path.name: path.read_text() for path in folder.iterdir()}
        kept = {path.name: path.read_text() for path in MAN.iterdir() if path.name not in HAND_WRITTEN}
        self.assertEqual(sorted(written), sorted(kept), "pecanctl __man man")
        for name, text in written.items():
            self.assertEqual(text, kept[name], f"{name} is old: pecanctl __man man")
        self.assertEqual({f"pecanctl-{command}.1" for command in commands()} | {"pecanctl.1", "pecan.yml.5"},
                         set(written))

    def test_the_pages_have_all_sections(self):
        wanted = "NAME SYNOPSIS DESCRIPTION OPTIONS EXIT_STATUS ENVIRONMENT FILES EXAMPLES SEE_ALSO".split()
        for path in MAN.glob("*.1"):
            found = [line[4:].strip('"').replace(" ", "_") for line in path.read_text().splitlines()
                     if line.startswith(".SH ")]
            self.assertEqual([section for section in found if section in wanted], wanted, path.name)

    def test_the_pages_are_clean_and_can_be_read(self):
        for path in sorted(MAN.iterdir()):
            lint = subprocess.run(["mandoc", "-Tlint", "-W", "style", path], capture_output=True, text=True,
                                  check=False)
            self.assertEqual((lint.returncode, lint.stdout + lint.stderr), (0, ""), path.name)
            shown = subprocess.run(["man", "--warnings", "-l", path], capture_output=True, text=True, check=False,
                                   env=environment(LC_ALL="C.UTF-8", MANWIDTH="80", TERM="dumb"))
            self.assertEqual((shown.returncode, shown.stderr), (0, ""), path.name)
            self.assertIn("DESCRIPTION", shown.stdout)
            self.assertLessEqual(max(map(len, shown.stdout.splitlines())), 80, path.name)

    def test_every_variable_that_is_read_is_in_the_manual(self):
        page = (MAN / "pecanctl.1").read_text().split(".SH ENVIRONMENT")[1].split(".SH")[0]
        told = set(re.findall(r"^\\fB([A-Z_]+)\\fR", page, re.M))
        read = {name for path in (SOURCE / "cli").rglob("*.cpp") if "worker" not in path.parts
                for name in re.findall(r'find_variable\("([A-Z_]+)"\)', path.read_text())}
        self.assertGreater(len(read), 5)
        self.assertEqual(read - told, set(), "add it to environment_entries() in cli/manual_text.cpp")

    def test_the_files_in_the_manual_are_valid(self):
        page = (MAN / "pecan.yml.5").read_text()
        examples = re.findall(r"^\.nf\n(.*?)\n\.fi$", page, re.M | re.S)
        self.assertEqual(len(examples), 2)
        for example in examples:
            folder = self.temp_folder()
            self.assertEqual(run("init", folder, "--name", "demo").exit, 0)
            (folder / "pecan.yml").write_text(re.sub(r"\\([-e])", lambda m: {"-": "-", "e": "\\"}[m[1]], example))
            result = run("validate", cwd=folder)
            self.assertEqual((result.exit, result.err), (0, ""), example)

    def test_the_worker_has_a_page_with_each_of_its_options_and_variables(self):
        worker = Path(BINARY).parent / "pecan-worker"
        told = subprocess.run([worker, "--help"], capture_output=True, text=True, check=True).stdout
        page = (MAN / "pecan-worker.1").read_text().replace("\\-", "-")
        for word in set(re.findall(r"--[a-z]+|[A-Z]{3,}_[A-Z_]+|SIG[A-Z]+", told)):
            self.assertIn(word, page)


if __name__ == "__main__":
    main()
