// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <stop_token>
#include <string>
#include <string_view>

#include "core/base/cancel.hpp"
#include "core/base/fd.hpp"

namespace pecanctl::rabbitmq {

/// A connected, non-blocking TCP socket (no delay, keep-alive). Tries every address of `host`.
/// Wakes on `stop` within 250 ms, the name lookup excepted.
/// @throws Error unreachable, timeout. Cancelled.
Fd connect_tcp(const std::string& host, int port, const Deadline& deadline,
               const std::stop_token& stop);

/// Waits until `fd` can take data. @throws Error timeout, with `what`. Cancelled.
void wait_writable(int fd, std::string_view what, const Deadline& deadline,
                   const std::stop_token& stop);

}  // namespace pecanctl::rabbitmq
