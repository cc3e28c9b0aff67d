// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string_view>

#include "core/rabbitmq/broker.hpp"

namespace pecanctl::rabbitmq {

/// The published messages that the broker has not answered, by delivery tag. Each gets exactly one
/// outcome.
class ConfirmWindow {
 public:
  using OnOutcome = std::function<void(std::size_t, PublishOutcome)>;

  /// Both outlive this.
  ConfirmWindow(std::span<const Message> messages, const OnOutcome& on_outcome)
      : messages_{messages},
        on_outcome_{on_outcome}
  {
  }

  std::size_t size() const { return unanswered_.size(); }

  /// Message `index` leaves with `tag`; tags only grow.
  void sent(std::uint64_t tag, std::size_t index)
  {
    unanswered_.emplace(tag, Entry{.index = index});
  }

  /// basic.ack or basic.nack of `tag`, or of everything up to it (`multiple`; tag 0: everything).
  void answered(std::uint64_t tag, bool multiple, bool is_acked);
  /// basic.return, which carries no tag: the oldest equal message not returned yet. Its ack
  /// follows.
  void returned(const Message& message);
  /// The answers will not come.
  void give_up();

 private:
  struct Entry {
    std::size_t index = 0;
    bool is_returned = false;
  };

  std::span<const Message> messages_;
  const OnOutcome& on_outcome_;
  std::map<std::uint64_t, Entry> unanswered_;
};

}  // namespace pecanctl::rabbitmq
