# SPDX-FileCopyrightText: the pecanctl authors
# SPDX-License-Identifier: BSD-3-Clause
"""All of PEcAn from nothing, with stand-ins for its images: they check what they are given. One instance, one story."""

import contextlib
import hashlib
import http.client
import os
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))

import jobs
import stand_ins
from elsewhere import Elsewhere
from proxy import Proxy
from registry import Registry
from support import Case, docker, environment, labelled, main
from sync_peer import Site

PAGES = {"/bety/": "bety", "/pecan/04-runpecan.php": "web", "/monitor/models.json": "monitor", "/api/ping": "api",
         "/dbsync/": "dbsync", "/rstudio/": "rstudio", "/": "docs"}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def digest(login, password, key):
    text = key
    for _ in range(10):
        text = hashlib.sha1(f"{text}--{login}--{password}--{key}".encode()).hexdigest()
    return text


class Probe:
    """Asks for a page again and again, until it is stopped."""

    def __init__(self, ask, paths):
        self.ask, self.paths, self.failures, self.asked = ask, paths, [], 0
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        while not self.over.wait(0.05):
            for path in self.paths:
                self.asked += 1
                try:
                    status, body = self.ask(path)
                except OSError as error:
                    status, body = 0, str(error)
                if status != 200:
                    self.failures.append((time.strftime("%X"), path, status, body))

    def stop(self):
        self.over.set()
        self.thread.join(60)


