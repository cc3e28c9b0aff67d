// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/inspection/doctor.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <condition_variable>
#include <mutex>
#include <thread>

#include <fmt/format.h>

#include "core/base/text.hpp"
#include "core/inspection/checks.hpp"

namespace pecanctl::inspection {
namespace {

using namespace std::chrono_literals;

constexpr std::array k_checks{
    Check{"D001", "socket", "Docker answers at its socket", "", 2000ms, checks::socket},
    Check{"D002", "api", "Docker is new enough", "socket", 2000ms, checks::api},
    Check{"D003", "disk", "there is room on the disks", "", 2000ms, checks::disk},
    Check{"D004", "clock", "the clocks agree", "socket", 3000ms, checks::clock},
    Check{"D005", "pools", "Docker has addresses for networks", "socket", 2000ms, checks::pools},
    Check{"D006", "port", "the ports of pecan.yml are free, or ours", "secrets", 2000ms,
          checks::port},
    Check{"D007", "images", "each image is here, or can be had", "secrets", 5000ms, checks::images},
    Check{"D008", "file", "pecan.yml is valid", "", 1000ms, checks::file},
    Check{"D009", "secrets", "the secrets are there, and only ours", "file", 1000ms,
          checks::secrets},
    Check{"D010", "consul", "Consul answers, and gives sessions", "", 2500ms, checks::consul},
    Check{"D011", "postgres", "the database lets us in, and can do what sync needs", "secrets",
          2500ms, checks::postgres},
    Check{"D012", "schema", "the BETY tables are as PEcAn expects", "postgres", 2500ms,
          checks::schema},
    Check{"D013", "broker", "the broker lets us in", "secrets", 2500ms, checks::broker},
    Check{"D014", "management", "the broker's management API answers, no alarm", "broker", 2500ms,
          checks::management},
    Check{"D015", "timeout", "the broker waits for the longest job", "broker", 10000ms,
          checks::timeout},
    Check{"D016", "queues", "no queue is stuck", "management", 7000ms, checks::queues},
    Check{"D017", "peers", "the other sites' dumps can be fetched", "postgres", 5000ms,
          checks::peers},
};

const Check* find_check(std::string_view name)
{
  const auto* const found = std::ranges::find(k_checks, name, &Check::name);
  return found == k_checks.end() ? nullptr : found;
}

std::size_t index_of(const Check& check)
{
  return static_cast<std::size_t>(&check - k_checks.data());
}

Finding run_guarded(const Check& check, const Subject& subject, const std::stop_token& stop)
{
  try {
    return check.run(subject, Deadline::in(check.limit), stop);
  } catch (const Error& error) {
    const auto& info = error.info();
    return {
        .verdict = Verdict::bad,
        .text = error.what(),
        .fix = info.hint.empty() ? "correct the cause, then repeat pecanctl doctor" : info.hint};
  }
}

// What the threads of one examination share.
class Round {
 public:
  Round(const Subject& subject, std::stop_token stop) : subject_{subject}, stop_{std::move(stop)} {}

  void run(const Check& check) noexcept
  {
    const auto started = Deadline::Clock::now();
    Finding finding;
    try {
      const auto reason = check.needs.empty() ? std::string{} : wait_for(*find_check(check.needs));
      finding = reason.empty() ? run_guarded(check, subject_, stop_)
                               : Finding{.verdict = Verdict::skipped, .text = reason};
    } catch (const Cancelled&) {
      finding = {.verdict = Verdict::skipped, .text = "interrupted"};
    } catch (const std::exception& error) {
      finding = {.verdict = Verdict::bad,
                 .text = fmt::format("a bug in pecanctl: {}", error.what()),
                 .fix = "please report it: pecanctl doctor --report FILE"};
    }
    const auto elapsed = Deadline::Clock::now() - started;
    const std::scoped_lock lock{mutex_};
    results_.at(index_of(check)) =
        Examined{.check = &check,
                 .finding = std::move(finding),
                 .elapsed = std::chrono::duration_cast<std::chrono::milliseconds>(elapsed)};
    changed_.notify_all();
  }

  const Examined& result(const Check& check) const { return *results_.at(index_of(check)); }

 private:
  // Empty when it did not fail, else why its followers are skipped.
  std::string wait_for(const Check& check)
  {
    std::unique_lock lock{mutex_};
    const auto& result = results_.at(index_of(check));
    changed_.wait(lock, stop_, [&] { return result.has_value(); });
    check_stop(stop_);
    const auto& finding = result->finding;
    if (finding.verdict == Verdict::bad) {
      return fmt::format("needs {} ({}), which failed", check.name, check.code);
    }
    return finding.verdict == Verdict::skipped ? finding.text : std::string{};
  }

  const Subject& subject_;
  std::stop_token stop_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::array<std::optional<Examined>, k_checks.size()> results_;
};

// `checks` and all that they need.
std::vector<const Check*> with_needed(std::span<const Check* const> checks)
{
  std::array<bool, k_checks.size()> is_wanted{};
  for (const auto* check : checks) {
    while (check != nullptr) {
      is_wanted.at(index_of(*check)) = true;
      check = find_check(check->needs);
    }
  }
  std::vector<const Check*> all;
  for (const auto& check : k_checks) {
    if (is_wanted.at(index_of(check))) {
      all.push_back(&check);
    }
  }
  return all;
}

}  // namespace

std::string_view to_string(Verdict verdict)
{
  constexpr std::array<std::string_view, 4> k_names{"ok", "warning", "failed", "skipped"};
  return k_names.at(static_cast<std::size_t>(verdict));
}

std::span<const Check> all_checks()
{
  return k_checks;
}

std::vector<const Check*> select_checks(const std::vector<std::string>& names)
{
  std::array<bool, k_checks.size()> is_wanted{};
  is_wanted.fill(names.empty());
  for (const auto& name : names) {
    auto code = name;
    std::ranges::transform(code, code.begin(), [](unsigned char letter) {
      return static_cast<char>(std::toupper(letter));
    });
    const auto* const found = std::ranges::find_if(
        k_checks, [&](const Check& check) { return check.name == name || check.code == code; });
    if (found == k_checks.end()) {
      std::vector<std::string> known;
      for (const auto& check : k_checks) {
        known.insert(known.end(), {std::string{check.name}, std::string{check.code}});
      }
      const auto guess = did_you_mean(name, known);
      throw Error{{.code = ErrorCode::usage,
                   .what = fmt::format("there is no check '{}'", name),
                   .hint = guess.empty() ? "pecanctl doctor --list names them all" : guess}};
    }
    is_wanted.at(index_of(*found)) = true;
  }
  std::vector<const Check*> selected;
  for (const auto& check : k_checks) {
    if (is_wanted.at(index_of(check))) {
      selected.push_back(&check);
    }
  }
  return selected;
}

std::vector<Examined> examine(const Subject& subject, std::span<const Check* const> checks,
                              const std::stop_token& stop)
{
  Round round{subject, stop};
  {
    std::vector<std::jthread> threads;
    for (const auto* check : with_needed(checks)) {
      threads.emplace_back([&round, check] { round.run(*check); });
    }
  }
  check_stop(stop);
  std::vector<Examined> results;
  std::ranges::transform(checks, std::back_inserter(results),
                         [&](const Check* check) { return round.result(*check); });
  return results;
}

}  // namespace pecanctl::inspection
