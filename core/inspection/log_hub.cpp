// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/inspection/log_hub.hpp"

#include <algorithm>
#include <utility>

namespace pecanctl::inspection {
namespace {

constexpr std::size_t k_full = std::size_t{64} << 10U;
constexpr std::size_t k_overhead = sizeof(LogLine) + 100;  // of the strings in it

}  // namespace

LogHub::StreamId LogHub::open()
{
  const std::scoped_lock lock{mutex_};
  streams_.emplace(++last_id_, Stream{});
  return last_id_;
}

bool LogHub::push(StreamId stream, std::vector<LogLine> lines)
{
  std::unique_lock lock{mutex_};
  auto& target = streams_.at(stream);
  has_space_.wait(lock, [&] { return is_shut_down_ || target.bytes < k_full; });
  if (is_shut_down_) {
    return false;
  }
  if (target.lines.empty()) {
    target.since = Clock::now();
  }
  for (auto& line : lines) {
    target.bytes += line.text.size() + k_overhead;
    target.lines.push_back(std::move(line));
  }
  ++changes_;
  lock.unlock();
  changed_.notify_one();
  return true;
}

void LogHub::close(StreamId stream)
{
  {
    const std::scoped_lock lock{mutex_};
    streams_.at(stream).has_ended = true;
    ++changes_;
  }
  changed_.notify_one();
}

void LogHub::fail(const Error& error)
{
  {
    const std::scoped_lock lock{mutex_};
    if (!error_) {
      error_ = error;
    }
    ++changes_;
  }
  changed_.notify_one();
}

void LogHub::shut_down()
{
  {
    const std::scoped_lock lock{mutex_};
    is_shut_down_ = true;
  }
  has_space_.notify_all();
}

// Whether the oldest line that is here may go out before what is not here yet.
bool LogHub::may_take() const
{
  bool has_line = false;
  bool is_complete = true;
  auto oldest = Clock::time_point::max();
  for (const auto& [id, stream] : streams_) {
    if (!stream.lines.empty()) {
      has_line = true;
      oldest = std::min(oldest, stream.since);
    } else if (!stream.has_ended) {
      is_complete = false;
    }
  }
  const bool is_overdue = patience_ && has_line && Clock::now() - oldest >= *patience_;
  return has_line && (is_complete || is_overdue || error_);
}

std::optional<LogLine> LogHub::take_oldest()
{
  auto oldest = streams_.end();
  for (auto it = streams_.begin(); it != streams_.end(); ++it) {
    if (!it->second.lines.empty() &&
        (oldest == streams_.end() ||
         it->second.lines.front().time < oldest->second.lines.front().time)) {
      oldest = it;
    }
  }
  if (oldest == streams_.end()) {
    return std::nullopt;
  }
  auto& stream = oldest->second;
  auto line = std::move(stream.lines.front());
  stream.lines.pop_front();
  const bool was_full = stream.bytes >= k_full;
  stream.bytes -= line.text.size() + k_overhead;
  if (was_full && stream.bytes < k_full) {
    has_space_.notify_all();
  }
  return line;
}

LogHub::Next LogHub::next(std::chrono::milliseconds idle, const std::stop_token& stop)
{
  std::unique_lock lock{mutex_};
  const auto until = Clock::now() + idle;
  for (;;) {
    check_stop(stop);
    if (may_take()) {
      return {.line = take_oldest()};
    }
    if (error_) {
      throw Error{*error_};
    }
    std::erase_if(streams_, [](const auto& entry) {
      return entry.second.has_ended && entry.second.lines.empty();
    });
    if (streams_.empty() && !patience_) {
      return {.is_over = true};
    }
    const bool has_any = std::ranges::any_of(
        streams_, [](const auto& entry) { return !entry.second.lines.empty(); });
    if (!has_any && Clock::now() >= until) {
      return {};
    }
    // A line that waits for older ones is looked at again when its time is over.
    const auto wait = has_any && patience_ ? *patience_ / 4 : idle;
    changed_.wait_for(lock, stop, wait, [&, seen = changes_] { return changes_ != seen; });
  }
}

}  // namespace pecanctl::inspection
