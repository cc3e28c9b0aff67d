// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pecanctl {

std::vector<std::string> split(std::string_view text, char separator);
std::string_view trim(std::string_view text);
bool is_valid_utf8(std::string_view text);

/// The candidate that `word` most likely meant, if one is near enough (Damerau-Levenshtein distance
/// of at most a third of its length, case ignored).
std::optional<std::string> closest_match(std::string_view word,
                                         std::span<const std::string> candidates);

/// "did you mean `x`?", or empty.
std::string did_you_mean(std::string_view word, std::span<const std::string> candidates);

/// Bytes of "512MiB", "8GiB", "2GB", "1024". KiB, MiB, GiB, TiB are powers of 1024; KB, MB, GB, TB
/// of 1000.
std::optional<std::uint64_t> parse_size(std::string_view text);
/// Duration of "90s", "5m", "12h", "7d", "250ms", or "1h30m".
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);

/// "1.5 GiB", "312 B".
std::string format_size(std::uint64_t bytes);
/// "250ms", "3.1s", "2m41s", "5h12m".
std::string format_duration(std::chrono::milliseconds duration);
/// "2026-11-20T05:50:01Z".
std::string format_time(std::chrono::system_clock::time_point time);

/// `text` as it may stand in one part of a URL. Source: RFC 3986, unreserved characters.
std::string percent_encode(std::string_view text);
/// The inverse; nothing when a "%" is not followed by two hex digits.
std::optional<std::string> percent_decode(std::string_view text);

/// Control characters (terminal escapes too) made visible as \xNN, so that foreign text cannot
/// drive a terminal. Newline and tab stay.
std::string escape_control(std::string_view text);

}  // namespace pecanctl
