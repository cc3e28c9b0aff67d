// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "cli/output/stream.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <exception>
#include <optional>

#include <fmt/format.h>

#include "core/base/error.hpp"

namespace pecanctl::cli::output {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds k_look_for_stop{50};

}  // namespace

Stream::Stream(int fd) : fd_{fd}
{
  struct stat status {};

  if (::fstat(fd, &status) != 0) {
    return;
  }
  if (S_ISSOCK(status.st_mode)) {
    kind_ = Kind::socket;
  } else if (S_ISFIFO(status.st_mode) || ::isatty(fd) == 1) {
    const auto name = fmt::format("/proc/self/fd/{}", fd);
    own_ = Fd{::open(name.c_str(), O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)};
    kind_ = own_ ? Kind::reopened : Kind::shared;
  }
}

std::size_t Stream::write_some(std::string_view text)
{
  std::size_t done = 0;
  while (done < text.size()) {
    const auto rest = text.substr(done);
    ssize_t written = -1;
    if (kind_ == Kind::socket) {
      written = ::send(fd_, rest.data(), rest.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    } else if (kind_ == Kind::shared && !wait(milliseconds{0})) {
      return done;
    } else if (kind_ == Kind::shared) {
      // A pipe that poll(2) calls writable has room for this much.
      written = ::write(fd_, rest.data(), std::min<std::size_t>(rest.size(), PIPE_BUF));
    } else {
      written = ::write(target(), rest.data(), rest.size());
    }
    if (written >= 0) {
      done += static_cast<std::size_t>(written);
    } else if (errno == EAGAIN) {
      return done;
    } else if (errno == EPIPE || errno == ECONNRESET) {
      return text.size();  // `| head` has seen enough
    } else if (errno != EINTR) {
      throw system_error("cannot write to standard output", errno,
                         "make room, or send the output elsewhere");
    }
  }
  return done;
}

bool Stream::wait(milliseconds patience) const
{
  pollfd output{.fd = target(), .events = POLLOUT, .revents = 0};
  return ::poll(&output, 1, static_cast<int>(patience.count())) > 0;
}

void PatientOutput::write(std::string_view text)
{
  if (kept_.size() + text.size() > k_most_kept && !waits_) {
    drain();
    if (kept_.size() + text.size() > k_most_kept) {
      has_lost_ = true;
      return;
    }
  }
  kept_ += text;
  drain();
  while (waits_ && kept_.size() > k_most_kept) {
    check_stop(stop_);
    stream_.wait(k_look_for_stop);
    drain();
  }
}

bool PatientOutput::flush()
{
  std::optional<Deadline> end;
  drain();
  while (!kept_.empty()) {
    if (stop_.stop_requested() && !end) {
      end = Deadline::in(std::chrono::seconds{1});
    }
    if (end && end->is_over()) {
      return false;
    }
    stream_.wait(k_look_for_stop);
    drain();
  }
  return !has_lost_;
}

void PatientOutput::drain()
{
  try {
    kept_.erase(0, stream_.write_some(kept_));
  } catch (const Error&) {
    kept_.clear();  // said once; not tried again
    throw;
  }
}

void ImpatientOutput::write(std::string_view text) noexcept
{
  try {
    if (lost_ > 0) {
      const auto told =
          fmt::format("{}({} messages were lost: nobody read them)\n", is_torn_ ? "\n" : "", lost_);
      if (!put(told, milliseconds{0})) {
        ++lost_;
        return;
      }
      lost_ = 0;
    }
    lost_ += put(text, k_patience) ? 0U : 1U;
  } catch (const std::exception&) {
    return;  // nobody can be told
  }
}

bool ImpatientOutput::put(std::string_view text, milliseconds patience)
{
  const auto deadline = Deadline::in(patience);
  const auto size = text.size();
  for (;;) {
    text.remove_prefix(stream_.write_some(text));
    if (text.empty()) {
      is_torn_ = false;
      return true;
    }
    if (deadline.is_over()) {
      is_torn_ = is_torn_ || text.size() < size;
      return false;
    }
    stream_.wait(milliseconds{deadline.left_ms(1000)});
  }
}

}  // namespace pecanctl::cli::output
