// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <exception>
#include <functional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace pecanctl {

/// What a caller (and in the end the operator) can do about a failure. `cli/exit_status` maps these
/// to exit codes; nothing else knows them.
enum class ErrorCode {
  failed,       ///< failed for its own reasons; nothing was left half-done
  usage,        ///< the command line is wrong
  invalid,      ///< pecan.yml, a secret or an input file is invalid
  unreachable,  ///< a service cannot be reached: the same call may work later
  denied,       ///< a service refuses our credentials or rights
  conflict,     ///< locked by another pecanctl, or the name belongs to somebody else
  timeout,      ///< the deadline passed first
  partial,      ///< some of it is done; repeating continues
  unconfirmed,  ///< a confirmation is missing; nothing was changed
  not_found,    ///< no such instance, service, model or site
  finding,      ///< a check found something
  workload,     ///< a model job ended in ERROR
  internal,     ///< a bug in pecanctl
};

/// Lower-case name of `code`, as error blocks and JSON show it ("unreachable").
std::string_view to_string(ErrorCode code);

/// A place in an input file that is wrong. Line and column count from 1; 0 means "the file as a
/// whole".
struct Diagnostic {
  std::string file = {};
  int line = 0;
  int column = 0;
  std::string message = {};
  std::string hint = {};     ///< an instruction, or empty
  std::string excerpt = {};  ///< the source line, empty when there is none to show
};

/// What the operator reads.
struct ErrorInfo {
  ErrorCode code = ErrorCode::internal;
  std::string what = {};                     ///< "cannot <verb> <object>", in the user's words
  std::string why = {};                      ///< the other party's words, endpoint redacted
  std::string hint = {};                     ///< an instruction, or empty; never a guess
  std::vector<Diagnostic> diagnostics = {};  ///< for input files: every mistake found
  std::vector<std::string> trail = {};       ///< the last words of what failed, line by line
  bool has_changed_nothing = false;          ///< true only where that is certain
};

/// The one type that says something failed. Cancellation is `Cancelled` (cancel.hpp), not this.
class Error : public std::exception {
 public:
  explicit Error(ErrorInfo info);

  const ErrorInfo& info() const noexcept { return info_; }

  ErrorCode code() const noexcept { return info_.code; }

  /// Where it happened, innermost first, as added by `with_context`.
  const std::vector<std::string>& frames() const noexcept { return frames_; }

  void add_frame(std::string frame) { frames_.push_back(std::move(frame)); }

  /// "<what>: <why>", one line.
  const char* what() const noexcept override { return line_.c_str(); }

 private:
  ErrorInfo info_;
  std::vector<std::string> frames_;
  std::string line_;
};

/// Runs `work`; an Error that leaves it carries `frame` ("while deploying instance 'demo'").
template <typename Work>
auto with_context(std::string_view frame, Work&& work) -> std::invoke_result_t<Work>
{
  try {
    return std::invoke(std::forward<Work>(work));
  } catch (Error& error) {
    error.add_frame(std::string{frame});
    throw;
  }
}

/// An Error from a system call: `why` is strerror(errno_value), the code follows from it
/// (EACCES, EPERM: denied; ENOENT: not_found; else failed).
Error system_error(std::string what, int errno_value, std::string hint = {});

}  // namespace pecanctl
