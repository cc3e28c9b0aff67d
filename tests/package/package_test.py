# SPDX-FileCopyrightText: the pecanctl authors
# SPDX-License-Identifier: BSD-3-Clause
"""The packages as users meet them: checked by Debian's tools, installed, used, and removed without a trace.

PECANCTL_PACKAGES names the folder of the packages, by default build/package.
"""

import os
import re
import secrets
import shutil
import stat
import subprocess
from pathlib import Path

from support import BINARY, SOURCE, Case, docker, environment, forget, main, remove_all, service

PACKAGES = Path(os.environ.get("PECANCTL_PACKAGES", SOURCE / "build" / "package"))
ENTER = SOURCE / "tests" / "package" / "enter"
# What dpkg, the manual's index and the tools for users remember by design.
REMEMBERED = re.compile(r"var/lib/(dpkg|systemd|man-db)/|var/log/|var/cache/(man|debconf|apt|ldconfig)/|"
                        r"etc/(passwd|group|shadow|gshadow|subuid|subgid)-?$|etc/\.pwd\.lock$|"
                        r"tmp/|etc/ld\.so\.cache$")


def the_one(pattern):
    found = list(PACKAGES.glob(pattern))
    assert len(found) == 1, f"{PACKAGES}/{pattern}: {found}; cmake --workflow --preset package"
    return found[0]


def call(*arguments, **options):
    return subprocess.run([str(argument) for argument in arguments], capture_output=True, text=True, check=False,
                          **({"timeout": 300} | options))


class Package(Case):
    def setUp(self):
        self.deb = the_one("pecanctl_*.deb")
        self.archive = the_one("pecanctl-*.tar.gz")

    def succeed(self, *arguments, **options):
        done = call(*arguments, **options)
        self.assertEqual(done.returncode, 0, f"{arguments}\n{done.stdout}\n{done.stderr}")
        return done.stdout

    def unpack(self):
        folder = self.temp_folder()
        self.succeed("dpkg", "-x", self.deb, folder)
        return folder

    def inside(self, script, *shared, **variables):
        """Runs a script as root of a machine like this one. What it printed, and what it left there."""
        upper = self.temp_folder()
        folders = ":".join(str(folder) for folder in (self.deb.parent, *shared))
        done = call(ENTER, upper, folders, "/bin/sh", "-euxc", script, timeout=800,
                    env=environment(**({"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"} | variables)))
        self.assertEqual(done.returncode, 0, f"{done.stdout}\n{done.stderr}")
        return done, upper

    def left_behind(self, upper):
        """What is new, changed or gone, but for folders that were there already."""
        found = []
        for path in upper.rglob("*"):
            name = str(path.relative_to(upper))
            is_old_folder = path.is_dir() and not path.is_symlink() and Path("/", name).is_dir()
            # The tests' machine may have state of its own; purging takes that, too.
            is_purged = name.startswith("var/lib/pecanctl") and path.is_char_device()
            if not is_old_folder and not is_purged and not REMEMBERED.match(name + ("/" if path.is_dir() else "")):
                found.append(name)
        return found

    def test_the_checksums_are_those_of_the_packages(self):
        lines = (PACKAGES / "SHA256SUMS").read_text().splitlines()
        self.assertEqual(sorted(line.split()[1] for line in lines), sorted((self.deb.name, self.archive.name)))
        self.succeed("sha256sum", "--check", "SHA256SUMS", cwd=PACKAGES)

    def test_lintian_finds_nothing(self):
        shown = self.succeed("lintian", "--fail-on=error,warning", self.deb)
        self.assertEqual([line for line in shown.splitlines() if line[:2] in ("E:", "W:")], [])

    def test_everything_is_in_its_place(self):
        root = self.unpack()
        for path in ("etc/pecanctl/config.yml", "usr/bin/pecanctl", "usr/lib/pecanctl/pecan-worker",
                     "usr/share/pecanctl/stack.yaml", "usr/share/pecanctl/models/dalec/pecan-worker",
                     "usr/share/bash-completion/completions/pecanctl", "usr/share/zsh/vendor-completions/_pecanctl",
                     "usr/share/fish/vendor_completions.d/pecanctl.fish", "usr/share/man/man1/pecanctl.1.gz",
                     "usr/share/man/man5/pecan.yml.5.gz", "usr/share/doc/pecanctl/copyright"):
            self.assertTrue((root / path).is_file(), path)
        for source in (SOURCE / "man").iterdir():
            page = root / f"usr/share/man/man{source.suffix[1:]}/{source.name}.gz"
            self.assertEqual(self.succeed("gzip", "-dc", page), source.read_text(), page)
        for path in root.rglob("*"):
            if not path.is_symlink():
                self.assertEqual(stat.S_IMODE(path.stat().st_mode) & 0o7022, 0, f"{path}: others may write")
        settings = (root / "etc/pecanctl/config.yml").read_text()
        self.assertEqual([line for line in settings.splitlines() if line and not line.startswith("#")], [])
        depends = self.succeed("dpkg", "-f", self.deb, "Depends")
        for library in ("libc6", "libcurl4", "libpqxx-6.4", "libyaml-cpp0.7"):
            self.assertIn(library, depends)

    def test_only_builds_for_tests_have_points_to_be_killed_at(self):
        mark = b"PECANCTL_FAILPOINT"
        self.assertIn(mark, Path(BINARY).read_bytes())
        root = self.unpack()
        for program in ("usr/bin/pecanctl", "usr/lib/pecanctl/pecan-worker"):
            self.assertNotIn(mark, (root / program).read_bytes(), program)

    def test_the_units_are_sound_and_hardened_and_not_enabled(self):
        root = self.unpack()
        units = root / "usr/lib/systemd/system"
        os.chmod(root, 0o755)
        for name in ("pecanctl-sync@.service", "pecanctl-agent@.service"):
            shown = self.succeed("systemd-analyze", "security", "--offline=true", "--threshold=20",
                                 f"--root={root}", units / name)
            self.assertRegex(shown, r"Overall exposure level for pecanctl-\w+@.*: [01]\.\d OK")
            text = (units / name).read_text()
            self.assertIn("User=pecan\nSupplementaryGroups=docker\n", text)
            (units / name.replace("@", "@x")).write_text(text.replace("/usr/bin/pecanctl", "/usr/bin/true"))
        shutil.copy(units / "pecanctl-sync@.timer", units / "pecanctl-sync@x.timer")
        for name in ("pecanctl-sync@x.service", "pecanctl-agent@x.service", "pecanctl-sync@x.timer"):
            done = call("systemd-analyze", "verify", "--man=no", units / name)
            self.assertEqual((done.returncode, done.stdout + done.stderr), (0, ""), name)
        self.assertEqual([str(path) for path in root.rglob("*.wants")], [])

    def test_the_archive_works_wherever_it_is_unpacked(self):
        folder = self.temp_folder() / "a place with blanks"
        (folder / "bin").mkdir(parents=True)
        self.succeed("tar", "-C", folder, "-xzf", self.archive)
        (folder / "bin" / "pecanctl").symlink_to(*folder.glob("pecanctl-*/bin/pecanctl"))
        bare = {"PATH": f"{folder}/bin:/usr/bin:/bin"}
        self.assertIn("pecanctl ", self.succeed("env", "-i", *(f"{k}={v}" for k, v in bare.items()),
                                                "pecanctl", "version"))
        self.succeed("pecanctl", "init", folder / "demo", "--models", "dalec", env=bare)
        self.succeed("pecanctl", "-C", folder / "demo", "validate", env=bare)
        context = next(folder.glob("pecanctl-*/share/pecanctl/models/dalec"))
        for name in ("pecan-worker", "dalec.1.0", "busybox"):
            self.assertEqual((context / name).read_bytes()[:4], b"\x7fELF", "a link that leads somewhere")

    def test_purging_leaves_nothing(self):
        done, upper = self.inside(f"""
            dpkg -i {self.deb} >&2
            pecanctl version
            stat -c '%a %U %G' /run/pecanctl
            id -un pecan
            man -w pecanctl-deploy 5 pecan.yml
            dpkg -r pecanctl >&2
            test -e /etc/pecanctl/config.yml
            dpkg -i {self.deb} >&2
            mkdir -p /var/lib/pecanctl/demo/runs
            dpkg -P pecanctl >&2
        """)
        self.assertIn("2770 root docker\npecan\n", done.stdout)
        self.assertEqual(self.left_behind(upper), [])

    def test_it_installs_where_there_is_no_systemd(self):
        done, upper = self.inside(f"""
            if command -v systemd-sysusers; then exit 9; fi
            if getent passwd pecan; then exit 9; fi
            dpkg -i {self.deb} >&2
            stat -c '%a %U %G' /run/pecanctl
            id -un pecan
            dpkg -P pecanctl >&2
        """, WITHOUT_SYSTEMD="yes")
        self.assertIn("2770 root docker\npecan\n", done.stdout)
        gone = {"bin/systemd-sysusers", "bin/systemd-tmpfiles", "usr/bin/systemd-sysusers", "usr/bin/systemd-tmpfiles"}
        self.assertEqual(set(self.left_behind(upper)) - gone, set())


