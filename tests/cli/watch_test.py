# SPDX-FileCopyrightText: the pecanctl authors
# SPDX-License-Identifier: BSD-3-Clause
"""status --watch on terminals of several sizes and off them; status --all."""

import fcntl
import json
import os
import pty
import re
import secrets
import select
import signal
import struct
import subprocess
import termios
import time

import jobs
from support import MACHINE, Case, Shared, docker, environment, main, run, send, wait_until

ENTER, LEAVE = "\x1b[?1049h", "\x1b[?1049l"


class Terminal:
    """A program on a pseudo-terminal."""

    def __init__(self, shared, columns, rows, *arguments):
        self.master, slave = pty.openpty()
        self.resize(columns, rows)
        self.before = termios.tcgetattr(slave)
        self.process = shared.start("status", "--watch", "--interval", "300ms", *arguments, stdin=slave,
                                    stdout=slave, stderr=subprocess.STDOUT)
        self.slave = slave
        self.text = ""

    def resize(self, columns, rows):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def read(self):
        while select.select([self.master], [], [], 0)[0]:
            self.text += os.read(self.master, 65536).decode(errors="replace")
        return self.text

    def type(self, keys):
        os.write(self.master, keys)

    def end(self):
        deadline = time.monotonic() + 10
        while self.process.poll() is None and time.monotonic() < deadline:
            self.read()
            time.sleep(0.02)
        self.read()
        after = termios.tcgetattr(self.slave)
        os.close(self.master)
        os.close(self.slave)
        return self.process.returncode, after


