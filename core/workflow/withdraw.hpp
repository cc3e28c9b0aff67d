// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string_view>
#include <vector>

#include "core/base/cancel.hpp"
#include "core/rabbitmq/broker.hpp"

namespace pecanctl::workflow {

/// Which job of ours a message is; nothing for everybody else's.
using FindJob = std::function<std::optional<std::uint32_t>(const rabbitmq::Message&)>;

/// Takes the messages of `wanted` jobs that no worker has begun out of the queue, and returns which
/// those were. Everything in the queue is held for that moment, unacknowledged: the broker puts
/// what is not ours back where it stood, at the latest when `broker`, a connection of its own, is
/// gone. Those messages are marked as redelivered then. @throws as Broker; what was not
/// acknowledged is back in the queue.
std::vector<std::uint32_t> withdraw_jobs(std::unique_ptr<rabbitmq::Broker> broker,
                                         std::string_view queue, std::size_t wanted,
                                         const FindJob& find_job, const Deadline& deadline,
                                         std::stop_token stop);

}  // namespace pecanctl::workflow
