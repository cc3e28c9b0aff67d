// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <atomic>
#include <functional>
#include <mutex>
#include <stop_token>
#include <string_view>
#include <thread>

namespace pecanctl::cli {

/// Turns SIGINT, SIGTERM and SIGHUP into a stop request. Construct before the first thread: it
/// blocks them everywhere and waits for them on a thread of its own, so nothing of ours runs in a
/// handler. The first one is answered with a word on stderr; the second one ends the process at
/// once with 128 + its number. SIGPIPE is ignored.
class Signals {
 public:
  Signals();
  ~Signals();
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

  std::stop_token stop() const { return source_.get_token(); }

  /// What the first signal is answered with.
  static constexpr std::string_view k_word =
      "stopping after the current step; once more to stop now";

  /// From now on somebody else, told by the stop token, says the word; or nobody does any more.
  void leave_word_to_others(bool others_say_it) { others_say_it_ = others_say_it; }

  /// The signal that asked for the stop, 0 when none did.
  int received() const { return received_; }

  /// Whether the command wants no word, see leave_quietly.
  bool is_quiet() const { return is_quiet_; }

  /// For a command that only looks on and is ended by Ctrl-C: the first signal gets no word. Before
  /// a second one ends the process, `restore` runs (on another thread): it gives the terminal back.
  void leave_quietly(std::function<void()> restore) const;

 private:
  void wait_for_signals();

  std::stop_source source_;
  std::atomic<bool> others_say_it_{false};
  std::atomic<int> received_{0};
  std::thread stopper_;  // started by the waiter
  mutable std::mutex quiet_mutex_;
  mutable std::function<void()> restore_;
  mutable std::atomic<bool> is_quiet_{false};
  std::thread waiter_;
};

}  // namespace pecanctl::cli
