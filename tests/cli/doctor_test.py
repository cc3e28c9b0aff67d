# SPDX-FileCopyrightText: the pecanctl authors
# SPDX-License-Identifier: BSD-3-Clause
"""doctor: each check is shown what it is for, for real; the report holds no secret."""

import http.server
import os
import re
import secrets
import socket
import socketserver
import subprocess
import tarfile
import threading
import time

from support import LABEL, MACHINE, Case, Shared, docker, environment, main, service, wait_until

HOLD = """
import pika, sys, time
url, queue = sys.argv[1:]
channel = pika.BlockingConnection(pika.URLParameters(url)).channel()
channel.basic_qos(prefetch_count=1)
channel.basic_consume(queue, lambda *_: print("held", flush=True))
for _ in range(4):
    channel.basic_publish("", queue, b"{}")
while True:
    channel.connection.process_data_events(time_limit=1)
"""


class DoctorCase(Case):
    def examine(self, *arguments, instance=None, exit_code=None, **options):
        """Check name -> its row."""
        result = (instance or self.shared).run("doctor", *arguments, "--json", timeout=60, **options)
        document = result.records()[0]
        self.assertEqual(document["type"], "doctor")
        bad = any(check["state"] == "failed" for check in document["checks"])
        self.assertEqual(result.exit, 10 if bad else 0, result)
        return {check["name"]: check for check in document["checks"]}

    def finds(self, name, *words, state="failed", **options):
        found = self.examine(name, **options)[name]
        self.assertEqual(found["state"], state, found)
        for word in words:
            self.assertIn(word, found["finding"])
        return found


