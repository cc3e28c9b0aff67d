// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <unistd.h>

#include <chrono>
#include <functional>
#include <mutex>
#include <nlohmann/json.hpp>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "cli/output/stream.hpp"
#include "core/base/error.hpp"
#include "core/base/redact.hpp"

namespace pecanctl::cli::output {

/// Rows under a header. On a terminal columns are aligned; elsewhere cells are separated by tabs
/// and never cut.
struct Table {
  std::vector<std::string> header;
  std::vector<std::vector<std::string>> rows;
};

/// What goes to stdout: the answer. With --json every line is one JSON object, whose schema is
/// templates/schema/<its type>.json. Secrets that the redactor knows are taken out of everything.
class Printer {
 public:
  /// After a request to `stop` it does not wait for a reader who does not read.
  Printer(bool is_json, bool is_quiet, bool is_terminal, std::stop_token stop = {})
      : is_json_{is_json},
        is_quiet_{is_quiet},
        is_terminal_{is_terminal},
        output_{STDOUT_FILENO, std::move(stop)}
  {
  }

  /// Which command this is about. A reading one answers with a single document of that type; an
  /// acting one with JSON Lines, the first of which is `start`.
  void begin(std::string_view command, bool is_reading);
  /// The instance acted on, as soon as it is known: the `start` line names it.
  void set_instance(std::string_view name);

  /// Signs are written in ASCII from now on: the locale is not UTF-8.
  void use_ascii() { is_ascii_ = true; }

  /// Called before each write, and what it returns kept until that is done: a live view on the same
  /// terminal makes room.
  using Hold = std::function<std::unique_lock<std::mutex>()>;

  void set_hold(Hold hold) { hold_ = std::move(hold); }

  Redactor& redactor() { return redactor_; }

  bool is_json() const { return is_json_; }

  bool is_terminal() const { return is_terminal_; }

  /// A line for people; nothing with --json or -q.
  void say(std::string_view text);
  void table(const Table& table);
  /// One JSON object on its own line ("v" and "type" are added); nothing without --json.
  void record(std::string_view type, nlohmann::json fields);
  /// Adds to the closing `result` line. `name` is ours, never a user's word: what has names of its
  /// own goes into an object ("replicas": {"sipnet": 4}).
  void add_to_result(std::string_view name, nlohmann::json value);
  /// From now on nobody waits for a reader of stdout until `finish`: for whoever holds a lock.
  void go_on_unread();
  /// The closing `result`, and the error before it. Nothing of what was added replaces `exit`.
  /// Waits until everything is read, and returns whether it was.
  bool finish(int exit, const Error* error);
  /// A read command answers with one document, and has no `result` line when it succeeds. Its type
  /// is the command's name unless `type` says another.
  void document(nlohmann::json fields, std::string_view type = {});

 private:
  void write(std::string_view text);
  void write_lines(const std::string& text);
  void write_result(int exit);
  void write_record(std::string_view type, const nlohmann::json& fields);

  bool is_json_;
  bool is_quiet_;
  bool is_terminal_;
  bool has_document_ = false;
  bool is_start_due_ = false;
  bool is_ascii_ = false;
  Hold hold_;
  std::string command_;
  std::string instance_;
  std::chrono::system_clock::time_point begun_at_ = std::chrono::system_clock::now();
  std::chrono::steady_clock::time_point begun_ = std::chrono::steady_clock::now();
  Redactor redactor_;
  std::mutex mutex_;
  std::mutex output_mutex_;
  PatientOutput output_;
  nlohmann::json result_ = nlohmann::json::object();
};

}  // namespace pecanctl::cli::output
