# SPDX-FileCopyrightText: the pecanctl authors
# SPDX-License-Identifier: BSD-3-Clause
"""logs: of everything, merged, followed, without secrets."""

import os
import secrets
import signal
import subprocess
import time

from support import BINARY, LABEL, Case, Shared, docker, environment, main, run, send, wait_until


class LogsCase(Case):
    def setUp(self):
        self.shared = Shared()

    def container(self, number, script, *flags):
        """A container of the instance, of service `extra`, that runs a shell script."""
        name = f"{self.shared.name}-extra-{number}-{secrets.token_hex(2)}"
        labels = {"instance": self.shared.name, "owner": self.shared.secret("instance"), "service": "extra",
                  "number": number}
        docker("run", "-d", "--name", name, "--entrypoint", "sh", *flags,
               *(word for key, value in labels.items() for word in ("--label", f"{LABEL}{key}={value}")),
               "pecanctl/postgres:15", "-c", script)
        self.addCleanup(docker, "rm", "-f", name, check=False)
        return name

    def texts(self, *arguments, **options):
        records = self.expect(self.shared.run("logs", *arguments, "--json", **options), 0).records()
        return [(record["service"], record["number"], record["stream"], record["line"])
                for record in records if record["type"] == "log"]


class Logs(LogsCase):
    def test_all_containers_are_there_in_the_order_of_time(self):
        docker("wait", self.container(1, "for i in 1 2 3 4 5; do echo a$i; sleep 0.2; done"))
        docker("wait", self.container(2, "echo b1; echo b2 >&2"))
        result = self.expect(self.shared.run("logs", "--json"), 0)
        records = [record for record in result.records() if record["type"] == "log"]
        times = [record["time"] for record in records]
        self.assertEqual(times, sorted(times))
        self.assertLessEqual({"postgres", "rabbitmq", "dalec", "extra"}, {record["service"] for record in records})
        self.assertIn(("extra", 2, "stderr", "b2"), self.texts("extra"))
        self.assertEqual([line for *_, line in self.texts("extra-1")], ["a1", "a2", "a3", "a4", "a5"])
        self.assertEqual([line for *_, line in self.texts("extra-1", "--tail", "2")], ["a4", "a5"])

    def test_since_leaves_out_what_is_older(self):
        docker("wait", self.container(1, "echo old; sleep 2; echo new"))
        records = [record for record in self.shared.run("logs", "extra", "--json").records() if record["type"] == "log"]
        self.assertEqual([line for *_, line in self.texts("extra", "--since", records[1]["time"])], ["new"])
        self.assertEqual(self.texts("extra", "--since", "2100-01-01"), [])
        self.expect(self.shared.run("logs", "--since", "soon"), 2, "--since soon", "fix:")

    def test_what_is_unknown_is_told(self):
        self.expect(self.shared.run("logs", "dalek"), 9, "there is no service 'dalek'", "did you mean `dalec`?")
        self.expect(self.shared.run("logs", "dalec-77"), 9, "there is no service 'dalec-77'")

    def test_an_instance_is_found_without_its_file(self):
        result = self.expect(run("-i", self.shared.name, "logs", "dalec", "--tail", "1"), 0)
        self.assertIn("dalec-1 | ", result.out)

    def test_long_lines_and_any_bytes_pass(self):
        docker("wait", self.container(1, r"head -c 200000 /dev/zero | tr '\0' x; echo; printf 'a\377\033[2Jb\n'; printf end"))
        lines = [line for *_, line in self.texts("extra")]
        self.assertEqual(sum(len(line) for line in lines[:-2]), 200000)
        self.assertEqual(lines[-2:], ["a\ufffd\x1b[2Jb", "end"])

    def test_a_secret_in_a_line_is_not_shown(self):
        canary = self.shared.secret("rabbitmq")
        docker("wait", self.container(1, f"echo the password is {canary}; echo amqp://pecan:{canary}@h/"))
        result = self.expect(self.shared.run("logs", "extra"), 0)
        self.assertNotIn(canary, result.out + result.err)
        self.assertIn("the password is ***", result.out)

    def test_a_reader_who_has_seen_enough_ends_it_quietly(self):
        docker("wait", self.container(1, "seq 1 200000"))
        for flags in ((), ("-f",), ("--json",)):
            with self.subTest(flags):
                line = " ".join([BINARY, "logs", "extra", *flags]) + " | head -n 2"
                begun = time.monotonic()
                done = subprocess.run(["bash", "-o", "pipefail", "-c", line], cwd=self.shared.folder,
                                      env=environment(), capture_output=True, text=True, timeout=60, check=False)
                self.assertEqual((done.returncode, done.stderr), (0, ""))
                self.assertEqual(len(done.stdout.splitlines()), 2)
                self.assertLess(time.monotonic() - begun, 20)

    def test_a_million_lines_take_little_memory(self):
        docker("wait", self.container(1, "seq 1 1000000"))
        with open(os.devnull, "w", encoding="ascii") as nowhere:
            process = self.shared.start("logs", "extra", stdout=nowhere)
            _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        process.stderr.close()
        self.assertEqual(process.returncode, 0)
        self.assertLess(used.ru_maxrss, 64 * 1024)  # KiB


class Following(LogsCase):
    def follow(self, *arguments):
        path = self.temp_folder() / "out"
        with path.open("w") as out:
            process = self.shared.start("logs", "-f", *arguments, stdout=out)
        self.addCleanup(process.kill)
        return process, path

    def end(self, process, number=signal.SIGINT):
        begun = time.monotonic()
        send(process, number)
        _, err = process.communicate(timeout=20)
        self.assertLess(time.monotonic() - begun, 2)
        return process.returncode, err

    def test_it_takes_up_what_starts_later_and_ctrl_c_is_its_end(self):
        name = self.container(1, "echo first; sleep 60")
        process, path = self.follow("extra")
        wait_until(lambda: "first" in path.read_text(), 20, "the line that was there")
        self.container(2, "echo second; exit 3")
        wait_until(lambda: "extra-2 | second" in path.read_text(), 20, "a container that starts later")
        docker("restart", "-t", "0", name)
        wait_until(lambda: path.read_text().count("first") == 2, 20, "a container that starts again")
        self.assertIsNone(process.poll())
        self.assertEqual(self.end(process), (0, ""))
        self.assertEqual(path.read_text().count("second"), 1)

    def test_terminated_is_143(self):
        process, path = self.follow("dalec", "--tail", "1")
        wait_until(lambda: path.read_text(), 20, "a line")
        self.assertEqual(self.end(process, signal.SIGTERM)[0], 143)

    def test_a_reader_who_does_not_read_holds_up_no_ctrl_c(self):
        docker("wait", self.container(1, "seq 1 200000"))
        process = self.shared.start("logs", "-f", "extra")
        time.sleep(2)
        begun = time.monotonic()
        send(process)
        self.assertEqual(process.wait(timeout=10), 0)
        self.assertLess(time.monotonic() - begun, 3)
        process.communicate()


if __name__ == "__main__":
    main()
