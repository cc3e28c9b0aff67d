// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/workflow/await.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace pecanctl::workflow {
namespace {

constexpr std::size_t k_read_at_once = 64;  // outcomes in memory

}  // namespace

void look_for_outcomes(const std::vector<Job>& all, std::span<const std::uint32_t> jobs,
                       engine::DataAccess& data,
                       const std::function<void(std::uint32_t, Outcome)>& on_outcome,
                       const Deadline& deadline, std::stop_token stop)
{
  std::vector<std::string> paths;
  for (const auto index : jobs) {
    paths.push_back(outcome_path(all[index]));
  }
  const auto infos = data.look(paths, deadline, stop);
  std::vector<std::uint32_t> present;
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    if (infos[i] && infos[i]->kind == engine::PathKind::file &&
        infos[i]->stamp != all[jobs[i]].stale) {
      present.push_back(jobs[i]);
    }
  }
  for (std::size_t first = 0; first < present.size(); first += k_read_at_once) {
    const auto batch =
        std::span{present}.subspan(first, std::min(k_read_at_once, present.size() - first));
    paths.clear();
    for (const auto index : batch) {
      paths.push_back(outcome_path(all[index]));
    }
    const auto files = data.find_ends(paths, k_outcome_limit, deadline, stop);
    for (std::size_t i = 0; i < batch.size(); ++i) {
      if (auto outcome = files[i] ? parse_outcome(*files[i]) : std::nullopt) {
        on_outcome(batch[i], std::move(*outcome));
      }
    }
  }
}

std::vector<std::uint32_t> Rotation::next(const std::vector<Job>& jobs, std::size_t count)
{
  std::vector<std::uint32_t> chosen;
  for (std::size_t seen = 0; seen < jobs.size() && chosen.size() < count; ++seen) {
    cursor_ = cursor_ < jobs.size() ? cursor_ : 0;
    if (is_under_way(jobs[cursor_])) {
      chosen.push_back(static_cast<std::uint32_t>(cursor_));
    }
    ++cursor_;
  }
  return chosen;
}

bool Silence::observe(Time now, bool is_silent)
{
  if (!is_silent) {
    since_.reset();
    return false;
  }
  if (!since_) {
    since_ = now;
  }
  return now - *since_ >= limit_;
}

}  // namespace pecanctl::workflow
