// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <unistd.h>

#include <mutex>
#include <nlohmann/json.hpp>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "cli/output/stream.hpp"
#include "core/base/error.hpp"

namespace pecanctl::cli::output {

/// Rows under a header. On a terminal columns are aligned; elsewhere cells are separated by tabs
/// and never cut.
struct Table {
  std::vector<std::string> header;
  std::vector<std::vector<std::string>> rows;
};

/// What goes to stdout: the answer. With --json every line is one JSON object.
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

  bool is_json() const { return is_json_; }

  bool is_terminal() const { return is_terminal_; }

  /// A line for people; nothing with --json or -q.
  void say(std::string_view text);
  void table(const Table& table);
  /// One JSON object on its own line ("v" and "type" are added); nothing without --json.
  void record(std::string_view type, nlohmann::json fields);
  /// Adds to the closing `result` line.
  void add_to_result(std::string_view name, nlohmann::json value);
  /// From now on nobody waits for a reader of stdout until `finish`: for whoever holds a lock.
  void go_on_unread();
  /// The closing line of an acting command, and the error before it. Waits until everything is
  /// read.
  void finish(int exit, const Error* error);
  /// A read command answers with one document, and has no `result` line when it succeeds.
  void document(nlohmann::json fields);

 private:
  void write(std::string_view text);

  bool is_json_;
  bool is_quiet_;
  bool is_terminal_;
  bool has_document_ = false;
  std::mutex mutex_;
  std::mutex output_mutex_;
  PatientOutput output_;
  nlohmann::json result_ = nlohmann::json::object();
};

}  // namespace pecanctl::cli::output
