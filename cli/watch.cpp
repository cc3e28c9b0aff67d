// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "cli/watch.hpp"

#include <unistd.h>

#include <algorithm>
#include <mutex>
#include <thread>

#include "cli/context.hpp"
#include "cli/full_screen.hpp"
#include "cli/output/terminal.hpp"
#include "cli/run_setup.hpp"
#include "cli/style.hpp"
#include "cli/watch_view.hpp"
#include "core/inspection/log_time.hpp"
#include "core/inspection/usage.hpp"
#include "core/workflow/follow.hpp"

namespace pecanctl::cli {
namespace {

using namespace std::chrono_literals;

constexpr auto k_key_wait = 100ms;
constexpr auto k_fastest_limit = 3s;
constexpr auto k_slowest_look = 5s;
constexpr int k_plain_columns = 160;
constexpr int k_plain_rows = 10'000;

std::vector<std::string> model_queues(Context& context)
{
  std::vector<std::string> queues;
  try {
    for (const auto& service : context.stack().services) {
      if (service.model) {
        queues.push_back(service.model->queue());
      }
    }
  } catch (const Error& error) {
    debug(context.reporter(), error.what());  // without its file an instance has no known queues
  }
  return queues;
}

// Until `interval` after `begun`: a look takes its time, too.
void wait_for_next(Deadline::Clock::time_point begun, std::chrono::milliseconds interval,
                   const std::stop_token& stop)
{
  const auto elapsed =
      std::chrono::duration_cast<std::chrono::milliseconds>(Deadline::Clock::now() - begun);
  pause_for(std::max(interval - elapsed, std::chrono::milliseconds{0}), Deadline::never(), stop);
}

// Looks, on one thread. Clients that failed are made anew.
class Watcher {
 public:
  Watcher(Context& context, std::chrono::milliseconds interval)
      : context_{context},
        interval_{interval},
        runs_{runs_folder(context.instance_name())},
        sampler_{make_sources(context)}
  {
  }

  WatchScreen look(const std::stop_token& stop)
  {
    const auto patience =
        std::clamp<std::chrono::milliseconds>(interval_ * 2, k_fastest_limit, k_slowest_look);
    WatchScreen screen{.instance = context_.instance_name(), .interval = interval_};
    screen.usage = sampler_.look(Deadline::in(patience), stop);
    for (const auto& run : runs_.look()) {
      screen.runs.push_back(to_run(run, screen.usage.time));
    }
    return screen;
  }

 private:
  static WatchedRun to_run(const workflow::RunProgress& run,
                           std::chrono::system_clock::time_point now)
  {
    WatchedRun watched{.id = run.info.id,
                       .model = run.info.model,
                       .total = run.total,
                       .done = run.done,
                       .failed = run.failed};
    const auto begun = inspection::parse_nanoseconds(run.info.at);
    if (begun && run.done > 0) {
      const auto elapsed = std::chrono::duration<double>{now.time_since_epoch()}.count() -
                           static_cast<double>(*begun) / 1e9;
      const auto each = std::max(elapsed, 0.0) / static_cast<double>(run.done);
      watched.left = std::chrono::seconds{
          static_cast<std::chrono::seconds::rep>(each * static_cast<double>(run.total - run.done))};
    }
    return watched;
  }

  // An instance without its file has containers, and nothing else that we could ask.
  static inspection::UsageSources make_sources(Context& context)
  {
    inspection::UsageSources sources{.engine = context.docker(),
                                     .view = context.backend(),
                                     .identity = context.identity(),
                                     .docker_root = context.docker_root(),
                                     .queues = model_queues(context)};
    sources.statistics = [&context](const Deadline& deadline, const std::stop_token& stop) {
      try {
        return context.services().management(deadline, stop).list_queues(deadline, stop);
      } catch (const Error&) {
        context.services().forget();  // it may have come back at another port
        throw;
      }
    };
    sources.queue_state = [&context](const std::string& queue, const Deadline& deadline,
                                     const std::stop_token& stop) {
      try {
        return context.services().broker(deadline, stop).find_queue(queue, deadline, stop);
      } catch (const Error&) {
        context.services().forget();
        throw;
      }
    };
    return sources;
  }

