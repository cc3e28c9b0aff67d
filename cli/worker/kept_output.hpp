// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace pecanctl::worker {

/// What a job printed, at most 1 MiB of it: the first 64 KiB and the last part, with a line between
/// them that says how much is left out.
class KeptOutput {
 public:
  void add(std::string_view piece);
  std::string text() const;

 private:
  std::string head_;
  std::string tail_;       ///< may be longer than what is kept, never twice
  std::uint64_t cut_ = 0;  ///< bytes between them
};

}  // namespace pecanctl::worker