class Full(Case):
    def setUp(self):
        self.addCleanup(stand_ins.remove_all)
        stand_ins.build_all()
        self.registry = Registry({})
        self.addCleanup(self.registry.close)
        self.publish(stand_ins.LOADER, stand_ins.DATA, *stand_ins.ROLES.values())
        self.made = self.instance("--profile", "full", "--models", "dalec")
        self.made.edit("# everything below", f'registry: "{self.registry.host}"\n# everything below')
        self.port, self.tls_port = free_port(), free_port()

    def publish(self, *tags):
        """As if they had been pushed: the engine has them under the registry's name."""
        for tag in (tag for tag in tags if tag.startswith("pecan/")):
            docker("tag", tag, f"{self.registry.host}/{tag}")
            self.addCleanup(docker, "image", "rm", "-f", f"{self.registry.host}/{tag}", check=False)
            repository, _, version = tag.partition(":")
            self.registry.tags.setdefault(repository, []).append(version)

    def ask(self, path):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        with contextlib.closing(connection):
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()

    def sql(self, text):
        return docker("exec", "-u", "postgres", f"{self.made.name}-postgres-1", "psql", "-U", "postgres", "-d", "bety",
                      "-tAc", text)

    def deploy(self, code=0, *arguments, **changes):
        result = self.made.run("deploy", *arguments, timeout=300, env=environment(**changes) if changes else None)
        return self.expect(result, code)

    def test_a_whole_pecan_from_nothing_until_it_is_gone(self):
        for step in (self.comes_up_after_an_interrupted_load, self.lists_what_has_no_image, self.is_served,
                     self.has_users_and_ids, self.a_second_deploy_writes_nothing, self.config_php_follows,
                     self.a_broken_version_is_put_back,
                     self.an_update_saves_and_migrates, self.a_rollback_goes_back, self.demo_data_comes_once, self.is_destroyed,
                     self.works_with_services_elsewhere):
            with self.subTest(step.__name__):
                begun = time.monotonic()
                step()
                print(f"{step.__name__}: {time.monotonic() - begun:.1f} s", flush=True)

    def comes_up_after_an_interrupted_load(self):
        # The missing image is of a registry that refuses at once.
        tls = f"tls: {{ cert: tls.crt, key: tls.key, port: {self.tls_port} }}"
        self.made.edit("models: ", f'http: {{ host: localhost, port: {self.port}, {tls} }}\nmodels: ')
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days",
                        "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", "tls.key",
                        "-out", "tls.crt"], cwd=self.made.folder, check=True, capture_output=True)
        self.made.edit("  dalec:", '  sipnet: { image: "127.0.0.1:1/none:1" }\n  dalec:')
        killed = self.made.run("deploy", timeout=300, env=environment(PECANCTL_FAILPOINT="load.ended"))
        self.assertEqual(killed.exit, 128 + signal.SIGKILL, killed)
        self.assertNotIn(f"{self.made.name}-web-1", self.made.containers())

    def lists_what_has_no_image(self):
        result = self.deploy(7)
        self.assertIn("sipnet", result.err)
        states = self.made.containers()
        self.assertEqual({state for name, state in states.items()}, {"running"}, states)
        services = {name.removeprefix(f"{self.made.name}-").rsplit("-", 1)[0] for name in states}
        self.assertEqual(services, set(stand_ins.ROLES) | {"postgres", "rabbitmq", "dalec", "dalec-net"})
        self.made.edit('  sipnet: { image: "127.0.0.1:1/none:1" }\n', "")
        self.deploy(0)

    def is_served(self):
        for path, role in PAGES.items():
            status, body = self.ask(path)
            self.assertEqual((status, body.split()[0]), (200, role), path)
        self.assertEqual(self.ask("/monitor/models.json")[1].split()[-1], "/models.json")
        self.assertEqual(self.ask("/bety/x")[1].split()[-1], "/bety/x")
        trusted = ssl.create_default_context(cafile=self.made.folder / "tls.crt")
        with contextlib.closing(http.client.HTTPSConnection("localhost", self.tls_port, timeout=30, context=trusted)) as page:
            page.request("GET", "/pecan/")
            self.assertEqual(page.getresponse().read().split()[0], b"web")

    def has_users_and_ids(self):
        key = self.made.secret("bety_key")
        self.assertEqual(self.sql("SELECT login, page_access_level, crypted_password FROM users ORDER BY login"),
                         f"admin|1|{digest('admin', self.made.secret('admin'), key)}\n"
                         f"guestuser|4|{digest('guestuser', 'guestuser', key)}\nsomeone|3|abc")
        self.assertEqual(self.sql("SELECT min(id) / 1000000000 FROM users WHERE id > 1"), "99")
        self.assertEqual(self.sql("SELECT nextval('sites_id_seq') / 1000000000"), "99")
        self.assertEqual(self.sql("SELECT count(*) FROM pg_roles WHERE rolname LIKE 'pecanctl%'"), "0")

    def a_second_deploy_writes_nothing(self):
        folder = tempfile.mkdtemp(prefix="pecanctl-cli.")
        self.addCleanup(subprocess.run, ["rm", "-rf", folder], check=False)
        proxy = Proxy(Path(folder) / "docker.sock", os.environ["PECANCTL_TEST_DOCKER"])
        self.addCleanup(proxy.close)
        result = self.deploy(0, DOCKER_HOST=proxy.environment)
        self.assertIn("already matches pecan.yml", result.out)
        self.assertEqual(proxy.writes(), [])
        print(f"second deploy: {result.seconds * 1000:.0f} ms, {len(proxy.requests)} requests")

    def config_php_follows(self):
        path = self.made.folder / "config.php"
        path.write_text(path.read_text() + "$mine = 1;\n")
        self.made.edit("# everything below", 'hosts: { geo.bu.edu: { displayname: geo } }\n# everything below')
        shown = self.expect(self.made.run("deploy", "-n"), 0).out
        self.assertIn("+   'geo.bu.edu' => array(", shown)
        self.assertNotIn("geo", path.read_text())
        self.expect(self.made.run("deploy", "--check"), 10)
        probe = Probe(self.ask, ["/pecan/", "/bety/"])
        self.deploy(0)
        probe.stop()
        self.assertEqual(probe.failures, [])
        print(f"{probe.asked} requests during the replacement")
        inside = docker("exec", self.web(), "cat", "/var/www/html/pecan/config.php")
        self.assertIn("geo.bu.edu", inside)
        self.assertTrue(inside.endswith("$mine = 1;"), inside[-100:])
        self.assertEqual(inside + "\n", path.read_text())

    def web(self):
        return next(name for name in self.made.containers() if name.startswith(f"{self.made.name}-web-"))

    def a_broken_version_is_put_back(self):
        stand_ins.build_version("docs", "broken", "pecan/docs:broken")
        self.addCleanup(docker, "image", "rm", "-f", "pecan/docs:broken", check=False)
        self.made.edit("# everything below", "services: { docs: { image: pecan/docs:broken } }\n# everything below")
        probe = Probe(self.ask, ["/"])
        result = self.made.run("deploy", timeout=300)
        probe.stop()
        self.assertIn(result.exit, (1, 7), result)
        self.assertIn("this version does not work", result.err)
        self.assertEqual(probe.failures, [])
        self.made.edit("services: { docs: { image: pecan/docs:broken } }\n", "")
        self.deploy(0)

    def build_update(self):
        """Release 1.8.1 of everything that has PEcAn's releases, and two BETYs."""
        tags = {role: tag.replace(stand_ins.RELEASE, "1.8.1") for role, tag in stand_ins.ROLES.items()
                if tag.endswith(stand_ins.RELEASE)}
        for role, tag in tags.items():
            stand_ins.build_version(role, "2", tag)
        for version in ("2", "unmigratable"):
            stand_ins.build_version("bety", version, f"pecan/bety:{version}")
        self.addCleanup(docker, "image", "rm", "-f", "pecan/bety:2", "pecan/bety:unmigratable", *tags.values(),
                        check=False)
        self.publish(*tags.values())
        for tags in self.registry.tags.values():
            tags += ["1.9.0-rc1", "develop"]
        self.registry.tags["pecan/web"].append("1.10.0")  # the others are not published yet

    def versions(self):
        return {self.ask(path)[1].split()[1] for path in PAGES}

    def an_update_saves_and_migrates(self):
        self.build_update()
        backups = self.made.folder / "backups"
        self.assertFalse(backups.exists())
        self.made.edit("# everything below",
                       "services: { bety: { image: pecan/bety:unmigratable, replicas: 2 } }\n# everything below")
        asked = self.made.run("status", "--check-updates", "--json")
        self.assertEqual(asked.records()[0]["update"], {"current": "1.8.0", "newest": "1.8.1"})
        before = self.made.file.read_text()
        shown = self.expect(self.made.run("deploy", "--update", "-n"), 0)
        self.assertIn("+ pecan: 1.8.1", shown.out)
        self.assertIn("1.10.0: ", shown.err)
        self.assertEqual(self.made.file.read_text(), before)
        result = self.made.run("deploy", "--update", timeout=300)
        self.assertEqual(self.made.file.read_text(), before.replace('pecan: "1.8.0"', 'pecan: "1.8.1"'))
        self.assertIn(result.exit, (1, 7), result)
        self.assertIn("a migration fails", result.err)
        self.assertEqual(self.ask("/bety/")[1].split()[1], "1")
        self.made.edit("pecan/bety:unmigratable", "pecan/bety:2")
        probe = Probe(self.ask, [path for path, role in PAGES.items() if role != "rstudio"])  # one at a time
        self.deploy(0)
        probe.stop()
        print(f"{probe.asked} requests during the update of all services")
        self.assertEqual(probe.failures, [])
        self.assertEqual(self.versions(), {"2"})
        self.assertIn("1.8.1 is the newest release", self.deploy(0, "--update").out)
        self.assertEqual(len({self.ask("/bety/")[1].split()[2] for _ in range(8)}), 2)  # balanced
        saved = sorted(backups.iterdir())
        self.assertEqual(len(saved), 2)  # one before each migration that was tried
        self.assertTrue(all(path.read_bytes().startswith(b"PGDMP") and path.suffix == ".dump" for path in saved))
        self.assertEqual(backups.stat().st_mode & 0o777, 0o700)

    def a_rollback_goes_back(self):
        updated = self.made.file.read_text()
        self.expect(self.made.run("deploy", "--revision", "999"), 9, "it has")
        shown = self.expect(self.made.run("deploy", "--rollback", "-n"), 0).out
        self.assertIn(f"pecan/bety:2 -> {self.registry.host}/pecan/bety:latest", shown)
        self.assertEqual(self.made.file.read_text(), updated)
        self.deploy(0, "--rollback")
        self.assertEqual(self.versions(), {"1"})
        self.assertNotIn("pecan/bety:2", self.made.file.read_text())
        self.assertEqual((self.made.folder / "pecan.yml.replaced").read_text(), updated)
        self.assertIn("already matches", self.deploy(0).out)

    def demo_data_comes_once(self):
        self.assertIn("demo data", self.deploy(0, "--demo-data").err)
        self.assertNotIn("demo data", self.deploy(0, "--demo-data").err)
        self.assertEqual(self.sql("SELECT count(*) FROM dbfiles WHERE container_type = 'Input'"), "1")
        owners = docker("exec", self.web(), "stat", "-c", "%u:%g", "/data", "/data/sites/site.clim")
        self.assertEqual(owners.split(), ["1001:1001"] * 2)

    def is_destroyed(self):
        self.expect(self.made.run("destroy", "--volumes", "--now", "--confirm", self.made.name, timeout=120), 0)
        left = [name for kind in ("container", "network", "volume")
                for name in labelled(kind, self.made.name, *(["-a"] if kind == "container" else []))]
        self.assertEqual(left, [])

    def works_with_services_elsewhere(self):
        other = Elsewhere()
        self.addCleanup(other.remove)
        made = self.instance("--profile", "full", "--models", "dalec")
        made.edit("# everything below", f"services:\n{other.settings()}" + "".join(
            f"  {role}: off\n" for role in ("traefik", "rstudio", "docs", "web", "monitor", "dbsync", "api")) +
            "# everything below")
        for name, text in (("postgres", other.password), ("rabbitmq", other.login[1])):
            (made.folder / "secrets" / name).write_text(text)
        right = made.file.read_text()
        made.edit(f"//{other.host}/", "//0x7f.1/")
        self.expect(made.run("deploy", timeout=60), 3, "where no container gets")
        made.file.write_text(right)
        other.sql("CREATE TABLE precious (id int); INSERT INTO precious VALUES (1)")
        self.expect(made.run("deploy", timeout=60), 5, "it has data (precious (1)), and lacks the tables machines")
        self.assertEqual(made.containers(), {})
        other.sql("DROP TABLE precious")
        (made.folder / "secrets" / "postgres").write_text("not the password")
        self.expect(made.run("deploy", timeout=60), 4, "put the password of role postgres in secrets/postgres")
        (made.folder / "secrets" / "postgres").write_text(other.password)

        self.expect(made.run("deploy", timeout=300), 0)
        names = {name.removeprefix(f"{made.name}-").rsplit("-", 1)[0] for name in made.containers()}
        self.assertEqual(names, {"bety", "executor", "dalec", "dalec-net"})
        self.assertEqual(other.sql("SELECT string_agg(login, ' ' ORDER BY login) FROM users"), "admin guestuser someone")
        self.assertEqual(other.sql("SELECT nextval('sites_id_seq') / 1000000000"), "99")
        self.assertLessEqual({"pecan", "DALEC_1.0"}, other.queues())
        self.assertIn("already matches", self.expect(made.run("deploy", timeout=60), 0).out)
        shown = docker("inspect", *made.containers(), "-f", "{{json .Config.Labels}}{{.Config.Cmd}}")
        shown += made.run("validate", "--print", "--as", "compose").out + made.run("status", "--json", "-v").out
        self.assertNotIn(other.password, shown)
        self.assertNotIn(other.login[1], shown)
        rows = {row["service"]: row for row in made.run("status", "--json").records()[0]["services"]}
        self.assertEqual(rows["postgres"]["state"], "external")
        self.assertEqual(rows["postgres"]["endpoints"], [f"postgres://postgres@{other.host}:5432/site_bety"])
        self.assertEqual(rows["dalec"]["consumers"], 1)
        self.expect(made.run("scale", "dalec=2", timeout=60), 0)
        self.runs_and_syncs_elsewhere(made, other)
        doctor = self.expect(made.run("doctor", "postgres", "schema", "broker", "timeout"), 0)
        self.assertIn("only its operator sees it", doctor.out)

        other.relay.close()
        result = made.run("status", "--json")
        rows = {row["service"]: row["state"] for row in result.records()[0]["services"]}
        self.assertEqual((rows["postgres"], rows["rabbitmq"]), ("external", "unreachable"))
        self.expect(made.run("deploy", timeout=60), 4, "cannot use the external broker")
        self.expect(made.run("destroy", "--volumes", "--now", "--confirm", made.name, timeout=120), 0)
        self.assertEqual(other.sql("SELECT count(*) FROM users"), "3")

    def runs_and_syncs_elsewhere(self, made, other):
        folders = jobs.make(made, "elsewhere", 3)
        self.expect(made.run("run", "dalec", *folders, timeout=60), 0)
        self.assertEqual(jobs.read(made, f"{folders[2]}/rabbitmq.out")[-1], "OK")
        made.edit("# everything below", f"sync: {{ publish: {{ dir: {made.root}/dump }} }}\n# everything below")
        # What it publishes comes back as a peer's.
        other.sql("INSERT INTO sites (id, sitename) VALUES (5000000001, 'afar')")
        self.expect(made.run("sync", "--publish", "--site", "5", timeout=60), 0)
        other.sql("DELETE FROM sites WHERE id = 5000000001")
        web = Site()
        self.addCleanup(web.close)
        web.publish((made.root / "dump/bety.tar.gz").read_bytes())
        other.sql(f"INSERT INTO machines (id, hostname, sync_host_id, sync_url) VALUES (5, 'peer', 5, '{web.url}')")
        self.expect(made.run("sync", "5", timeout=60), 0)
        self.assertEqual(other.sql("SELECT sitename FROM sites WHERE id = 5000000001"), "afar")


if __name__ == "__main__":
    main()