class Life(Package):
    """The quickstart's steps, with the installed program on a real engine."""

    def setUp(self):
        super().setUp()
        self.socket = Path(service("PECANCTL_TEST_DOCKER"))
        self.name = f"t{secrets.token_hex(4)}"
        self.folder = self.temp_folder()
        self.addCleanup(self.remove)

    def remove(self):
        remove_all(self.name)
        forget(self.name)
        docker("image", "rm", "-f", f"pecanctl-test/{self.name}:1", check=False)

    def test_installed_used_and_purged(self):
        name = self.name
        done, upper = self.inside(f"""
            dpkg -i {self.deb} >&2
            cd {self.folder}
            pecanctl init {name} --profile core --models dalec --data {self.folder}/{name}/data >&2
            cd {name}
            # A model built from the installed files, so that their links are followed.
            sed -i 's#^  dalec: .*#  dalec: {{ build: /usr/share/pecanctl/models/dalec, worker: pecan, \
              image: "pecanctl-test/{name}:1" }}#' pecan.yml
            install -d -o 1001 -g 1001 data
            for id in 1 2 3; do
              mkdir -p data/workflows/demo/run/$id
              cp /usr/share/pecanctl/models/dalec/example/* data/workflows/demo/run/$id
            done
            chown -R 1001:1001 data
            pecanctl deploy >&2
            pecanctl run dalec 'workflows/demo/run/*'
            pecanctl scale dalec=2 >&2
            pecanctl status --check -q
            pecanctl deploy
            pecanctl destroy --confirm {name} --volumes >&2
            dpkg -P pecanctl >&2
        """, self.folder, self.socket.parent, DOCKER_HOST=f"unix://{self.socket}")
        self.assertIn("3 jobs: 3 OK, 0 ERROR", done.stdout)
        self.assertIn("already matches pecan.yml", done.stdout)
        self.assertEqual(self.left_behind(upper), [])


if __name__ == "__main__":
    main()
