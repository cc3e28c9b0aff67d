# SPDX-FileCopyrightText: the pecanctl authors
# SPDX-License-Identifier: BSD-3-Clause
"""A program on a pseudo-terminal, and the screen that a person would see."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time
import unicodedata

from support import BINARY, environment

SEQUENCE = re.compile(r"\x1b\[([?0-9;]*)([A-Za-z])")


def cells(letter):
    if unicodedata.combining(letter) or unicodedata.category(letter) in ("Cf", "Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(letter) in "WF" else 1


class Screen:
    """Just enough of a terminal: it knows what we may send, and refuses the rest."""

    def __init__(self, columns, rows):
        self.columns, self.rows = columns, rows
        self.lines = [""]  # all, what scrolled away too
        self.top = 0
        self.row = self.column = 0
        self.is_cursor_visible = True
        self.wraps = []
        self.hides = 0

    def feed(self, text):
        while text:
            if match := SEQUENCE.match(text):
                self.obey(match[1], match[2])
                text = text[match.end():]
                continue
            letter, text = text[0], text[1:]
            if letter == "\n":
                self.down()
            elif letter == "\r":
                self.column = 0
            elif letter < " " or letter == "\x7f":
                raise AssertionError(f"control character {letter!r} before {text[:40]!r}")
            else:
                self.put(letter)

    def obey(self, number, letter):
        if letter == "A":
            assert int(number) <= self.row - self.top, f"{number} lines up, from line {self.row - self.top}"
            self.row -= int(number)
        elif letter == "K":
            self.lines[self.row] = self.lines[self.row][:self.column]
        elif letter == "J":
            self.lines[self.row] = self.lines[self.row][:self.column]
            del self.lines[self.row + 1:]
        elif (number, letter) in (("?25", "l"), ("?25", "h")):
            self.is_cursor_visible = letter == "h"
            self.hides += letter == "l"
        elif letter != "m":
            raise AssertionError(f"unknown sequence {number}{letter}")

    def resize(self, columns, rows):
        """As terminals do it today: what was wider is broken anew. The cursor is on the last line."""
        lines = []
        for line in self.lines:
            while sum(map(cells, line)) > columns:
                end = 0
                while sum(map(cells, line[:end + 1])) <= columns:
                    end += 1
                lines.append(line[:end])
                line = line[end:]
            lines.append(line)
        self.lines, self.columns, self.rows = lines, columns, rows
        self.row = len(lines) - 1
        self.top = max(0, self.row - rows + 1)

    def down(self):
        self.row += 1
        if self.row == len(self.lines):
            self.lines.append("")
        self.top = max(self.top, self.row - self.rows + 1)

    def put(self, letter):
        if self.column + cells(letter) > self.columns:
            self.wraps.append(self.lines[self.row])
            self.down()
            self.column = 0
        line = self.lines[self.row].ljust(self.column)
        self.lines[self.row] = line[:self.column] + letter + line[self.column + 1:]
        self.column += cells(letter)

    def visible(self):
        return [line.rstrip() for line in self.lines[self.top:]]

    def text(self):
        return "\n".join(line.rstrip() for line in self.lines)


class Terminal:
    """The program with stdin, stdout and stderr on a terminal of a size."""

    def __init__(self, *arguments, columns=80, rows=24, cwd="/", env=None, binary=BINARY):
        self.screen = Screen(columns, rows)
        self.raw = ""
        self.tallest = 0
        self.seen = []  # screens as they were after each read
        variables = env or environment()
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            try:
                os.chdir(cwd)
                fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
                os.execve(str(binary), [str(binary), *map(str, arguments)], variables)
            finally:
                os._exit(127)
        self.rest = b""

    def resize(self, columns, rows):
        """While the program stands still: a frame on its way would be of the old size."""
        os.kill(self.pid, signal.SIGSTOP)
        while select.select([self.fd], [], [], 0.3)[0]:
            self.read(0)
        self.screen.resize(columns, rows)
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        os.kill(self.pid, signal.SIGCONT)

    def type(self, text):
        os.write(self.fd, text.encode())

    def send(self, number=signal.SIGINT):
        os.kill(self.pid, number)

    def read(self, seconds):
        """Takes what comes within `seconds`. False at the end."""
        if not select.select([self.fd], [], [], seconds)[0]:
            return True
        try:
            data = os.read(self.fd, 65536)
        except OSError:
            data = b""
        text = (self.rest + data).decode("utf-8", "ignore") if not data else None
        if text is None:
            whole = self.rest + data
            end = len(whole)
            while end and len(whole) - end < 4:
                try:
                    text = whole[:end].decode()
                    break
                except UnicodeDecodeError:
                    end -= 1
            assert text is not None, "no UTF-8"
            # A sequence that is cut waits for its end.
            if (cut := text.rfind("\x1b")) >= 0 and not SEQUENCE.match(text[cut:]):
                end -= len(text[cut:].encode())
                text = text[:cut]
            self.rest = whole[end:]
        self.raw += text
        self.screen.feed(text)
        self.seen.append(self.screen.visible())
        return bool(data)

    def wait_for(self, words, seconds=60):
        end = time.monotonic() + seconds
        while words not in self.screen.text():
            if time.monotonic() > end or not self.read(0.2):
                raise AssertionError(f"{words!r} did not appear:\n{self.screen.text()}")

    def finish(self, seconds=120):
        """Its exit code, after all of its output."""
        end = time.monotonic() + seconds
        while self.read(0.2):
            if time.monotonic() > end:
                os.kill(self.pid, signal.SIGKILL)
                os.waitpid(self.pid, 0)
                raise AssertionError(f"still running after {seconds} s:\n{self.screen.text()}")
        os.close(self.fd)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
