# SPDX-FileCopyrightText: the pecanctl authors
# SPDX-License-Identifier: BSD-3-Clause
"""Images that a deploy builds from a git repository."""

import json
import subprocess

from support import Case, Shared, docker, main

IMAGE = "pecanctl/model-toy:1"
# The build fails unless it has what .dockerignore leaves of the folder.
DOCKERFILE = """FROM pecanctl/model-dalec:1.0
USER 0
COPY . /context
RUN ["/bin/busybox", "sh", "-c", "test -e /context/kept.md && test ! -e /context/left.md && test ! -e /context/.git"]
USER 1001
"""


class Build(Case):
    def setUp(self):
        self.shared = Shared()
        text = self.shared.file.read_text()
        self.addCleanup(docker, "image", "rm", "-f", IMAGE, check=False)
        self.addCleanup(self.shared.run, "deploy")
        self.addCleanup(self.shared.file.write_text, text)
        self.repository = self.temp_folder()
        self.git("init", "-q", "-b", "main")
        (self.repository / "docker").mkdir()
        for name, content in {"Dockerfile": DOCKERFILE, ".dockerignore": "# notes\n*.md\n!kept.md\n", "kept.md": "",
                              "left.md": ""}.items():
            (self.repository / "docker" / name).write_text(content)

    def git(self, *arguments):
        return subprocess.run(["git", "-C", self.repository, "-c", "user.name=a", "-c", "user.email=a@b", *arguments],
                              capture_output=True, text=True, check=True).stdout.strip()

    def commit(self, note):
        (self.repository / "docker" / "kept.md").write_text(note)
        self.git("add", ".")
        self.git("commit", "-qm", note)
        return self.git("rev-parse", "HEAD")

    def test_a_commit_is_built_once_and_a_branch_is_refused(self):
        first = self.commit("first")
        original = self.shared.file.read_text()

        def ask_for(reference):
            toy = f'  toy: {{ type: TOY, version: "1", replicas: 0, build: "file://{self.repository}#{reference}" }}\n'
            self.shared.file.write_text(original.replace("  dalec:", toy + "  dalec:", 1))

        ask_for("main:docker")
        self.expect(self.shared.run("validate"), 3, "main is no whole commit", "git ls-remote")
        ask_for(f"{first}:docker")
        result = self.expect(self.shared.run("deploy", timeout=120), 0)
        self.assertIn(first[:12], result.err)
        image, = json.loads(docker("image", "inspect", IMAGE))
        self.assertEqual(image["Config"]["Labels"]["org.opencontainers.image.revision"], first)
        result = self.expect(self.shared.run("deploy"), 0)
        self.assertNotIn(IMAGE, result.err)
        self.assertIn("already matches", result.out)
        ask_for(f"{self.commit('second')}:docker")
        self.expect(self.shared.run("deploy", timeout=120), 0)
        self.assertNotEqual(json.loads(docker("image", "inspect", IMAGE))[0]["Id"], image["Id"])
        ask_for("0" * 40)
        self.expect(self.shared.run("deploy", "toy"), 9, "cannot fetch 0000")


if __name__ == "__main__":
    main()
