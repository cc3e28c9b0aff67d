// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/workflow/withdraw.hpp"

#include <utility>

#include "core/base/failpoint.hpp"

namespace pecanctl::workflow {

std::vector<std::uint32_t> withdraw_jobs(std::unique_ptr<rabbitmq::Broker> broker,
                                         std::string_view queue, std::size_t wanted,
                                         const FindJob& find_job, const Deadline& deadline,
                                         std::stop_token stop)
{
  constexpr std::chrono::milliseconds k_last_word{300};  // then the queue is empty
  std::vector<std::uint32_t> taken;
  const auto consumer = broker->consume(queue, 0, false, deadline, stop);
  while (taken.size() < wanted) {
    deadline.check("taking jobs out of the queue");
    const auto delivery = broker->next_delivery(k_last_word, -1, stop);
    if (!delivery) {
      break;
    }
    if (const auto job = find_job(delivery->message)) {
      broker->ack(delivery->tag);
      taken.push_back(*job);
    }
  }
  // The broker answers this after it has read the acknowledgements.
  broker->cancel_consumer(consumer, deadline, std::move(stop));
  failpoint("run.withdrawn");
  return taken;
}

}  // namespace pecanctl::workflow
