// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <chrono>
#include <memory>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <CLI/CLI.hpp>

#include "cli/bety_setup.hpp"
#include "cli/commands/commands.hpp"
#include "cli/config_php.hpp"
#include "cli/context.hpp"
#include "cli/converge.hpp"
#include "cli/deploy_via.hpp"
#include "cli/deploying.hpp"
#include "cli/externals.hpp"
#include "cli/placement.hpp"
#include "cli/rollback.hpp"
#include "cli/update.hpp"
#include "cli/validators.hpp"
#include "core/base/failpoint.hpp"
#include "core/base/text.hpp"
#include "core/deployment/tasks.hpp"

namespace pecanctl::cli::commands {
namespace {

using Clock = std::chrono::steady_clock;

struct DeployFlags {
  std::vector<std::string> services = {};
  bool is_now = false;
  bool wants_demo_data = false;
  bool is_rollback = false;
  bool is_update = false;
  int revision = 0;  ///< to go back to; 0: none

  bool goes_back() const { return is_rollback || revision > 0; }

  bool changes_file() const { return goes_back() || is_update; }

  std::chrono::milliseconds drain_timeout{k_drain_timeout};
  RemoteDeploy wish = {};
};

std::set<std::string> check_services(const DeployFlags& flags, const stack::Stack& stack)
{
  std::vector<std::string> known;
  for (const auto& service : stack.services) {
    if (service.role != stack::Role::holder) {
      known.push_back(service.name);
    }
  }
  for (const auto& name : flags.services) {
    if (stack.find_service(name) == nullptr) {
      const auto meant = did_you_mean(name, known);
      throw Error{{.code = ErrorCode::not_found,
                   .what = fmt::format("instance {} has no service '{}'", stack.name, name),
                   .why = fmt::format("it has {}", fmt::join(known, ", ")),
                   .hint = meant.empty() ? "name one of these, or none for all" : meant}};
    }
  }
  return {flags.services.begin(), flags.services.end()};
}

bool is_running(const engine::Observation& observed, std::string_view service)
{
  return std::ranges::any_of(observed.of_service(service), [](const engine::Replica* replica) {
    return replica->state == engine::State::running;
  });
}

// A service alone is of no use: what it stands on comes along, unless it runs.
void add_missing_dependencies(const stack::Stack& stack, const engine::Observation& observed,
                              std::set<std::string>& only)
{
  std::vector<std::string> open{only.begin(), only.end()};
  while (!open.empty()) {
    const auto name = std::move(open.back());
    open.pop_back();
    for (const auto& needed : stack.find_service(name)->depends_on) {
      if (!is_running(observed, needed) && only.insert(needed).second) {
        open.push_back(needed);
      }
    }
  }
}

// Tasks need the service that they set up.
void drop_unreachable_tasks(const stack::Stack& stack, const std::set<std::string>& only,
                            const engine::Observation& observed,
                            std::vector<deployment::Task>& tasks)
{
  std::erase_if(tasks, [&](const deployment::Task& task) {
    return !only.empty() && !only.contains(task.after) && !is_running(observed, task.after) &&
           stack.find_external(task.after) == nullptr;
  });
}

// What `scale` set stays, whatever pecan.yml says.
std::map<std::string, int> remembered_replicas(Context& context, const stack::Stack& stack,
                                               deployment::Index& index)
{
  std::map<std::string, int> replicas;
  for (const auto& [model, scale] :
       index.list_scales(context.deadline(std::chrono::seconds{20}), context.stop())) {
    const auto* service = stack.find_service(model);
    if (service == nullptr) {
      continue;
    }
    replicas.emplace(model, scale.replicas);
    if (service->replicas != scale.replicas) {
      note(context.reporter(),
           fmt::format("{} stays at {} (set by {} at {}; pecan.yml says {})", model, scale.replicas,
                       scale.by, scale.at, service->replicas));
    }
  }
  return replicas;
}

deployment::Publication publication_of(Context& context, const Converged& converged,
                                       const engine::Observation& observed)
{
  const auto& stack = *converged.planned.desired.stack;
  deployment::Publication publication{.owner = stack.owner,
                                      .file = stack.file,
                                      .host = context.holder().host,
                                      .ip = context.machine_address(),
                                      .release = stack.release,
                                      .revision = converged.planned.plan.revision,
                                      .by = context.user_name(),
                                      .text = context.source().text};
  for (const auto& service : stack.services) {
    publication.replicas.emplace(service.name, converged.planned.desired.replicas_of(service));
    for (const auto& port : service.ports) {
      if (const auto found = observed.find_port(service.name, port.container_port)) {
        publication.endpoints.emplace(fmt::format("{}:{}", service.name, port.container_port),
                                      fmt::format("127.0.0.1:{}", found->host_port));
      }
    }
  }
  for (const auto& external : stack.externals) {
    publication.endpoints.emplace(fmt::format("{}:{}", external.service, external.port),
                                  fmt::format("{}:{}", external.host, external.port));
  }
  return publication;
}

void print_dry_run(Context& context, ConvergeRequest request, FileChange release)
{
  const auto& stack = context.stack();
  const auto machine = plan_machine_services(context);
  if (const auto connect = context.find_consul()) {
    deployment::Index index{*connect, stack.name};
    request.replicas = remembered_replicas(context, stack, index);
  }
  require_room(context, request.replicas);
  const auto planned = plan_for(context, stack, request);
  context.printer().say(fmt::format("{}: nothing is changed by this command", stack.name));
  print_plan(context, planned.plan, machine, fmt::format("{} differs from pecan.yml", stack.name),
             {std::move(release), plan_config_php(context)});
}

void summarise(Context& context, const Converged& converged, const engine::Observation& observed,
               Clock::time_point begun)
{
  const auto elapsed = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - begun);
  const auto& plan = converged.planned.plan;
  context.printer().say(
      converged.changes == 0
          ? fmt::format("{} already matches pecan.yml (revision {}).", plan.instance, plan.revision)
          : fmt::format("{} is up: revision {}, {} containers, {}", plan.instance, plan.revision,
                        observed.replicas.size(), format_duration(elapsed)));
  context.printer().add_to_result("changed", converged.changes);
  context.printer().add_to_result("revision", plan.revision);
}

// Everything else is as wanted.
void refuse_missing(const Planned& planned)
{
  if (planned.missing.empty()) {
    return;
  }
  std::vector<std::string> reasons;
  for (const auto& [service, error] : planned.missing) {
    reasons.push_back(fmt::format("{}: {}", service, error.what()));
  }
  throw Error{{.code = ErrorCode::partial,
               .what = fmt::format("{} of {} services are missing", reasons.size(),
                                   planned.desired.stack->services.size()),
               .why = fmt::format("{}", fmt::join(reasons, "\n")),
               .hint = "repeat the command when the images can be had, load them with docker load, "
                       "or write `off` for what is not needed"}};
}

void refuse_demo_data(const DeployFlags& flags, Context& context)
{
  if (flags.wants_demo_data && context.file().profile != "full") {
    throw Error{{.code = ErrorCode::usage,
                 .what = "cannot add the demo data",
                 .why = "the profile core has no BETY to register it in",
                 .hint = "write `profile: full`"}};
  }
}

// BETY's data first: what pecanctl needs of it itself is in there.
void add_bety_tasks(const DeployFlags& flags, Context& context,
                    std::vector<deployment::Task>& tasks)
{
  if (context.file().profile != "full") {
    return;
  }
  auto first = make_bety_tasks(context, flags.wants_demo_data);
  tasks.insert(tasks.begin(), std::make_move_iterator(first.begin()),
               std::make_move_iterator(first.end()));
}

std::vector<deployment::Task> tasks_of(const DeployFlags& flags, Context& context,
                                       const std::set<std::string>& only,
                                       const engine::Observation& before)
{
  const auto& stack = context.stack();
  const auto tables = read_file(context.templates() / "bety" / "core.sql");
  auto tasks = deployment::make_tasks(stack, context.services(), tables, context.secrets().bety);
  add_bety_tasks(flags, context, tasks);
  drop_unreachable_tasks(stack, only, before, tasks);
  return tasks;
}

// Another pecan.yml than the one that is there, where that is asked for. Whether there is
// something to do.
bool choose_text(const DeployFlags& flags, Context& context)
{
  if (flags.goes_back()) {
    use_past_revision(context, flags.revision);
  }
  return !flags.is_update || use_newest_release(context);
}

// Lets others know what there is now, and says it.
void finish(Context& context, deployment::Index& index, const Converged& converged,
            const Deadline& deadline, Clock::time_point begun)
{
  const bool is_as_before = converged.changes == 0;
  const auto observed = is_as_before ? converged.planned.observed
                                     : context.backend().observe_containers(
                                           context.identity(), deadline, context.stop());
  index.publish(publication_of(context, converged, observed), deadline, context.stop());
  failpoint("deploy.published");
  summarise(context, converged, observed, begun);
  refuse_missing(converged.planned);
}

// What is acted on beside the services that were named. What was there before: only where it
// counts.
engine::Observation complete_selection(Context& context, ConvergeRequest& request,
                                       const Deadline& deadline)
{
  engine::Observation before;
  if (!request.only.empty()) {
    before = context.backend().observe_containers(context.identity(), deadline, context.stop());
    add_missing_dependencies(context.stack(), before, request.only);
  }
  return before;
}

void run_deploy(const DeployFlags& flags, Context& context)
{
  const auto begun = Clock::now();
  if (!choose_text(flags, context)) {
    return;
  }
  refuse_demo_data(flags, context);
  const auto& stack = context.stack();
  const auto deadline = context.deadline(k_change_deadline);
  context.images().begin(stack);
  ConvergeRequest request{
      .only = check_services(flags, stack),
      .retire = {.cut_off = flags.is_now, .drain = Deadline::in(flags.drain_timeout)}};
  if (context.options().is_dry_run || context.options().is_check) {
    print_dry_run(context, request, flags.is_update ? plan_release(context) : FileChange{});
    return;
  }
  require_externals(context, deadline);
  const auto lock = context.lock(stack.name);
  const auto machine = context.lock_machine_in_use();
  const auto before = complete_selection(context, request, deadline);
  if (!context.find_consul()) {
    require_room(context, {});  // before the machine's own services are started
  }
  failpoint("deploy.locked");
  context.services().begin(deadline, context.stop());
  ensure_machine_services(context, request, deadline);
  failpoint("deploy.machine");
  const auto index = context.index();
  request.replicas = remembered_replicas(context, stack, *index);
  require_room(context, request.replicas);
  const auto tasks = tasks_of(flags, context, request.only, before);
  const auto probe = deployment::make_worker_probe(context.services());
  if (flags.changes_file()) {
    prepare(context, stack, request, deadline);  // without its images the file stays as it is
    write_past_revision(context);
  }
  const bool has_written = write_config_php(context);
  auto converged = converge(context, stack, request, tasks, probe, deadline);
  converged.changes += has_written ? 1 : 0;
  failpoint("deploy.applied");
  finish(context, *index, converged, deadline, begun);
}

// Asking the agent of another instance.
void add_via(CLI::App& sub, RemoteDeploy& wish)
{
  constexpr int k_most = 512;
  auto* const via =
      sub.add_option("--via", wish.url,
                     "Ask the agent behind this broker, and wait for what becomes of it")
          ->type_name("AMQP_URL");
  sub.add_option("--action", wish.action, "With --via: what is asked for (default: deploy)")
      ->check(one_of({"deploy", "update", "pause", "resume", "delete"}))
      ->needs(via);
  sub.add_option("--image", wish.image, "With --via: image of a model that is not in its catalogue")
      ->needs(via);
  sub.add_option("--min", wish.min, "With --via: fewest workers (default: 0)")
      ->check(CLI::Range(0, k_most))
      ->needs(via);
  sub.add_option("--max", wish.max, "With --via: most workers (default: 1)")
      ->check(CLI::Range(0, k_most))
      ->needs(via);
  sub.add_option("--memory", wish.memory, "With --via: limit of each worker")->needs(via);
  sub.add_option("--cpus", wish.cpus, "With --via: processors of each worker, such as 1.5")
      ->check(CLI::PositiveNumber)
      ->needs(via);
  sub.add_option("--request-id", wish.request_id,
                 "With --via: of a request that may have arrived; it is carried out once")
      ->needs(via);
}

}  // namespace

