// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "cli/converge.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/context.hpp"
#include "core/base/failpoint.hpp"
#include "core/project/make_stack.hpp"

namespace pecanctl::cli {
namespace {

using deployment::Verb;

constexpr std::chrono::seconds k_look_time{30};

// A container of somebody else may have a name that we need. Found before anything is touched.
void refuse_foreign_names(Context& context, const stack::Stack& stack, const deployment::Plan& plan)
{
  std::vector<std::string> names;
  for (const auto& action : plan.actions) {
    const bool makes_container =
        (action.verb == Verb::create || action.verb == Verb::replace) && action.id.empty();
    if (makes_container) {
      names.push_back(action.name);
    }
  }
  const auto foreign =
      context.backend().find_foreign(names, {.instance = stack.name, .owner = stack.owner},
                                     Deadline::in(k_look_time), context.stop());
  if (foreign.empty()) {
    return;
  }
  std::vector<std::string> reasons;
  for (const auto& [name, description] : foreign) {
    reasons.push_back(fmt::format("{} is taken by {}", name, description));
  }
  throw Error{{.code = ErrorCode::conflict,
               .what = fmt::format("cannot deploy {}: nothing was changed", stack.name),
               .why = fmt::format("{}", fmt::join(reasons, "\n")),
               .hint = "rename or remove it, or choose another `name:` in pecan.yml"}};
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

Planned plan_with(Context& context, const stack::Stack& stack, const ConvergeRequest& request,
                  std::map<std::string, engine::Image> images)
{
  Planned result;
  result.desired = {.stack = &stack,
                    .images = std::move(images),
                    .replicas = request.replicas,
                    .only = request.only,
                    .replaces_outdated = request.replaces_outdated};
  result.observed = context.backend().observe({.instance = stack.name, .owner = stack.owner},
                                              Deadline::in(k_look_time), context.stop());
  result.plan = deployment::plan_deploy(result.desired, result.observed);
  return result;
}

}  // namespace

Planned plan_for(Context& context, const stack::Stack& stack, const ConvergeRequest& request)
{
  return plan_with(
      context, stack, request,
      context.images().find(selected(stack, request), Deadline::in(k_look_time), context.stop()));
}

Converged converge(Context& context, const stack::Stack& stack, const ConvergeRequest& request,
                   std::span<const deployment::Task> tasks, const deployment::WorkerProbe& probe,
                   const Deadline& deadline)
{
  auto images = context.images().ensure(selected(stack, request), deadline, context.stop());
  Converged result{.planned = plan_with(context, stack, request, std::move(images))};
  failpoint("converge.planned");
  refuse_foreign_names(context, stack, result.planned.plan);
  const deployment::ApplyOptions options{.retire = request.retire};
  result.changes = deployment::apply_deploy(result.planned.plan, result.planned.desired, tasks,
                                            context.backend(), probe, options, context.reporter(),
                                            deadline, context.stop());
  return result;
}

void ensure_machine_services(Context& context, const Deadline& deadline)
{
  if (!context.file().consul_address.empty() || find_variable("CONSUL_HTTP_ADDR")) {
    return;
  }
  auto stack = project::make_machine_stack(context.catalogue());
  stack.images = context.file().images;
  if (const auto planned = plan_for(context, stack, {});
      planned.plan.is_empty() && planned.observed.find_port("consul", 8500) &&
      planned.observed.replicas.front().health == engine::Health::healthy) {
    return;
  }
  const auto holder = context.holder();
  const deployment::InstanceLock lock{
      deployment::lock_folder(), stack.name,         holder,
      std::chrono::minutes{2},   context.reporter(), context.stop()};
  converge(context, stack, {}, {}, {}, deadline);
}

void print_plan(Context& context, const deployment::Plan& plan)
{
  auto steps = nlohmann::json::array();
  for (const auto& action : plan.actions) {
    context.printer().say(fmt::format("  {} {:<24} {:<15} {}", sign_of(action.verb), action.name,
                                      to_string(action.verb), action.reason));
    steps.push_back({{"id", action.name},
                     {"action", to_string(action.verb)},
                     {"service", action.service},
                     {"reason", action.reason}});
  }
  for (const auto& [service, count] : plan.unchanged) {
    context.printer().say(
        fmt::format("  = {:<24} {}", fmt::format("{} x{}", service, count), "unchanged"));
  }
  context.printer().record("plan", {{"changes", plan.actions.size()},
                                    {"deletes_data", plan.deletes_data()},
                                    {"revision", plan.revision},
                                    {"steps", steps}});
}

}  // namespace pecanctl::cli
