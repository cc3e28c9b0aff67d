// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pecanctl::workflow {

/// Why an attempt is over.
enum class JobEnd : std::uint8_t {
  ok,
  error,    ///< its outcome says so
  lost,     ///< no worker answers for it any more, or the broker did not take it
  timeout,  ///< it takes longer than it may; it is not disturbed
};

std::string_view to_string(JobEnd end);

/// After which ends a job is tried again, as often as --retries says. Not after a timeout unless
/// asked for: then two workers would be in one folder.
struct RetryOn {
  bool error = true;
  bool lost = true;
  bool timeout = false;

  bool operator==(const RetryOn&) const = default;
  bool covers(JobEnd end) const;
};

/// How long a worker may take for a job: a duration, or a percentage of the median of the jobs that
/// are done. Source of the grammar: GNU parallel, --timeout.
struct JobTimeout {
  std::chrono::milliseconds fixed{0};
  double percent = 0;

  bool operator==(const JobTimeout&) const = default;

  bool is_set() const { return fixed.count() > 0 || percent > 0; }
};

/// How many jobs there are, and how many ended how.
struct RunTotals {
  std::size_t jobs = 0;
  std::size_t ok = 0;
  std::size_t failed = 0;
  std::size_t cancelled = 0;  ///< taken back, or never sent

  std::size_t left() const { return jobs - ok - failed - cancelled; }
};

/// When a run ends before its jobs do. Source of the grammar: GNU parallel, --halt.
struct HaltRule {
  enum class When : std::uint8_t {
    never,
    soon,  ///< nothing new is sent; what is under way is waited for
    now,   ///< what no worker has begun is taken back, too; what runs goes on alone
  };
  enum class What : std::uint8_t { fail, success, done };
  When when = When::never;
  What what = What::fail;
  std::size_t count = 0;
  double percent = 0;  ///< of all jobs of the run, and three at least; 0: `count` holds

  bool operator==(const HaltRule&) const = default;
};

/// What holds for all jobs of a run.
struct RunPolicy {
  RetryOn retry_on = {};
  JobTimeout job_timeout = {};
  HaltRule halt = {};

  bool operator==(const RunPolicy&) const = default;
};

/// "error,lost". @throws Error usage.
RetryOn parse_retry_on(std::string_view text);
/// "2h", "300%". @throws Error usage.
JobTimeout parse_job_timeout(std::string_view text);
/// "never", "soon,fail=3", "now,done=10%". @throws Error usage.
HaltRule parse_halt(std::string_view text);

/// What the parsers above read.
std::string render(const RetryOn& rule);
std::string render(const JobTimeout& rule);
std::string render(const HaltRule& rule);

bool is_reached(const HaltRule& rule, const RunTotals& totals);

/// The times of jobs that are done, of which some limit is a percentage.
class RunTimes {
 public:
  void add(std::chrono::milliseconds time);
  /// What a job may take; nothing when that is not limited, or not known before three jobs are
  /// done.
  std::optional<std::chrono::milliseconds> limit(const JobTimeout& rule) const;

 private:
  std::vector<std::uint32_t> times_;  // milliseconds
};

}  // namespace pecanctl::workflow
