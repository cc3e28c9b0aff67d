// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/tasks/verdict.hpp"

#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

namespace pecanctl::tasks {
namespace {

using Kind = Verdict::Kind;

// A letter a vote: '.' open, 'x' lost, else what it says; '?' is not compared with anything yet.
Verdict judge_text(std::string_view text, int needed, int most)
{
  std::vector<Vote> votes;
  for (const char letter : text) {
    votes.push_back(letter == '.' ? Vote::open : letter == 'x' ? Vote::lost : Vote::valid);
  }
  return judge(votes, {.needed = needed, .max_results = most},
               [&](std::size_t left, std::size_t right) -> std::optional<bool> {
                 if (text[left] == '?' || text[right] == '?') {
                   return std::nullopt;
                 }
                 return text[left] == text[right];
               });
}

struct VerdictRow {
  std::string_view votes;
  int needed;
  int most;
  Kind kind;
  std::size_t number;  // of the accepted vote, of further jobs, or of pairs
};

}  // namespace

TEST_CASE("tasks::judge: a majority of at least the quorum is verified, else the count is raised")
{
  const std::vector<VerdictRow> rows{
      {"", 1, 1, Kind::run, 1},         {"", 3, 5, Kind::run, 3},
      {".", 1, 1, Kind::run, 0},        {"a", 1, 1, Kind::verified, 0},
      {"a", 2, 5, Kind::run, 1},        {"a.", 2, 5, Kind::run, 0},
      {"aa", 2, 5, Kind::verified, 0},  {"ab", 2, 5, Kind::run, 1},
      {"ab", 2, 2, Kind::failed, 0},    {"abb", 2, 5, Kind::verified, 1},
      {"abc", 2, 5, Kind::run, 2},      {"abc", 2, 4, Kind::run, 1},
      {"abca", 2, 5, Kind::run, 1},     {"abcaa", 2, 5, Kind::verified, 0},
      {"abcda", 2, 5, Kind::failed, 0}, {"aab", 3, 6, Kind::verified, 0},
      {"aa.", 3, 6, Kind::run, 0},      {"aabb", 4, 7, Kind::run, 1},
      {"ax", 2, 5, Kind::failed, 0},    {"??", 2, 5, Kind::compare, 1},
      {"aa?", 3, 5, Kind::verified, 0}, {"ab?", 3, 5, Kind::compare, 2},
  };
  for (const auto& row : rows) {
    const auto verdict = judge_text(row.votes, row.needed, row.most);
    CAPTURE(row.votes);
    CHECK(verdict.kind == row.kind);
    if (row.kind == Kind::verified) {
      CHECK(verdict.accepted == row.number);
    } else if (row.kind == Kind::run) {
      CHECK(verdict.more == row.number);
    } else if (row.kind == Kind::compare) {
      CHECK(verdict.pairs.size() == row.number);
    } else {
      CHECK_FALSE(verdict.reason.empty());
    }
  }
}

TEST_CASE("tasks::judge: sameness that is not transitive needs one result in the middle")
{
  const std::vector<Vote> votes(3, Vote::valid);
  const auto verdict = judge(votes, {.needed = 3, .max_results = 5}, [](auto left, auto right) {
    return std::optional{left + 1 == right};  // 0 ~ 1, 1 ~ 2, but not 0 ~ 2
  });
  CHECK(verdict.kind == Kind::verified);
  CHECK(verdict.accepted == 1);
}

}  // namespace pecanctl::tasks
