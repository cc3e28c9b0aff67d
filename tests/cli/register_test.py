# SPDX-FileCopyrightText: the pecanctl authors
# SPDX-License-Identifier: BSD-3-Clause
"""Registering the shared instance as a site and its models, seen from outside: Consul, database, broker, exit codes."""

import base64
import json
import signal
import stat
import subprocess
import threading
import urllib.error
import urllib.request

from monitor import register as monitor_register
from support import LABEL, MACHINE, Case, Shared, docker, environment, finish, lines, main, run, service, wait_until

MODEL = {"name": "TOY", "type": "TOY", "version": "1", "binary": "/usr/local/bin/toy.1", "description": "a toy"}


def port(container, inside):
    return int(docker("port", container, f"{inside}/tcp").splitlines()[0].rsplit(":", 1)[1])


class Consul:
    """The machine's own, asked by an outsider."""

    def __init__(self):
        self.url = f"http://127.0.0.1:{port(f'{MACHINE}-consul-1', 8500)}/v1/kv/"

    def get(self, prefix):
        try:
            with urllib.request.urlopen(f"{self.url}{prefix}?recurse", timeout=10) as answer:
                rows = json.load(answer)
        except urllib.error.HTTPError as error:
            if error.code == 404:
                return {}
            raise
        return {row["Key"]: (row["ModifyIndex"], base64.b64decode(row["Value"] or "").decode()) for row in rows}

    def put(self, key, value):
        request = urllib.request.Request(self.url + key, method="PUT", data=json.dumps(value).encode())
        urllib.request.urlopen(request, timeout=10).close()

    def remove(self, prefix):
        urllib.request.urlopen(urllib.request.Request(f"{self.url}{prefix}?recurse", method="DELETE"), timeout=10).close()


