// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>
#include <variant>
#include <vector>

namespace pecanctl {

/// A piece of work began. `id` is unique within a command ("demo-postgres-1"); `group` is what a
/// terminal view may fold it under ("postgres"); `action` is a verb ("create", "pull", "wait").
struct StepStarted {
  std::string id = {};
  std::string group = {};
  std::string action = {};
  std::string detail = {};
};

/// It goes on. `total` 0 means unknown; `unit` is "B" for bytes or a plural noun.
struct StepProgress {
  std::string id = {};
  std::string state = {};  ///< what is waited for: "health: starting"
  std::uint64_t current = 0;
  std::uint64_t total = 0;
  std::string unit = {};
};

enum class StepOutcome { done, skipped, failed };

/// It ended.
struct StepFinished {
  std::string id = {};
  StepOutcome outcome = StepOutcome::done;
  std::string detail = {};
  std::chrono::milliseconds elapsed{0};
  std::vector<std::string> trail = {};  ///< the last words of what failed: its log, line by line
};

enum class NoteLevel { debug, info, warning };

/// Something worth a line. `debug` shows with -v only.
struct Note {
  NoteLevel level = NoteLevel::info;
  std::string text = {};
};

using Event = std::variant<StepStarted, StepProgress, StepFinished, Note>;

/// Where core tells what happens. Renderers live in cli/output.
class Reporter {
 public:
  virtual ~Reporter() = default;
  /// Thread-safe; never throws, whatever happens to the output.
  virtual void on(const Event& event) noexcept = 0;
};

/// Drops everything.
class SilentReporter : public Reporter {
 public:
  void on(const Event& /*event*/) noexcept override {}
};

/// Reports one step: started now, finished when it leaves scope: as `set_outcome` said, else
/// `done`, or `failed` when by an exception.
class Step {
 public:
  Step(Reporter& reporter, StepStarted started);
  Step(const Step&) = delete;
  Step& operator=(const Step&) = delete;
  ~Step();

  void progress(std::string state, std::uint64_t current = 0, std::uint64_t total = 0,
                std::string unit = {}) const;

  /// What the closing line shows ("healthy", "3.1 MiB").
  void set_detail(std::string detail) { detail_ = std::move(detail); }

  /// What is shown under the closing line of a step that failed.
  void set_trail(std::vector<std::string> trail) { trail_ = std::move(trail); }

  void set_outcome(StepOutcome outcome) { outcome_ = outcome; }

 private:
  Reporter& reporter_;
  std::string id_;
  std::string detail_;
  std::vector<std::string> trail_;
  StepOutcome outcome_ = StepOutcome::done;
  int exceptions_;
  std::chrono::steady_clock::time_point started_;
};

/// Shorthands for notes.
void note(Reporter& reporter, std::string text);
void warn(Reporter& reporter, std::string text);
void debug(Reporter& reporter, std::string text);

}  // namespace pecanctl
