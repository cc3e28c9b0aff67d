// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "cli/input.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/fd.hpp"

namespace pecanctl::cli {
namespace {

namespace fs = std::filesystem;

constexpr int k_look_for_stop_ms = 50;

// Whether a pipe has ended. A read of nothing says so, but also that nobody came yet to write.
class StreamEnd {
 public:
  void on_data() { has_writer_ = true; }

  void on_poll(short events) { has_writer_ = has_writer_ || (events & POLLHUP) != 0; }

  bool is_real() const { return has_writer_; }

 private:
  bool has_writer_ = false;
};

Error explain_silence(const std::string& shown)
{
  return Error{{.code = ErrorCode::timeout,
                .what = fmt::format("timed out reading {}", shown),
                .why = "nobody writes to it, or its writer does not close it",
                .hint = "name a file, or give it more time with --timeout"}};
}

}  // namespace

bool is_streamed(const fs::path& path)
{
  struct stat status {};

  return path == "-" || (::stat(path.c_str(), &status) == 0 &&
                         (S_ISFIFO(status.st_mode) || S_ISCHR(status.st_mode)));
}

std::string read_streamed(const fs::path& path, std::size_t limit, const Deadline& deadline,
                          const std::stop_token& stop)
{
  const bool is_stdin = path == "-";
  const auto shown = is_stdin ? std::string{"standard input"} : path.string();
  const Fd own{is_stdin ? -1 : ::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)};
  if (!is_stdin && !own) {
    throw system_error(fmt::format("cannot read {}", shown), errno);
  }
  StreamEnd end;
  std::string text;
  std::array<char, 65536> block{};
  while (text.size() <= limit) {
    check_stop(stop);
    pollfd input{.fd = is_stdin ? STDIN_FILENO : own.get(), .events = POLLIN, .revents = 0};
    const bool is_ready = ::poll(&input, 1, k_look_for_stop_ms) > 0;
    end.on_poll(input.revents);
    if (is_ready || !is_stdin) {
      const auto got = ::read(input.fd, block.data(), block.size());
      if (got > 0) {
        end.on_data();
        text.append(block.data(), static_cast<std::size_t>(got));
        continue;
      }
      if (got == 0 && (is_ready || end.is_real())) {
        return text;
      }
      if (got < 0 && errno != EAGAIN && errno != EINTR) {
        throw system_error(fmt::format("cannot read {}", shown), errno);
      }
    }
    if (deadline.is_over()) {
      throw explain_silence(shown);
    }
  }
  return text;
}

}  // namespace pecanctl::cli
