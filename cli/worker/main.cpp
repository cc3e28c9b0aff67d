// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string_view>

#include <fmt/format.h>

#include "cli/worker/config.hpp"
#include "cli/worker/health.hpp"
#include "cli/worker/log.hpp"
#include "cli/worker/worker.hpp"

namespace {

using namespace pecanctl;

constexpr std::string_view k_help = R"(pecan-worker: runs the jobs of a PEcAn model container

Usage: pecan-worker [--check | --hold | --version | --help]

Takes messages {"folder": "/data/..."} from the queue <type>_<version> of model.json, runs the application in
that folder, and writes the outcome to rabbitmq.out there, as PEcAn's model.py does.

  --check     exit 0 when a worker of this container is connected to its broker, else 1
  --hold      do nothing until told to stop: holds the network that other containers share
  --version   print the version
  --help      print this

Environment:
  RABBITMQ_URI        the broker (default amqp://guest:guest@rabbitmq/%2F)
  RABBITMQ_URI_FILE   a file that holds it; wins
  APPLICATION         program and arguments, separated by blanks (default ./job.sh); no shell reads it
  PECAN_MODEL_JSON    the model's description (default ./model.json)
  PECAN_WORKER_PATIENCE  seconds without a broker after which an idle worker exits with 1, to be started anew
                      (default 120; 0: never)

Signals:
  SIGTERM, SIGINT     finish the running job, then exit 0; a second one ends the job, which is given back (143)
)";

std::vector<std::string> list_variables()
{
  std::vector<std::string> variables;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    variables.emplace_back(*variable);
  }
  return variables;
}

std::optional<std::string> find_variable(const std::string& name)
{
  const char* const value = std::getenv(name.c_str());
  return value == nullptr ? std::nullopt : std::optional<std::string>{value};
}

int run_worker()
{
  worker::Log log{stdout};
  try {
    worker::Worker worker{worker::load_config(find_variable, list_variables()), log};
    const int status = worker.run();
    std::_Exit(status);  // a name lookup that hangs in the connecting thread must not hold us
  } catch (const Error& error) {
    log.line(error.info().hint.empty() ? error.what()
                                       : fmt::format("{} ({})", error.what(), error.info().hint));
  } catch (const std::exception& error) {
    log.line(fmt::format("unexpected: {}", error.what()));
  }
  return 1;
}

int hold()
{
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  sigprocmask(SIG_BLOCK, &signals, nullptr);
  int received = 0;
  sigwait(&signals, &received);
  return 0;
}

}  // namespace

int main(int argc, char** argv)
{
  const std::string_view option = argc > 1 ? argv[1] : "";
  if (option.empty() && argc == 1) {
    return run_worker();
  }
  if (option == "--version" && argc == 2) {
    fmt::print("pecan-worker {}\n", PECANCTL_VERSION);
    return 0;
  }
  if (option == "--help" && argc == 2) {
    fmt::print("{}", k_help);
    return 0;
  }
  if (option == "--hold" && argc == 2) {
    return hold();
  }
  if (option == "--check" && argc == 2) {
    return worker::is_worker_connected() ? 0 : 1;
  }
  fmt::print(stderr, "pecan-worker: unknown option '{}'; see pecan-worker --help\n", option);
  return 2;
}
