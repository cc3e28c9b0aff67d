# SPDX-FileCopyrightText: the pecanctl authors
# SPDX-License-Identifier: BSD-3-Clause
"""SIGINT and SIGTERM at any moment: a word at once, an end soon, the lock free, and the same command goes on."""

import itertools
import os
import re
import secrets
import signal
import statistics
import time

import jobs
from interrupts import full_pipe, interrupt, is_lock_free, stalled
from kill_test import DESTROY, FIRST_DEPLOY, REPLACE, SCALE_DOWN, SCALE_UP, Chaos
from support import Shared, docker, finish, main, run, send, wait_until

STALL = 700  # ms at a point: longer than the word may take, shorter than an end may take
WORD_WITHIN = 0.1  # s
WORST_WORD = 0.5  # s; a busy machine's. One that waits for the end of a call would take STALL
END_WITHIN = 10  # s
CODES = {signal.SIGINT: 130, signal.SIGTERM: 143}


class Interrupts(Chaos):
    numbers = itertools.cycle(CODES)
    latencies = []

    def check(self, process, name, number):
        latency, result = interrupt(process, number)
        self.latencies.append(latency)
        self.expect(result, CODES[number])
        self.assertLess(result.seconds, END_WITHIN)
        self.assertTrue(name is None or is_lock_free(name), "the lock is held")
        return result

    def at(self, instance, point, *arguments):
        with self.subTest(point):
            return self.check(stalled(instance, point, STALL, *arguments), instance.name, next(self.numbers))

    def tell_latency(self):
        worst, median = max(self.latencies), statistics.median(self.latencies)
        print(f"{len(self.latencies)} interrupts: the word took {median * 1000:.1f} ms, {worst * 1000:.1f} ms at most")
        self.assertLess(median, WORD_WITHIN)
        self.assertLess(worst, WORST_WORD)


class Points(Interrupts):
    def test_deploy_and_destroy_interrupted_everywhere_go_on(self):
        instance = self.instance()
        for point in FIRST_DEPLOY:
            self.at(instance, point, "deploy")
        self.again(instance, "deploy")
        self.check_world(instance, 1)
        for point in DESTROY:
            self.at(instance, point, "destroy", "--volumes", "--confirm", instance.name)
        self.again(instance, "destroy", "--volumes", "--confirm", instance.name)
        self.check_gone(instance)
        self.tell_latency()

    def test_replacing_a_service_interrupted_anywhere_goes_on(self):
        shared = Shared()
        text = shared.file.read_text()
        self.addCleanup(shared.settle)
        self.addCleanup(shared.file.write_text, text)
        for number, point in enumerate(REPLACE):
            shared.file.write_text(text + f"services: {{ postgres: {{ memory: {930 + number}MiB }} }}\n")
            self.at(shared, point, "deploy")
            self.again(shared, "deploy")
            self.check_world(shared, 1)
        self.tell_latency()

    def test_scale_interrupted_anywhere_goes_on(self):
        shared = Shared()
        self.addCleanup(shared.settle)
        for points, before, after in ((SCALE_UP, 1, 4), (SCALE_DOWN, 4, 1)):
            for point in points:
                self.again(shared, "scale", f"dalec={before}")
                self.at(shared, point, "scale", f"dalec={after}")
                self.again(shared, "scale", f"dalec={after}")
            self.check_world(shared, after)
        self.tell_latency()

    def test_run_interrupted_anywhere_leaves_its_jobs_and_can_be_attached(self):
        shared = Shared()
        workflow = f"PEcAn_{secrets.token_hex(4)}"
        self.addCleanup(jobs.remove, shared, workflow)
        folders = jobs.make(shared, workflow, 6, "#!/bin/sh\nsleep 1\necho done > done\n")
        for point in ("run.begun", "run.journal_written", "run.published", "run.outcome"):
            self.at(shared, point, "run", "dalec", *folders)
        self.expect(shared.run("run", "dalec", *folders), 0)
        for folder in folders:
            self.assertEqual(jobs.read(shared, f"{folder}/done"), ["done"])
        self.tell_latency()

    def test_init_interrupted_is_completed_by_the_next_one(self):
        root = self.temp_folder()

        class Place:
            name = None

            @staticmethod
            def start(*arguments, **options):
                from support import start
                return start(*arguments, cwd=root, **options)

        for hit in range(1, 7):
            self.at(Place, f"init.file#{hit}", "init", f"demo{hit}")
            self.assertEqual(run("init", f"demo{hit}", cwd=root).exit, 0)
            self.assertEqual(run("validate", "-C", root / f"demo{hit}").exit, 0)
        self.tell_latency()


