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

}  // namespace

RunProgress measure(const RunState& state)
{
  RunProgress progress{.info = state.info, .total = state.info.jobs};
  for (const auto& job : state.jobs) {
    progress.done += is_over(job) ? 1U : 0U;
    progress.failed += job.state == JobState::error ? 1U : 0U;
  }
  return progress;
}

void JournalTail::read_on(const std::function<void(const Record&)>& on_record)
{
  std::ifstream file{path_, std::ios::binary};
  if (!file) {
    file.open(path_.parent_path() / "done" / path_.filename(), std::ios::binary);
  }
  file.seekg(at_);
  std::array<char, k_piece> piece{};
  while (file.read(piece.data(), piece.size()) || file.gcount() > 0) {
    at_ += file.gcount();
    rest_.append(piece.data(), static_cast<std::size_t>(file.gcount()));
    std::size_t start = 0;
    for (auto end = rest_.find('\n'); end != std::string::npos; end = rest_.find('\n', start)) {
      const auto record = parse_record(std::string_view{rest_}.substr(start, end - start));
      state_.apply(record);
      if (on_record) {
        on_record(record);
      }
      start = end + 1;
    }
    rest_.erase(0, start);
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
    auto& run = runs_.emplace(id, Followed{.tail = JournalTail{entry.path()}}).first->second;
    try {
      if (!run.is_bad) {
        run.tail.read_on();
      }
    } catch (const Error&) {
      run.is_bad = true;  // `pecanctl run --attach` tells what is wrong with it
    }
  }
  std::erase_if(runs_, [&](const auto& entry) { return !open.contains(entry.first); });
  std::vector<RunProgress> progress;
  for (const auto& [id, run] : runs_) {
    if (!run.is_bad && run.tail.state().is_begun()) {
      progress.push_back(measure(run.tail.state()));
    }
  }
  return progress;
}

}  // namespace pecanctl::workflow
