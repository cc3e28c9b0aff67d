// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "cli/converge.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/context.hpp"
#include "core/base/failpoint.hpp"
#include "core/engine/container_config.hpp"
#include "core/project/make_stack.hpp"

namespace pecanctl::cli {
namespace {

using deployment::Verb;

// The names that a plan takes into use.
engine::Names new_names(const stack::Stack& stack, const deployment::Plan& plan)
{
  engine::Names names;
  for (const auto& action : plan.actions) {
    if (action.verb == Verb::create_network) {
      names.networks.push_back(action.name);
    } else if (action.verb == Verb::create_volume && !action.name.starts_with('/')) {
      names.volumes.push_back(action.name);
    } else if ((action.verb == Verb::create || action.verb == Verb::replace) && action.id.empty()) {
      names.containers.push_back(action.name);
      const auto files = engine::files_volume_name(stack, *stack.find_service(action.service));
      if (std::ranges::find(names.volumes, files) == names.volumes.end()) {
        names.volumes.push_back(files);
      }
    }
  }
  return names;
}

// Somebody else may have a name that we need. Found before anything is touched.
void refuse_foreign_names(Context& context, const stack::Stack& stack, const deployment::Plan& plan)
{
  const auto foreign = context.backend().find_foreign(
      new_names(stack, plan), {.instance = stack.name, .owner = stack.owner},
      context.look_deadline(), context.stop());
  if (!foreign.empty()) {
    throw Error{{.code = ErrorCode::conflict,
                 .what = fmt::format("cannot deploy {}", stack.name),
                 .why = fmt::format("its names are taken: {}", fmt::join(foreign, "\n")),
                 .hint = "rename or remove it, or choose another `name:` in pecan.yml",
                 .has_changed_nothing = true}};
  }
}

std::string_view sign_of(Verb verb)
{
  switch (verb) {
    case Verb::remove:
    case Verb::remove_network:
    case Verb::remove_volume:
      return "-";
    case Verb::replace:
      return "~";
    default:
      return "+";
  }
}

// The services acted on: scaling a model builds no image of another service.
stack::Stack selected(stack::Stack stack, const ConvergeRequest& request)
{
  if (!request.only.empty()) {
    std::erase_if(stack.services, [&](const stack::Service& service) {
      return !request.only.contains(service.name);
    });
  }
  return stack;
}

// A worker that cannot be made needs no network either.
std::set<std::string> left_out(const stack::Stack& stack,
                               const std::map<std::string, Error>& missing)
{
  std::set<std::string> names;
  for (const auto& [service, error] : missing) {
    names.insert(service);
    if (const auto& holder = stack.find_service(service)->joins; !holder.empty()) {
      names.insert(holder);
    }
  }
  return names;
}

Planned plan_with(Context& context, const stack::Stack& stack, const ConvergeRequest& request,
                  engine::Obtained obtained)
{
  Planned result;
  result.desired = {.stack = &stack,
                    .images = std::move(obtained.images),
                    .replicas = request.replicas,
                    .only = request.only,
                    .without = left_out(stack, obtained.missing),
                    .replaces_outdated = request.replaces_outdated};
  result.missing = std::move(obtained.missing);
  result.observed = context.backend().observe({.instance = stack.name, .owner = stack.owner},
                                              context.look_deadline(), context.stop());
  result.plan = deployment::plan_deploy(result.desired, result.observed);
  return result;
}

}  // namespace

Planned plan_for(Context& context, const stack::Stack& stack, const ConvergeRequest& request)
{
  return plan_with(context, stack, request,
                   {.images = context.images().find(selected(stack, request),
                                                    context.look_deadline(), context.stop())});
}

Planned prepare(Context& context, const stack::Stack& stack, const ConvergeRequest& request,
                const Deadline& deadline)
{
  auto obtained = context.images().ensure(selected(stack, request), deadline, context.stop());
  if (!request.only.empty() && !obtained.missing.empty()) {
    throw Error{obtained.missing.begin()->second};  // it was asked for by name
  }
  auto planned = plan_with(context, stack, request, std::move(obtained));
  refuse_foreign_names(context, stack, planned.plan);
  return planned;
}

Converged converge(Context& context, const stack::Stack& stack, const ConvergeRequest& request,
                   std::span<const deployment::Task> tasks, const deployment::WorkerProbe& probe,
                   const Deadline& deadline)
{
  Converged result{.planned = prepare(context, stack, request, deadline)};
  failpoint("converge.planned");
  result.changes =
      deployment::apply_deploy({.plan = result.planned.plan,
                                .desired = result.planned.desired,
                                .tasks = tasks,
                                .probe = probe,
                                .options = {.retire = request.retire},
                                .seen = result.planned.observed.replicas},
                               context.backend(), context.reporter(), deadline, context.stop());
  return result;
}

void ensure_machine_services(Context& context, const ConvergeRequest& request,
                             const Deadline& deadline)
{
  if (!context.has_own_consul()) {
    return;
  }
  auto stack = project::make_machine_stack(context.catalogue());
  stack.images = context.file().images;
  if (const auto planned = plan_for(context, stack, {});
      planned.plan.is_empty() && planned.observed.find_port("consul", 8500) &&
      planned.observed.replicas.front().health == engine::Health::healthy) {
    return;
  }
  // What would stop this deploy stops it before the first container is touched.
  prepare(context, context.stack(), request, deadline);
  const auto lock = context.lock_machine();
  converge(context, stack, {}, {}, {}, deadline);
}

deployment::Plan plan_machine_services(Context& context)
{
  if (!context.has_own_consul()) {
    return {};
  }
  auto stack = project::make_machine_stack(context.catalogue());
  stack.images = context.file().images;
  return plan_for(context, stack, {}).plan;
}

void print_plan(Context& context, const deployment::Plan& plan, const deployment::Plan& machine,
                const std::string& finding, const std::vector<FileChange>& files)
{
  auto& printer = context.printer();
  auto steps = nlohmann::json::array();
  for (const auto& file : files) {
    if (file.lines.empty()) {
      continue;
    }
    printer.say(fmt::format("  ~ {:<24} {:<15} {}", file.path, "write", file.reason));
    for (const auto& line : file.lines) {
      printer.say("      " + line);
    }
    steps.push_back({{"id", file.path},
                     {"action", "write"},
                     {"service", file.service},
                     {"reason", file.reason}});
  }
  for (const auto* part : {&machine, &plan}) {
    for (const auto& action : part->actions) {
      printer.say(fmt::format("  {} {:<24} {:<15} {}{}", sign_of(action.verb), action.name,
                              to_string(action.verb), action.reason,
                              action.deletes_data ? ", with all its data" : ""));
      steps.push_back({{"id", action.name},
                       {"action", to_string(action.verb)},
                       {"service", action.service},
                       {"reason", action.reason}});
    }
  }
  for (const auto& [service, count] : plan.unchanged) {
    printer.say(fmt::format("  = {:<24} {}", fmt::format("{} x{}", service, count), "unchanged"));
  }
  const auto changes = steps.size();
  const bool deletes_data = plan.deletes_data() || machine.deletes_data();
  printer.record("plan", {{"changes", changes},
                          {"deletes_data", deletes_data},
                          {"revision", plan.revision},
                          {"steps", std::move(steps)}});
  printer.add_to_result("changes", changes);
  if (context.options().is_check && changes > 0) {
    throw Error{{.code = ErrorCode::finding,
                 .what = finding,
                 .why = fmt::format("{} step{} would be taken", changes, changes == 1 ? "" : "s"),
                 .hint = "the same command without --check and -n takes them"}};
  }
}

}  // namespace pecanctl::cli
