# SPDX-FileCopyrightText: the pecanctl authors
# SPDX-License-Identifier: BSD-3-Clause
"""run --task: map-reduce whose results count only when they hold."""

import collections
import csv
import os
import re
import secrets
import xml.etree.ElementTree
from pathlib import Path

import jobs
from support import BINARY, Case, Shared, docker, environment, finish, main, wait_until

EXAMPLES = Path(BINARY).parent / "share" / "pecanctl" / "tasks"
TEXT = "".join(f"{word} tree\n" for word in ("oak", "elm", "oak", "ash", "oak", "elm"))
COUNT = "tr ' ' '\\n' <\"$1\" | sort | uniq -c | awk '{ print $2, $1 }' >\"$2\"\n"
SUM = ('echo reduced >>"$3"\nxargs cat <"$1" | awk \'{ n[$1] += $2 } END { for (w in n) print w, n[w] }\' | sort '
       '>"$2/counts"\n')
WANTED = "ash 1\nelm 2\noak 3\ntree 6\n"


class TaskCase(Case):
    def setUp(self):
        self.shared = Shared()
        self.name = f"t{secrets.token_hex(4)}"
        self.here = self.temp_folder()
        self.scratch = f"tasks/{self.name}-scratch"
        self.addCleanup(self.shell, f"rm -rf /data/tasks/{self.name}-*")
        self.shell(f"mkdir -p /data/{self.scratch}")

    def shell(self, line):
        return docker("exec", self.shared.container("dalec"), "sh", "-c", line, check=False)

    def workers(self, count):
        self.addCleanup(self.shared.settle)
        self.expect(self.shared.run("scale", f"dalec={count}"), 0)

    def write(self, name, text):
        (self.here / name).write_text(text)

    def task(self, text=TEXT, script=COUNT, more="", reduce=SUM):
        """A task that counts words, a line a chunk."""
        self.write("input.txt", text)
        self.write("map.sh", script)
        self.write("reduce.sh", reduce)
        self.write("task.yaml", f"""name: {self.name}
model: dalec
program: [map.sh, reduce.sh]
input: {{ file: input.txt, cut: lines, each: 1 }}
map: [sh, "{{program}}/map.sh", "{{input}}", "{{output}}", /data/{self.scratch}, "{{chunk}}"]
reduce: [sh, "{{program}}/reduce.sh", "{{input}}", "{{output}}", /data/{self.scratch}/reduced]
{more}
""")
        return ["run", "--task", self.here / "task.yaml"]

    def result(self, *words, code=0, **options):
        """The closing record, and the text of the only file of the result."""
        ended = self.expect(self.shared.run(*words, "--json", **options), code)
        last = ended.records()[-1]
        return last, self.shell(f"cat {last['files'][0]}") + "\n" if code == 0 else ended

    def reduced(self):
        return len(jobs.read(self.shared, f"{self.scratch}/reduced"))


