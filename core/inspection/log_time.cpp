// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/inspection/log_time.hpp"

#include <charconv>
#include <chrono>

#include <fmt/format.h>

#include "core/base/text.hpp"
#include "core/inspection/logs.hpp"

namespace pecanctl::inspection {
namespace {

constexpr std::int64_t k_second = 1'000'000'000;

// Reads text from the front, piece by piece.
class TimeScanner {
 public:
  explicit TimeScanner(std::string_view text) : text_{text} {}

  bool is_empty() const { return text_.empty(); }

  bool take(std::string_view any_of)
  {
    if (text_.empty() || any_of.find(text_.front()) == std::string_view::npos) {
      return false;
    }
    text_.remove_prefix(1);
    return true;
  }

  // Exactly `width` digits.
  std::optional<int> number(std::size_t width)
  {
    int value = 0;
    const auto digits = text_.substr(0, width);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (error != std::errc{} || digits.size() != width || end != digits.data() + width ||
        digits.front() == '-') {
      return std::nullopt;
    }
    text_.remove_prefix(width);
    return value;
  }

  // Digits behind a point, as nanoseconds.
  std::optional<std::int64_t> fraction()
  {
    std::int64_t value = 0;
    std::int64_t unit = k_second;
    bool has_any = false;
    while (!text_.empty() && text_.front() >= '0' && text_.front() <= '9') {
      unit /= 10;
      value += unit * (text_.front() - '0');
      text_.remove_prefix(1);
      has_any = true;
    }
    return has_any ? std::optional{value} : std::nullopt;
  }

 private:
  std::string_view text_;
};

std::optional<std::int64_t> scan_date(TimeScanner& scanner)
{
  using namespace std::chrono;
  const auto y = scanner.number(4);
  const bool has_first = scanner.take("-");
  const auto m = scanner.number(2);
  const bool has_second = scanner.take("-");
  const auto d = scanner.number(2);
  if (!y || !m || !d || !has_first || !has_second) {
    return std::nullopt;
  }
  const year_month_day date{year{*y}, month{static_cast<unsigned>(*m)},
                            day{static_cast<unsigned>(*d)}};
  // Beyond these, nanoseconds do not fit.
  if (!date.ok() || *y < 1970 || *y > 2200) {
    return std::nullopt;
  }
  return duration_cast<seconds>(sys_days{date}.time_since_epoch()).count();
}

std::optional<std::int64_t> scan_clock(TimeScanner& scanner, bool has_seconds)
{
  const auto h = scanner.number(2);
  const bool has_first = scanner.take(":");
  const auto m = scanner.number(2);
  if (!h || !m || !has_first || *h > 23 || *m > 59) {
    return std::nullopt;
  }
  if (!has_seconds) {
    return (*h * 60 + *m) * 60;
  }
  const bool has_second = scanner.take(":");
  const auto s = scanner.number(2);
  if (!s || !has_second || *s > 60) {
    return std::nullopt;
  }
  return (*h * 60 + *m) * 60 + *s;
}

}  // namespace

std::optional<std::int64_t> parse_nanoseconds(std::string_view text)
{
  TimeScanner scanner{trim(text)};
  auto seconds = scan_date(scanner);
  if (!seconds || scanner.is_empty()) {
    return seconds ? std::optional{*seconds * k_second} : std::nullopt;
  }
  std::optional<std::int64_t> clock;
  if (!scanner.take("Tt ") || !(clock = scan_clock(scanner, true))) {
    return std::nullopt;
  }
  std::int64_t nanoseconds = 0;
  if (scanner.take(".")) {
    const auto fraction = scanner.fraction();
    if (!fraction) {
      return std::nullopt;
    }
    nanoseconds = *fraction;
  }
  std::int64_t offset = 0;
  if (const bool is_ahead = scanner.take("+"); is_ahead || scanner.take("-")) {
    const auto zone = scan_clock(scanner, false);
    if (!zone) {
      return std::nullopt;
    }
    offset = is_ahead ? *zone : -*zone;
  } else {
    scanner.take("Zz");
  }
  if (!scanner.is_empty()) {
    return std::nullopt;
  }
  return (*seconds + *clock - offset) * k_second + nanoseconds;
}

std::string render_engine_time(std::int64_t nanoseconds)
{
  return fmt::format("{}.{:09}", nanoseconds / k_second, nanoseconds % k_second);
}

std::string just_after(std::string_view text)
{
  const auto time = parse_nanoseconds(text);
  return time ? render_engine_time(*time + 1) : std::string{};
}

std::optional<std::string> parse_since(std::string_view text,
                                       std::chrono::system_clock::time_point now)
{
  using std::chrono::duration_cast;
  using std::chrono::nanoseconds;
  if (const auto ago = parse_duration(text)) {
    const auto moment = duration_cast<nanoseconds>(now.time_since_epoch() - *ago).count();
    return render_engine_time(std::max<std::int64_t>(moment, 0));
  }
  const auto moment = parse_nanoseconds(text);
  return moment ? std::optional{render_engine_time(*moment)} : std::nullopt;
}

}  // namespace pecanctl::inspection
