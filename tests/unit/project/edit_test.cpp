// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/project/edit.hpp"

#include <doctest/doctest.h>

#include "core/base/error.hpp"

using namespace pecanctl;
using project::remove_model;
using project::set_model;
using project::set_release;

namespace {

const std::string k_text = R"(# ours
pecan: 1.8.0
models:
  dalec: { replicas: 2 }   # the quick one
  ed2:
    version: 2.2.0
    # big
    memory: 8GiB

site: { id: 1 }
)";

}  // namespace

TEST_CASE("project::set_model: adds a line, and touches no other")
{
  CHECK(set_model(k_text, "sipnet", {{"version", "git"}, {"scale", "{ min: 0, max: 8 }"}}) ==
        R"(# ours
pecan: 1.8.0
models:
  dalec: { replicas: 2 }   # the quick one
  ed2:
    version: 2.2.0
    # big
    memory: 8GiB
  sipnet: { scale: { min: 0, max: 8 }, version: git }

site: { id: 1 }
)");
}

TEST_CASE("project::set_model: what is said already changes nothing")
{
  CHECK(set_model(k_text, "ed2", {{"memory", "8GiB"}}) == k_text);
  CHECK(set_model(k_text, "dalec", {{"replicas", "2"}, {"scale", ""}}) == k_text);
  const auto once = set_model(k_text, "dalec", {{"scale", "{ min: 0, max: 8 }"}});
  CHECK(set_model(once, "dalec", {{"scale", "{ min: 0, max: 8 }"}}) == once);
}

TEST_CASE("project::set_model: a model keeps the settings that nobody speaks of")
{
  CHECK(set_model(k_text, "ed2", {{"memory", "4GiB"}, {"cpus", "2"}})
            .find("  ed2: { version: 2.2.0, memory: 4GiB, cpus: 2 }\n\nsite:") !=
        std::string::npos);
}

TEST_CASE("project::set_model: files without models")
{
  CHECK(set_model("pecan: 1\n", "dalec", {}) == "pecan: 1\n\nmodels:\n  dalec: {}\n");
  CHECK(set_model("models:\npecan: 1\n", "dalec", {}) == "models:\n  dalec: {}\npecan: 1\n");
  CHECK(set_model("models: {}\n", "dalec", {}) == "models:\n  dalec: {}\n");
  CHECK_THROWS_AS(set_model("models: { ed2: {} }\n", "dalec", {}), Error);
}

TEST_CASE("project::remove_model: takes the model's lines, and no other")
{
  CHECK(
      remove_model(k_text, "ed2") ==
      "# ours\npecan: 1.8.0\nmodels:\n  dalec: { replicas: 2 }   # the quick one\n\nsite: { id: 1 "
      "}\n");
  CHECK(remove_model(k_text, "sipnet") == k_text);
}

TEST_CASE("project::set_release: that value and nothing else")
{
  CHECK(set_release("# mine\npecan: 1.8.0   # why\nname: x\n", "1.9.0") ==
        "# mine\npecan: 1.9.0   # why\nname: x\n");
  CHECK(set_release("pecan: \"1.8.0\"\nname: 1.8.0\n", "1.10.0") ==
        "pecan: \"1.10.0\"\nname: 1.8.0\n");
  CHECK(set_release("{name: pecan, pecan: 1.8.0, models: {sipnet: {}}}", "2.0.0") ==
        "{name: pecan, pecan: 2.0.0, models: {sipnet: {}}}");
  CHECK(set_release("pecan: 1.8.0\n", "1.8.0") == "pecan: 1.8.0\n");
  CHECK_THROWS_AS(set_release("pecan: ${PECAN:-1.8.0}\n", "1.9.0"), Error);
  CHECK_THROWS_AS(set_release("name: x\n", "1.9.0"), Error);
}
