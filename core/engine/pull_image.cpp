// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/engine/pull_image.hpp"

#include <atomic>
#include <chrono>
#include <thread>

#include <fmt/format.h>

#include "core/engine/pull_progress.hpp"

namespace pecanctl::engine {
namespace {

// A registry that does not answer keeps the engine trying for a minute and more.
constexpr std::chrono::seconds k_first_answer{20};

docker::ProgressSink show_download(const Step& step)
{
  return [&step, pull = PullProgress{}](const docker::BuildProgress& line) mutable {
    const auto shown = pull.add(line);
    if (!shown.state.empty()) {
      step.progress(shown.state, shown.current, shown.total, "B");
    }
  };
}

}  // namespace

std::string registry_of(std::string_view reference)
{
  const auto slash = reference.find('/');
  const auto first = reference.substr(0, slash);
  const bool is_host =
      slash != std::string_view::npos &&
      (first.find_first_of(".:") != std::string_view::npos || first == "localhost");
  return is_host ? std::string{first} : "docker.io";
}

void pull_image(docker::Engine& engine, const std::string& reference, const Step& step,
                const Deadline& deadline, const std::stop_token& stop)
{
  const auto progress = show_download(step);
  std::atomic<bool> has_answered{false};
  std::stop_source patience;
  const std::stop_callback forward{stop, [&] { patience.request_stop(); }};
  const std::jthread watch{[&](const std::stop_token& over) {
    try {
      pause_for(k_first_answer, Deadline::never(), over);
    } catch (const Cancelled&) {
      return;
    }
    if (!has_answered) {
      patience.request_stop();
    }
  }};
  try {
    engine.pull_image(
        reference,
        [&](const docker::BuildProgress& line) {
          has_answered = true;
          progress(line);
        },
        deadline, patience.get_token());
  } catch (const Cancelled&) {
    check_stop(stop);
    throw Error{{.code = ErrorCode::unreachable,
                 .what = fmt::format("cannot pull {}", reference),
                 .why = fmt::format("registry {} did not answer within {} s",
                                    registry_of(reference), k_first_answer.count())}};
  }
}

}  // namespace pecanctl::engine
