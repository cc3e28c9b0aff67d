// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <stop_token>
#include <string>
#include <vector>

#include "core/base/cancel.hpp"
#include "core/base/report.hpp"
#include "core/engine/data_access.hpp"
#include "core/rabbitmq/broker.hpp"
#include "core/workflow/await.hpp"
#include "core/workflow/run_store.hpp"

namespace pecanctl::workflow {

/// How an attempt ended.
struct JobResult {
  std::uint32_t number = 0;  ///< of the job in its run, from 0
  std::string folder = {};   ///< as workers see it
  bool is_ok = false;
  JobEnd end = JobEnd::ok;
  int attempt = 1;
  bool is_retried = false;               ///< it failed, and another attempt begins
  std::chrono::milliseconds elapsed{0};  ///< since we sent it, or began to wait
  std::chrono::milliseconds ran{0};      ///< as long as a worker had it, at most
  std::string output = {};               ///< the end of what it printed, or why there is nothing
  std::string whole_output = {};         ///< all that was read of it
};

/// How long things take; tests shorten them.
struct RunTiming {
  std::chrono::milliseconds look{200};              ///< between two looks at local files
  std::chrono::milliseconds first_slow_look{1000};  ///< through the engine: grows from this
  std::chrono::milliseconds longest_slow_look{10'000};
  std::chrono::milliseconds ask{2000};           ///< between two questions to broker and workers
  std::chrono::milliseconds lost_after{30'000};  ///< silence after which a job counts as lost
  std::chrono::milliseconds publish{60'000};     ///< a batch, and 10 ms a job; blocked or not
  std::chrono::milliseconds reconnect{120'000};  ///< without the broker
};

struct RunOptions {
  std::size_t most_at_once = 0;  ///< jobs under way, 0: no limit
  bool recognises_duplicates =
      false;                    ///< the worker runs a message that comes twice once (pecan-worker)
  std::size_t window = 900;     ///< unanswered publications
  std::string mount = "/data";  ///< where workers see the data
  bool tells_share = false;     ///< progress in words says "24 %", too
  bool tells_time_left = false;
  RunTiming timing = {};
};

/// What a run works with. All of it outlives the run.
struct RunServices {
  engine::DataAccess& data;
  std::function<std::unique_ptr<rabbitmq::Broker>(const Deadline&, std::stop_token)> connect;
  /// Whether a worker of the model works on anything. May throw Error: not known.
  std::function<bool(const Deadline&, std::stop_token)> is_busy;
  std::function<std::chrono::steady_clock::time_point()> now = std::chrono::steady_clock::now;
  Reporter& reporter;
  std::function<void(const JobResult&)> on_result;
};

/// Carries a run to its end: sends, waits, sends again what failed. Everything it knows is in the
/// journal first, so that another process can go on where this one ended.
class Run {
 public:
  Run(HeldRun& held, RunServices services, RunOptions options);

  /// Sends everything, and returns when the broker has it. @throws Error unreachable, timeout;
  /// Cancelled.
  void submit(const Deadline& deadline, const std::stop_token& stop);
  /// Until every job is over, or the run's policy says to leave the rest alone. @throws Error
  /// timeout (jobs go on), unreachable; Cancelled.
  void wait(const Deadline& deadline, const std::stop_token& stop);

  RunTotals totals() const { return count_ends(held_.state.jobs); }

  /// Takes back what no worker has begun. @throws Error unreachable; Cancelled.
  void cancel(const Deadline& deadline, const std::stop_token& stop);

  /// Whether `run --cancel` or the run's policy ended it early.
  bool is_cut_short() const { return is_halted_ || is_cancelled_; }

 private:
  using Time = std::chrono::steady_clock::time_point;

  bool with_broker(const std::function<void(rabbitmq::Broker&)>& work, const Deadline& deadline,
                   const std::stop_token& stop);
  void connect(const Deadline& deadline, const std::stop_token& stop);
  void send(rabbitmq::Broker& broker, const Deadline& deadline, const std::stop_token& stop);
  std::vector<std::uint32_t> choose() const;
  void receive(rabbitmq::Broker& broker, const Deadline& deadline, const std::stop_token& stop);
  void follow_hint(const rabbitmq::Message& reply, std::vector<std::uint32_t>& hints) const;
  void look(std::span<const std::uint32_t> jobs, const Deadline& deadline,
            const std::stop_token& stop);
  void look_when_due(const Deadline& deadline, const std::stop_token& stop);
  std::chrono::milliseconds look_interval() const;
  void ask_when_due(rabbitmq::Broker& broker, const Deadline& deadline,
                    const std::stop_token& stop);
  bool is_silent(rabbitmq::Broker& broker, const Deadline& deadline, const std::stop_token& stop);
  void give_up_lost(const Deadline& deadline, const std::stop_token& stop);
  void note_started();
  void give_up_late(const Deadline& deadline, const std::stop_token& stop);
  bool obey(const Deadline& deadline, const std::stop_token& stop);
  void cancel_waiting();
  void take_back(const Deadline& deadline, const std::stop_token& stop);
  std::chrono::milliseconds time_of(const Job& job) const;
  std::optional<std::uint32_t> find_job(std::string_view path) const;
  void end_job(std::uint32_t index, const Outcome& outcome, JobEnd end, const Deadline& deadline,
               const std::stop_token& stop);
  void flush();
  bool try_again(std::uint32_t index, JobEnd end, const Deadline& deadline,
                 const std::stop_token& stop);
  void refuse(std::uint32_t index, rabbitmq::PublishOutcome outcome);
  void tell(const Step& step);
  std::string describe_progress(const RunTotals& sum) const;

  HeldRun& held_;
  RunServices services_;
  RunOptions options_;
  std::vector<std::uint32_t> by_folder_;  ///< job numbers, sorted by folder
  std::unique_ptr<rabbitmq::Broker> broker_;
  std::string reply_queue_;
  bool wants_replies_ = false;
  std::optional<Time> away_since_;  ///< without the broker
  Rotation rotation_;
  Silence silence_;
  Silence unattended_;  ///< messages wait, and nobody listens
  Time next_look_ = {};
  Time next_question_ = {};
  std::chrono::milliseconds slow_look_;
  Time asked_at_ = {};  ///< when the broker was last asked
  Time began_ = {};
  std::size_t done_before_ = 0;  ///< jobs that were over then
  RunTimes times_;
  std::uint64_t ready_ = 0;  ///< messages in the queue when last asked
  bool is_warned_ = false;
  bool is_halted_ = false;
  bool is_cancelled_ = false;
  bool has_to_take_back_ = false;
  std::string shown_;
};

}  // namespace pecanctl::workflow
