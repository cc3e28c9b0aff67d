// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/inspection/logs.hpp"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <list>
#include <map>
#include <mutex>
#include <set>
#include <thread>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/base/text.hpp"
#include "core/engine/labels.hpp"
#include "core/inspection/log_hub.hpp"
#include "core/inspection/log_lines.hpp"
#include "core/inspection/log_time.hpp"

namespace pecanctl::inspection {
namespace {

using namespace std::chrono_literals;

constexpr auto k_patience = 100ms;
constexpr auto k_idle = 250ms;
constexpr std::size_t k_batch_lines = 64;
constexpr std::size_t k_batch_bytes = std::size_t{32} << 10U;

// Lines on their way from one container to the hub. Remembers the time of the last one, from which
// a later stream of the same container goes on.
class Feeder {
 public:
  Feeder(LogHub& hub, LogHub::StreamId stream, const LogSource& source, const Redactor& redactor,
         std::stop_source stop)
      : hub_{hub},
        stream_{stream},
        stop_{std::move(stop)},
        joiner_{source, redactor, [this](LogLine line) { add(std::move(line)); }}
  {
  }

  void push(const docker::LogPiece& piece)
  {
    last_time_ = piece.time;
    joiner_.push(piece);
  }

  void flush()
  {
    if (!batch_.empty() && !hub_.push(stream_, std::exchange(batch_, {}))) {
      stop_.request_stop();
    }
    bytes_ = 0;
  }

  void finish()
  {
    joiner_.finish();
    flush();
  }

  const std::string& last_time() const { return last_time_; }

 private:
  void add(LogLine line)
  {
    bytes_ += line.text.size();
    batch_.push_back(std::move(line));
    if (batch_.size() >= k_batch_lines || bytes_ >= k_batch_bytes) {
      flush();
    }
  }

  LogHub& hub_;
  LogHub::StreamId stream_;
  std::stop_source stop_;
  LineJoiner joiner_;
  std::vector<LogLine> batch_;
  std::size_t bytes_ = 0;
  std::string last_time_;
};

// The threads that read. All of them end with this object.
class Readers {
 public:
  Readers(LogHub& hub, const LogFeed& feed, Reporter& reporter)
      : hub_{hub},
        feed_{feed},
        reporter_{reporter}
  {
  }

  Readers(const Readers&) = delete;
  Readers& operator=(const Readers&) = delete;

  ~Readers()
  {
    std::list<Thread> threads;
    {
      const std::scoped_lock lock{mutex_};
      stop_.request_stop();
      threads = std::move(threads_);  // nobody adds to them any more
    }
    hub_.shut_down();
  }

  /// Begins to read a container's log; nothing when that is being done already.
  void read(const LogSource& source, docker::LogRange range)
  {
    const std::scoped_lock lock{mutex_};
    if (stop_.stop_requested() || !active_.insert(source.id).second) {
      return;
    }
    if (const auto seen = last_times_.find(source.id); seen != last_times_.end()) {
      range.since = just_after(seen->second);
      range.tail = -1;
    }
    start([this, source, range = std::move(range), stream = hub_.open()] {
      run(source, range, stream);
    });
  }

  /// Follows what starts from `since` on. `is_wanted` tells which services.
  void watch(const std::string& since, std::function<bool(const LogSource&)> is_wanted)
  {
    const std::scoped_lock lock{mutex_};
    start([this, since, is_wanted = std::move(is_wanted)] {
      guard([&] { watch_starts(since, is_wanted); });
    });
  }

  std::map<std::string, std::string> take_last_times()
  {
    const std::scoped_lock lock{mutex_};
    return std::move(last_times_);
  }

  void set_last_times(std::map<std::string, std::string> times) { last_times_ = std::move(times); }

 private:
  struct Thread {
    std::atomic<bool> is_over = false;
    std::jthread thread = {};
  };

  template <typename Work>
  void start(Work work)
  {
    threads_.remove_if([](const Thread& thread) { return thread.is_over.load(); });
    auto& thread = threads_.emplace_back();
    thread.thread = std::jthread{[&thread, work = std::move(work)] {
      work();
      thread.is_over = true;
    }};
  }

  void run(const LogSource& source, const docker::LogRange& range, LogHub::StreamId stream)
  {
    Feeder feeder{hub_, stream, source, feed_.redactor, stop_};
    guard([&] {
      try {
        feed_.connect()->read_log(
            source.id, range,
            {.on_piece = [&](const docker::LogPiece& piece) { feeder.push(piece); },
             .on_pause = [&] { feeder.flush(); }},
            Deadline::never(), stop_.get_token());
      } catch (const Error& error) {
        if (error.code() == ErrorCode::unreachable || error.code() == ErrorCode::denied) {
          throw;
        }
        if (error.code() != ErrorCode::not_found) {  // gone meanwhile: that is its end
          warn(reporter_, fmt::format("{}: {}", source.label(), error.what()));
        }
      }
      feeder.finish();
    });
    {
      const std::scoped_lock lock{mutex_};
      active_.erase(source.id);
      if (!feeder.last_time().empty()) {
        last_times_[source.id] = feeder.last_time();
      }
    }
    hub_.close(stream);
  }

