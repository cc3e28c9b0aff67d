// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "core/engine/data_access.hpp"

namespace pecanctl::workflow {

/// The file in a run folder that says how its job ended: two lines, what it printed as Python shows
/// bytes, then OK or ERROR. Source: PEcAn docker/models/model.py.
inline constexpr std::string_view k_outcome_name = "rabbitmq.out";
/// As much of its end as is read.
inline constexpr std::size_t k_outcome_limit = std::size_t{64} << 10U;

struct Outcome {
  bool is_ok = false;
  std::string output = {};  ///< decoded; its end where the file is longer than `k_outcome_limit`
};

/// What `file` says; nothing while it is not whole (PEcAn's worker writes it in three steps).
std::optional<Outcome> parse_outcome(const engine::FileEnd& file);

/// The bytes that Python printed as `repr` (b'…', b"…", or plain text, which stays as it is).
std::string decode_python_repr(std::string_view repr);

/// The last `lines` lines of `output`, without blank ones at the end.
std::string tail_of(std::string_view output, std::size_t lines);

}  // namespace pecanctl::workflow
