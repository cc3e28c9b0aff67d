# SPDX-FileCopyrightText: the pecanctl authors
# SPDX-License-Identifier: BSD-3-Clause
"""init, pecan.yml and secrets: files that are wrong, and files that must be kept."""

import os
import stat

from support import Case, environment, main, run


class Init(Case):
    def test_init_twice_keeps_everything(self):
        folder = self.temp_folder() / "demo"
        self.assertEqual(run("init", folder).exit, 0)
        before = {path: (path.read_bytes(), path.stat().st_mode, path.stat().st_mtime_ns)
                  for path in folder.rglob("*") if path.is_file()}
        result = run("init", folder, "--models", "sipnet")
        self.assertEqual(result.exit, 0)
        self.assertIn("kept", result.out)
        self.assertNotIn("created", result.out)
        for path, (content, mode, time) in before.items():
            self.assertEqual((path.read_bytes(), path.stat().st_mode, path.stat().st_mtime_ns), (content, mode, time))

    def test_init_adds_only_what_is_missing(self):
        folder = self.temp_folder() / "demo"
        run("init", folder)
        text = (folder / "pecan.yml").read_text()
        (folder / "secrets" / "bety").unlink()
        result = run("init", folder, "--json")
        last = result.records()[-1]
        self.assertEqual((last["exit"], last["created"]), (0, ["secrets/bety"]))
        self.assertEqual((folder / "pecan.yml").read_text(), text)

    def test_secrets_are_private_whatever_the_umask_is(self):
        folder = self.temp_folder() / "demo"
        run("init", folder, preexec_fn=lambda: os.umask(0))
        self.assertEqual(stat.S_IMODE((folder / "secrets").stat().st_mode), 0o700)
        for path in (folder / "secrets").iterdir():
            self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o600, path)
        values = {path.read_text() for path in (folder / "secrets").iterdir()}
        self.assertEqual(len(values), len(list((folder / "secrets").iterdir())), "all differ")

    def test_init_into_a_symbolic_link_is_refused(self):
        root = self.temp_folder()
        (root / "real").mkdir()
        (root / "link").symlink_to(root / "real")
        (root / "demo").mkdir()
        (root / "demo" / "secrets").symlink_to(root / "real")
        self.expect(run("init", root / "demo"), 3, "symbolic link", "fix:")
        self.assertEqual(list((root / "real").iterdir()), [])
        self.assertFalse((root / "demo" / "pecan.yml").exists(), "nothing half-done")

    def test_init_does_not_write_through_a_planted_link(self):
        root = self.temp_folder()
        victim = root / "victim"
        (root / "demo").mkdir()
        (root / "demo" / "pecan.yml").symlink_to(victim)
        run("init", root / "demo")
        self.assertFalse(victim.exists())

    def test_init_with_an_unknown_model_suggests_one_and_writes_nothing(self):
        root = self.temp_folder()
        self.expect(run("init", "demo", "--models", "dalek", cwd=root), 2, "unknown model `dalek`", "dalec")
        self.assertEqual(list(root.iterdir()), [])

    def test_init_where_nothing_can_be_written_says_so(self):
        result = self.expect(run("init", "/dev/null/demo"), 1, "/dev/null")
        self.assertNotIn("terminate", result.err)

    def test_dry_run_writes_nothing(self):
        root = self.temp_folder()
        result = run("init", "demo", "-n", cwd=root)
        self.assertEqual((result.exit, list(root.iterdir())), (0, []))
        self.assertIn("+ create", result.out)


