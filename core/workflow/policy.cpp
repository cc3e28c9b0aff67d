// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/workflow/policy.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <utility>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/text.hpp"

namespace pecanctl::workflow {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t k_fewest = 3;  // jobs before a percentage says anything
constexpr std::array<std::pair<std::string_view, HaltRule::What>, 3> k_what{
    {{"fail", HaltRule::What::fail},
     {"success", HaltRule::What::success},
     {"done", HaltRule::What::done}}};

Error bad_value(std::string_view flag, std::string_view text, std::string_view form)
{
  return Error{{.code = ErrorCode::usage,
                .what = fmt::format("cannot understand {} {}", flag, text),
                .hint = fmt::format("write {}", form)}};
}

std::optional<double> parse_percent(std::string_view text)
{
  if (!text.ends_with('%')) {
    return std::nullopt;
  }
  text.remove_suffix(1);
  double value = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool is_good = result.ec == std::errc{} && result.ptr == text.data() + text.size() &&
                       std::isfinite(value) && value > 0;
  return is_good ? std::optional{value} : std::nullopt;
}

}  // namespace

std::string_view to_string(JobEnd end)
{
  switch (end) {
    case JobEnd::ok:
      return "ok";
    case JobEnd::error:
      return "error";
    case JobEnd::lost:
      return "lost";
    default:
      return "timeout";
  }
}

bool RetryOn::covers(JobEnd end) const
{
  return (end == JobEnd::error && error) || (end == JobEnd::lost && lost) ||
         (end == JobEnd::timeout && timeout);
}

RetryOn parse_retry_on(std::string_view text)
{
  RetryOn rule{.error = false, .lost = false, .timeout = false};
  for (const auto& word : split(text, ',')) {
    if (word == "error") {
      rule.error = true;
    } else if (word == "lost") {
      rule.lost = true;
    } else if (word == "timeout") {
      rule.timeout = true;
    } else {
      throw bad_value("--retry-on", text, "one or more of error,lost,timeout");
    }
  }
  return rule;
}

JobTimeout parse_job_timeout(std::string_view text)
{
  if (const auto percent = parse_percent(text)) {
    return {.percent = *percent};
  }
  const auto duration = parse_duration(text);
  if (!duration || duration->count() <= 0) {
    throw bad_value("--job-timeout", text, "a duration (2h), or a percentage of the median (300%)");
  }
  return {.fixed = *duration};
}

HaltRule parse_halt(std::string_view text)
{
  constexpr const char* k_form = "never, or soon|now,fail|success|done=N|N%";
  if (text == "never") {
    return {};
  }
  const auto comma = text.find(',');
  const auto equals = text.find('=', comma == std::string_view::npos ? 0 : comma);
  const auto when = text.substr(0, comma);
  if ((when != "soon" && when != "now") || equals == std::string_view::npos) {
    throw bad_value("--halt", text, k_form);
  }
  HaltRule rule{.when = when == "now" ? HaltRule::When::now : HaltRule::When::soon};
  const auto name = text.substr(comma + 1, equals - comma - 1);
  const auto* const what =
      std::ranges::find(k_what, name, [](const auto& row) { return row.first; });
  const auto number = text.substr(equals + 1);
  if (const auto percent = parse_percent(number); percent && *percent <= 100) {
    rule.percent = *percent;
  } else {
    const auto result = std::from_chars(number.data(), number.data() + number.size(), rule.count);
    if (result.ptr != number.data() + number.size() || rule.count == 0) {
      throw bad_value("--halt", text, k_form);
    }
  }
  if (what == k_what.end()) {
    throw bad_value("--halt", text, k_form);
  }
  rule.what = what->second;
  return rule;
}

std::string render(const RetryOn& rule)
{
  std::string text;
  for (const auto& [is_in, word] : {std::pair{rule.error, "error"}, std::pair{rule.lost, "lost"},
                                    std::pair{rule.timeout, "timeout"}}) {
    text += is_in ? fmt::format("{}{}", text.empty() ? "" : ",", word) : "";
  }
  return text;
}

std::string render(const JobTimeout& rule)
{
  return rule.percent > 0 ? fmt::format("{}%", rule.percent)
                          : fmt::format("{}ms", rule.fixed.count());
}

std::string render(const HaltRule& rule)
{
  if (rule.when == HaltRule::When::never) {
    return "never";
  }
  const auto* const what =
      std::ranges::find(k_what, rule.what, [](const auto& row) { return row.second; });
  return fmt::format(
      "{},{}={}", rule.when == HaltRule::When::now ? "now" : "soon", what->first,
      rule.percent > 0 ? fmt::format("{}%", rule.percent) : std::to_string(rule.count));
}

bool is_reached(const HaltRule& rule, const RunTotals& totals)
{
  if (rule.when == HaltRule::When::never) {
    return false;
  }
  const auto seen = rule.what == HaltRule::What::fail      ? totals.failed
                    : rule.what == HaltRule::What::success ? totals.ok
                                                           : totals.ok + totals.failed;
  if (rule.percent <= 0) {
    return seen >= rule.count;
  }
  const auto share =
      static_cast<std::size_t>(std::ceil(static_cast<double>(totals.jobs) * rule.percent / 100));
  return seen >= std::min(totals.jobs, std::max(k_fewest, share));
}

void RunTimes::add(milliseconds time)
{
  constexpr auto k_longest = std::numeric_limits<std::uint32_t>::max();
  times_.push_back(static_cast<std::uint32_t>(
      std::clamp<std::int64_t>(time.count(), 0, std::int64_t{k_longest})));
}

std::optional<milliseconds> RunTimes::limit(const JobTimeout& rule) const
{
  if (rule.percent <= 0) {
    return rule.is_set() ? std::optional{rule.fixed} : std::nullopt;
  }
  if (times_.size() < k_fewest) {
    return std::nullopt;
  }
  auto times = times_;
  const auto middle = times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2);
  std::ranges::nth_element(times, middle);
  return milliseconds{static_cast<std::int64_t>(static_cast<double>(*middle) * rule.percent / 100)};
}

}  // namespace pecanctl::workflow
