// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <stop_token>
#include <thread>

#include "core/base/cancel.hpp"

namespace pecanctl::rabbitmq {

/// While it lives, shuts `socket` down when the deadline or a stop is past by 200 ms. It ends a
/// write inside librabbitmq that no time limit of the library reaches (a broker under a memory
/// alarm reads nothing).
class StallGuard {
 public:
  StallGuard(int socket, const Deadline& deadline, std::stop_token stop);

 private:
  std::jthread thread_;
};

}  // namespace pecanctl::rabbitmq