class InstanceFile(Case):
    def setUp(self):
        self.folder = self.temp_folder() / "demo"
        self.assertEqual(run("init", self.folder).exit, 0)

    def validate(self, text, *words, env=None):
        content = text if isinstance(text, bytes) else text.encode()
        (self.folder / "pecan.yml").write_bytes(content)
        # deploy reads the same file, and must not get as far as asking Docker.
        for arguments in (["validate"], ["deploy"]):
            result = self.expect(run(*arguments, cwd=self.folder, env=env or environment(DOCKER_HOST="unix:///absent"),
                                     timeout=20), 3, *words)
        return result

    def test_a_typo_is_shown_with_its_place_and_a_suggestion(self):
        result = self.validate('pecan: 1.8.0\nname: demo\nprofile: core\nmodels:\n  dalec: { replica: 2 }\n',
                               "pecan.yml:5:12: error:", "replica", "did you mean `replicas`?",
                               "Nothing was changed")
        self.golden("yaml-typo", result.err, (self.folder.parent, "DIR"))

    def test_all_mistakes_are_told_at_once(self):
        result = self.validate('pecan: 1.8.0\nname: Demo!\nprofile: cor\nmodels:\n  dalec: { replicas: -1 }\nfoo: 1\n')
        self.assertGreaterEqual(result.err.count(": error:"), 4)
        self.golden("yaml-many", result.err, (self.folder.parent, "DIR"))

    def test_a_duplicate_key_is_an_error(self):
        result = self.validate('pecan: 1.8.0\nname: demo\nname: other\nprofile: core\n', "pecan.yml:3:1", "name")
        self.golden("yaml-duplicate", result.err, (self.folder.parent, "DIR"))

    def test_an_alias_bomb_is_refused_at_once(self):
        bomb = "a: &a [x, x, x, x, x, x, x, x, x]\n"
        for before, after in zip("abcdefgh", "bcdefghi"):
            bomb += f"{after}: &{after} [{', '.join(['*' + before] * 9)}]\n"
        result = self.validate(bomb, "pecan.yml:1:")
        self.assertLess(result.seconds, 2)

    def test_deep_and_large_files_are_refused_at_once(self):
        for text in ("[" * 100_000, "{a: " * 50_000, "a: " + "x" * 3_000_000, "- 1\n" * 200_000):
            self.assertLess(self.validate(text).seconds, 5)

    def test_invalid_utf8_is_an_error_with_its_place(self):
        result = self.validate(b"pecan: 1.8.0\nname: demo\nprofile: co\xff\xfere\n", "pecan.yml:3:", "UTF-8")
        self.golden("yaml-utf8", result.err, (self.folder.parent, "DIR"))

    def test_control_characters_do_not_reach_the_terminal(self):
        result = self.validate(b'pecan: 1.8.0\nname: "\\e]0;owned\\a"\nprofile: core\n')
        self.assertNotRegex(result.out + result.err, "[\x1b\x07]")

    def test_an_unset_variable_is_an_error_and_a_set_one_is_used(self):
        text = 'pecan: 1.8.0\nname: ${WHICH}\nprofile: core\nmodels: { dalec: {} }\n'
        self.validate(text, "pecan.yml:2:", "WHICH")
        self.assertEqual(run("validate", cwd=self.folder, env=environment(WHICH="demo")).exit, 0)

    def test_settings_of_later_versions_are_refused_and_not_ignored(self):
        base = 'pecan: 1.8.0\nname: demo\nprofile: core\nmodels: { dalec: {} }\n'
        for extra in ("engine: swarm\n", "secrets: { postgres: { command: x } }\n"):
            self.validate(base + extra, "not yet")

    def test_an_empty_file_and_no_map_are_errors(self):
        for text in ("", "- a\n", "42\n", "\0\0\0", "a: [\n"):
            self.validate(text)

    def test_a_folder_or_pipe_in_the_place_of_the_file_is_an_error(self):
        (self.folder / "pecan.yml").unlink()
        os.mkfifo(self.folder / "pecan.yml")
        self.expect(run("validate", cwd=self.folder, timeout=10), 9, "cannot find pecan.yml")
        (self.folder / "pecan.yml").unlink()
        (self.folder / "pecan.yml").mkdir()
        self.expect(run("validate", cwd=self.folder, timeout=10), 9, "cannot find pecan.yml")
        result = run("validate", "--file", "pecan.yml", cwd=self.folder, timeout=10)
        self.assertIn(result.exit, (1, 3), result)
        self.assertIn("pecan.yml", result.err)


class Secrets(Case):
    def setUp(self):
        self.folder = self.temp_folder() / "demo"
        self.assertEqual(run("init", self.folder).exit, 0)
        self.secrets = self.folder / "secrets"

    def refused(self, *words):
        for arguments in (["deploy"], ["validate"], ["destroy", "--confirm", "demo"]):
            result = self.expect(run(*arguments, cwd=self.folder, env=environment(DOCKER_HOST="unix:///absent")), 3,
                                 "Nothing was changed", *words)
        return result

    def test_secrets_that_others_may_read_are_refused(self):
        (self.secrets / "rabbitmq").chmod(0o644)
        (self.secrets / "postgres").chmod(0o640)
        result = self.refused("secrets/rabbitmq", "secrets/postgres", "fix: chmod 600 secrets/rabbitmq")
        self.golden("secrets-open", result.err)

    def test_a_missing_secret_says_how_to_make_it(self):
        (self.secrets / "bety").unlink()
        result = self.refused("secrets/bety: error: is missing", "fix: run: pecanctl init")
        self.golden("secrets-missing", result.err)

    def test_an_empty_linked_or_strange_secret_is_refused(self):
        (self.secrets / "bety").write_text("\n")
        (self.secrets / "postgres").unlink()
        (self.secrets / "postgres").symlink_to(self.secrets / "rabbitmq")
        (self.secrets / "rabbitmq").write_bytes(b"a\x1b[31mb\nc")
        (self.secrets / "instance").write_text("not a uuid")
        result = self.refused("secrets/bety", "secrets/postgres", "secrets/rabbitmq", "secrets/instance")
        self.assertNotIn("not a uuid", result.err)


if __name__ == "__main__":
    main()
