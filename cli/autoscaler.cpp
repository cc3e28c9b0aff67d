// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "cli/autoscaler.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include <fmt/format.h>

#include "cli/context.hpp"
#include "cli/converge.hpp"
#include "cli/placement.hpp"
#include "core/base/failpoint.hpp"
#include "core/base/text.hpp"
#include "core/deployment/tasks.hpp"

namespace pecanctl::cli {
namespace {

using namespace std::chrono_literals;
using scaling::Verdict;

constexpr auto k_ask = 5s;        // one answer of the broker or of Consul
constexpr auto k_apply = 2min;    // until new workers take jobs
constexpr auto k_drain = 2s;      // idle ones leave at once; who became busy meanwhile stays
constexpr auto k_farewell = 15s;  // a worker without network gives its broker up
constexpr auto k_repair_every = 10s;
constexpr auto k_deaf = 30s;         // for connecting anew after the broker was away
constexpr auto k_write_every = 30s;  // a look that finds what the last one found

bool is_worker_up(const engine::Replica& replica)
{
  return replica.state == engine::State::running || replica.state == engine::State::paused;
}

// Whoever shared its network has none now, also when it comes back.
bool has_lost_network(const stack::Service& service, const engine::Observation& observed)
{
  const auto holders = observed.of_service(service.joins);
  return !observed.of_service(service.name).empty() &&
         std::ranges::any_of(holders, [](const engine::Replica* holder) {
           return holder->state != engine::State::running;
         });
}

// A worker that ended, one that lost its network, a holder that does not run: what a restart of
// Docker leaves behind.
bool needs_repair(const stack::Service& service, const engine::Observation& observed)
{
  const auto workers = observed.of_service(service.name);
  const auto holders = observed.of_service(service.joins);
  const auto is_down = [](const engine::Replica* replica) {
    return replica->state != engine::State::running;
  };
  const auto is_cut_off = [&](const engine::Replica* worker) {
    return !worker->joined.empty() && std::ranges::none_of(holders, [&](const auto* holder) {
      return holder->id == worker->joined;
    });
  };
  return std::ranges::any_of(workers, is_down) || std::ranges::any_of(workers, is_cut_off) ||
         has_lost_network(service, observed);
}

bool is_change(const scaling::Row& row)
{
  return row.verdict == Verdict::up || row.verdict == Verdict::down;
}

std::set<std::string> names_of(const engine::Observation& observed, const std::string& service)
{
  std::set<std::string> names;
  for (const auto* replica : observed.of_service(service)) {
    names.insert(replica->name);
  }
  return names;
}

std::vector<std::string> differences(const std::set<std::string>& before,
                                     const std::set<std::string>& after)
{
  std::vector<std::string> changed;
  std::ranges::set_symmetric_difference(before, after, std::back_inserter(changed));
  return changed;
}

}  // namespace

std::vector<const stack::Service*> scaled_models(const stack::Stack& stack,
                                                 const std::set<std::string>& only)
{
  std::vector<const stack::Service*> models;
  std::vector<std::string> names;
  for (const auto& service : stack.services) {
    if (service.model && service.model->scaling) {
      names.push_back(service.name);
      if (only.empty() || only.contains(service.name)) {
        models.push_back(&service);
      }
    }
  }
  for (const auto& name : only) {
    if (std::ranges::find(names, name) == names.end()) {
      const auto* service = stack.find_service(name);
      const bool is_model = service != nullptr && service->model;
      const auto meant = did_you_mean(name, names);
      throw Error{{.code = is_model ? ErrorCode::usage : ErrorCode::not_found,
                   .what = is_model
                               ? fmt::format("cannot scale {} by its queue", name)
                               : fmt::format("instance {} has no model '{}'", stack.name, name),
                   .why = is_model ? "pecan.yml gives it no bounds" : "",
                   .hint = is_model ? fmt::format("write `models.{}.scale: {{ max: 8 }}`", name)
                           : meant.empty() ? "add it under models: in pecan.yml"
                                           : meant}};
    }
  }
  return models;
}

Autoscaler::Autoscaler(Context& context) : context_{context} {}

consul::Client& Autoscaler::client()
{
  if (context_.options().is_dry_run) {
    if (!reader_) {
      reader_ = context_.consul("start it: pecanctl deploy");
    }
    return *reader_;
  }
  if (!claim_) {
    claim_ = context_.claim("scaler");
  }
  return claim_->client();
}

Autoscaler::Known& Autoscaler::known(const std::string& model)
{
  auto found = known_.find(model);
  if (found == known_.end()) {
    const auto instance = context_.instance_name();
    const auto deadline = Deadline::in(k_ask);
    Known made{.state = scaling::find_state(client(), instance, model, deadline, context_.stop())};
    const auto entry = client().find(scaling::row_key(instance, model, made.state.rows), deadline,
                                     context_.stop());
    made.last = entry ? scaling::parse_row(entry->value).value_or(scaling::Row{}) : scaling::Row{};
    found = known_.emplace(model, std::move(made)).first;
  }
  return found->second;
}

scaling::Sight Autoscaler::look(const stack::Service& service, const engine::Observation& observed)
{
  std::map<std::string, int> others;
  for (const auto& replica : observed.replicas) {
    others[replica.service] += replica.is_worker && is_worker_up(replica) ? 1 : 0;
  }
  scaling::Sight sight{.now = std::chrono::system_clock::now(),
                       .room = room_for(context_, service.name, others)};
  std::vector<std::string> ids;
  for (const auto* replica : observed.of_service(service.name)) {
    if (is_worker_up(*replica)) {
      ++sight.workers;
      ids.push_back(replica->id);
    }
  }
  std::uint64_t consumers = 0;
  const auto attempt = [&](const auto& ask) {
    try {
      ask(Deadline::in(k_ask));
    } catch (const Error& error) {
      debug(context_.reporter(), fmt::format("{}: {}", service.name, error.what()));
      context_.services().forget();
    }
  };
  attempt([&](const Deadline& deadline) {
    auto& broker = context_.services().broker(deadline, context_.stop());
    const auto queue = broker.find_queue(service.model->queue(), deadline, context_.stop());
    if (queue) {
      sight.ready = queue->ready;
      consumers = queue->consumers;
    } else if (!context_.options().is_dry_run) {
      // Lost with the broker's data, and no worker is there to declare it.
      broker.ensure_queue(service.model->queue(), deadline, context_.stop());
    }
  });
  attempt([&](const Deadline& deadline) {
    const auto busy = context_.backend().are_busy(ids, deadline, context_.stop());
    sight.busy = static_cast<int>(std::ranges::count(busy, true));
  });
  note_deafness(consumers, sight, known(service.name));
  return sight;
}

// The network of a holder that was started again is another one: its workers run, and hear nothing.
void Autoscaler::note_deafness(std::uint64_t consumers, const scaling::Sight& sight, Known& kept)
{
  const bool is_deaf = sight.ready && consumers == 0 && sight.workers > 0 && sight.busy == 0;
  if (!is_deaf) {
    kept.deaf.reset();
  } else if (!kept.deaf) {
    kept.deaf = Deadline::in(k_deaf);
  }
}

void Autoscaler::act(const stack::Service& service, const engine::Observation& observed,
                     bool replaces_all, scaling::Row& row)
{
  const auto& stack = context_.stack();
  const auto deadline = Deadline::in(k_apply);
  const auto lock = context_.lock(stack.name);
  const auto machine = context_.lock_machine_in_use();
  const auto index = context_.index();
  if (is_change(row)) {
    // Remembered first, as `scale` does: deploy keeps what the queue wanted.
    index->remember_scales({{service.name,
                             {.replicas = row.target,
                              .by = "the queue",
                              .at = format_time(std::chrono::system_clock::now())}}},
                           deadline.sooner(k_ask), context_.stop());
    failpoint("autoscale.remembered");
  }
  ConvergeRequest request{.only = {service.name},
                          .replicas = {{service.name, row.target}},
                          .replaces_outdated = false,
                          .retire = {.drain = Deadline::in(k_drain)}};
  if (!service.joins.empty()) {
    request.only.insert(service.joins);
  }
  const auto probe = deployment::make_worker_probe(context_.services());
  const auto before = names_of(observed, service.name);
  const auto tell = [&] {
    const auto after = context_.backend().observe_containers(context_.identity(),
                                                             Deadline::in(k_ask), context_.stop());
    row.changed = differences(before, names_of(after, service.name));
  };
  try {
    if (replaces_all) {
      auto none = request;
      none.replicas = {{service.name, 0}};
      none.retire.drain = Deadline::in(k_farewell);
      converge(context_, stack, none, {}, probe, deadline);
    }
    converge(context_, stack, request, {}, probe, deadline);
  } catch (const Error&) {
    tell();
    throw;
  }
  tell();
}

void Autoscaler::record(const std::string& model, scaling::Row& row)
{
  auto& kept = known(model);
  if (row.repeats(kept.last)) {
    row.number = kept.last.number;
    row.at = kept.last.at;
    row.looks = kept.last.looks + 1;
  } else {
    row.number = ++kept.state.rows;
  }
  kept.last = row;
  if (row.looks > 1 && !kept.write_after.is_over()) {
    return;
  }
  using consul::Operation;
  const auto instance = context_.instance_name();
  if (!claim_->try_commit({{.kind = Operation::Kind::set,
                            .key = scaling::row_key(instance, model, row.number),
                            .value = scaling::render_row(row)},
                           {.kind = Operation::Kind::set,
                            .key = scaling::state_key(instance, model),
                            .value = scaling::render_state(kept.state)}},
                          Deadline::in(k_ask), context_.stop())) {
    warn(context_.reporter(), "Consul did not take a decision");
  }
  kept.write_after = Deadline::in(k_write_every);
}

scaling::Row Autoscaler::treat(const stack::Service& service, const engine::Observation& observed)
{
  auto& kept = known(service.name);
  const auto pause = scaling::find_pause(client(), context_.instance_name(), service.name,
                                         Deadline::in(k_ask), context_.stop());
  const auto sight = look(service, observed);
  auto decision = scaling::decide(sight, kept.state.memory, *service.model->scaling, pause.pause);
  const auto now = format_time(sight.now);
  scaling::Row row{.at = now,
                   .until = now,
                   .instance = context_.instance_name(),
                   .model = service.name,
                   .queue = service.model->queue(),
                   .ready = sight.ready,
                   .busy = sight.busy,
                   .workers = sight.workers,
                   .raw = decision.raw,
                   .want = decision.want,
                   .target = decision.target,
                   .verdict = decision.verdict,
                   .reason = std::move(decision.reason)};
  if (context_.options().is_dry_run) {
    return row;
  }
  const bool is_deaf = kept.deaf && kept.deaf->is_over();
  const bool replaces_all = is_deaf || has_lost_network(service, observed);
  // Also while it is paused, which is about how many there are.
  const bool repairs = kept.repair_after.is_over() && (is_deaf || needs_repair(service, observed));
  bool was_done = true;
  if (is_change(row) || repairs) {
    try {
      if (!is_change(row)) {  // none less than there were before they ended
        row.target = static_cast<int>(observed.of_service(service.name).size());
      }
      act(service, observed, repairs && replaces_all, row);
      kept.deaf.reset();
    } catch (const Error& error) {
      was_done = false;
      row.reason = fmt::format("{}; but {}", row.reason, error.what());
      row.verdict = Verdict::error;
    }
    kept.repair_after = Deadline::in(k_repair_every);
  }
  // What did not happen is not remembered as having happened, or the next look would wait for it.
  auto memory = std::move(decision.memory);
  if (!was_done && row.changed.empty()) {
    memory.grown = kept.state.memory.grown;
    memory.grown_at = kept.state.memory.grown_at;
    memory.aim = kept.state.memory.aim;
  }
  kept.state.memory = std::move(memory);
  record(service.name, row);
  return row;
}

// Models whose number is the operator's lose workers to a restart of Docker, too.
void Autoscaler::mend_others(const engine::Observation& observed)
{
  for (const auto& service : context_.stack().services) {
    auto& after = mend_after_.try_emplace(service.name, Deadline::in(0s)).first->second;
    if (!service.model || service.model->scaling || !after.is_over() ||
        !needs_repair(service, observed)) {
      continue;
    }
    scaling::Row row{.target = static_cast<int>(observed.of_service(service.name).size())};
    try {
      act(service, observed, has_lost_network(service, observed), row);
      note(context_.reporter(), fmt::format("{}: workers that had ended run again", service.name));
    } catch (const Error& error) {
      warn(context_.reporter(),
           fmt::format("cannot repair the workers of {}: {}", service.name, error.what()));
    }
    after = Deadline::in(k_repair_every);
  }
}

std::vector<scaling::Row> Autoscaler::pass(const std::set<std::string>& only)
{
  const auto models = scaled_models(context_.stack(), only);
  const auto observed = context_.backend().observe_containers(
      context_.identity(), context_.look_deadline(), context_.stop());
  if (observed.is_empty()) {
    throw Error{{.code = ErrorCode::not_found,
                 .what = fmt::format("instance {} is not deployed", context_.stack().name),
                 .hint = "pecanctl deploy"}};
  }
  std::vector<scaling::Row> rows;
  rows.reserve(models.size());
  for (const auto* model : models) {
    rows.push_back(treat(*model, observed));
  }
  if (only.empty() && !context_.options().is_dry_run) {
    mend_others(observed);
  }
  return rows;
}

}  // namespace pecanctl::cli