  void watch_starts(const std::string& since,
                    const std::function<bool(const LogSource&)>& is_wanted)
  {
    const std::vector<std::string> labels{
        fmt::format("{}={}", engine::label::k_instance, feed_.identity.instance),
        fmt::format("{}={}", engine::label::k_owner, feed_.identity.owner)};
    feed_.connect()->watch_events_since(
        since, labels,
        [&](const docker::Engine::EngineEvent& event) {
          const auto attribute = [&](std::string_view name) {
            const auto found = event.attributes.find(std::string{name});
            return found == event.attributes.end() ? std::string{} : found->second;
          };
          if (event.type == "container" && event.action == "start") {
            const LogSource source{.id = event.id,
                                   .service = attribute(engine::label::k_service),
                                   .number = std::atoi(attribute(engine::label::k_number).c_str())};
            if (is_wanted(source)) {
              read(source, {.follows = true});
            }
          }
          return !stop_.stop_requested();
        },
        Deadline::never(), stop_.get_token());
  }

  template <typename Work>
  void guard(Work work)
  {
    try {
      work();
    } catch (const Cancelled&) {
      return;
    } catch (const Error& error) {
      hub_.fail(error);
    } catch (const std::exception& error) {
      hub_.fail(
          Error{{.code = ErrorCode::internal, .what = "cannot read logs", .why = error.what()}});
    }
  }

  LogHub& hub_;
  const LogFeed& feed_;
  Reporter& reporter_;
  std::stop_source stop_;
  std::mutex mutex_;
  std::set<std::string> active_;
  std::map<std::string, std::string> last_times_;  // by container
  std::list<Thread> threads_;
};

// Whether the reader wants more.
bool hand_out(LogHub& hub, const LogFeed& feed, const std::stop_token& stop)
{
  for (;;) {
    const auto next = hub.next(k_idle, stop);
    if (next.is_over) {
      return true;
    }
    const bool goes_on = next.line ? feed.use(*next.line) : !feed.on_idle || feed.on_idle();
    if (!goes_on) {
      return false;
    }
  }
}

std::function<bool(const LogSource&)> make_filter(const std::vector<std::string>& names)
{
  return [names](const LogSource& source) {
    return !source.service.empty() &&
           (names.empty() || std::ranges::any_of(names, [&](const std::string& name) {
              return name == source.service || name == source.label();
            }));
  };
}

}  // namespace

std::string LogSource::label() const
{
  return fmt::format("{}-{}", service, number);
}

std::vector<LogSource> select_sources(const engine::Observation& observed,
                                      const std::vector<std::string>& names,
                                      const std::vector<std::string>& known)
{
  std::vector<LogSource> sources;
  std::vector<std::string> candidates = known;
  const auto is_wanted = make_filter(names);
  std::set<std::string> found;
  for (const auto& replica : observed.replicas) {
    LogSource source{.id = replica.id, .service = replica.service, .number = replica.number};
    candidates.push_back(replica.service);
    found.insert({replica.service, source.label()});
    if (is_wanted(source)) {
      sources.push_back(std::move(source));
    }
  }
  for (const auto& name : names) {
    if (found.contains(name)) {
      continue;
    }
    std::ranges::sort(candidates);
    candidates.erase(std::unique(candidates.begin(), candidates.end()), candidates.end());
    if (std::ranges::find(known, name) != known.end()) {
      throw Error{{.code = ErrorCode::failed,
                   .what = fmt::format("there is no log of {}", name),
                   .why = "it has no container",
                   .hint = "start one: pecanctl deploy"}};
    }
    throw Error{{.code = ErrorCode::not_found,
                 .what = fmt::format("there is no service '{}'", name),
                 .why = fmt::format("there are {}", fmt::join(candidates, ", ")),
                 .hint = did_you_mean(name, candidates)}};
  }
  return sources;
}

void read_logs(const std::vector<LogSource>& sources, const LogQuery& query, const LogFeed& feed,
               Reporter& reporter, const std::stop_token& stop)
{
  std::map<std::string, std::string> last_times;
  auto range = query.range;
  range.follows = false;
  LogHub past{std::nullopt};
  const auto since = parse_since("0s", query.asked_at).value_or("");
  {
    Readers readers{past, feed, reporter};
    for (const auto& source : sources) {
      readers.read(source, range);
    }
    if (!hand_out(past, feed, stop)) {
      return;
    }
    last_times = readers.take_last_times();
  }
  if (!query.range.follows) {
    return;
  }
  // What was written meanwhile comes first: each log goes on after its last line.
  range.follows = true;
  LogHub live{k_patience};
  Readers readers{live, feed, reporter};
  readers.set_last_times(std::move(last_times));
  readers.watch(since, make_filter(query.names));
  for (const auto& source : sources) {
    readers.read(source, range);
  }
  hand_out(live, feed, stop);
}

}  // namespace pecanctl::inspection
