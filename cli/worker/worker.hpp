// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "cli/worker/broker_link.hpp"
#include "cli/worker/config.hpp"
#include "cli/worker/event_set.hpp"
#include "cli/worker/folder_lock.hpp"
#include "cli/worker/heartbeat.hpp"
#include "cli/worker/job.hpp"
#include "cli/worker/job_process.hpp"
#include "cli/worker/log.hpp"
#include "cli/worker/outcome_file.hpp"
#include "cli/worker/patience.hpp"

namespace pecanctl::worker {

/// Whether `delivery` is the message of which `record` tells. Without an id only the broker's word
/// ("redelivered") says so.
bool is_same_message(const FolderRecord& record, const rabbitmq::Delivery& delivery);

/// Takes jobs from the model's queue, one at a time, until SIGTERM. One loop serves the broker, the
/// job's output, and signals; a broker that goes away does not disturb a job.
class Worker {
 public:
  /// Blocks signals: make it before any thread. `log` outlives it.
  Worker(Config config, Log& log);

  /// Returns the exit status: 0 after the first SIGTERM or SIGINT and the end of the job, 143 after
  /// the second, 1 when its patience with an absent broker is over.
  int run();

 private:
  using Clock = std::chrono::steady_clock;

  /// The message in hand: waiting for the folder, then running.
  struct Task {
    rabbitmq::Delivery delivery = {};
    Job job = {};
    bool is_ours = true;  ///< false: the broker took the delivery back with the connection
    bool is_wait_told = false;
    std::optional<FolderLock> lock = {};
    std::unique_ptr<JobProcess> process = {};
    Clock::time_point started = {};
  };

  void serve_broker();
  void send_heartbeat(rabbitmq::Broker& broker);
  void wait();
  std::chrono::milliseconds until_next_event() const;
  void with_broker(const std::function<void(rabbitmq::Broker&)>& work);

  void accept(rabbitmq::Delivery delivery);
  void refuse(const rabbitmq::Delivery& delivery, const Error& error);
  void advance_task();
  void start_task(Task& task);
  void run_job(Task& task);
  void complete_job(Task& task);
  void settle(Status status);
  void reply(const rabbitmq::Delivery& delivery, const std::string& folder, Status status);

  void handle_signals();
  void reap_children();
  void begin_stop();
  void abort_job();
  void check_end();

  Config config_;
  Log& log_;
  SignalQueue signals_;
  EventSet events_;
  std::string id_;
  std::string heartbeat_;
  BrokerLink link_;
  std::string consumer_;  ///< tag; empty while not consuming
  Clock::time_point next_heartbeat_ = {};
  std::optional<Task> task_;
  Patience patience_;
  bool is_draining_ = false;
  std::optional<Clock::time_point> kill_at_;  ///< set once the job is being aborted
  std::optional<int> exit_status_;
};

}  // namespace pecanctl::worker
