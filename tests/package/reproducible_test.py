# SPDX-FileCopyrightText: the pecanctl authors
# SPDX-License-Identifier: BSD-3-Clause
"""The same sources make the same packages: built once more, in another folder, every file compiled afresh."""

import os
import subprocess
import time
from pathlib import Path

from support import SOURCE, Case, main

PACKAGES = Path(os.environ.get("PECANCTL_PACKAGES", SOURCE / "build" / "package"))


class Reproducible(Case):
    def test_packages_built_elsewhere_are_the_same(self):
        other = self.temp_folder() / "somewhere-else"
        other.mkdir()
        git = ["git", "-c", f"safe.directory={SOURCE}", "-C", str(SOURCE)]
        files = subprocess.run([*git, "ls-files", "-z"], capture_output=True, check=True).stdout
        subprocess.run(["tar", "-C", SOURCE, "-cf", other / "files.tar", "--null", "--files-from=-"], input=files,
                       check=True)
        subprocess.run(["tar", "-C", other, "-xf", other / "files.tar"], check=True)
        (other / "files.tar").unlink()
        # The version tells the commit.
        store = subprocess.run([*git, "rev-parse", "--absolute-git-dir"], capture_output=True, check=True, text=True)
        (other / ".git").write_text(f"gitdir: {store.stdout}")
        begun, before = time.monotonic(), os.times()
        done = subprocess.run(["nice", "cmake", "--workflow", "--preset", "package"], cwd=other, capture_output=True,
                              text=True, check=False,
                              env=os.environ | {"CCACHE_DISABLE": "1", "TZ": "Pacific/Auckland", "LC_ALL": "C"})
        after = os.times()
        self.assertEqual(done.returncode, 0, done.stdout[-4000:] + done.stderr[-4000:])
        processor = sum(after[2:4]) - sum(before[2:4])
        print(f"built in {time.monotonic() - begun:.0f} s, {processor:.0f} s of processor time")
        self.assertEqual((other / "build/package/SHA256SUMS").read_text(), (PACKAGES / "SHA256SUMS").read_text())


if __name__ == "__main__":
    main()