def frames(text):
    """The lines of each frame, escape sequences taken out."""
    bodies = text.replace("\r\r\n", "\r\n").split("\x1b[H")[1:]
    return [[re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", line) for line in body.split("\r\n")] for body in bodies]


class Watch(Case):
    def setUp(self):
        self.shared = Shared()
        jobs.end_runs(self.shared)  # they would take the lines of a small screen

    def watch(self, columns, rows):
        terminal = Terminal(self.shared, columns, rows)
        self.addCleanup(terminal.process.kill)
        wait_until(lambda: len(frames(terminal.read())) >= 3, 30, "three frames")
        return terminal

    def test_each_size_holds_and_each_way_out_restores(self):
        for (columns, rows), way_out in (((80, 24), b"q"), ((40, 10), b"\x03"), ((200, 50), signal.SIGINT)):
            with self.subTest((columns, rows)):
                terminal = self.watch(columns, rows)
                for lines in frames(terminal.read()):
                    self.assertLessEqual(len(lines), rows)
                    self.assertLessEqual(max(map(len, lines)), columns)
                shown = "\n".join(frames(terminal.text)[-1])
                self.assertIn("q quits" if columns >= 80 else "up", shown.splitlines()[0])
                for word in ("cpu", "postgres-1", "dalec-1", "DALEC_1.0"):
                    self.assertIn(word, shown)
                begun = time.monotonic()
                if isinstance(way_out, bytes):
                    terminal.type(way_out)
                else:
                    send(terminal.process, way_out)
                code, after = terminal.end()
                self.assertEqual(code, 0, terminal.text[-300:])
                self.assertLess(time.monotonic() - begun, 2)
                self.assertEqual(after, terminal.before)
                self.assertEqual((terminal.text.count(ENTER), terminal.text.count("\x1b[?25l")), (1, 1))
                self.assertGreater(terminal.text.rindex(LEAVE), terminal.text.rindex("\x1b[H"))
                self.assertIn("\x1b[?25h", terminal.text)

    def test_terminated_is_143_and_restores(self):
        terminal = self.watch(80, 24)
        send(terminal.process, signal.SIGTERM)
        code, after = terminal.end()
        self.assertEqual((code, after), (143, terminal.before))
        self.assertIn(LEAVE, terminal.text)

    def test_another_size_is_followed(self):
        terminal = self.watch(80, 24)
        terminal.resize(40, 10)
        wait_until(lambda: max(map(len, frames(terminal.read())[-1])) <= 40, 10, "a smaller frame")
        terminal.type(b"q")
        self.assertEqual(terminal.end()[0], 0)

    def test_a_pipe_gets_plain_screens(self):
        process = self.shared.start("status", "--watch", "--interval", "200ms")
        out = ""
        while out.count("QUEUE") < 2:
            out += process.stdout.readline()
        send(process)
        rest, err = process.communicate(timeout=20)
        out += rest
        self.assertEqual((process.returncode, err), (0, ""))
        for letter in "\x1b\r":
            self.assertNotIn(letter, out)

    def test_json_is_a_document_a_look(self):
        process = self.shared.start("status", "--watch", "--interval", "200ms", "--json")
        records = [json.loads(process.stdout.readline()) for _ in range(3)]
        process.stdout.close()
        self.assertEqual(process.wait(timeout=20), 0, "its reader is gone")
        process.stderr.close()
        names = {row["name"] for row in records[-1]["containers"]}
        self.assertLessEqual({"postgres-1", "rabbitmq-1", "dalec-1"}, names)
        self.assertIsInstance(records[-1]["machine"]["cpu"], float)
        self.assertTrue(all(row["memory"] > 0 and row["cpu"] is not None for row in records[-1]["containers"]))
        self.assertEqual(records[-1]["queues"][0]["queue"], "DALEC_1.0")

    def test_runs_are_shown_while_they_last(self):
        workflow = f"PEcAn_{secrets.token_hex(4)}"
        self.addCleanup(jobs.remove, self.shared, workflow)
        folders = jobs.make(self.shared, workflow, 4, "#!/bin/sh\nsleep 1\n")
        running = self.shared.start("run", "dalec", *folders)
        self.addCleanup(running.communicate, timeout=60)
        watching = self.shared.start("status", "--watch", "--interval", "300ms", "--json")
        seen = []
        while not seen or seen[-1]["done"] == 0:
            seen += json.loads(watching.stdout.readline())["runs"]
        watching.stdout.close()
        watching.stderr.close()
        self.assertEqual(watching.wait(timeout=20), 0)
        self.assertEqual((seen[-1]["model"], seen[-1]["total"]), ("dalec", 4))

    def test_without_the_broker_the_rest_is_shown(self):
        self.addCleanup(self.shared.settle)
        docker("stop", "-t", "10", self.shared.container("rabbitmq"))
        process = self.shared.start("status", "--watch", "--interval", "200ms", "--json")
        record = json.loads(process.stdout.readline())
        process.stdout.close()
        process.wait(timeout=20)
        process.stderr.close()
        self.assertTrue(record["problems"])
        self.assertIn(("rabbitmq-1", "exited"), {(row["name"], row["state"]) for row in record["containers"]})

    def test_flags_that_do_not_go_together_are_told(self):
        self.expect(self.shared.run("status", "--watch", "--all"), 2, "--watch with --all")
        self.expect(self.shared.run("status", "--watch", "--interval", "1ms"), 2, "--interval")
        self.expect(run("-i", "nobody", "status", "--watch", cwd=self.temp_folder()), 9, "nobody")


class All(Case):
    def setUp(self):
        self.shared = Shared()

    def rows(self, **options):
        document, = self.expect(run("status", "--all", "--json", cwd=self.temp_folder(), **options), 0).records()
        self.assertEqual(document["type"], "instances")
        return {row["instance"]: row for row in document["instances"]}

    def test_those_here_and_those_that_consul_knows_are_listed(self):
        consul = f"{MACHINE}-consul-1"
        key = "pecan/instances/faraway/meta"
        meta = json.dumps({"v": 1, "owner": "someone", "file": "/srv/pecan.yml", "host": "elsewhere", "revision": 7,
                           "release": "1.8.0"})
        docker("exec", consul, "consul", "kv", "put", key, meta)
        self.addCleanup(docker, "exec", consul, "consul", "kv", "delete", key)
        rows = self.rows()
        self.assertEqual(rows[self.shared.name]["state"], "healthy")
        self.assertEqual((rows[self.shared.name]["running"], rows[self.shared.name]["file"]),
                         (4, str(self.shared.file)))
        self.assertEqual((rows["faraway"]["state"], rows["faraway"]["host"], rows["faraway"]["revision"]),
                         ("elsewhere", "elsewhere", 7))

    def test_without_consul_those_here_are_listed(self):
        result = self.expect(run("status", "--all", env=environment(CONSUL_HTTP_ADDR="127.0.0.1:9")), 0)
        self.assertIn(self.shared.name, result.out)
        self.assertIn("Consul", result.err)

    def test_one_that_is_not_well_is_degraded(self):
        self.addCleanup(self.shared.settle)
        docker("stop", "-t", "5", self.shared.container("rabbitmq"))
        self.assertEqual(self.rows()[self.shared.name]["state"], "degraded")


if __name__ == "__main__":
    main()
