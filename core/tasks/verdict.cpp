// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/tasks/verdict.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace pecanctl::tasks {
namespace {

std::vector<std::size_t> list_valid(std::span<const Vote> votes)
{
  std::vector<std::size_t> valid;
  for (std::size_t i = 0; i < votes.size(); ++i) {
    if (votes[i] == Vote::valid) {
      valid.push_back(i);
    }
  }
  return valid;
}

Verdict raise(std::size_t agreeing, std::size_t valid, std::size_t most)
{
  if (valid >= most) {
    return {.kind = Verdict::Kind::failed,
            .reason = fmt::format("{} results, and no more than {} agree", valid, agreeing)};
  }
  const auto enough = valid + 1 - 2 * agreeing;  // if they agree with the best, it has a majority
  return {.kind = Verdict::Kind::run, .more = std::min(enough, most - valid)};
}

}  // namespace

Verdict judge(std::span<const Vote> votes, const Quorum& quorum, const Same& is_same)
{
  if (std::ranges::find(votes, Vote::lost) != votes.end()) {
    return {.kind = Verdict::Kind::failed, .reason = "a job failed as often as it may"};
  }
  const auto valid = list_valid(votes);
  const auto needed = static_cast<std::size_t>(quorum.needed);
  if (valid.size() < votes.size() || valid.size() < needed) {
    return {.kind = Verdict::Kind::run, .more = needed - std::min(needed, votes.size())};
  }
  std::vector<std::size_t> agreeing(valid.size(), 1);
  Verdict unknown{.kind = Verdict::Kind::compare};
  for (std::size_t i = 0; i < valid.size(); ++i) {
    for (auto j = i + 1; j < valid.size(); ++j) {
      const auto same = is_same(valid[i], valid[j]);
      if (!same) {
        unknown.pairs.emplace_back(valid[i], valid[j]);
      } else if (*same) {
        ++agreeing[i];
        ++agreeing[j];
      }
    }
  }
  const auto best = std::ranges::max_element(agreeing);
  if (*best * 2 > valid.size()) {
    return {.kind = Verdict::Kind::verified,
            .accepted = valid[static_cast<std::size_t>(best - agreeing.begin())]};
  }
  return unknown.pairs.empty()
             ? raise(*best, valid.size(), static_cast<std::size_t>(quorum.max_results))
             : unknown;
}

}  // namespace pecanctl::tasks
