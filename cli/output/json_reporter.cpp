// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include <chrono>
#include <map>
#include <mutex>

#include <nlohmann/json.hpp>

#include "cli/output/reporters.hpp"
#include "cli/output/terminal.hpp"

namespace pecanctl::cli::output {
namespace {

using nlohmann::json;

class JsonReporter : public Reporter {
 public:
  JsonReporter(Printer& printer, Verbosity verbosity) : printer_{printer}, verbosity_{verbosity} {}

  void on(const Event& event) noexcept override
  {
    const std::scoped_lock lock{mutex_};
    try {
      std::visit([this](const auto& e) { handle(e); }, event);
    } catch (const std::exception& error) {
      write_stderr(std::string{"warning: "} + error.what() +
                   "\n");  // the work goes on without its listener
    }
  }

 private:
  struct Open {
    std::string action = {};
    std::string group = {};
    std::chrono::steady_clock::time_point since = std::chrono::steady_clock::now();
  };

  void handle(const StepStarted& e)
  {
    open_.insert_or_assign(e.id, Open{.action = e.action, .group = e.group});
    step(e.id, "started", json::object());
  }

  void handle(const StepProgress& e)
  {
    json fields{{"reason", e.state}};
    if (e.total > 0) {
      fields.update({{"current", e.current}, {"total", e.total}, {"unit", e.unit}});
    }
    step(e.id, "waiting", fields);
  }

  void handle(const StepFinished& e)
  {
    const auto* state = e.outcome == StepOutcome::done      ? "done"
                        : e.outcome == StepOutcome::skipped ? "skipped"
                                                            : "failed";
    step(e.id, state, {{"detail", e.detail}, {"elapsed_ms", e.elapsed.count()}});
    open_.erase(e.id);
  }

  void handle(const Note& e)
  {
    if (e.level == NoteLevel::warning) {
      printer_.record("warning", {{"message", e.text}});
    } else if (verbosity_ == Verbosity::verbose || e.level == NoteLevel::info) {
      printer_.record("note", {{"message", e.text}});
    }
  }

  void step(const std::string& id, const char* state, const json& fields)
  {
    const auto& begun = open_[id];
    const auto elapsed = std::chrono::steady_clock::now() - begun.since;
    json line{
        {"id", id},
        {"action", begun.action},
        {"group", begun.group},
        {"state", state},
        {"elapsed_ms", std::chrono::duration_cast<std::chrono::milliseconds>(elapsed).count()}};
    line.update(fields);
    printer_.record("step", std::move(line));
  }

  Printer& printer_;
  Verbosity verbosity_;
  std::mutex mutex_;
  std::map<std::string, Open> open_;
};

}  // namespace

std::unique_ptr<Reporter> make_json_reporter(Printer& printer, Verbosity verbosity)
{
  return std::make_unique<JsonReporter>(printer, verbosity);
}

}  // namespace pecanctl::cli::output
