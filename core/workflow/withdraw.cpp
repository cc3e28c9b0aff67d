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
  constexpr std::chrono::milliseconds k_silence{300};
  std::vector<std::uint32_t> taken;
  const auto consumer = broker->consume(queue, 0, false, deadline, stop);
  bool is_empty = false;  // and what is still on its way comes within one more silence
  while (taken.size() < wanted) {
    deadline.check("taking jobs out of the queue");
    const auto delivery = broker->next_delivery(k_silence, -1, stop);
    if (!delivery) {
      if (is_empty) {
        break;
      }
      const auto state = broker->find_queue(queue, deadline, stop);
      is_empty = !state || state->ready == 0;  // else it is slow
    } else if (const auto job = find_job(delivery->message)) {
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
