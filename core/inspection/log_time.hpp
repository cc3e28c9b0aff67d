// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pecanctl::inspection {

/// Nanoseconds since the epoch of "2026-11-20", "2026-11-20T05:50:01", and the same with a
/// fraction, "Z" or "+01:00" behind it (UTC without them). Nothing when it is no such text. Source:
/// RFC 3339.
std::optional<std::int64_t> parse_nanoseconds(std::string_view text);

/// "<seconds>.<nanoseconds>", as the engine takes times.
std::string render_engine_time(std::int64_t nanoseconds);

/// The engine's time one nanosecond after the RFC 3339 time `text`; empty when it is none.
std::string just_after(std::string_view text);

}  // namespace pecanctl::inspection
