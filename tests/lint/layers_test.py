#!/usr/bin/env python3
# SPDX-FileCopyrightText: the pecanctl authors
# SPDX-License-Identifier: BSD-3-Clause
"""layers.py finds what it promises to find, and nothing else."""
import pathlib
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
import layers  # noqa: E402  (its bytecode stays out of the source tree)


def mistakes_in(*files):
    with tempfile.TemporaryDirectory() as folder:
        for name, text in files:
            path = pathlib.Path(folder) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text + "\n", encoding="utf-8")
        return layers.check_tree(pathlib.Path(folder))


class Layers(unittest.TestCase):
    def test_refused(self):
        for name, text in [
            ("core/base/a.cpp", '#include "core/http/transport.hpp"'),
            ("core/docker/a.cpp", '#include "core/consul/consul.hpp"'),
            ("core/postgres/a.hpp", '#include "core/http/transport.hpp"'),
            ("core/deployment/a.cpp", '#include "core/scaling/plan.hpp"'),
            ("core/stack/a.cpp", '#include "cli/context.hpp"'),
            ("core/novel/a.cpp", '#include "core/base/error.hpp"'),
            ("cli/commands/run.cpp", '#include "core/docker/engine.hpp"'),
            ("core/docker/a.cpp", "#include <curl/curl.h>"),
            ("core/engine/a.hpp", "#include <pqxx/pqxx>"),
            ("core/base/a.cpp", "  std::system(command);"),
            ("core/base/a.cpp", "auto* pipe = popen(command, mode);"),
        ]:
            with self.subTest(name=name, text=text):
                self.assertEqual(len(mistakes_in((name, text))), 1)

    def test_allowed(self):
        for name, text in [
            ("core/docker/a.cpp", '#include "core/http/transport.hpp"'),
            ("core/deployment/a.cpp", '#include "core/docker/engine.hpp"'),
            ("core/deployment/a.cpp", '#include "core/stack/stack.hpp"'),
            ("cli/context.cpp", '#include "core/docker/engine.hpp"'),
            ("cli/commands/run.cpp", '#include "core/workflow/run.hpp"'),
            ("core/http/a.hpp", "#include <nlohmann/json_fwd.hpp>"),
            ("core/postgres/a.cpp", "#include <pqxx/pqxx>"),
            ("core/postgres/a.hpp", "#include <libpq-fe.h>"),
            ("core/base/a.cpp", 'say("system(x)");  // popen(x)'),
            ("core/base/a.cpp", "throw filesystem_error(x);"),
        ]:
            with self.subTest(name=name, text=text):
                self.assertEqual(mistakes_in((name, text)), [])

    def test_a_header_that_shows_a_library_is_private(self):
        header = ("core/docker/a.hpp", "#include <nlohmann/json.hpp>")
        include = '#include "core/docker/a.hpp"'
        self.assertEqual(mistakes_in(header, ("core/docker/a.cpp", include)), [])
        self.assertEqual(len(mistakes_in(header, ("core/engine/a.cpp", include))), 1)


if __name__ == "__main__":
    unittest.main(verbosity=0)