class Machine(DoctorCase):
    """What needs no instance that runs."""

    def setUp(self):
        self.fresh = self.instance()

    def write(self, *more):
        self.fresh.file.write_text("\n".join(
            ["pecan: 1.8.0", f"name: {self.fresh.name}", "profile: core", *(more or ["models: {dalec: {}}"])]) + "\n")

    def test_without_docker_all_is_told_in_time(self):
        begun = time.monotonic()
        rows = self.examine(instance=self.fresh, env=environment(DOCKER_HOST="unix:///nonexistent/docker.sock"))
        self.assertLess(time.monotonic() - begun, 10)
        self.assertEqual(len(rows), 17)
        self.assertEqual((rows["socket"]["state"], rows["api"]["state"], rows["file"]["state"]),
                         ("failed", "skipped", "ok"))
        self.assertIn("needs socket (D001)", rows["api"]["finding"])

    def test_a_docker_that_does_not_answer_is_told_in_time(self):
        with socket.socket(socket.AF_UNIX) as listener:
            path = self.temp_folder() / "docker.sock"
            listener.bind(str(path))
            listener.listen(64)
            begun = time.monotonic()
            rows = self.examine(instance=self.fresh, env=environment(DOCKER_HOST=f"unix://{path}"))
        self.assertLess(time.monotonic() - begun, 10)
        self.assertEqual(rows["socket"]["state"], "failed")

    def test_an_old_docker_is_told(self):
        class Old(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200)
                self.send_header("Api-Version", "1.24")
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"OK")

            def address_string(self):
                return "socket"

            def log_message(self, *_):
                pass

        path = self.temp_folder() / "docker.sock"
        with socketserver.ThreadingUnixStreamServer(str(path), Old) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            found = self.finds("socket", "1.24", instance=self.fresh, env=environment(DOCKER_HOST=f"unix://{path}"))
            server.shutdown()
        self.assertIn("update Docker", found["fix"])

    def test_a_full_disk_is_told(self):
        folder = self.temp_folder()
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder], check=True)
        self.addCleanup(subprocess.run, ["umount", folder], check=True)
        self.write(f"data: {folder}", "models: {dalec: {}}")
        self.finds("disk", str(folder), "1.0 MiB", instance=self.fresh)

    def test_a_port_that_is_taken_is_told(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            self.write("models: {dalec: {}}", f"services: {{postgres: {{port: {port}}}}}")
            self.finds("port", f"port {port} of postgres", "a process", instance=self.fresh)
        self.finds("port", "1 free or ours", state="ok", instance=self.fresh)

    def test_an_image_that_cannot_be_had_is_told(self):
        self.write('models: {ghost: {type: GHOST, version: "1", image: "localhost:1/ghost:1"}}')
        self.finds("images", "localhost:1/ghost:1 of ghost is not here", instance=self.fresh)

    def test_a_wrong_file_is_told_and_the_rest_is_checked(self):
        self.write("models: {dalec: {replica: 2}}")
        rows = self.examine(instance=self.fresh, env=environment(DOCKER_HOST="unix:///nonexistent/docker.sock"))
        self.assertIn("pecan.yml:4:", rows["file"]["finding"])
        self.assertIn("replicas", rows["file"]["fix"])
        self.assertEqual(rows["secrets"]["state"], "skipped")
        self.assertEqual(rows["disk"]["state"], "ok")

    def test_secrets_that_others_can_read_are_told(self):
        (self.fresh.folder / "secrets" / "rabbitmq").chmod(0o644)
        found = self.finds("secrets", "secrets/rabbitmq", instance=self.fresh)
        self.assertIn("chmod 600", found["fix"])
        (self.fresh.folder / "secrets" / "rabbitmq").chmod(0o600)
        (self.fresh.folder / "secrets").chmod(0o777)
        self.finds("secrets", "others may put files", instance=self.fresh)

    def test_what_is_not_deployed_is_skipped(self):
        rows = self.examine(instance=self.fresh)
        for name in ("postgres", "schema", "broker", "management", "timeout", "queues"):
            self.assertEqual(rows[name]["state"], "skipped", rows[name])
            self.assertIn("is not deployed here", rows[name]["finding"])

    def test_checks_have_names_and_codes(self):
        self.assertEqual(list(self.examine("d008", "secrets", instance=self.fresh)), ["file", "secrets"])
        self.expect(self.fresh.run("doctor", "secretz"), 2, "there is no check 'secretz'", "did you mean `secrets`?")
        listed = self.expect(self.fresh.run("doctor", "--list"), 0)
        self.assertEqual(len(re.findall(r"^D\d{3}\t", listed.out, re.M)), 17)
        self.assertEqual(len(self.fresh.run("doctor", "--list", "--json").records()[0]["checks"]), 17)

    def test_signs_have_ascii_forms(self):
        plain = self.fresh.run("doctor", "file", env=environment(LANG="C", LC_ALL="C"))
        self.assertRegex(plain.out, r"^ok   D008 file")
        self.assertRegex(self.fresh.run("doctor", "file").out, r"^✔ D008 file")
        self.assertNotIn("\x1b", plain.out)
        self.assertEqual(self.fresh.run("doctor", "file", "-q").out, "")


class Running(DoctorCase):
    """What needs services to be spoilt."""

    def setUp(self):
        self.shared = Shared()

    def broker(self, *arguments):
        return docker("exec", self.shared.container("rabbitmq"), *arguments)

    def sql(self, statement, user="postgres"):
        return docker("exec", self.shared.container("postgres"), "psql", "-U", user, "-d", "bety", "-qtAc", statement)

    def test_a_healthy_instance_has_nothing(self):
        def look():
            begun = time.monotonic()
            rows = self.examine()
            self.assertLess(time.monotonic() - begun, 15)
            amiss = {name for name, row in rows.items() if name != "peers" and row["state"] != "ok"}
            self.assertLessEqual(amiss, {"timeout"}, rows)  # starts an Erlang machine: a busy host may take too long
            return not amiss and rows
        rows = wait_until(look, 60, "an answer of the broker's control program in time")
        self.assertIn("not configured", rows["peers"]["finding"])
        self.assertIn("the database, Consul", rows["clock"]["finding"])

    def test_networks_are_counted(self):
        def count():
            return [int(number) for number in re.findall(r"\d+", self.examine("pools")["pools"]["finding"])]
        before = count()
        name = f"{self.shared.name}-pool"
        docker("network", "create", name)
        self.addCleanup(docker, "network", "rm", name, check=False)
        self.assertEqual(count(), [before[0] - 1, before[1]])

    def test_a_consul_that_is_down_is_told(self):
        docker("stop", "-t", "5", f"{MACHINE}-consul-1")
        self.addCleanup(self.shared.settle)
        self.finds("consul", "consul of pecanctl does not run")

    def test_a_consul_elsewhere_that_is_down_is_told(self):
        self.finds("consul", "cannot", env=environment(CONSUL_HTTP_ADDR="127.0.0.1:9"))

    def test_a_database_that_is_down_is_told_and_its_tables_are_skipped(self):
        docker("stop", "-t", "10", self.shared.container("postgres"))
        self.addCleanup(self.shared.settle)
        rows = self.examine("postgres", "schema")
        self.assertEqual((rows["postgres"]["state"], rows["schema"]["state"]), ("failed", "skipped"))
        self.assertIn("does not run", rows["postgres"]["finding"])

    def test_a_database_without_postgis_is_told(self):
        control = docker("exec", self.shared.container("postgres"), "sh", "-c",
                         "ls /usr/share/postgresql/*/extension/postgis.control")
        docker("exec", "-u", "0", self.shared.container("postgres"), "mv", control, f"{control}.away")
        self.addCleanup(docker, "exec", "-u", "0", self.shared.container("postgres"), "mv", f"{control}.away", control)
        self.finds("postgres", "PostGIS is not installed")

    def test_a_user_who_may_not_switch_triggers_off_is_told(self):
        self.sql("CREATE ROLE rescue SUPERUSER LOGIN")
        self.sql("ALTER ROLE postgres NOSUPERUSER", "rescue")
        self.addCleanup(self.sql, "DROP ROLE rescue")
        self.addCleanup(self.sql, "ALTER ROLE postgres SUPERUSER", "rescue")
        self.finds("postgres", "may not switch triggers off")

    def test_a_missing_column_is_told(self):
        self.sql("ALTER TABLE machines RENAME sync_url TO sync_uri")
        self.addCleanup(self.sql, "ALTER TABLE machines RENAME sync_uri TO sync_url")
        self.finds("schema", "machines.sync_url")

    def test_a_broker_that_refuses_us_is_told(self):
        self.broker("rabbitmqctl", "-q", "change_password", "pecan", "other")
        self.addCleanup(self.broker, "rabbitmqctl", "-q", "change_password", "pecan", self.shared.secret("rabbitmq"))
        rows = self.examine("broker", "management")
        self.assertEqual((rows["broker"]["state"], rows["management"]["state"]), ("failed", "skipped"))

    def test_a_memory_alarm_is_told(self):
        self.broker("rabbitmqctl", "-q", "set_vm_memory_high_watermark", "0.000001")
        self.addCleanup(self.broker, "rabbitmqctl", "-q", "set_vm_memory_high_watermark", "0.6")
        wait_until(lambda: self.examine("management")["management"]["state"] == "failed", 20, "the alarm")
        self.finds("management", "memory alarm")

    def test_a_broker_that_takes_jobs_back_too_early_is_told(self):
        before = re.search(r"\d+", self.broker("rabbitmqctl", "-q", "eval",
                                               "application:get_env(rabbit, consumer_timeout)."))[0]
        setting = "application:set_env(rabbit, consumer_timeout, {})."
        self.broker("rabbitmqctl", "-q", "eval", setting.format(1800000))
        self.addCleanup(self.broker, "rabbitmqctl", "-q", "eval", setting.format(before))
        self.finds("timeout", "30m00s", "again for ever")

    def test_a_queue_whose_worker_is_wedged_is_told(self):
        port = docker("port", self.shared.container("rabbitmq"), "5672").split(":")[-1]
        url = f"amqp://pecan:{self.shared.secret('rabbitmq')}@127.0.0.1:{port}/%2F"
        with subprocess.Popen([service("PECANCTL_TEST_PYTHON"), "-c", HOLD, url, "DALEC_1.0"],
                              stdout=subprocess.PIPE, text=True) as holder:
            try:
                self.assertEqual(holder.stdout.readline(), "held\n")
                wait_until(lambda: self.examine("queues")["queues"]["state"] == "failed", 40, "the finding")
            finally:
                holder.kill()
        wait_until(lambda: self.examine("queues")["queues"]["state"] == "ok", 40, "its end")

    def test_the_report_holds_what_helps_and_no_secret(self):
        canary = f"hunter{secrets.token_hex(6)}"
        known = [self.shared.secret(name) for name in ("postgres", "rabbitmq", "bety")]
        before = self.shared.file.read_text()
        self.addCleanup(self.shared.file.write_text, before)
        self.shared.file.write_text(f"{before}\n# password: {canary}, amqp://pecan:{canary}@host/\n")
        name = f"{self.shared.name}-talker"
        labels = {"instance": self.shared.name, "owner": self.shared.secret("instance"), "service": "talker",
                  "number": 1}
        docker("run", "-d", "--name", name, "--entrypoint", "sh",
               *(word for key, value in labels.items() for word in ("--label", f"{LABEL}{key}={value}")),
               "pecanctl/postgres:15", "-c", f"echo {' '.join(known)} token={canary} seen")
        self.addCleanup(docker, "rm", "-f", name)
        path = self.temp_folder() / "report.tar.gz"
        result = self.expect(self.shared.run("doctor", "file", "socket", "--report", path), 0)
        self.assertEqual(os.stat(path).st_mode & 0o777, 0o600)
        with tarfile.open(path) as bundle:
            files = {member.name.removeprefix("pecanctl-report/"): bundle.extractfile(member).read().decode()
                     for member in bundle}
        self.assertLessEqual({"pecan.yml", "doctor.json", "status.json", "plan.txt", "docker.json", "versions.json",
                              "logs/postgres-1.log", "logs/dalec-1.log", "logs/talker-1.log"}, set(files))
        self.assertIn("seen", files["logs/talker-1.log"])
        self.assertIn(self.shared.name, files["pecan.yml"])
        for text in (*files.values(), result.out, result.err):
            for word in (canary, *known):
                self.assertNotIn(word, text)
        url = re.search(r"https://github\.com/\S+/issues/new\?title=\S+", result.err)[0]
        self.assertLess(len(url), 4000)
        self.assertNotIn(str(self.shared.folder), url)


if __name__ == "__main__":
    main()
