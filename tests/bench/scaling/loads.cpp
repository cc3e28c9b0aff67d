// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <fstream>
#include <random>
#include <sstream>

#include "tests/bench/scaling/simulator.hpp"

namespace pecanctl::simulation {
namespace {

constexpr int k_minute = 60;
constexpr int k_hour = 3600;

Load finish(Load load)
{
  std::ranges::stable_sort(load.jobs, {}, &Job::at);
  return load;
}

Load make_steady()
{
  Load load{.name = "steady", .length = 2 * k_hour};
  std::mt19937 random{1};
  for (int second = 0; second < load.length - 10 * k_minute; ++second) {
    if (random() % 10 == 0) {
      load.jobs.push_back({.at = second, .duration = 20 + static_cast<int>(random() % 21)});
    }
  }
  return finish(std::move(load));
}

Load make_burst()
{
  Load load{.name = "burst", .length = 2 * k_hour};
  for (int job = 0; job < 200; ++job) {
    load.jobs.push_back({.at = 10 * k_minute, .duration = 60});
  }
  return finish(std::move(load));
}

Load make_sawtooth()
{
  Load load{.name = "sawtooth", .length = 2 * k_hour};
  for (int tooth = 0; tooth < 11; ++tooth) {
    for (int job = 0; job < 40; ++job) {
      load.jobs.push_back({.at = tooth * 10 * k_minute + job * 3, .duration = 30});
    }
  }
  return finish(std::move(load));
}

Load make_long_jobs()
{
  Load load{.name = "hours-long", .length = 12 * k_hour};
  std::mt19937 random{2};
  for (int job = 0; job < 12; ++job) {
    load.jobs.push_back({.at = static_cast<int>(random() % k_hour),
                         .duration = k_hour + static_cast<int>(random() % (4 * k_hour))});
  }
  return finish(std::move(load));
}

Load make_empty_day()
{
  return {.name = "empty day",
          .jobs = {{.at = k_minute, .duration = 30}, {.at = 23 * k_hour, .duration = 30}},
          .length = 24 * k_hour};
}

}  // namespace

std::vector<Load> make_loads()
{
  return {make_steady(),    make_burst(),     make_sawtooth(),
          make_long_jobs(), make_empty_day(), read_load(PECANCTL_RECORDED_LOAD)};
}

Load read_load(const std::string& path)
{
  Load load{.name = path.substr(path.rfind('/') + 1)};
  load.name = load.name.substr(0, load.name.find('.'));
  std::ifstream file{path};
  for (std::string line; std::getline(file, line);) {
    std::istringstream columns{line};
    double at = 0;
    double duration = 0;
    char comma = 0;
    if (columns >> at >> comma >> duration) {
      load.jobs.push_back(
          {.at = static_cast<int>(at), .duration = std::max(1, static_cast<int>(duration + 0.5))});
    }
  }
  load = finish(std::move(load));
  load.length = (load.jobs.empty() ? 0 : load.jobs.back().at) + k_hour;
  return load;
}

}  // namespace pecanctl::simulation
