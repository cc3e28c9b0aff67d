// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/workflow/follow.hpp"

#include <algorithm>
#include <array>
#include <fstream>
#include <set>
#include <string_view>

#include "core/base/error.hpp"

namespace pecanctl::workflow {
namespace {

constexpr std::size_t k_piece = std::size_t{64} << 10U;

RunProgress measure(const RunState& state)
{
  RunProgress progress{.info = state.info, .total = state.info.jobs};
  for (const auto& job : state.jobs) {
    progress.done += is_over(job) ? 1U : 0U;
    progress.failed += job.state == JobState::error ? 1U : 0U;
  }
  return progress;
}

}  // namespace

void RunFollower::read_on(const std::filesystem::path& path, Followed& run)
{
  std::ifstream file{path, std::ios::binary};
  file.seekg(run.at);
  std::array<char, k_piece> piece{};
  while (file.read(piece.data(), piece.size()) || file.gcount() > 0) {
    run.at += file.gcount();
    run.rest.append(piece.data(), static_cast<std::size_t>(file.gcount()));
    std::size_t start = 0;
    for (auto end = run.rest.find('\n'); end != std::string::npos;
         end = run.rest.find('\n', start)) {
      run.state.apply(parse_record(std::string_view{run.rest}.substr(start, end - start)));
      start = end + 1;
    }
    run.rest.erase(0, start);
  }
}

std::vector<RunProgress> RunFollower::look()
{
  std::error_code error;
  std::set<std::string> open;
  for (const auto& entry : std::filesystem::directory_iterator{folder_, error}) {
    if (entry.path().extension() != ".jsonl") {
      continue;
    }
    const auto id = entry.path().stem().string();
    open.insert(id);
    auto& run = runs_[id];
    try {
      if (!run.is_bad) {
        read_on(entry.path(), run);
      }
    } catch (const Error&) {
      run.is_bad = true;  // `pecanctl run --attach` tells what is wrong with it
    }
  }
  std::erase_if(runs_, [&](const auto& entry) { return !open.contains(entry.first); });
  std::vector<RunProgress> progress;
  for (const auto& [id, run] : runs_) {
    if (!run.is_bad && run.state.is_begun()) {
      progress.push_back(measure(run.state));
    }
  }
  return progress;
}

}  // namespace pecanctl::workflow
