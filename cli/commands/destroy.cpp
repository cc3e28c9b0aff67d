// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <memory>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "cli/commands/commands.hpp"
#include "cli/context.hpp"
#include "cli/converge.hpp"
#include "cli/output/terminal.hpp"
#include "cli/validators.hpp"
#include "core/base/failpoint.hpp"
#include "core/base/text.hpp"

namespace pecanctl::cli::commands {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::string_view k_machine = "pecanctl";

struct DestroyFlags {
  bool with_volumes = false;
  bool is_now = false;
  std::string confirmation = {};
  std::chrono::milliseconds drain_timeout{k_drain_timeout};
};

std::string_view kind_of(deployment::Verb verb)
{
  switch (verb) {
    case deployment::Verb::remove_network:
      return "network";
    case deployment::Verb::remove_volume:
      return "volume";
    default:
      return "container";
  }
}

void describe(Context& context, const deployment::Plan& plan, const engine::Observation& observed)
{
  auto& printer = context.printer();
  printer.say(fmt::format("This removes the instance {} on this machine:", plan.instance));
  for (const auto& action : plan.actions) {
    printer.say(fmt::format("  - {:<9} {}{}", kind_of(action.verb), action.name,
                            action.deletes_data ? "   with all its data" : ""));
  }
  std::string kept;
  for (const auto& volume : observed.volumes) {
    const bool goes =
        std::ranges::any_of(plan.actions, [&](const auto& a) { return a.name == volume.name; });
    kept += goes ? "" : (kept.empty() ? "" : ", ") + volume.name;
  }
  if (!kept.empty()) {
    printer.say(fmt::format("It keeps the volumes {}; add --volumes to delete them.", kept));
  }
}

// Destroying wants the name: typed, or given by the one flag that says it.
void confirm(const DestroyFlags& flags, Context& context, const std::string& name)
{
  const auto refuse = [&](std::string why) {
    return Error{{.code = ErrorCode::unconfirmed,
                  .what = fmt::format("destroying {} needs a confirmation", name),
                  .why = std::move(why),
                  .hint = fmt::format("add --confirm {}", name)}};
  };
  if (!flags.confirmation.empty()) {
    if (flags.confirmation != name) {
      throw refuse(fmt::format("--confirm says '{}'", flags.confirmation));
    }
    return;
  }
  if (context.printer().is_json() || !output::is_terminal(STDIN_FILENO) ||
      !output::is_terminal(STDERR_FILENO)) {
    throw refuse("there is nobody to ask");
  }
  output::write_stderr("Type the name to go on: ");
  if (trim(output::read_line(context.stop())) != name) {
    throw refuse("the name was not typed");
  }
}

// Whether nothing runs but `leaving`.
bool is_last_instance(const engine::Identity& leaving, Context& context, const Deadline& deadline)
{
  for (const auto& identity : context.backend().list_instances(deadline, context.stop())) {
    const bool is_other =
        identity.instance != k_machine &&
        (identity.instance != leaving.instance || identity.owner != leaving.owner);
    // Volumes that a destroy kept need no services.
    if (is_other && !context.backend().list_replicas(identity, deadline, context.stop()).empty()) {
      return false;
    }
  }
  return true;
}

engine::Identity machine_identity()
{
  return {.instance = std::string{k_machine}, .owner = "machine"};
}

// What destroying `leaving` means for the machine's own services.
deployment::Plan plan_machine(const DestroyFlags& flags, const engine::Identity& leaving,
                              Context& context, const Deadline& deadline)
{
  if (!is_last_instance(leaving, context, deadline)) {
    return {};
  }
  const auto observed = context.backend().observe(machine_identity(), deadline, context.stop());
  auto plan = deployment::plan_destroy(std::string{k_machine}, observed, flags.with_volumes);
  for (auto& action : plan.actions) {
    action.reason = fmt::format("{}: no instance is left to use it", action.reason);
  }
  return plan;
}

// Consul serves all instances of the machine; it goes with the last one.
void destroy_machine_services(const DestroyFlags& flags, const engine::Identity& leaving,
                              Context& context, const Deadline& deadline)
{
  // Somebody who deploys now has no container yet, but needs Consul.
  const auto unused = context.find_machine_unused();
  if (!unused || !is_last_instance(leaving, context, deadline)) {
    return;
  }
  const auto lock = context.lock_machine();
  const auto observed = context.backend().observe(machine_identity(), deadline, context.stop());
  const auto plan = deployment::plan_destroy(std::string{k_machine}, observed, flags.with_volumes);
  deployment::apply_destroy(plan, observed, context.backend(), {}, context.reporter(), deadline,
                            context.stop());
}

// An index that cannot be reached does not keep the containers; its keys are told.
void warn_of_keys(Context& context, const Error& error)
{
  if (error.code() == ErrorCode::conflict || error.code() == ErrorCode::usage) {
    throw Error{error.info()};
  }
  warn(context.reporter(),
       fmt::format("Consul keeps its keys of {}: {}", context.instance_name(), error.what()));
}

// Before anything is removed: another machine may hold the instance, and which Consul it is may be
// known by its containers only.
std::unique_ptr<deployment::Index> claim_in_index(Context& context)
{
  try {
    return context.find_consul() ? context.index() : nullptr;
  } catch (const Error& error) {
    warn_of_keys(context, error);
    return nullptr;
  }
}

void forget_in_index(Context& context, deployment::Index* index)
{
  if (index == nullptr) {
    return;
  }
  try {
    index->remove(Deadline::in(std::chrono::seconds{20}), context.stop());
  } catch (const Error& error) {
    warn_of_keys(context, error);
  }
}

engine::Identity find_target(Context& context)
{
  try {
    return context.identity();
  } catch (const Error& error) {
    // Nothing carries the name: nothing to destroy, and that is what was asked for.
    if (error.code() == ErrorCode::not_found && !context.has_file()) {
      return {.instance = context.instance_name()};
    }
    throw;
  }
}

// Nothing is ours, but something has the name: -i named an instance of another folder, or the
// identity of this one was lost. Neither its containers nor its keys in Consul are ours to remove.
void refuse_foreign_instance(Context& context, const engine::Identity& identity,
                             const Deadline& deadline)
{
  for (const auto& found : context.backend().list_instances(deadline, context.stop())) {
    if (found.instance == identity.instance) {
      throw Error{{.code = ErrorCode::conflict,
                   .what = fmt::format("cannot destroy {}", identity.instance),
                   .why = fmt::format("what runs under that name carries another identity than {}",
                                      context.file().path.string()),
                   .hint = "go to the folder of its own pecan.yml, or to one without any",
                   .has_changed_nothing = true}};
    }
  }
}

void run_destroy(const DestroyFlags& flags, Context& context)
{
  const auto begun = Clock::now();
  const auto identity = find_target(context);
  const auto deadline = context.deadline(k_change_deadline);
  auto observed = context.backend().observe(identity, deadline, context.stop());
  if (observed.is_empty()) {
    refuse_foreign_instance(context, identity, deadline);
  }
  auto plan = deployment::plan_destroy(identity.instance, observed, flags.with_volumes);
  if (context.options().is_dry_run || context.options().is_check) {
    print_plan(context, plan, plan_machine(flags, identity, context, deadline),
               fmt::format("{} exists", identity.instance));
    return;
  }
  if (!plan.is_empty()) {
    describe(context, plan, observed);
    confirm(flags, context, identity.instance);
  }
  const auto lock = context.lock(identity.instance);
  auto machine = context.lock_machine_in_use();
  auto index = claim_in_index(context);
  observed = context.backend().observe(identity, deadline, context.stop());
  plan = deployment::plan_destroy(identity.instance, observed, flags.with_volumes);
  const int removed = deployment::apply_destroy(
      plan, observed, context.backend(),
      {.cut_off = flags.is_now, .drain = Deadline::in(flags.drain_timeout)}, context.reporter(),
      deadline, context.stop());
  failpoint("destroy.applied");
  forget_in_index(context, index.get());
  failpoint("destroy.forgotten");
  index.reset();
  machine.reset();
  destroy_machine_services(flags, identity, context, deadline);
  const auto elapsed = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - begun);
  const bool keeps_data =
      std::ranges::any_of(observed.volumes, &engine::VolumeState::is_data) && !flags.with_volumes;
  context.printer().say(
      removed == 0
          ? fmt::format("Nothing to destroy: there is no instance {}.", identity.instance)
          : fmt::format("{} is gone{}   {}", identity.instance,
                        keeps_data ? "; its data is kept, `pecanctl deploy` brings it back" : "",
                        format_duration(elapsed)));
  context.printer().add_to_result("changed", removed);
  context.printer().add_to_result("removed", removed);
}

}  // namespace

RunFn setup_destroy(CLI::App& sub)
{
  auto flags = std::make_shared<DestroyFlags>();
  sub.add_flag("--volumes", flags->with_volumes, "Delete the data too");
  sub.add_flag("--now", flags->is_now, "Do not wait for running jobs");
  sub.add_option("--confirm", flags->confirmation, "The instance's name, instead of typing it")
      ->type_name("NAME");
  add_duration(sub, "--drain-timeout", flags->drain_timeout,
               "Wait this long for running jobs (default 1h)");
  sub.footer(
      "Examples:\n  pecanctl destroy\n  pecanctl destroy -i ci-42 --volumes --now --confirm ci-42");
  return [flags](Context& context) { run_destroy(*flags, context); };
}

}  // namespace pecanctl::cli::commands
