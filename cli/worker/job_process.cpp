// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "cli/worker/job_process.hpp"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "core/base/error.hpp"

namespace pecanctl::worker {
namespace {

struct Pipe {
  Fd read_end;
  Fd write_end;
};

Pipe make_pipe()
{
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    throw system_error("cannot make a pipe for the job", errno);
  }
  return {.read_end = Fd{ends[0]}, .write_end = Fd{ends[1]}};
}

// For execve(2); refers to `strings`.
std::vector<char*> to_pointers(const std::vector<std::string>& strings)
{
  std::vector<char*> pointers;
  pointers.reserve(strings.size() + 1);
  for (const auto& text : strings) {
    pointers.push_back(const_cast<char*>(text.c_str()));
  }
  pointers.push_back(nullptr);
  return pointers;
}

// --- Between fork and exec: only what is safe there, as another thread may hold any lock. ---

void write_text(const char* text)
{
  [[maybe_unused]] const auto written = ::write(STDOUT_FILENO, text, std::strlen(text));
}

[[noreturn]] void give_up(const char* object)
{
  const int error = errno;
  write_text("pecan-worker: cannot start ");
  write_text(object);
  write_text(": ");
  write_text(::strerrordesc_np(error));
  write_text("\n");
  ::_exit(127);
}

void reset_signals()
{
  ::signal(SIGPIPE, SIG_DFL);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

void close_from(unsigned first)
{
  constexpr unsigned k_many = 1024;
  if (::syscall(SYS_close_range, first, ~0U, 0U) != 0) {  // before Linux 5.9
    for (unsigned fd = first; fd < k_many; ++fd) {
      ::close(static_cast<int>(fd));
    }
  }
}

struct ChildPlan {
  char* const* arguments = nullptr;
  char* const* environment = nullptr;
  const char* folder = nullptr;
  int output = -1;
  pid_t worker = -1;
};

[[noreturn]] void run_leader(const ChildPlan& plan)
{
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != plan.worker) {
    ::_exit(127);  // the worker died before it could be noticed
  }
  ::dup2(plan.output, STDOUT_FILENO);
  ::dup2(plan.output, STDERR_FILENO);
  const int null = ::open("/dev/null", O_RDONLY);
  if (null < 0) {
    ::close(STDIN_FILENO);
  } else {
    ::dup2(null, STDIN_FILENO);
  }
  reset_signals();
  if (::chdir(plan.folder) != 0) {
    give_up(plan.folder);
  }
  ::execvpe(plan.arguments[0], plan.arguments, plan.environment);
  give_up(plan.arguments[0]);
}

// Lives as long as the job; sleeps until the worker lets go of the leash, by intention or by dying.
[[noreturn]] void run_guard(int leash, pid_t group)
{
  ::dup2(leash, STDIN_FILENO);
  close_from(1);  // holds neither the job's output nor the broker's socket
  char letter = 0;
  while (::read(STDIN_FILENO, &letter, 1) < 0 && errno == EINTR) {
  }
  ::kill(-group, SIGKILL);
  ::_exit(0);
}

// --- In the worker again. ---

pid_t fork_or_throw()
{
  const pid_t pid = ::fork();
  if (pid < 0) {
    throw system_error("cannot start a process for the job", errno);
  }
  return pid;
}

}  // namespace

JobProcess::JobProcess(const Command& command)
{
  auto output = make_pipe();
  auto leash = make_pipe();
  const auto arguments = to_pointers(command.arguments);
  const auto environment = to_pointers(command.environment);
  const ChildPlan plan{.arguments = arguments.data(),
                       .environment = environment.data(),
                       .folder = command.folder.c_str(),
                       .output = output.write_end.get(),
                       .worker = ::getpid()};
  leader_ = fork_or_throw();
  if (leader_ == 0) {
    run_leader(plan);
  }
  ::setpgid(leader_, leader_);  // whoever comes first; fails harmlessly after the child's exec
  const pid_t guard = ::fork();
  if (guard == 0) {
    run_guard(leash.read_end.get(), leader_);
  }
  if (guard < 0) {
    const int error = errno;
    kill(SIGKILL);
    throw system_error("cannot start a process for the job", error);
  }
  output_ = std::move(output.read_end);
  ::fcntl(output_.get(), F_SETFL, O_NONBLOCK);
  leash_ = std::move(leash.write_end);
}

JobProcess::~JobProcess()
{
  kill(SIGKILL);  // now; the guard would do it a moment after the leash is closed
}

void JobProcess::read_output()
{
  std::array<char, 65536> block{};
  while (output_) {
    const auto got = ::read(output_.get(), block.data(), block.size());
    if (got > 0) {
      kept_.add({block.data(), static_cast<std::size_t>(got)});
    } else if (got == 0) {
      output_.reset();
    } else if (errno != EINTR) {
      return;  // EAGAIN
    }
  }
}

bool JobProcess::on_exit(pid_t pid, int status)
{
  if (pid != leader_) {
    return false;
  }
  status_ = status;
  return true;
}

void JobProcess::kill(int signal) const
{
  ::kill(-leader_, signal);
}

bool JobProcess::is_ok() const
{
  return status_ && WIFEXITED(*status_) && WEXITSTATUS(*status_) == 0;
}

std::string JobProcess::describe_end() const
{
  const int status = status_.value_or(0);
  return WIFSIGNALED(status) ? fmt::format("signal {}", WTERMSIG(status))
                             : fmt::format("exit status {}", WEXITSTATUS(status));
}

}  // namespace pecanctl::worker
