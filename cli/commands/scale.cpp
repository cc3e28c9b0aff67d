// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include <charconv>
#include <chrono>
#include <memory>
#include <optional>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <CLI/CLI.hpp>

#include "cli/commands/commands.hpp"
#include "cli/context.hpp"
#include "cli/converge.hpp"
#include "cli/placement.hpp"
#include "cli/scale_auto.hpp"
#include "cli/validators.hpp"
#include "core/base/failpoint.hpp"
#include "core/base/text.hpp"
#include "core/deployment/tasks.hpp"

namespace pecanctl::cli::commands {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int k_most_workers = 512;

struct ScaleFlags {
  std::vector<std::string> targets = {};
  bool is_now = false;
  std::chrono::milliseconds drain_timeout{k_drain_timeout};
  bool is_auto = false;
  bool resumes = false;
  bool pauses = false;
  bool pauses_up = false;
  bool pauses_down = false;
};

const stack::Service& get_model(const stack::Stack& stack, const std::string& name)
{
  std::vector<std::string> models;
  for (const auto& service : stack.services) {
    if (service.model) {
      models.push_back(service.name);
    }
  }
  const auto* service = stack.find_service(name);
  if (service == nullptr) {
    const auto meant = did_you_mean(name, models);
    throw Error{{.code = ErrorCode::not_found,
                 .what = fmt::format("instance {} has no model '{}'", stack.name, name),
                 .why = fmt::format("pecan.yml has {}", fmt::join(models, ", ")),
                 .hint = meant.empty() ? "add it under models: in pecan.yml" : meant}};
  }
  if (!service->model) {
    throw Error{{.code = ErrorCode::usage,
                 .what = fmt::format("cannot scale {}", name),
                 .why = "only one of it can run; models can be scaled",
                 .hint = models.empty() ? "add a model under models: in pecan.yml"
                                        : fmt::format("pecanctl scale {}=2", models.front())}};
  }
  return *service;
}

std::pair<std::string, int> parse_target(const std::string& text)
{
  const auto equals = text.find('=');
  int count = -1;
  if (equals != std::string::npos) {
    const auto* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data() + equals + 1, end, count);
    count = error == std::errc{} && stop == end ? count : -1;
  }
  if (equals == std::string::npos || count < 0 || count > k_most_workers) {
    throw Error{{.code = ErrorCode::usage,
                 .what = fmt::format("cannot scale to '{}'", text),
                 .why = fmt::format("it has to be MODEL=N with N from 0 to {}", k_most_workers),
                 .hint = "pecanctl scale dalec=4"}};
  }
  return {text.substr(0, equals), count};
}

ConvergeRequest make_request(const ScaleFlags& flags, const stack::Stack& stack)
{
  ConvergeRequest request{
      .replaces_outdated = false,
      .retire = {.cut_off = flags.is_now, .drain = Deadline::in(flags.drain_timeout)}};
  for (const auto& target : flags.targets) {
    const auto [model, count] = parse_target(target);
    const auto& service = get_model(stack, model);
    request.only.insert(model);
    if (!service.joins.empty()) {
      request.only.insert(service.joins);
    }
    request.replicas.insert_or_assign(model, count);
  }
  return request;
}

std::map<std::string, std::size_t> count_workers(const engine::Observation& observed)
{
  std::map<std::string, std::size_t> counts;
  for (const auto& replica : observed.replicas) {
    counts[replica.service] += replica.is_worker && replica.state == engine::State::running ? 1 : 0;
  }
  return counts;
}

// New workers need the broker, and a queue that exists.
void require_broker(const stack::Stack& stack, const engine::Observation& observed)
{
  if (observed.is_empty()) {
    throw Error{{.code = ErrorCode::not_found,
                 .what = fmt::format("instance {} is not deployed", stack.name),
                 .hint = "pecanctl deploy"}};
  }
  if (stack.find_external("rabbitmq") == nullptr && !observed.find_port("rabbitmq", 5672)) {
    throw Error{{.code = ErrorCode::unreachable,
                 .what = fmt::format("cannot scale {}", stack.name),
                 .why = "its broker does not run",
                 .hint = "start it: pecanctl deploy"}};
  }
}

void remember(const ConvergeRequest& request, deployment::Index& index, Context& context)
{
  std::map<std::string, deployment::RememberedScale> scales;
  for (const auto& [model, count] : request.replicas) {
    scales.emplace(
        model, deployment::RememberedScale{.replicas = count,
                                           .by = context.user_name(),
                                           .at = format_time(std::chrono::system_clock::now())});
  }
  index.remember_scales(scales, Deadline::in(std::chrono::seconds{20}), context.stop());
  pause_after_scale(context, request.replicas, index);
}