class Task(TaskCase):
    def test_chunks_are_mapped_and_reduced_once_and_a_repetition_runs_nothing(self):
        line = self.task()
        plan = self.expect(self.shared.run(*line, "-n", "--json"), 0).records()
        self.assertEqual([row["changes"] for row in plan if row["type"] == "plan"], [7])
        self.expect(self.shared.run(*line, "--check"), 10, "not done")
        last, text = self.result(*line)
        self.assertEqual((last["chunks"], last["results"], last["outvoted"]), (6, 6, 0))
        self.assertEqual(text, WANTED)
        again = self.expect(self.shared.run(*line, "--json"), 0).records()
        self.assertEqual([row for row in again if row["type"] == "job"], [])
        self.assertEqual(again[-1]["files"], last["files"])
        self.expect(self.shared.run(*line, "--check"), 0)
        self.assertEqual(self.reduced(), 1)
        document, = self.expect(self.shared.run("status", "--jobs", "--json"), 0).records()
        self.assertLessEqual({f"{self.name} map", f"{self.name} reduce"}, {row["task"] for row in document["runs"]})

    def test_a_map_that_fails_is_11_with_its_end_and_last_lines_and_what_is_verified_stays(self):
        line = self.task(script="grep -q ash \"$1\" && { seq 1 60; exit 3; }\n" + COUNT, more="retries: 1")
        result = self.expect(self.shared.run(*line, "--json"), 11, "1 of 6 chunks failed", "exit status 3", "fix:")
        failure, = [row for row in result.records() if row["type"] == "task_failure"]
        self.assertEqual((failure["unit"], failure["exit"], failure["signal"]), ("00003", 3, 0))
        self.assertEqual(failure["output"], [str(number) for number in range(11, 61)])
        told = [row for row in result.records() if row["type"] == "job" and row["folder"].endswith("00003/r1")]
        self.assertEqual(len(told), 2, "once more, as `retries` says")
        result = self.expect(self.shared.run(*line), 11)
        self.assertIn("✘ chunk 00003", result.out)
        self.assertIn("    60\n", result.out)
        self.assertEqual(self.reduced(), 0)

    def test_a_signal_a_timeout_and_a_check_that_says_no_are_told_apart(self):
        for script, more, words in (("kill -9 $$\n", "", "ended by signal 9"),
                                    ("sleep 20\n", "timeout: 1s", "longer than its timeout"),
                                    ("exit 0\n", "", "left no output"),
                                    ("echo 5 >\"$2\"\n", 'check: [grep, -q, "6", "{output}"]', "check ended with exit")):
            with self.subTest(words):
                line = self.task(text="one\n", script=script, more=f"retries: 0\n{more}")
                self.expect(self.shared.run(*line), 11, words)

    def test_an_output_that_was_changed_is_found_and_made_again(self):
        line = self.task(reduce=f"[ -e /data/{self.scratch}/go ] || exit 4\n" + SUM, more="retries: 0")
        self.expect(self.shared.run(*line), 11, "the task's reduce failed", "exit status 4")
        folder, = self.shell(f"ls -d /data/tasks/{self.name}-????????????").split()
        self.shell(f"echo oak 999 > {folder}/map/00002/r1/output; touch /data/{self.scratch}/go")
        result = self.expect(self.shared.run(*line, "--json"), 0)
        self.assertEqual([row["folder"][-8:] for row in result.records() if row["type"] == "job"][0], "00002/r1")
        self.assertEqual(self.shell(f"cat {result.records()[-1]['files'][0]}") + "\n", WANTED)
        self.assertEqual(self.reduced(), 1)
        self.assertNotEqual(self.shell(f"ls -d {folder}/map/00002/old-*"), "", "what was wrong is kept")

    def test_killed_anywhere_and_repeated_it_reduces_exactly_once(self):
        line = self.task()
        for point in ("task.chunk#4", "run.begun", "task.prepared", "run.outcome#3", "task.prepared#2"):
            killed = self.shared.run(*line, env=environment(PECANCTL_FAILPOINT=point))
            self.assertIn(killed.exit, (137, 0), (point, killed))
        _, text = self.result(*line)
        self.assertEqual((text, self.reduced()), (WANTED, 1))

    def test_a_second_command_is_told_and_a_changed_task_is_another_one(self):
        line = self.task(script="sleep 1\n" + COUNT, text="oak\n")
        process = self.shared.start(*line)
        self.addCleanup(process.kill)
        wait_until(lambda: self.shell(f"ls /data/tasks/{self.name}-*/map/00000/r1/attempts"), what="the first job")
        self.expect(self.shared.run(*line), 5, "another pecanctl")
        self.expect(finish(process), 0)
        self.task(text="elm\n")
        _, text = self.result(*line)
        self.assertEqual(text, "elm 1\n")
        self.assertEqual(len(self.shell(f"ls -d /data/tasks/{self.name}-????????????").split()), 2)


