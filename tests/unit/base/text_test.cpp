// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/base/text.hpp"

#include <doctest/doctest.h>

#include <array>
#include <utility>

using namespace pecanctl;
using namespace std::chrono_literals;

TEST_CASE("parse_size: binary and decimal units, and nothing else")
{
  CHECK(parse_size("512MiB") == 512ULL << 20U);
  CHECK(parse_size("1.5GiB") == 3ULL << 29U);
  CHECK(parse_size("2GB") == 2'000'000'000ULL);
  CHECK(parse_size("1024") == 1024ULL);
  for (const auto* text : {"", "GiB", "-1MiB", "8 apples", "8GiBs", "1e40TiB", "0x10"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_size(text).has_value());
  }
}

TEST_CASE("parse_duration: units may be combined, a bare number is refused")
{
  CHECK(parse_duration("90s") == 90s);
  CHECK(parse_duration("1h30m") == 90min);
  CHECK(parse_duration("250ms") == 250ms);
  CHECK(parse_duration("7d") == 168h);
  for (const auto* text : {"", "12", "h", "5 m", "1h-5m", "5y"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_duration(text).has_value());
  }
}

TEST_CASE("format_size and format_duration: one unit that fits")
{
  CHECK(format_size(312) == "312 B");
  CHECK(format_size(3ULL << 29U) == "1.5 GiB");
  CHECK(format_duration(250ms) == "250ms");
  CHECK(format_duration(3100ms) == "3.1s");
  CHECK(format_duration(161s) == "2m41s");
  CHECK(format_duration(312min) == "5h12m");
}

TEST_CASE("did_you_mean: near words only")
{
  const std::array<std::string, 3> keys{"replicas", "memory", "max_runtime"};
  CHECK(did_you_mean("replica", keys) == "did you mean `replicas`?");
  CHECK(did_you_mean("mmeory", keys) == "did you mean `memory`?");
  CHECK(did_you_mean("colour", keys).empty());
}

TEST_CASE("is_valid_utf8: RFC 3629, no overlong forms, no surrogates")
{
  CHECK(is_valid_utf8("PEcAn \xC3\xA9 \xE2\x82\xAC \xF0\x9F\x8C\xB2"));
  for (const auto* text :
       {"\xC0\x80", "\xE0\x80\x80", "\xED\xA0\x80", "\xF5\x80\x80\x80", "\xE2\x82", "\xff"}) {
    CHECK_FALSE(is_valid_utf8(text));
  }
}

TEST_CASE("escape_control: foreign text cannot drive a terminal")
{
  CHECK(escape_control("a\x1b[2Jb\tc\nd\r") == "a\\x1b[2Jb\tc\nd\\x0d");
}

TEST_CASE("format_time: UTC, RFC 3339")
{
  CHECK(format_time(std::chrono::system_clock::time_point{}) == "1970-01-01T00:00:00Z");
}

TEST_CASE(
    "percent_encode: keeps what RFC 3986 leaves free, and percent_decode gives every byte back")
{
  std::string bytes;
  for (int byte = 0; byte < 256; ++byte) {
    bytes += static_cast<char>(byte);
  }
  CHECK(percent_encode("aZ09-._~") == "aZ09-._~");
  CHECK(percent_encode("/a b?c=d&e%") == "%2Fa%20b%3Fc%3Dd%26e%25");
  CHECK(percent_encode("\xc3\xa9\x01") == "%C3%A9%01");
  CHECK(percent_decode(percent_encode(bytes)) == bytes);
  for (const auto* const broken : {"%", "%2", "a%zz", "%-1", "%+1", "% 1"}) {
    CAPTURE(broken);
    CHECK_FALSE(percent_decode(broken));
  }
}
