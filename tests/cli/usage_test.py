# SPDX-FileCopyrightText: the pecanctl authors
# SPDX-License-Identifier: BSD-3-Clause
"""The command line itself: what needs neither an instance nor Docker."""

import json
import os
import subprocess

from support import BINARY, Case, environment, main, run


class Usage(Case):
    def test_an_unknown_command_names_the_nearest_one(self):
        self.expect(run("deplyo"), 2, "unknown command 'deplyo'", "did you mean", "deploy")

    def test_an_unknown_flag_names_the_nearest_one(self):
        result = self.expect(run("destroy", "--volume"), 2, "unknown flag '--volume'", "--volumes")
        self.golden("unknown-flag", result.err)

    def test_a_flag_with_a_bad_value_says_what_it_takes(self):
        self.expect(run("deploy", "--lock-wait", "soon"), 2, "'soon' is no duration", "90s")
        self.expect(run("deploy", "--color", "blue"), 2, "auto", "never")

    def test_no_command_prints_the_help_and_fails(self):
        result = run()
        self.assertEqual(result.exit, 2)
        for command in ("init", "deploy", "scale", "destroy", "validate"):
            self.assertIn(command, result.out)

    def test_help_goes_to_stdout(self):
        for arguments in (["--help"], ["deploy", "--help"], ["destroy", "-h"]):
            result = run(*arguments)
            self.assertEqual((result.exit, result.err), (0, ""))
            self.assertIn("pecanctl", result.out)

    def test_version_is_one_line(self):
        result = run("--version")
        self.assertEqual((result.exit, result.err), (0, ""))
        self.assertRegex(result.out, r"^pecanctl \d+\.\d+\.\d+ .*\n$")

    def test_scale_needs_a_target(self):
        self.expect(run("scale"), 2, "MODEL=N", "pecanctl scale --help")

    def test_a_wrong_line_with_json_ends_with_a_result(self):
        for arguments in (["deplyo", "--json"], ["destroy", "--volume", "--json"], ["--json", "scale"]):
            result = run(*arguments)
            self.assertEqual(result.exit, 2)
            last = result.records()[-1]
            self.assertEqual((last["type"], last["ok"], last["exit"]), ("result", False, 2))

    def test_only_unix_sockets_are_docker_hosts(self):
        folder = self.temp_folder()
        run("init", "demo", cwd=folder)
        for host in ("tcp://127.0.0.1:2375", "ssh://machine", "npipe://x"):
            result = self.expect(run("deploy", cwd=folder / "demo", env=environment(DOCKER_HOST=host)), 2,
                                 f"cannot use DOCKER_HOST={host}", "only unix://", "fix:")
        self.golden("docker-host", result.err)

    def test_without_an_instance_every_command_says_how_to_make_one(self):
        folder = self.temp_folder()
        for arguments in (["deploy"], ["scale", "dalec=1"], ["destroy"], ["validate"]):
            self.expect(run(*arguments, cwd=folder), 9, "cannot find pecan.yml", str(folder), "pecanctl init")

    def test_a_wrong_folder_is_named(self):
        folder = self.temp_folder()
        self.expect(run("validate", "-C", folder / "absent"), 9, "cannot find pecan.yml", "absent")
        self.expect(run("validate", "--file", folder / "absent.yml"), 9, "absent.yml")

    def test_an_invalid_instance_name_is_refused(self):
        for name in ("UPPER", "a", "x" * 33, "-x", "../x", "pecanctl"):
            self.expect(run("destroy", f"--instance={name}", cwd=self.temp_folder()), 2, "cannot use instance name")


class Streams(Case):
    def setUp(self):
        self.folder = self.temp_folder() / "demo"
        self.assertEqual(run("init", self.folder).exit, 0)

    def shell(self, line):
        return subprocess.run(["bash", "-c", line, "bash", BINARY], cwd=self.folder, capture_output=True, text=True,
                              env=environment(), timeout=60, check=False)

    def test_a_reader_that_leaves_is_no_error(self):
        done = self.shell('set -o pipefail; "$1" --help | head -1; "$1" validate | true; echo ${PIPESTATUS[0]}')
        self.assertEqual((done.stderr, done.stdout.splitlines()[-1]), ("", "0"))

    def test_closed_streams_are_no_trap(self):
        done = self.shell('"$1" validate <&-')
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        for redirection in (">&-", "<&- >&-", "2>&-", "<&- >&- 2>&-"):
            done = self.shell(f'"$1" validate {redirection}')
            self.assertIn(done.returncode, (0, 1), redirection)

    def test_a_full_disk_behind_stdout_is_an_error(self):
        for line in ('"$1" validate >/dev/full', '"$1" validate --json >/dev/full'):
            done = self.shell(line)
            self.assertEqual(done.returncode, 1, line + done.stderr)
            self.assertIn("cannot write to standard output", done.stderr)

    def test_off_a_terminal_there_is_no_escape_and_no_carriage_return(self):
        (self.folder / "pecan.yml").write_text("name: demo\nnaem: x\n")
        for arguments in (["validate"], ["nonsense"], ["validate", "--json"], ["--help"]):
            result = run(*arguments, cwd=self.folder)
            self.assertNotRegex(result.out + result.err, "[\x1b\r]")

    def test_colour_is_given_when_asked_for_and_not_with_no_color(self):
        (self.folder / "pecan.yml").write_text("name: demo\n")
        self.assertIn("\x1b[", run("validate", "--color", "always", cwd=self.folder).err)
        self.assertNotIn("\x1b[", run("validate", cwd=self.folder, env=environment(NO_COLOR="1")).err)

    def test_json_of_a_valid_file_is_one_result(self):
        result = run("validate", "--json", cwd=self.folder)
        self.assertEqual((result.exit, result.err), (0, ""))
        self.assertEqual([(record["type"], record["exit"]) for record in result.records()], [("result", 0)])

    def test_json_of_a_wrong_file_has_the_places(self):
        (self.folder / "pecan.yml").write_text("pecan: 1.8.0\nname: demo\nmodles: {}\n")
        result = self.expect(run("validate", "--json", cwd=self.folder), 3, "pecan.yml:3:1")
        error, last = result.records()
        self.assertEqual(error["type"], "error")
        self.assertIn(3, [place["line"] for place in error["diagnostics"]])
        self.assertEqual((last["type"], last["exit"]), ("result", 3))

    def test_github_gets_annotations(self):
        (self.folder / "pecan.yml").write_text("pecan: 1.8.0\nname: demo\nmodles: {}\n")
        result = run("validate", cwd=self.folder, env=environment(GITHUB_ACTIONS="true"))
        self.assertRegex(result.err, r"::error file=.*pecan.yml,line=3,col=1::")


if __name__ == "__main__":
    main()
