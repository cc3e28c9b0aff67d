// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/deployment/wait.hpp"

#include <algorithm>
#include <memory>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/base/text.hpp"

namespace pecanctl::deployment {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds k_poll{100};
constexpr std::chrono::seconds k_look{30};
constexpr int k_log_lines = 20;
// One that stays may have been frozen or starved: its next health check finds it well. A new one
// had its retries already.
constexpr std::chrono::seconds k_recovery{5};

enum class Verdict { waiting, ailing, ready, broken };

struct Judgement {
  Verdict verdict = Verdict::waiting;
  std::string reason = {};
};

Judgement judge(const engine::Replica* replica)
{
  using engine::Health;
  using engine::State;
  if (replica == nullptr) {
    return {Verdict::broken, "it is gone"};
  }
  switch (replica->state) {
    case State::created:
      return {Verdict::waiting, "starting"};
    case State::paused:
      return {Verdict::waiting, "frozen"};
    case State::running:
      break;
    case State::restarting:
    case State::exited:
    case State::dead:
      return {Verdict::broken, fmt::format("it is {}", to_string(replica->state))};
  }
  if (replica->health == Health::unhealthy) {
    return {Verdict::ailing, "its health check fails"};
  }
  if (replica->health == Health::starting) {
    return {Verdict::waiting, "health: starting"};
  }
  return {Verdict::ready, {}};
}

// One wait: what is still awaited, and since when each is ready without a break.
class Waiter {
 public:
  Waiter(std::span<const Awaited> awaited, const engine::Identity& identity, engine::View& view,
         const WorkerProbe& probe, milliseconds window, Reporter& reporter)
      : identity_{identity},
        view_{view},
        probe_{probe},
        window_{window}
  {
    for (const auto& item : awaited) {
      items_.push_back({.awaited = item});
      items_.back().step = std::make_unique<Step>(
          reporter, StepStarted{.id = item.name, .group = item.service->name, .action = "wait"});
    }
  }

  std::map<std::string, Error> run(const Deadline& deadline, const std::stop_token& stop)
  {
    for (;;) {
      // A look has its own limit: at the end of the wait what is not ready is to be explained.
      const auto look = Deadline::in(k_look);
      const auto replicas = view_.list_replicas(identity_, look, stop);
      for (auto& item : items_) {
        update(item, replicas, look, stop);
      }
      update_workers(replicas, look, stop);
      std::erase_if(items_, [](const Item& item) { return item.is_over; });
      if (items_.empty()) {
        return std::move(failures_);
      }
      if (deadline.is_over()) {
        give_up(stop);
        return std::move(failures_);
      }
      pause_for(k_poll, deadline, stop);
    }
  }

 private:
  struct Item {
    Awaited awaited = {};
    std::unique_ptr<Step> step = {};
    std::optional<Clock::time_point> ready_since = {};
    std::optional<Clock::time_point> ailing_since = {};
    std::string reason = "starting";
    bool is_over = false;
  };

  void update(Item& item, std::span<const engine::Replica> replicas, const Deadline& deadline,
              const std::stop_token& stop)
  {
    const auto found = std::ranges::find(replicas, item.awaited.id, &engine::Replica::id);
    const auto judgement = judge(found == replicas.end() ? nullptr : &*found);
    const auto now = Clock::now();
    const bool is_ailing = judgement.verdict == Verdict::ailing;
    item.ailing_since =
        is_ailing ? item.ailing_since.value_or(now) : std::optional<Clock::time_point>{};
    if (judgement.verdict == Verdict::broken ||
        (is_ailing && (window_.count() > 0 || now - *item.ailing_since >= k_recovery))) {
      fail(item, judgement.reason, deadline, stop);
      return;
    }
    if (judgement.verdict != Verdict::ready) {
      item.ready_since.reset();
      say(item, judgement.reason);
      return;
    }
    item.ready_since = item.ready_since.value_or(now);
    const auto role = item.awaited.service->role;
    const auto window = role == stack::Role::holder ? milliseconds{0} : window_;
    if (role != stack::Role::worker && now - *item.ready_since >= window) {
      item.step->set_detail(item.awaited.service->health ? "healthy" : "running");
      item.is_over = true;
    }
  }

  // All workers of a service are judged together: the broker counts consumers, it does not name
  // them.
  void update_workers(std::span<const engine::Replica> replicas, const Deadline& deadline,
                      const std::stop_token& stop)
  {
    std::set<const stack::Service*> services;
    for (const auto& item : items_) {
      if (!item.is_over && item.awaited.service->role == stack::Role::worker) {
        services.insert(item.awaited.service);
      }
    }
    for (const auto* service : services) {
      update_service(*service, replicas, deadline, stop);
    }
  }

