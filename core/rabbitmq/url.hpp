// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace pecanctl::rabbitmq {

/// `text` as one segment of a URL (RFC 3986; unreserved characters kept).
std::string percent_encode(std::string_view text);
/// The inverse; nothing when a "%" is not followed by two hex digits.
std::optional<std::string> percent_decode(std::string_view text);

}  // namespace pecanctl::rabbitmq
