// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "tests/integration/worker/worker_fixture.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <stdexcept>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/base/fd.hpp"
#include "core/base/text.hpp"

namespace pecanctl::test {
namespace fs = std::filesystem;
using std::chrono::milliseconds;

namespace {

Deadline in_time()
{
  return Deadline::in(std::chrono::seconds{10});
}

}  // namespace

bool eventually(const std::function<bool()>& condition, milliseconds limit)
{
  const auto deadline = Deadline::in(limit);
  while (!condition()) {
    if (deadline.is_over()) {
      return false;
    }
    pause_for(milliseconds{5}, deadline, {});
  }
  return true;
}

WorkerProcess::WorkerProcess(const fs::path& folder, const fs::path& log,
                             const std::vector<std::string>& variables, std::string option)
{
  std::vector<std::string> environment = variables;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    environment.emplace_back(*variable);
  }
  std::vector<char*> pointers;
  for (auto& variable : environment) {
    pointers.push_back(variable.data());
  }
  pointers.push_back(nullptr);
  std::string program = PECAN_WORKER;
  std::vector<char*> arguments{program.data(), option.empty() ? nullptr : option.data(), nullptr};
  pid_ = ::fork();
  if (pid_ == 0) {
    const int output = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    ::dup2(output, STDOUT_FILENO);
    ::dup2(output, STDERR_FILENO);
    if (::chdir(folder.c_str()) == 0) {
      ::execve(program.c_str(), arguments.data(), pointers.data());
    }
    ::_exit(127);
  }
}

WorkerProcess::~WorkerProcess()
{
  if (pid_ > 0) {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
}

void WorkerProcess::signal(int number) const
{
  ::kill(pid_, number);
}

std::optional<int> WorkerProcess::wait_for_end(milliseconds limit)
{
  int status = 0;
  if (!eventually([&] { return ::waitpid(pid_, &status, WNOHANG) == pid_; }, limit)) {
    return std::nullopt;
  }
  pid_ = -1;
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

Lab::Lab()
    : type_{fresh_name()},
      queue_{type_ + "_1"},
      broker_{rabbitmq::connect(rabbitmq::parse_amqp_url(service("PECANCTL_TEST_RABBITMQ")),
                                in_time(), {})}
{
  broker_->ensure_queue(queue_, in_time(), {});
  write_file_atomically(
      path() / "model.json",
      fmt::format(R"({{"name":"Test","type":"{}","version":1,"binary":"/bin/true"}})", type_),
      0644);
}

Lab::~Lab()
{
  try {
    broker_->remove_queue(queue_, in_time(), {});
  } catch (const Error&) {  // the broker is gone, and so will be the queue
  }
}

std::unique_ptr<WorkerProcess> Lab::start_worker(const std::vector<std::string>& variables,
                                                 const std::string& option)
{
  auto all = variables;  // the first of two equal names counts
  all.push_back("RABBITMQ_URI=" + service("PECANCTL_TEST_RABBITMQ"));
  return std::make_unique<WorkerProcess>(path(), path() / "worker.log", all, option);
}

fs::path Lab::make_job(const std::string& name, const std::string& script)
{
  auto folder = path() / name;
  fs::create_directory(folder);
  write_file_atomically(folder / "job.sh", "#!/bin/sh\n" + script + "\n", 0755);
  return folder;
}

fs::path Lab::make_gated_job(const std::string& name)
{
  auto folder = make_job(name, "echo $$ >> runs; read -r line < gate; echo through the gate");
  if (::mkfifo((folder / "gate").c_str(), 0600) != 0) {
    throw std::runtime_error{"cannot make a FIFO"};
  }
  return folder;
}

void Lab::open_gate(const fs::path& folder)
{
  int gate = -1;  // without a reader a non-blocking open fails
  eventually(
      [&] { return (gate = ::open((folder / "gate").c_str(), O_WRONLY | O_NONBLOCK)) >= 0; });
  const Fd opened{gate};
  write_all(gate, "go\n", "gate");
}

std::vector<std::string> Lab::list_runs(const fs::path& folder)
{
  const auto text = find_file(folder / "runs").value_or("");
  auto lines = split(text, '\n');
  std::erase(lines, "");
  return lines;
}

bool Lab::is_started(const fs::path& folder, std::size_t runs)
{
  return eventually([&] { return list_runs(folder).size() == runs; });
}

void Lab::submit(const fs::path& folder, const std::string& message_id)
{
  submit_body(nlohmann::json{{"folder", folder.string()}}.dump(), message_id);
}

void Lab::submit_body(const std::string& body, const std::string& message_id)
{
  const std::vector<rabbitmq::Message> messages{
      {.body = body, .message_id = message_id, .reply_to = replies_}};
  broker_->publish(queue_, messages, 1, [](std::size_t, rabbitmq::PublishOutcome) {}, in_time(),
                   {});
}

void Lab::ask_for_replies()
{
  replies_ = broker_->make_reply_queue(in_time(), {});
  broker_->consume(replies_, 0, true, in_time(), {});
}

std::optional<rabbitmq::Message> Lab::next_reply()
{
  const auto delivery = broker_->next_delivery(std::chrono::seconds{15}, -1, {});
  return delivery ? std::optional{delivery->message} : std::nullopt;
}

std::uint64_t Lab::count_ready()
{
  const auto state = broker_->find_queue(queue_, in_time(), {});
  return state ? state->ready : 0;
}

std::string Lab::log() const
{
  return find_file(path() / "worker.log").value_or("");
}

std::string Lab::wait_for_outcome(const fs::path& folder)
{
  eventually([&] { return fs::exists(folder / "rabbitmq.out"); });
  return find_file(folder / "rabbitmq.out").value_or("(none)");
}

}  // namespace pecanctl::test
