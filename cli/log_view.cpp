// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "cli/log_view.hpp"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/base/cancel.hpp"
#include "core/base/text.hpp"

namespace pecanctl::cli {
namespace {

constexpr std::size_t k_flush_at = std::size_t{32} << 10U;

std::string_view color_of(const inspection::LogSource& source)
{
  static constexpr std::array<std::string_view, 6> k_codes{"\x1b[36m", "\x1b[33m", "\x1b[32m",
                                                           "\x1b[35m", "\x1b[34m", "\x1b[31m"};
  auto sum = static_cast<std::size_t>(source.number);
  for (const char letter : source.service) {
    sum = sum * 31 + static_cast<unsigned char>(letter);
  }
  return k_codes.at(sum % k_codes.size());
}

std::string render_json(const inspection::LogLine& line)
{
  nlohmann::ordered_json record{{"v", 1},
                                {"type", "log"},
                                {"service", line.source.service},
                                {"number", line.source.number},
                                {"time", line.time},
                                {"stream", line.is_stderr ? "stderr" : "stdout"},
                                {"line", line.text}};
  if (line.is_partial) {
    record["partial"] = true;
  }
  return record.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

// Waits until something can be written without waiting. Returns false once nobody reads any more.
bool wait_for_reader(const std::stop_token& stop)
{
  constexpr int k_look_ms = 100;
  for (;;) {
    pollfd output{.fd = STDOUT_FILENO, .events = POLLOUT, .revents = 0};
    const int ready = ::poll(&output, 1, k_look_ms);
    if ((output.revents & (POLLERR | POLLNVAL)) != 0) {
      return false;
    }
    if (ready > 0) {
      return true;
    }
    check_stop(stop);
  }
}

}  // namespace

std::string make_visible(std::string_view text)
{
  const bool is_text = is_valid_utf8(text);
  std::string result;
  result.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    // U+0080 to U+009F, the control characters that some terminals obey as well.
    const bool begins_control = is_text && byte == 0xC2 && i + 1 < text.size() &&
                                static_cast<unsigned char>(text[i + 1]) < 0xA0;
    if (begins_control) {
      fmt::format_to(std::back_inserter(result), "\\x{:02x}\\x{:02x}", byte,
                     static_cast<unsigned char>(text[i + 1]));
      ++i;
    } else if ((byte < 0x20 && byte != '\t') || byte == 0x7f || (byte >= 0x80 && !is_text)) {
      fmt::format_to(std::back_inserter(result), "\\x{:02x}", byte);
    } else {
      result += text[i];
    }
  }
  return result;
}

std::string render_log_line(const inspection::LogLine& line, const LogStyle& style,
                            std::size_t width)
{
  if (style.is_json) {
    return render_json(line);
  }
  const auto label = fmt::format("{:<{}} |", line.source.label(), width);
  const auto time = style.has_times ? line.time + " " : std::string{};
  const auto text = style.is_terminal ? make_visible(line.text) : line.text;
  if (!style.has_color) {
    return fmt::format("{} {}{}\n", label, time, text);
  }
  return fmt::format("{}{}\x1b[0m {}{}\n", color_of(line.source), label, time, text);
}

bool LogWriter::add(const inspection::LogLine& line)
{
  width_ = std::max(width_, line.source.label().size());
  waiting_ += render_log_line(line, style_, width_);
  return waiting_.size() < k_flush_at ? !is_gone_ : flush();
}

bool LogWriter::flush()
{
  std::string_view text = waiting_;
  is_gone_ = is_gone_ || !wait_for_reader(stop_);
  while (!text.empty() && !is_gone_) {
    // A pipe that is ready takes so much at once.
    const auto written =
        ::write(STDOUT_FILENO, text.data(), std::min<std::size_t>(text.size(), PIPE_BUF));
    if (written < 0 && errno != EINTR && errno != EPIPE) {
      throw system_error("cannot write to standard output", errno);
    }
    text.remove_prefix(written > 0 ? static_cast<std::size_t>(written) : 0);
    is_gone_ = (written < 0 && errno == EPIPE) || !wait_for_reader(stop_);
  }
  waiting_.clear();
  return !is_gone_;
}

}  // namespace pecanctl::cli
