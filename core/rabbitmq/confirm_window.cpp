// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/rabbitmq/confirm_window.hpp"

#include <algorithm>

namespace pecanctl::rabbitmq {

void ConfirmWindow::answered(std::uint64_t tag, bool multiple, bool is_acked)
{
  auto entry = multiple ? unanswered_.begin() : unanswered_.find(tag);
  const auto end = multiple && tag == 0 ? unanswered_.end() : unanswered_.upper_bound(tag);
  while (entry != end && entry != unanswered_.end()) {
    const auto [index, is_returned] = entry->second;
    entry = unanswered_.erase(entry);  // first: the caller's function may throw
    const auto acked = is_returned ? PublishOutcome::returned : PublishOutcome::confirmed;
    on_outcome_(index, is_acked ? acked : PublishOutcome::refused);
  }
}

void ConfirmWindow::returned(const Message& message)
{
  const auto match = std::ranges::find_if(unanswered_, [&](const auto& item) {
    const auto& sent = messages_[item.second.index];
    return !item.second.is_returned && sent.message_id == message.message_id &&
           sent.body == message.body;
  });
  if (match != unanswered_.end()) {
    match->second.is_returned = true;
  }
}

void ConfirmWindow::give_up()
{
  while (!unanswered_.empty()) {
    const auto index = unanswered_.begin()->second.index;
    unanswered_.erase(unanswered_.begin());
    on_outcome_(index, PublishOutcome::unconfirmed);
  }
}

}  // namespace pecanctl::rabbitmq