class Broker:
    """An instance's own, over its management API."""

    def __init__(self, shared):
        self.url = f"http://127.0.0.1:{port(shared.container('rabbitmq'), 15672)}/api"
        self.login = base64.b64encode(f"pecan:{shared.secret('rabbitmq')}".encode()).decode()

    def call(self, method, path, **body):
        request = urllib.request.Request(f"{self.url}/{path}", json.dumps(body).encode(), method=method, headers={
            "Authorization": f"Basic {self.login}", "Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.loads(answer.read() or b"null")

    def publish(self, text):
        self.call("POST", "exchanges/%2F/models/publish", properties={}, routing_key="", payload=text,
                  payload_encoding="string")

    def bound_queue(self, name):
        self.call("PUT", "exchanges/%2F/models", type="fanout", durable=True)
        self.call("PUT", f"queues/%2F/{name}", durable=False, auto_delete=False)
        self.call("POST", f"bindings/%2F/e/models/q/{name}", routing_key="")

    def take(self, name):
        rows = self.call("POST", f"queues/%2F/{name}/get", count=10, ackmode="ack_requeue_false", encoding="auto")
        return [json.loads(row["payload"]) for row in rows]


class RegisterCase(Case):
    def setUp(self):
        self.shared = Shared()
        self.consul = Consul()
        self.forget_all()
        self.addCleanup(self.forget_all)

    def forget_all(self):
        for prefix in ("pecan/sites/", "pecan/catalogue/"):
            self.consul.remove(prefix)
        self.sql("DELETE FROM dbfiles; DELETE FROM models; DELETE FROM modeltypes; DELETE FROM machines")
        for table in ("users", "machines", "modeltypes", "models", "dbfiles"):
            self.sql(f"SELECT setval('{table}_id_seq', 1, false)")
        for name in ("site_key", "site_token"):
            (self.shared.folder / "secrets" / name).unlink(missing_ok=True)

    def sql(self, text):
        return docker("exec", "-e", f"PGPASSWORD={self.shared.secret('postgres')}", self.shared.container("postgres"),
                      "psql", "-h", "127.0.0.1", "-U", "postgres", "-d", "bety", "-qAt", "-v", "ON_ERROR_STOP=1", "-c", text)

    def rows(self):
        """How many rows the tables of a registration have, and which transaction wrote each."""
        return {table: self.sql(f"SELECT id, xmin FROM {table} ORDER BY id")
                for table in ("machines", "modeltypes", "models", "dbfiles")}

    def claims(self):
        return {key.rsplit("/", 1)[1]: json.loads(value) for key, (_, value) in self.consul.get("pecan/sites/").items()}

    def register(self, *arguments, code=0, words=()):
        return self.expect(self.shared.run("register", *arguments), code, *words)

    def model_file(self, **changes):
        path = self.temp_folder() / "model_info.json"
        path.write_text(json.dumps({key: value for key, value in (MODEL | changes).items() if value is not None}))
        return path


class Site(RegisterCase):
    def test_a_site_gets_a_number_rows_sequences_and_keys_and_a_second_time_nothing(self):
        self.register("site", "--contact", "me@example.org", "--url", "https://example.org/bety.tar.gz")
        self.assertEqual(list(self.claims()), ["100"])
        claim = self.claims()["100"]
        self.assertEqual((claim["instance"], claim["owner"], claim["contact"]),
                         (self.shared.name, self.shared.secret("instance"), "me@example.org"))
        self.assertEqual(self.sql("SELECT id, hostname, sync_host_id, sync_url, sync_contact, sync_start, sync_end FROM machines"),
                         f"100000000001|{claim['fqdn']}|100|https://example.org/bety.tar.gz|me@example.org|"
                         "100000000001|100999999999")
        self.assertEqual(self.sql("SELECT nextval('models_id_seq') / 1000000000"), "100")
        for name in ("site_key", "site_token"):
            path = self.shared.folder / "secrets" / name
            self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o600)
        self.assertEqual(len(base64.b64decode(claim["key"])), 32)
        before = self.consul.get("pecan/"), self.rows(), self.shared.secret("site_key")
        result = self.register("site", "--json")
        self.assertEqual([(record["type"], record.get("site"), record.get("changed")) for record in result.records()][-1],
                         ("result", 100, 0))
        self.assertIn("already site 100", self.register("site").out)
        self.assertEqual((self.consul.get("pecan/"), self.rows(), self.shared.secret("site_key")), before)
        self.register("site", "--check")

    def test_dry_run_and_check_write_nothing(self):
        before = self.consul.get("pecan/"), self.rows()
        result = self.register("site", "-n")
        for word in ("claim pecan/sites/100", "insert into machines", "models_id_seq", "site_key"):
            self.assertIn(word, result.out)
        self.register("site", "--check", code=10, words=["differs"])
        self.register("site", "-n", "--json")
        self.assertEqual((self.consul.get("pecan/"), self.rows()), before)
        self.assertFalse((self.shared.folder / "secrets" / "site_key").exists())

    def test_a_taken_and_a_reserved_number_are_refused_with_reason(self):
        self.consul.put("pecan/sites/7", {"v": 1, "owner": "x", "instance": "bu", "fqdn": "bu.edu", "contact": "a@bu.edu",
                                          "url": "", "since": "2026-01-01T00:00:00Z", "key": "k"})
        self.register("site", "--id", "7", code=5, words=["instance bu of bu.edu", "a@bu.edu", "--id auto"])
        self.register("site", "--id", "99", code=2, words=["reserved"])
        self.register("site", "--id", "seven", code=2, words=["no site number"])
        self.sql("INSERT INTO machines (hostname, sync_host_id, sync_contact) VALUES ('psql.bu.edu', 1, 'b@bu.edu')")
        self.register("site", "--id", "1", code=5, words=["psql.bu.edu", "b@bu.edu"])
        self.assertEqual(list(self.claims()), ["7"])
        self.assertFalse((self.shared.folder / "secrets" / "site_key").exists())

    def test_keys_and_tokens_rotate_and_the_old_public_key_stays(self):
        self.register("site")
        old, token = self.claims()["100"]["key"], self.shared.secret("site_token")
        self.register("site", "--rotate-key")
        claim = self.claims()["100"]
        self.assertNotEqual(claim["key"], old)
        self.assertEqual((claim["previous_key"], self.shared.secret("site_token")), (old, token))
        result = self.register("site", "--rotate-token", "-v")
        self.assertNotEqual(self.shared.secret("site_token"), token)
        self.assertEqual(self.claims()["100"], claim)
        for secret in ("site_key", "site_token"):
            self.assertNotIn(self.shared.secret(secret), result.out + result.err)

    def test_a_number_is_given_back_once(self):
        self.register("site", "--id", "200")
        self.register("site", "--release", "--id", "201", code=9, words=["nobody has it"])
        self.assertIn("given back", self.register("site", "--release").out)
        self.assertEqual(self.claims(), {})
        self.assertEqual(self.sql("SELECT count(*) FROM machines WHERE sync_host_id IS NULL AND sync_start IS NULL"), "1")
        self.assertIn("is no site", self.register("site", "--release").out)

    def test_a_change_of_number_needs_a_word_once_there_are_rows(self):
        self.register("site", "--id", "200")
        self.sql("INSERT INTO modeltypes (name) VALUES ('X')")
        self.register("site", "--id", "201", code=8, words=["1 in modeltypes", "--take-over"])
        self.assertEqual(list(self.claims()), ["200"])
        self.register("site", "--id", "201", "--take-over", words=["stays claimed"])
        self.assertEqual(sorted(self.claims()), ["200", "201"])

    def test_without_consul_it_says_that_one_machine_needs_none_of_this(self):
        env = environment(CONSUL_HTTP_ADDR="http://127.0.0.1:1")
        result = self.shared.run("register", "site", env=env)
        self.expect(result, 4, "One machine alone needs no `register`")

    def test_without_a_database_it_says_how_to_start_one(self):
        lonely = self.instance()
        self.expect(lonely.run("register", "site"), 4, "cannot reach postgres", "pecanctl deploy")
        self.assertEqual(self.claims(), {})

    def test_two_sites_that_race_get_two_numbers(self):
        other = self.instance()
        other.edit("# data:", f"http: {{ host: {other.name}.example.org }}\n# data:")
        self.expect(other.run("deploy", "postgres"), 0)
        self.expect(other.run("register", "site", "-n"), 0)
        for process in [self.shared.start("register", "site"), other.start("register", "site")]:
            self.expect(finish(process), 0)
        claims = {number: claim["instance"] for number, claim in self.claims().items()}
        self.assertEqual((sorted(claims), sorted(claims.values())), (["100", "101"], sorted([self.shared.name, other.name])))

    def test_a_second_instance_of_a_machine_needs_a_name_of_its_own(self):
        self.register("site")
        host = self.claims()["100"]["fqdn"]
        self.consul.put("pecan/sites/100", self.claims()["100"] | {"owner": "somebody else"})
        self.sql("DELETE FROM machines")
        self.register("site", code=5, words=[host, "http: {host", "--take-over"])
        self.register("site", "--take-over")
        self.assertEqual(self.claims()["100"]["owner"], self.shared.secret("instance"))

    def test_a_busy_database_is_waited_for_until_the_deadline_or_an_interrupt(self):
        holder = subprocess.Popen(
            ["docker", "-H", f"unix://{service('PECANCTL_TEST_DOCKER')}", "exec", "-e",
             f"PGPASSWORD={self.shared.secret('postgres')}", self.shared.container("postgres"), "psql", "-h", "127.0.0.1",
             "-U", "postgres", "-d", "bety", "-c", "BEGIN; LOCK TABLE machines IN SHARE MODE; SELECT pg_sleep(600)"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        locks = "SELECT pid FROM pg_locks WHERE relation = 'machines'::regclass AND "
        pid = wait_until(lambda: self.sql(locks + "mode = 'ShareLock' AND granted"), 20)
        try:
            self.register("site", "--timeout", "3s", code=6)
            process = self.shared.start("register", "site")
            wait_until(lambda: self.sql(locks + "NOT granted"), 20)
            process.send_signal(signal.SIGINT)
            self.assertLess(self.expect(finish(process), 130).seconds, 10)
        finally:
            self.sql(f"SELECT pg_terminate_backend({pid})")
            holder.wait(30)
        self.assertEqual(self.claims(), {})
        self.register("site")

    def test_killed_anywhere_the_same_command_goes_on(self):
        for place in ("register.secrets", "register.claimed", "register.written", "register.committed"):
            with self.subTest(place):
                self.forget_all()
                env = environment(PECANCTL_FAILPOINT=place)
                self.assertEqual(self.shared.run("register", "site", env=env).exit, 137)
                self.register("site")
                self.assertEqual(list(self.claims()), ["100"])
                self.assertEqual(self.sql("SELECT sync_host_id FROM machines"), "100")
                self.register("site", "--check")


class Model(RegisterCase):
    def test_a_file_gives_the_rows_of_the_monitor_which_then_adds_none(self):
        path = self.model_file()
        host = self.register("model", path, "--json").records()[-2]["host"]
        self.assertEqual(self.sql("SELECT hostname FROM machines"), host)
        entry = json.loads(self.consul.get("pecan/catalogue/")["pecan/catalogue/TOY_1"][1])
        self.assertEqual(entry["model_info"], MODEL)
        before = self.rows(), self.consul.get("pecan/")
        monitor_register(self.sql, host, MODEL)
        self.assertEqual(self.rows(), before[0])
        self.assertIn("registered already", self.register("model", path).out)
        self.assertEqual((self.rows(), self.consul.get("pecan/")), before)
        self.register("model", path, "--check")

    def test_what_the_monitor_wrote_is_found(self):
        host = self.register("model", self.model_file(), "-n", "--json").records()[-2]["host"]
        monitor_register(self.sql, host, MODEL)
        before = self.rows()
        result = self.register("model", self.model_file())
        self.assertEqual(self.rows(), before)
        self.assertNotIn("insert", result.out)

    def test_an_image_is_read_without_being_started(self):
        image = lines(docker("image", "ls", "--format", "{{.Repository}}:{{.Tag}}", "pecanctl/model-dalec"))[0]
        containers = docker("container", "ls", "-aq")
        self.assertIn("DALEC_1.0 is registered", self.register("model", image).out)
        self.assertEqual(docker("container", "ls", "-aq"), containers)
        self.assertEqual(self.sql("SELECT file_path, file_name FROM dbfiles"), "/usr/local/bin|dalec.1.0")

    def test_a_container_that_a_killed_command_left_is_removed(self):
        image = lines(docker("image", "ls", "--format", "{{.Repository}}:{{.Tag}}", "pecanctl/model-dalec"))[0]
        env = environment(PECANCTL_FAILPOINT="register.helper")
        self.assertEqual(self.shared.run("register", "model", image, env=env).exit, 137)
        left = docker("container", "ls", "-aq", "--filter", f"label={LABEL}role=helper")
        self.assertEqual(len(lines(left)), 1)
        self.register("model", image)
        self.assertEqual(docker("container", "ls", "-aq", "--filter", f"label={LABEL}role=helper"), "")

    def test_all_mistakes_come_at_once_and_nothing_is_written(self):
        path = self.model_file(name="a b", version=None, binary="toy")
        self.register("model", path, code=3, words=["`name` must not have blanks", "`version` is missing",
                                                    "`binary` must be an absolute path"])
        self.register("model", "nothing:1", code=9, words=["no such image"])
        self.register("model", "/nonexistent.json", code=9)
        self.register("model", self.model_file(), "-n")
        self.assertEqual(set(self.rows().values()), {""})
        self.assertEqual(self.consul.get("pecan/catalogue/"), {})

    def test_one_binary_cannot_be_two_models(self):
        self.register("model", self.model_file())
        self.register("model", self.model_file(version="2"), code=5, words=["belongs to model TOY version 1"])

    def test_announce_sends_what_a_worker_sends(self):
        broker = Broker(self.shared)
        broker.bound_queue("register-test")
        self.addCleanup(broker.call, "DELETE", "queues/%2F/register-test")
        self.register("model", self.model_file(), "--announce")
        beat = wait_until(lambda: [beat for beat in broker.take("register-test") if beat["queue"] == "TOY_1"], 10)[0]
        self.assertEqual(sorted(beat), ["hostname", "id", "model_info", "queue"])
        self.assertEqual(beat["model_info"], MODEL)


class Status(RegisterCase):
    def test_models_shows_the_catalogue_and_who_lives(self):
        self.register("model", self.model_file())
        stop = threading.Event()
        beating = threading.Thread(target=self.beat, args=(stop,))
        beating.start()
        self.addCleanup(beating.join)
        self.addCleanup(stop.set)
        result = self.expect(self.shared.run("status", "--models", "--json"), 0)
        rows = {row["queue"]: row for row in result.records()[0]["models"]}
        self.assertEqual((rows["TOY_1"]["registered"], rows["TOY_1"]["live"], rows["TOY_1"]["ready"]), (True, 0, None))
        self.assertEqual((rows["DALEC_1.0"]["live"], rows["DALEC_1.0"]["consumers"], rows["DALEC_1.0"]["ready"],
                          rows["DALEC_1.0"]["busy"]), (1, 1, 0, 0))
        self.assertEqual((rows["STOCK_git"]["live"], rows["STOCK_git"]["registered"]), (2, False))
        self.assertLess(result.seconds, 9)

    def beat(self, stop):
        """Two workers as PEcAn's model.py shows them."""
        broker = Broker(self.shared)
        broker.call("PUT", "exchanges/%2F/models", type="fanout", durable=True)
        while not stop.wait(1):
            for worker in ("a", "b"):
                broker.publish(json.dumps({"id": worker, "hostname": "h", "queue": "STOCK_git", "model_info": MODEL}))
            broker.publish("not json")

    def test_for_says_how_long_to_listen(self):
        result = self.expect(self.shared.run("status", "--models", "--for", "500ms"), 0)
        self.assertLess(result.seconds, 4)
        self.assertIn("DALEC_1.0", result.out)
        self.expect(self.shared.run("status", "--for", "1s"), 2)


class Words(Case):
    def test_without_a_word_it_is_help_and_a_wrong_word_is_explained(self):
        self.assertIn("register site", self.expect(run("register"), 0).out)
        self.expect(run("register", "sit"), 2, "did you mean `site`?")
        self.expect(run("register", "node"), 2, "not yet")
        self.expect(run("register", "site", "--tak-over"), 2, "did you mean `--take-over`?")
        self.expect(run("register", "model"), 2, "model_info.json or an image")
        self.expect(run("register", "model", "x.json", "--id", "7"), 2)


if __name__ == "__main__":
    main()
