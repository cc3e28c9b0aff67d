// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <stop_token>
#include <string>

#include "core/base/cancel.hpp"
#include "core/engine/data_access.hpp"
#include "core/rabbitmq/broker.hpp"
#include "core/workflow/run_store.hpp"

namespace pecanctl::workflow {

/// What a job became, or why it was not sent.
using OnRefused = std::function<void(std::uint32_t job, rabbitmq::PublishOutcome)>;

struct SubmissionOptions {
  std::string reply_to = {};       ///< empty: nobody waits
  std::size_t window = 900;        ///< unanswered messages at most
  bool trusts_first_look = false;  ///< what had no outcome when the run began has none now
  std::string mount = "/data";
};

/// Sends `jobs` of `run`, noting in its journal what is about to be sent; that it was confirmed is
/// left in `run.unwritten`, for the next batch to write with one sync. Those that wait lose an
/// older outcome first (where it cannot be removed it is remembered, and does not count); those
/// already sent once are sent again under the same id. `on_refused` gets those that the broker did
/// not take. When the connection breaks, jobs that may have arrived stay `sent`; those that were
/// not sent wait again. @throws as Broker::publish.
void send_jobs(HeldRun& run, std::span<const std::uint32_t> jobs, engine::DataAccess& data,
               rabbitmq::Broker& broker, const SubmissionOptions& options,
               const OnRefused& on_refused, const Deadline& deadline, std::stop_token stop);

}  // namespace pecanctl::workflow
