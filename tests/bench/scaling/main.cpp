// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
// Our policy, KEDA's formula and Brown Dog's thresholds over the same loads: a table on stderr, the
// curves as JSON on stdout. Arguments: more recorded loads (CSV).
#include <cstdio>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "tests/bench/scaling/simulator.hpp"

namespace {

using namespace pecanctl;
using namespace pecanctl::simulation;

constexpr int k_samples = 360;

nlohmann::json to_json(const Report& report)
{
  auto samples = nlohmann::json::array();
  for (const auto& sample : report.samples) {
    samples.push_back({sample.at, sample.demand, sample.workers, sample.oldest});
  }
  return {{"load", report.load},           {"rule", report.rule},
          {"jobs", report.jobs},           {"done", report.done},
          {"flaps", report.flaps},         {"cut_off", report.cut_off},
          {"mean_wait", report.mean_wait}, {"worker_hours", report.worker_hours},
          {"samples", std::move(samples)}};
}

void print_row(const Report& report)
{
  fmt::print(stderr,
             "{:<12} {:<10} {:>5}/{:<5} {:>9.0f} {:>8} {:>8} {:>8.1f} {:>8} {:>6} {:>8} {:>7.2f}\n",
             report.load, report.rule, report.done, report.jobs, report.mean_wait, report.p95_wait,
             report.most_workers, report.worker_hours, report.changes, report.flaps, report.cut_off,
             report.lost_hours);
}

}  // namespace

int main(int argc, char** argv)
{
  auto loads = make_loads();
  for (int i = 1; i < argc; ++i) {
    loads.push_back(read_load(argv[i]));
  }
  const stack::Scaling scaling{.min = 0, .max = 8};
  fmt::print(stderr, "{:<12} {:<10} {:>11} {:>9} {:>8} {:>8} {:>8} {:>8} {:>6} {:>8} {:>7}\n",
             "LOAD", "RULE", "DONE", "WAIT s", "P95 s", "WORKERS", "HOURS", "CHANGES", "FLAPS",
             "CUT OFF", "LOST h");
  auto reports = nlohmann::json::array();
  for (const auto& load : loads) {
    for (const auto make : {make_ours, make_keda, make_brown_dog}) {
      const auto rule = make(scaling);
      const auto report = simulate(load, *rule, k_samples);
      print_row(report);
      reports.push_back(to_json(report));
    }
  }
  fmt::print("{}\n", reports.dump());
  return 0;
}
