// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/base/child.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include <fmt/format.h>

#include "core/base/error.hpp"

namespace pecanctl {
namespace {

// Ours blocks signals in every thread; a child starts with none blocked.
class SpawnAttributes {
 public:
  SpawnAttributes()
  {
    ::posix_spawnattr_init(&attributes_);
    sigset_t none;
    ::sigemptyset(&none);
    ::posix_spawnattr_setsigmask(&attributes_, &none);
    ::posix_spawnattr_setpgroup(&attributes_, 0);
    ::posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
  }

  SpawnAttributes(const SpawnAttributes&) = delete;
  SpawnAttributes& operator=(const SpawnAttributes&) = delete;

  ~SpawnAttributes() { ::posix_spawnattr_destroy(&attributes_); }

  const posix_spawnattr_t* get() const { return &attributes_; }

 private:
  posix_spawnattr_t attributes_{};
};

}  // namespace

Child::Child(std::span<const std::string> arguments, ChildErrors errors)
    : buffer_(std::size_t{1} << 17U)
{
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    throw system_error(fmt::format("cannot run {}", arguments.front()), errno);
  }
  output_ = Fd{ends[0]};
  const Fd input{ends[1]};
  std::vector<char*> vector;
  for (const auto& argument : arguments) {
    vector.push_back(const_cast<char*>(argument.c_str()));  // posix_spawn does not write to it
  }
  vector.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_adddup2(&actions, input.get(), STDOUT_FILENO);
  if (errors == ChildErrors::merged) {
    ::posix_spawn_file_actions_adddup2(&actions, input.get(), STDERR_FILENO);
  }
  const SpawnAttributes attributes;
  const int error =
      ::posix_spawnp(&pid_, vector.front(), &actions, attributes.get(), vector.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  if (error != 0) {
    pid_ = -1;
    throw system_error(fmt::format("cannot run {}", arguments.front()), error);
  }
}

Child::~Child()
{
  if (pid_ > 0) {
    ::kill(-pid_, SIGTERM);  // its whole group: a script's own children too
    output_.reset();
    while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
    }
  }
}

std::string_view Child::read()
{
  for (;;) {
    const auto got = ::read(output_.get(), buffer_.data(), buffer_.size());
    if (got >= 0) {
      return {buffer_.data(), static_cast<std::size_t>(got)};
    }
    if (errno != EINTR) {
      throw system_error("cannot read from a child process", errno);
    }
  }
}

std::string_view Child::read(const Deadline& deadline, const std::stop_token& stop)
{
  constexpr int k_slice = 200;  // milliseconds
  for (;;) {
    check_stop(stop);
    deadline.check("for a child process");
    pollfd waited{.fd = output_.get(), .events = POLLIN, .revents = 0};
    if (::poll(&waited, 1, k_slice) > 0) {
      return read();
    }
  }
}

int Child::wait()
{
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0) {
    if (errno != EINTR) {
      throw system_error("cannot wait for a child process", errno);
    }
  }
  pid_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace pecanctl