RunFn setup_deploy(CLI::App& sub)
{
  auto flags = std::make_shared<DeployFlags>();
  sub.add_option("SERVICE", flags->services, "Services and models to act on (default: all)");
  sub.add_flag("--now", flags->is_now,
               "Replace workers even while they run a job; the job runs again");
  sub.add_flag("--demo-data", flags->wants_demo_data,
               "Add PEcAn's demonstration sites and inputs, once");
  auto* rollback = sub.add_flag("--rollback", flags->is_rollback,
                                "Go back to the revision before the one that runs");
  sub.add_option("--revision", flags->revision, "Go back to this revision of the history")
      ->check(CLI::Range(1, 999999))
      ->type_name("N")
      ->excludes(rollback);
  sub.add_flag("--update", flags->is_update,
               "Raise `pecan:` in pecan.yml to the newest release of the registry, and deploy that")
      ->excludes(rollback)
      ->excludes("--revision")
      ->excludes("SERVICE");
  add_duration(sub, "--drain-timeout", flags->drain_timeout,
               "Wait this long for replaced workers' jobs");
  add_via(sub, flags->wish);
  sub.footer(
      "Examples:\n  pecanctl deploy\n  pecanctl deploy -n            what would change, and why\n"
      "  pecanctl deploy rabbitmq\n  pecanctl deploy SIPNET_git --via amqp://ann:…@pecan.bu.edu/ "
      "--max 8");
  return [flags](Context& context) {
    if (flags->wish.url.empty()) {
      run_deploy(*flags, context);
    } else {
      auto wish = flags->wish;
      wish.models = flags->services;
      deploy_via(wish, context);
    }
  };
}

}  // namespace pecanctl::cli::commands

namespace pecanctl::cli {

void deploy_services(const std::vector<std::string>& services, Context& context)
{
  commands::run_deploy({.services = services}, context);
}

}  // namespace pecanctl::cli