  void update_service(const stack::Service& service, std::span<const engine::Replica> replicas,
                      const Deadline& deadline, const std::stop_token& stop)
  {
    const auto is_waiting = [&](const Item& item) {
      return !item.is_over && item.awaited.service == &service;
    };
    if (std::ranges::any_of(
            items_, [&](const Item& item) { return is_waiting(item) && !item.ready_since; })) {
      return;
    }
    const auto running = std::ranges::count_if(replicas, [&](const engine::Replica& replica) {
      return replica.service == service.name && replica.state == engine::State::running;
    });
    const auto problem = probe_(service, static_cast<std::size_t>(running), deadline, stop);
    for (auto& item : items_) {
      if (is_waiting(item)) {
        item.is_over = !problem.has_value();
        problem ? say(item, *problem) : item.step->set_detail("takes jobs");
      }
    }
  }

  static void say(Item& item, const std::string& reason)
  {
    if (item.reason != reason) {
      item.reason = reason;
      item.step->progress(reason);
    }
  }

  void fail(Item& item, const std::string& problem, const Deadline& deadline,
            const std::stop_token& stop)
  {
    const auto error = explain_failure(item.awaited, problem, view_, deadline, stop);
    failures_.insert_or_assign(item.awaited.name, error);
    item.step->set_outcome(StepOutcome::failed);
    item.step->set_detail(problem);
    item.step->set_trail(error.info().trail);
    item.is_over = true;
  }

  void give_up(const std::stop_token& stop)
  {
    for (auto& item : items_) {
      auto error = explain_failure(item.awaited, fmt::format("timed out waiting ({})", item.reason),
                                   view_, Deadline::in(std::chrono::seconds{5}), stop);
      auto info = error.info();
      info.code = ErrorCode::timeout;
      item.step->set_trail(info.trail);
      failures_.insert_or_assign(item.awaited.name, Error{std::move(info)});
      item.step->set_outcome(StepOutcome::failed);
      item.step->set_detail("timed out: " + item.reason);
    }
  }

  const engine::Identity& identity_;
  engine::View& view_;
  const WorkerProbe& probe_;
  milliseconds window_;
  std::vector<Item> items_;
  std::map<std::string, Error> failures_;
};

}  // namespace

std::map<std::string, Error> wait_ready(std::span<const Awaited> awaited,
                                        const engine::Identity& identity, engine::View& view,
                                        const WorkerProbe& probe, milliseconds window,
                                        Reporter& reporter, const Deadline& deadline,
                                        std::stop_token stop)
{
  if (awaited.empty()) {
    return {};
  }
  return Waiter{awaited, identity, view, probe, window, reporter}.run(deadline, stop);
}

Error explain_refusal(const Awaited& awaited, const Error& refusal)
{
  auto info = refusal.info();
  info.what = fmt::format("cannot start {}", awaited.name);
  const auto says = [&](std::string_view text) { return info.why.find(text) != std::string::npos; };
  if (says("address already in use") || says("port is already allocated")) {
    info.hint = fmt::format("stop what uses the port, or give {} another one in pecan.yml",
                            awaited.service->name);
  }
  return Error{std::move(info)};
}

Error explain_failure(const Awaited& awaited, std::string_view problem, engine::View& view,
                      const Deadline& deadline, std::stop_token stop)
{
  ErrorInfo info{.code = ErrorCode::failed,
                 .what = fmt::format("{} did not come up", awaited.name),
                 .why = std::string{problem},
                 .hint = fmt::format(
                     "correct the cause (all of its log: docker logs {}) and repeat the command",
                     awaited.name)};
  try {
    const auto last = view.examine(awaited.id, k_log_lines, deadline, std::move(stop));
    if (last.state == engine::State::exited || last.state == engine::State::restarting) {
      info.why += fmt::format(", exit code {}", last.exit_code);
    }
    if (last.is_out_of_memory) {
      info.why += ", out of memory";
      info.hint = fmt::format("give {} more memory in pecan.yml", awaited.service->name);
    }
    if (!last.error.empty()) {
      info.why += "; Docker says: " + last.error;
    }
    info.trail = last.log;
    if (const auto output = trim(last.health_output); !output.empty()) {
      for (const auto& line : split(output, '\n')) {
        info.trail.push_back("health check: " + line);
      }
    }
  } catch (const Error& error) {
    info.why += fmt::format(" (its log cannot be read: {})", error.info().why);
  }
  return Error{std::move(info)};
}

}  // namespace pecanctl::deployment