  Context& context_;
  std::chrono::milliseconds interval_;
  workflow::RunFollower runs_;
  inspection::UsageSampler sampler_;
};

// The latest look, made by a thread so that keys are answered while it waits for somebody.
class Latest {
 public:
  Latest(Watcher& watcher, std::chrono::milliseconds interval)
      : thread_{[this, &watcher, interval](const std::stop_token& stop) {
          run(watcher, interval, stop);
        }}
  {
  }

  /// The number of looks so far, and the last of them.
  std::pair<int, WatchScreen> get()
  {
    const std::scoped_lock lock{mutex_};
    if (failure_) {
      throw Error{*failure_};
    }
    return {count_, screen_};
  }

 private:
  void run(Watcher& watcher, std::chrono::milliseconds interval, const std::stop_token& stop)
  {
    try {
      while (!stop.stop_requested()) {
        const auto begun = Deadline::Clock::now();
        auto screen = watcher.look(stop);
        {
          const std::scoped_lock lock{mutex_};
          screen_ = std::move(screen);
          ++count_;
        }
        // The first rates need a second look: soon.
        wait_for_next(begun, count_ == 1 ? 200ms : interval, stop);
      }
    } catch (const Cancelled&) {
      return;
    } catch (const std::exception& error) {
      const std::scoped_lock lock{mutex_};
      failure_ = Error{{.code = ErrorCode::internal, .what = "cannot watch", .why = error.what()}};
    }
  }

  std::mutex mutex_;
  int count_ = 0;
  WatchScreen screen_;
  std::optional<Error> failure_;
  std::jthread thread_;  // last: it uses the others
};

void watch_on_terminal(Context& context, Watcher& watcher, std::chrono::milliseconds interval)
{
  constexpr char k_ctrl_c = 3;
  const WatchStyle style{.has_unicode = has_unicode(),
                         .has_color = has_color_on_stdout(context.options()),
                         .takes_keys = true};
  Latest latest{watcher, interval};
  FullScreen screen;
  context.leave_quietly([&] { screen.restore(); });
  int shown = 0;
  output::TerminalSize shown_size{.columns = 0, .rows = 0};
  while (!context.stop().stop_requested()) {
    const auto size = output::terminal_size(STDOUT_FILENO);
    const auto [count, picture] = latest.get();
    const bool has_changed =
        count != shown || size.columns != shown_size.columns || size.rows != shown_size.rows;
    if (has_changed && count > 0) {
      screen.show(render_watch(picture, size.columns, size.rows, style));
      shown = count;
      shown_size = size;
    }
    const auto key = screen.read_key(k_key_wait);
    if (key == 'q' || key == 'Q' || key == k_ctrl_c) {
      break;
    }
  }
  context.leave_quietly();
}

void watch_plainly(Context& context, Watcher& watcher, std::chrono::milliseconds interval)
{
  context.leave_quietly();
  while (stdout_has_reader()) {
    const auto begun = Deadline::Clock::now();
    const auto screen = watcher.look(context.stop());
    if (context.printer().is_json()) {
      context.printer().document(to_json(screen), "watch");
    } else {
      for (const auto& line :
           render_watch(screen, k_plain_columns, k_plain_rows, {.has_unicode = has_unicode()})) {
        context.printer().say(line);
      }
      context.printer().say("");
    }
    wait_for_next(begun, interval, context.stop());
  }
}

}  // namespace

void watch_instance(Context& context, std::chrono::milliseconds interval)
{
  Watcher watcher{context, interval};
  const bool is_screen = output::is_terminal(STDOUT_FILENO) && !context.printer().is_json() &&
                         find_variable("TERM").value_or("dumb") != "dumb";
  try {
    if (is_screen) {
      watch_on_terminal(context, watcher, interval);
      if (context.stop().stop_requested()) {
        throw Cancelled{};
      }
    } else {
      watch_plainly(context, watcher, interval);
    }
  } catch (const Cancelled&) {
    if (!context.is_interrupted()) {
      throw;
    }
    // Ctrl-C is how watching ends.
  }
}

}  // namespace pecanctl::cli
