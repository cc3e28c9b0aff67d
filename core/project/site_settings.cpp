// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/text.hpp"
#include "core/project/instance_file.hpp"

namespace pecanctl::project {
namespace {

constexpr std::size_t k_longest_column = 255;  // of BETY's machines

bool is_one_word(std::string_view text)
{
  return is_valid_utf8(text) && std::ranges::none_of(text, [](unsigned char letter) {
           return std::iscntrl(letter) != 0 || letter == ' ';
         });
}

}  // namespace

std::optional<std::int64_t> parse_site_id(std::string_view text)
{
  if (text == "auto") {
    return std::nullopt;
  }
  std::int64_t id = -1;
  const auto* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, id);
  if (error != std::errc{} || stop != end || id < 0 || id > k_last_site) {
    throw Error{{.code = ErrorCode::usage,
                 .what = fmt::format("`{}` is no site number", escape_control(text)),
                 .hint = fmt::format("write auto, or a number from 0 to {}", k_last_site)}};
  }
  return id;
}

std::string explain_site_url(std::string_view text)
{
  constexpr std::array<std::string_view, 3> k_schemes{"http://", "https://", "ftp://"};
  const auto fits = [&](std::string_view scheme) {
    return text.starts_with(scheme) && text.size() > scheme.size();
  };
  if (std::ranges::none_of(k_schemes, fits)) {
    return "must begin with http://, https:// or ftp://";
  }
  return !is_one_word(text)               ? "must not have blanks or control characters"
         : text.size() > k_longest_column ? "is longer than BETY's 255 characters"
                                          : "";
}

std::string explain_site_contact(std::string_view text)
{
  const auto at = text.find('@');
  if (at == std::string_view::npos || at == 0 || at + 1 == text.size()) {
    return "is no e-mail address";
  }
  return !is_one_word(text)               ? "must not have blanks or control characters"
         : text.size() > k_longest_column ? "is longer than BETY's 255 characters"
                                          : "";
}

std::string explain_loopback(std::string_view text)
{
  constexpr int k_highest_port = 65'535;
  const auto colon = text.rfind(':');
  const auto host = text.substr(0, colon);
  const auto port = colon == std::string_view::npos ? std::string_view{} : text.substr(colon + 1);
  int number = -1;
  const auto [stop, error] = std::from_chars(port.data(), port.data() + port.size(), number);
  if (error != std::errc{} || stop != port.data() + port.size() || number < 0 ||
      number > k_highest_port) {
    return "is no ADDRESS:PORT";
  }
  return host.starts_with("127.") || host == "localhost" || host == "::1"
             ? ""
             : "must be on the loopback address: secrets are sent there; put a web server with TLS "
               "in front";
}

bool is_host_name(std::string_view text)
{
  return !text.empty() && text.size() <= k_longest_column &&
         std::ranges::all_of(text, [](unsigned char letter) {
           return letter < 0x80 &&
                  (std::isalnum(letter) != 0 || letter == '.' || letter == '-' || letter == '_');
         });
}

}  // namespace pecanctl::project
