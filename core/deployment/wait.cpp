// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/deployment/wait.hpp"

#include <algorithm>
#include <memory>
#include <set>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/base/text.hpp"

namespace pecanctl::deployment {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr std::chrono::seconds k_look{30};
constexpr int k_log_lines = 20;

// One that stays may have been frozen or starved: its next health check finds it well. A new one
// had its retries already.
milliseconds recovery_of(const stack::Service& service)
{
  constexpr std::chrono::seconds k_check{2};
  return service.health ? service.health->interval + k_check : milliseconds{0};
}

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

void say(std::string& said, const Step& step, const std::string& reason)
{
  if (said != reason) {
    said = reason;
    step.progress(reason);
  }
}

}  // namespace

struct Vigil::Item {
  Awaited awaited = {};
  milliseconds window{0};
  Deadline deadline = Deadline::never();
  std::unique_ptr<Step> step = {};
  std::optional<Clock::time_point> ready_since = {};
  std::optional<Clock::time_point> ailing_since = {};
  std::string reason = "starting";
  std::optional<Error> failure = {};
  bool was_ready = false;
  bool is_over = false;
};

Vigil::Vigil(const engine::Identity& identity, engine::View& view, const WorkerProbe& probe)
    : identity_{identity},
      view_{view},
      probe_{probe}
{
}

Vigil::~Vigil() = default;

void Vigil::add(const Awaited& awaited, milliseconds window, const Deadline& deadline,
                Reporter& reporter)
{
  Item item{.awaited = awaited, .window = window, .deadline = deadline};
  item.step = std::make_unique<Step>(
      reporter, StepStarted{.id = awaited.name, .group = awaited.service->name, .action = "wait"});
  items_.push_back(std::move(item));
}

bool Vigil::is_empty() const
{
  return items_.empty();
}

Looked Vigil::look(const std::stop_token& stop)
{
  return look(view_.list_replicas(identity_, Deadline::in(k_look), stop), stop);
}

Looked Vigil::look(std::span<const engine::Replica> replicas, const std::stop_token& stop)
{
  // A look has its own limit: at the end of the wait what is not ready is to be explained.
  const auto look = Deadline::in(k_look);
  for (auto& item : items_) {
    update(item, replicas, look, stop);
  }
  update_workers(replicas, look, stop);
  for (auto& item : items_) {
    if (!item.is_over && item.deadline.is_over()) {
      give_up(item, stop);
    }
  }
  return take_over();
}

Looked Vigil::take_over()
{
  Looked looked;
  for (auto& item : items_) {
    const bool is_worker = item.awaited.service->role == stack::Role::worker;
    const bool is_ready =
        !item.failure && (is_worker ? item.is_over : item.ready_since.has_value());
    if (is_ready && !std::exchange(item.was_ready, true)) {
      looked.ready.push_back(item.awaited);
    }
    if (item.failure) {
      looked.failed.push_back({item.awaited, *item.failure});
    } else if (item.is_over) {
      looked.proven.push_back(item.awaited);
    }
  }
  std::erase_if(items_, [](const Item& item) { return item.is_over; });
  return looked;
}

void Vigil::update(Item& item, std::span<const engine::Replica> replicas, const Deadline& deadline,
                   const std::stop_token& stop)
{
  const auto found = std::ranges::find(replicas, item.awaited.id, &engine::Replica::id);
  const auto judgement = judge(found == replicas.end() ? nullptr : &*found);
  const auto now = Clock::now();
  const bool is_ailing = judgement.verdict == Verdict::ailing;
  item.ailing_since =
      is_ailing ? item.ailing_since.value_or(now) : std::optional<Clock::time_point>{};
  if (judgement.verdict == Verdict::broken ||
      (is_ailing && (item.window.count() > 0 ||
                     now - *item.ailing_since >= recovery_of(*item.awaited.service)))) {
    fail(item, judgement.reason, deadline, stop);
    return;
  }
  if (judgement.verdict != Verdict::ready) {
    item.ready_since.reset();
    say(item.reason, *item.step, judgement.reason);
    return;
  }
  item.ready_since = item.ready_since.value_or(now);
  const auto role = item.awaited.service->role;
  const auto window = role == stack::Role::holder ? milliseconds{0} : item.window;
  if (role != stack::Role::worker && now - *item.ready_since >= window) {
    item.step->set_detail(item.awaited.service->health ? "healthy" : "running");
    item.is_over = true;
  }
}

// All workers of a service are judged together: the broker counts consumers, it does not name them.
void Vigil::update_workers(std::span<const engine::Replica> replicas, const Deadline& deadline,
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

void Vigil::update_service(const stack::Service& service, std::span<const engine::Replica> replicas,
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
      problem ? say(item.reason, *item.step, *problem) : item.step->set_detail("takes jobs");
    }
  }
}

void Vigil::fail(Item& item, const std::string& problem, const Deadline& deadline,
                 const std::stop_token& stop)
{
  item.failure = explain_failure(item.awaited, problem, view_, deadline, stop);
  item.step->set_outcome(StepOutcome::failed);
  item.step->set_detail(problem);
  item.step->set_trail(item.failure->info().trail);
  item.is_over = true;
}

void Vigil::give_up(Item& item, const std::stop_token& stop)
{
  fail(item, fmt::format("timed out waiting ({})", item.reason),
       Deadline::in(std::chrono::seconds{5}), stop);
  auto info = item.failure->info();
  info.code = ErrorCode::timeout;
  item.failure = Error{std::move(info)};
  item.step->set_detail("timed out: " + item.reason);
}

std::map<std::string, Error> wait_ready(std::span<const Awaited> awaited,
                                        const engine::Identity& identity, engine::View& view,
                                        const WorkerProbe& probe, milliseconds window,
                                        Reporter& reporter, const Deadline& deadline,
                                        std::stop_token stop)
{
  Vigil vigil{identity, view, probe};
  for (const auto& item : awaited) {
    vigil.add(item, window, deadline, reporter);
  }
  std::map<std::string, Error> failures;
  while (!vigil.is_empty()) {
    for (const auto& [item, error] : vigil.look(stop).failed) {
      failures.insert_or_assign(item.name, error);
    }
    if (!vigil.is_empty()) {
      pause_for(k_look_pause, deadline, stop);
    }
  }
  return failures;
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
