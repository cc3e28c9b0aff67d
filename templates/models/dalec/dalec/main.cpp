// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "templates/models/dalec/dalec/run.hpp"

#include <cstdio>
#include <exception>
#include <span>
#include <string_view>

namespace {

enum ExitStatus { success = 0, failed = 1, usage = 2, bad_input = 3, balance_open = 4 };

constexpr const char* k_usage =
    "usage: dalec.1.0 --drivers FILE --parameters FILE --output FILE\n"
    "\n"
    "Runs the DALEC carbon cycle model over every day of the drivers and writes a CSV.\n"
    "Exit status: 0 done, 1 cannot write, 2 usage, 3 an input file is wrong, 4 mass balance "
    "open.\n";

struct Options {
  const char* drivers = nullptr;
  const char* parameters = nullptr;
  const char* output = nullptr;

  const char** find(std::string_view flag)
  {
    if (flag == "--drivers") {
      return &drivers;
    }
    if (flag == "--parameters") {
      return &parameters;
    }
    return flag == "--output" ? &output : nullptr;
  }

  bool parse(std::span<char*> arguments)
  {
    for (std::size_t i = 0; i + 1 < arguments.size(); i += 2) {
      const char** option = find(arguments[i]);
      if (option == nullptr || *option != nullptr) {
        return false;
      }
      *option = arguments[i + 1];
    }
    return arguments.size() == 6 && drivers != nullptr && parameters != nullptr &&
           output != nullptr;
  }
};

ExitStatus run_model(const Options& options)
{
  const auto setup = dalec::read_setup(options.parameters);
  const auto days = dalec::run(setup, dalec::read_weather(options.drivers));
  const auto balance = dalec::balance_of(setup.pools, days);
  std::printf("DALEC 1.0: %zu days\n", days.size());
  std::printf("mass balance: exchanged %.9f, stored %.9f gC m-2, relative error %.1e: %s\n",
              balance.exchanged, balance.stored, balance.error(),
              balance.closes() ? "closed" : "OPEN");
  if (!balance.closes()) {
    return balance_open;
  }
  dalec::write_file(options.output, dalec::render(days));
  return success;
}

}  // namespace

int main(int argc, char** argv)
{
  const std::span arguments{argv + 1, static_cast<std::size_t>(argc > 0 ? argc - 1 : 0)};
  if (arguments.size() == 1 && std::string_view{arguments[0]} == "--help") {
    std::fputs(k_usage, stdout);
    return success;
  }
  Options options;
  if (!options.parse(arguments)) {
    std::fputs(k_usage, stderr);
    return usage;
  }
  try {
    return run_model(options);
  } catch (const dalec::InputError& error) {
    std::fprintf(stderr, "dalec: %s\n", error.what());
    return bad_input;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "dalec: %s\n", error.what());
    return failed;
  }
}
