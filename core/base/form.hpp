// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace pecanctl {

/// The fields of a form ("a=1&b=x+y%21"): + is a blank, %-escapes are decoded. Nothing when an
/// escape is broken, a field stands twice, or there are more than 32. Source: WHATWG URL,
/// "application/x-www-form-urlencoded parsing".
std::optional<std::map<std::string, std::string, std::less<>>> parse_form(std::string_view body);

}  // namespace pecanctl
