// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace pecanctl {

/// `bytes` in base64 with padding. Source: RFC 4648, section 4.
std::string encode_base64(std::string_view bytes);

/// What `text` encodes; nothing when it is not base64 with padding.
std::optional<std::string> decode_base64(std::string_view text);

}  // namespace pecanctl