void summarise(Context& context, const ConvergeRequest& request,
               const std::map<std::string, std::size_t>& before, int changes,
               Clock::time_point begun)
{
  auto replicas = nlohmann::json::object();
  const auto elapsed = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - begun);
  for (const auto& [model, count] : request.replicas) {
    const auto found = before.find(model);
    const auto old = found == before.end() ? 0 : found->second;
    const auto declared = context.stack().find_service(model)->replicas;
    context.printer().say(
        std::cmp_equal(old, count)
            ? fmt::format("{} stays at {}", model, count)
            : fmt::format("{}   {} -> {}   {}", model, old, count, format_duration(elapsed)));
    if (declared != count) {
      context.printer().say(
          fmt::format("Remembered: deploy will keep {} (pecan.yml says {}).", count, declared));
    }
    replicas[model] = count;
  }
  context.printer().add_to_result("replicas", std::move(replicas));
  context.printer().add_to_result("changed", changes);
}

void run_scale(const ScaleFlags& flags, Context& context)
{
  const auto begun = Clock::now();
  const auto& stack = context.stack();
  const auto request = make_request(flags, stack);
  const auto deadline = context.deadline(k_change_deadline);
  const auto observed = context.backend().observe(context.identity(), deadline, context.stop());
  require_broker(stack, observed);
  require_room(context, request.replicas);
  if (context.options().is_dry_run || context.options().is_check) {
    const auto planned = plan_for(context, stack, request);
    print_plan(context, planned.plan, {}, "the worker counts differ");
    return;
  }
  const auto lock = context.lock(stack.name);
  const auto machine = context.lock_machine_in_use();
  prepare(context, stack, request, deadline);
  const auto index = context.index();
  // Remembered first: what was asked for is the truth, also when this process ends half-way.
  remember(request, *index, context);
  failpoint("scale.remembered");
  const auto probe = deployment::make_worker_probe(context.services());
  const auto converged = converge(context, stack, request, {}, probe, deadline);
  failpoint("scale.applied");
  summarise(context, request, count_workers(observed), converged.changes, begun);
}

// Several of them at once cannot be meant.
std::optional<ScaleMode> find_mode(const ScaleFlags& flags)
{
  std::vector<std::pair<std::string, ScaleMode>> given;
  const auto add = [&](bool is_given, const char* name, ScaleMode mode) {
    if (is_given) {
      given.emplace_back(name, mode);
    }
  };
  add(flags.is_auto, "--auto", ScaleMode::look);
  add(flags.resumes, "--resume", ScaleMode::resume);
  add(flags.pauses, "--pause", ScaleMode::pause);
  add(flags.pauses_up, "--pause-up", ScaleMode::pause_up);
  add(flags.pauses_down, "--pause-down", ScaleMode::pause_down);
  if (given.size() > 1) {
    throw Error{{.code = ErrorCode::usage,
                 .what = fmt::format("cannot use {} with {}", given[0].first, given[1].first),
                 .hint = "leave one of them out"}};
  }
  return given.empty() ? std::nullopt : std::optional{given.front().second};
}

void run(const ScaleFlags& flags, Context& context)
{
  if (const auto mode = find_mode(flags)) {
    run_scale_mode(*mode, {flags.targets.begin(), flags.targets.end()}, context);
  } else {
    run_scale(flags, context);
  }
}

}  // namespace

RunFn setup_scale(CLI::App& sub)
{
  auto flags = std::make_shared<ScaleFlags>();
  sub.add_option("MODEL=N", flags->targets,
                 "Models and how many workers each shall have; with the flags below only MODEL, "
                 "none: all that have scale:");
  sub.add_flag("--auto", flags->is_auto,
               "One look at the queues, and the workers they need: for cron (see agent)");
  sub.add_flag("--resume", flags->resumes, "Let the queue decide again");
  sub.add_flag("--pause", flags->pauses, "Let the queue change nothing until --resume");
  sub.add_flag("--pause-up", flags->pauses_up, "Let the queue add no worker until --resume");
  sub.add_flag("--pause-down", flags->pauses_down, "Let the queue remove no worker until --resume");
  sub.add_flag("--now", flags->is_now,
               "Remove workers even while they run a job; the job runs again");
  add_duration(sub, "--drain-timeout", flags->drain_timeout,
               "Wait this long for busy workers (default 1h)");
  sub.callback([flags] {
    const bool names_all =
        flags->is_auto || flags->resumes || flags->pauses || flags->pauses_up || flags->pauses_down;
    if (flags->targets.empty() && !names_all) {
      throw CLI::RequiredError{"MODEL=N"};
    }
  });
  sub.footer(
      "Examples:\n  pecanctl scale sipnet=4\n  pecanctl scale sipnet=0 dalec=20\n"
      "  pecanctl scale --auto           for cron\n  pecanctl scale --auto -n        what the "
      "queues want, and why\n  pecanctl scale --resume sipnet");
  return [flags](Context& context) { run(*flags, context); };
}

}  // namespace pecanctl::cli::commands
