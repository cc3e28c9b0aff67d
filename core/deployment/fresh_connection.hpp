// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>
#include <stop_token>

#include "core/base/retry.hpp"
#include "core/deployment/tasks.hpp"

namespace pecanctl::deployment {

/// Does `work`, again and with new connections when it fails: a service that just became healthy
/// may drop its first ones. What is tried here may be repeated.
template <typename Work>
auto with_fresh_connection(Services& services, const Deadline& deadline,
                           const std::stop_token& stop, Work work)
{
  return retry_until(deadline.sooner(std::chrono::seconds{30}), stop, {}, [&] {
    try {
      return work();
    } catch (const Error&) {
      services.forget();
      throw;
    }
  });
}

}  // namespace pecanctl::deployment