class Quorum(TaskCase):
    # The first worker that comes lies in everything it gives.
    LIAR = ("mkdir \"$3/liar\" 2>/dev/null && echo \"$PECAN_WORKER_ID\" >\"$3/liar/id\"\n"
            "until [ -s \"$3/liar/id\" ]; do :; done\n"
            "[ \"$(cat \"$3/liar/id\")\" = \"$PECAN_WORKER_ID\" ] && { echo oak 999 >\"$2\"; exit 0; }\n") + COUNT

    def test_a_wrong_worker_is_outvoted_and_two_that_disagree_ask_a_third(self):
        self.workers(3)
        last, text = self.result(*self.task(script=self.LIAR, more="quorum: 3"))
        self.assertEqual(text, WANTED)
        self.assertEqual((last["results"], last["outvoted"]), (18, 6))
        self.shell(f"rm -rf /data/{self.scratch}/liar")
        last, text = self.result(*self.task(script=self.LIAR, more="quorum: 2"))
        self.assertEqual(text, WANTED)
        self.assertGreater(last["outvoted"], 0)
        self.assertEqual(last["results"], 12 + last["outvoted"])

    def test_a_tolerance_and_a_command_say_what_is_the_same(self):
        self.workers(2)
        noise = "echo \"x,$(od -An -N2 -tu2 /dev/urandom | tr -d ' ')e-9\" >\"$2\"\n"
        reduce = "xargs cat <\"$1\" >\"$2/all\"\n"
        near = self.task(text="a\nb\n", script=noise, reduce=reduce, more="quorum: 2\ncompare: { tolerance: 0.001 }")
        last, _ = self.result(*near)
        self.assertEqual((last["results"], last["outvoted"]), (4, 0))
        by_command = self.task(text="a\nb\n", script=noise, reduce=reduce,
                               more='quorum: 2\ncompare: { command: [grep, -q, "^x,", "{left}", "{right}"] }')
        last, _ = self.result(*by_command)
        self.assertEqual((last["results"], last["outvoted"]), (4, 0))
        exact = self.task(text="a\n", script=noise, reduce=reduce, more="quorum: 2\nmax_results: 2")
        self.expect(self.shared.run(*exact), 11, "2 results, and no more than 1 agree")

    def test_too_few_workers_another_image_and_small_ones_are_refused(self):
        line = self.task(more="quorum: 2")
        self.expect(self.shared.run(*line), 1, "2 workers of dalec are needed, and 1 listen", "scale dalec=2")
        self.task(more=f"image: sha256:{'0' * 64}")
        self.expect(self.shared.run(*line), 5, "it is for the image sha256:000")
        self.task(more="resources: { memory: 3GiB }")
        self.expect(self.shared.run(*line), 3, "memory 3.0 GiB - 2.0 GiB = 1.0 GiB too little")
        self.assertEqual(self.shell(f"ls -d /data/tasks/{self.name}-????????????"), "", "nothing was made")
        own = docker("inspect", "-f", "{{.Image}}", self.shared.container("dalec"))
        self.task(more=f"image: {own}")
        self.assertEqual(self.result(*line)[1], WANTED)


class Example(TaskCase):
    def test_words_of_debians_documentation_are_counted_as_elsewhere(self):
        docs = sorted(path for path in Path("/usr/share/doc").glob("*/copyright") if path.is_file())[:60]
        for name in ("map.sh", "check.sh", "reduce.sh", "task.yaml"):
            self.write(name, (EXAMPLES / "wordcount" / name).read_text())
        self.write("corpus.txt", "".join(path.read_text(errors="replace") + "\n" for path in docs))
        self.write("task.yaml", (self.here / "task.yaml").read_text().replace("wordcount", self.name)
                   .replace("512KiB", "100KiB"))
        last, text = self.result("run", "--task", self.here / "task.yaml")
        words = re.findall(r"[a-z]+", (self.here / "corpus.txt").read_text().lower())
        found = dict(row.split("\t") for row in text.splitlines())
        self.assertEqual({word: int(count) for word, count in found.items()}, dict(collections.Counter(words)))
        self.assertGreater(last["chunks"], 1)

    def test_an_ensemble_of_dalec_becomes_percentiles_and_a_plot(self):
        folder = EXAMPLES / "dalec-ensemble"
        for path in folder.iterdir():
            self.write(path.name, path.read_text())
        rows = (folder / "parameters.csv").read_text().splitlines(keepends=True)
        self.write("parameters.csv", "".join(rows[:13]))
        text = (folder / "task.yaml").read_text()
        self.write("task.yaml", text.replace("name: dalec-ensemble", f"name: {self.name}").replace("each: 20", "each: 6"))
        last, table = self.result("run", "--task", self.here / "task.yaml")
        self.assertEqual(last["chunks"], 2)
        rows = list(csv.DictReader(table.splitlines()))
        self.assertEqual(len(rows), 3 * 365)
        for row in rows:
            values = [float(row[f"p{share}"]) for share in (5, 25, 50, 75, 95)]
            self.assertEqual(values, sorted(values), row)
        plot = xml.etree.ElementTree.fromstring(self.shell(f"cat {last['files'][1]}"))
        words = " ".join(element.text or "" for element in plot.iter())
        for word in ("DALEC", "12 members", "NEE, gC m⁻² d⁻¹", "day of year"):
            self.assertIn(word, words)


class File(Case):
    def test_every_mistake_of_a_task_file_is_told_at_once(self):
        folder = self.temp_folder()
        (folder / "task.yaml").write_text("""nmae: x
name: Bad Name
image: pecan/dalec:latest
program: [map.sh, ../secret]
input: { cut: lines, matrix: { rate: [1] } }
map: [sh, "{ouput}"]
reduce: []
quorum: 0
compare: { command: [cmp], tolerance: -1 }
""")
        result = Shared().run("run", "--task", folder / "task.yaml")
        self.expect(result, 3)
        self.golden("task-mistakes", result.err, (folder, "FOLDER"))


if __name__ == "__main__":
    main()
