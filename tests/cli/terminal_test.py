# SPDX-FileCopyrightText: the pecanctl authors
# SPDX-License-Identifier: BSD-3-Clause
"""The program on a terminal, as a person sees it: any size, in the middle, and after the end."""

import os
import re
import signal
import subprocess
import tempfile
import time
from pathlib import Path

from proxy import Proxy
from screen import Screen, Terminal
from support import Case, Shared, environment, main

SIZES = ((80, 24), (40, 10), (200, 50))


class Emulator(Case):
    """The screen itself has to find what it is there to find."""

    def test_a_line_that_wraps_is_noticed(self):
        screen = Screen(4, 3)
        screen.feed("abcd\r\n")
        self.assertEqual(screen.wraps, [])
        screen.feed("森林x")
        self.assertEqual(len(screen.wraps), 1)

    def test_a_frame_that_is_redrawn_replaces_the_last_one(self):
        screen = Screen(20, 4)
        screen.feed("note\r\n\x1b[?25lone\x1b[K\r\ntwo\x1b[K\r\n\x1b[J")
        self.assertFalse(screen.is_cursor_visible)
        screen.feed("\r\x1b[2Athree\x1b[K\r\n\x1b[J\x1b[?25h")
        self.assertEqual((screen.visible(), screen.is_cursor_visible), (["note", "three", ""], True))


class Live(Case):
    def setUp(self):
        self.shared = Shared()
        self.addCleanup(self.shared.settle)

    def terminal(self, *arguments, **options):
        return Terminal(*arguments, cwd=self.shared.folder, **options)

    def is_fine(self, terminal, columns, rows):
        # Sentences on stdout are the terminal's to break.
        wraps = [line for line in terminal.screen.wraps if not line.startswith("Remembered")]
        self.assertEqual(wraps, [], f"at {columns}x{rows}")
        self.assertTrue(terminal.screen.is_cursor_visible)
        self.assertNotIn("\x1b[?1049h", terminal.raw)
        for shown in terminal.seen:
            self.assertLessEqual(max(map(len, shown), default=0), columns)

    def test_scaling_is_shown_and_its_last_frame_stays_at_any_size(self):
        before = 1
        for count, (columns, rows) in zip((10, 20, 30), SIZES):  # enough to be seen under way
            with self.subTest(columns=columns, rows=rows):
                terminal = self.terminal("scale", f"dalec={count}", columns=columns, rows=rows)
                self.assertEqual(terminal.finish(), 0)
                self.is_fine(terminal, columns, rows)
                self.assertGreater(terminal.screen.hides, 1, "it was redrawn")
                text = terminal.screen.text()
                self.assertRegex(text, r" ✔ dalec +(\d+/\d+ )?takes jobs .*\dm?s\n")
                self.assertIn(f"dalec   {before} -> {count}", text)
                before = count
                self.assertEqual(text.count("✔"), 1, "one last frame, and nothing of the others")
                self.assertIn("·", "\n".join("\n".join(shown) for shown in terminal.seen), "something was under way")

    def test_nothing_is_drawn_when_there_is_nothing_to_do(self):
        terminal = self.terminal("deploy")
        self.assertEqual(terminal.finish(), 0)
        self.assertEqual(terminal.raw, f"{self.shared.name} already matches pecan.yml "
                                       f"(revision {re.search(r'revision ([0-9]+)', terminal.raw)[1]}).\r\n")

    def test_in_a_locale_without_utf8_there_is_only_ascii(self):
        terminal = self.terminal("scale", "dalec=2", env=environment(LANG="C", LC_ALL=None))
        self.assertEqual(terminal.finish(), 0)
        self.assertTrue(terminal.raw.isascii(), terminal.raw)
        self.assertRegex(terminal.screen.text(), r"(?m)^ ok   dalec +takes jobs")

    def test_without_colour_there_is_none_and_with_it_the_words_are_the_same(self):
        plain = self.terminal("scale", "dalec=2", env=environment(NO_COLOR="1"))
        self.assertEqual(plain.finish(), 0)
        self.assertNotRegex(plain.raw, r"\x1b\[[0-9;]*m")
        colored = self.terminal("scale", "dalec=1")
        self.assertEqual(colored.finish(), 0)
        colored = self.terminal("scale", "dalec=2")
        self.assertEqual(colored.finish(), 0)
        self.assertRegex(colored.raw, r"\x1b\[32m✔\x1b\[0m")
        strip = lambda text: re.sub(r" *\d[\d.ms]* *$", "", text, flags=re.M)
        self.assertEqual(strip(plain.screen.text()), strip(colored.screen.text()))

    def hanging(self, **options):
        folder = tempfile.mkdtemp(prefix="pecanctl-cli.")
        self.addCleanup(subprocess.run, ["rm", "-rf", folder], check=False)
        proxy = Proxy(Path(folder) / "docker.sock", os.environ["PECANCTL_TEST_DOCKER"], "POST .*/containers/create",
                      "hang", hit=1)
        self.addCleanup(proxy.close)
        terminal = self.terminal("scale", "dalec=3", env=environment(DOCKER_HOST=proxy.environment), **options)
        terminal.wait_for("creating")
        return terminal

    def test_an_interrupt_is_answered_at_once_and_the_block_stays_whole(self):
        for columns, rows in SIZES:
            with self.subTest(columns=columns, rows=rows):
                terminal = self.hanging(columns=columns, rows=rows)
                begun = time.monotonic()
                terminal.type("\x03")
                terminal.wait_for("stopping after")
                self.assertLess(time.monotonic() - begun, 0.5)  # 100 ms, on a busy machine
                self.assertEqual(terminal.finish(), 130)
                self.is_fine(terminal, columns, rows)
                self.assertRegex(terminal.screen.text(), r" ! dalec +interrupted")

    def test_a_second_interrupt_leaves_at_once_with_the_cursor(self):
        terminal = self.hanging()
        terminal.send(signal.SIGSTOP)
        terminal.send(signal.SIGINT)
        terminal.send(signal.SIGTERM)
        terminal.send(signal.SIGCONT)
        self.assertIn(terminal.finish(10), (130, 143))
        self.assertTrue(terminal.screen.is_cursor_visible)

    def test_a_kill_leaves_the_cursor_too(self):
        terminal = self.hanging()
        terminal.send(signal.SIGKILL)
        self.assertEqual(terminal.finish(10), -signal.SIGKILL)
        self.assertTrue(terminal.screen.is_cursor_visible)

    def test_a_window_that_gets_narrower_is_followed(self):
        terminal = self.hanging(columns=120, rows=30)
        terminal.resize(50, 12)
        end = time.monotonic() + 1
        while time.monotonic() < end:
            terminal.read(0.1)
        terminal.type("\x03")
        self.assertEqual(terminal.finish(), 130)
        self.assertEqual(terminal.screen.wraps, [])
        self.assertEqual(terminal.screen.text().count("dalec"), 1, "one last frame, and nothing of the others")


if __name__ == "__main__":
    main()
