// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include <doctest/doctest.h>

#include "tests/bench/scaling/simulator.hpp"

using namespace pecanctl;
using namespace pecanctl::simulation;

namespace {

const stack::Scaling k_scaling{.min = 0, .max = 8};

}  // namespace

TEST_CASE("scaling::decide: over every load it never flaps, cuts nothing off, finishes all")
{
  const auto loads = make_loads();
  REQUIRE(loads.size() == 6);
  for (const auto& load : loads) {
    CAPTURE(load.name);
    const auto rule = make_ours(k_scaling);
    const auto report = simulate(load, *rule, 1000);
    CHECK(report.jobs > 1);
    CHECK(report.done == report.jobs);
    CHECK(report.flaps == 0);
    CHECK(report.cut_off == 0);
    CHECK(report.most_workers <= k_scaling.max);
    CHECK(report.samples.back().workers <= 1);
  }
}

TEST_CASE("scaling::decide: it costs no more waiting than KEDA's formula, and what that cuts off")
{
  int cut_off = 0;
  for (const auto& load : make_loads()) {
    CAPTURE(load.name);
    const auto ours = make_ours(k_scaling);
    const auto keda = make_keda(k_scaling);
    const auto theirs = simulate(load, *keda, 10);
    CHECK(simulate(load, *ours, 10).mean_wait <= theirs.mean_wait);
    cut_off += theirs.cut_off;
  }
  CHECK_MESSAGE(cut_off > 0, "the simulation would not tell");
}

TEST_CASE("simulate: Brown Dog's thresholds flap, as their bands overlap")
{
  Load load{.name = "150 waiting", .length = 3600};
  for (int job = 0; job < 150; ++job) {
    load.jobs.push_back({.at = 0, .duration = 3600});
  }
  const auto rule = make_brown_dog(k_scaling);
  CHECK(simulate(load, *rule, 10).flaps > 10);
}