class Moments(Interrupts):
    """By the clock instead of by points, so that calls to the engine are hit in the middle, too."""

    def after(self, seconds, number, instance, *arguments):
        process = instance.start(*arguments)
        time.sleep(seconds)
        if process.poll() is not None:
            return finish(process)
        begun = time.monotonic()
        send(process, number)
        result = finish(process, 15)
        self.assertLess(time.monotonic() - begun, END_WITHIN)
        # It may have been done at that moment, or not have begun.
        self.assertIn(result.exit, (0, CODES[number]), result)
        self.assertTrue(is_lock_free(instance.name))
        return result

    def test_commands_interrupted_at_any_time_go_on(self):
        instance = self.instance()
        for seconds in (0.01, 0.03, 0.06, 0.1, 0.2, 0.4, 0.7, 1, 1.5, 2, 3, 4):
            with self.subTest(f"deploy after {seconds} s"):
                self.after(seconds, next(self.numbers), instance, "deploy")
        self.again(instance, "deploy")
        self.check_world(instance, 1)
        for seconds in (0.05, 0.15, 0.3, 0.6):
            with self.subTest(f"scale after {seconds} s"):
                self.after(seconds, next(self.numbers), instance, "scale", "dalec=4")
                self.after(seconds, next(self.numbers), instance, "scale", "dalec=1")
        for seconds in (0.005, 0.02, 0.05, 0.1):
            with self.subTest(f"status after {seconds} s"):
                self.after(seconds, next(self.numbers), instance, "status")
        for seconds in (0.05, 0.3, 1, 2):
            with self.subTest(f"destroy after {seconds} s"):
                self.after(seconds, next(self.numbers), instance, "destroy", "--volumes", "--confirm", instance.name)
        self.again(instance, "destroy", "--volumes", "--confirm", instance.name)
        self.check_gone(instance)

    def test_a_second_signal_ends_at_once(self):
        shared = Shared()
        process = stalled(shared, "deploy.locked", 20_000, "deploy")
        send(process)
        wait_until(lambda: "stopping" in os.read(process.stderr.fileno(), 4096).decode(), 5)
        begun = time.monotonic()
        send(process, signal.SIGTERM)
        result = finish(process, 5)
        self.assertEqual(result.exit, 143)
        self.assertLess(time.monotonic() - begun, 0.5)
        self.assertTrue(is_lock_free(shared.name))


class FullPipes(Chaos):
    """Nobody reads what we say. Whoever holds the lock goes on all the same."""

    def setUp(self):
        self.shared = Shared()
        self.addCleanup(self.shared.settle)

    def workers(self):
        return sum(re.search(r"-dalec-\d+$", name) is not None for name in self.shared.containers())

    def pipe(self):
        reader, writer = full_pipe()
        self.addCleanup(os.close, writer)
        self.addCleanup(os.close, reader)
        return reader, writer

    def test_a_full_stderr_holds_nobody_up(self):
        for arguments, code in ((["scale", "dalec=4", "-v"], 0), (["scale", "dalec=1"], 0), (["scale", "nothing=1"], 9)):
            writer = self.pipe()[1]
            result = self.shared.run(*arguments, stderr=writer, timeout=60)
            self.assertEqual(result.exit, code, result)
            self.assertLess(result.seconds, 30)
        self.assertEqual(self.workers(), 1)

    def test_a_full_stdout_is_waited_for_without_the_lock(self):
        reader, writer = self.pipe()
        process = self.shared.start("scale", "dalec=3", "--json", stdout=writer)
        self.addCleanup(process.kill)
        wait_until(lambda: self.workers() == 3, 60, "the work")
        wait_until(lambda: is_lock_free(self.shared.name), 20, "the end of the work")
        self.expect(self.shared.run("scale", "dalec=2"), 0)
        self.assertIsNone(process.poll(), "the answer is not lost")
        text = b""
        while b'"type":"result"' not in text:
            text += os.read(reader, 65536)
        self.assertEqual(process.wait(10), 0)
        self.assertTrue(text.lstrip(b"x").startswith(b'{'), text[-2000:])
        process.communicate()

    def test_an_interrupt_is_heard_behind_full_pipes(self):
        for number, code in CODES.items():
            writer = self.pipe()[1]
            process = self.shared.start("scale", "dalec=3", "--json", "-v", stdout=writer, stderr=writer)
            self.addCleanup(process.kill)
            wait_until(lambda: self.workers() == 3 and is_lock_free(self.shared.name), 60, "the work")
            begun = time.monotonic()
            send(process, number)
            self.assertEqual(process.wait(10), code)
            self.assertLess(time.monotonic() - begun, END_WITHIN)
            self.again(self.shared, "scale", "dalec=1")

    def test_a_stopped_terminal_holds_nobody_up(self):
        import pty
        import termios
        master, slave = pty.openpty()
        self.addCleanup(os.close, master)
        self.addCleanup(os.close, slave)
        termios.tcflow(slave, termios.TCOOFF)  # Ctrl-S
        process = self.shared.start("scale", "dalec=2", stdout=slave, stderr=slave)
        self.addCleanup(process.kill)
        wait_until(lambda: self.workers() == 2 and is_lock_free(self.shared.name), 60, "the work")
        termios.tcflow(slave, termios.TCOON)
        text = b""
        while b"1 -> 2" not in text:
            text += os.read(master, 65536)
        self.assertEqual(process.wait(10), 0)


if __name__ == "__main__":
    main()
