// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include <chrono>
#include <memory>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "cli/commands/commands.hpp"
#include "cli/context.hpp"
#include "cli/converge.hpp"
#include "cli/model_status.hpp"
#include "cli/validators.hpp"
#include "core/base/text.hpp"
#include "core/inspection/status.hpp"

namespace pecanctl::cli::commands {
namespace {

using nlohmann::json;
using std::chrono::system_clock;

constexpr std::chrono::seconds k_look_deadline{20};

struct StatusFlags {
  bool is_all = false;
  bool shows_models = false;
  std::chrono::milliseconds listen_for{0};  ///< 0: k_listen_for
};

// All that one screen shows.
struct Picture {
  inspection::InstanceStatus instance = {};
  std::string release = {};
  std::vector<std::string> drift = {};
  std::string lock = "free";
  std::string consul = {};
};

std::map<std::string, int> find_scales(Context& context, const std::string& name, Picture& picture)
{
  std::map<std::string, int> replicas;
  try {
    const auto connect = context.find_consul();
    if (!connect) {
      picture.consul = "does not run";
      return replicas;
    }
    deployment::Index index{*connect, name};
    for (const auto& [model, scale] :
         index.list_scales(context.deadline(k_look_deadline), context.stop())) {
      replicas.emplace(model, scale.replicas);
    }
    picture.consul = "answers";
  } catch (const Error& error) {
    picture.consul = error.what();
  }
  return replicas;
}

inspection::QueueProbe make_queue_probe(Context& context)
{
  return [&context](const std::string& queue) {
    const auto deadline = Deadline::in(std::chrono::seconds{5});
    return context.services()
        .broker(deadline, context.stop())
        .find_queue(queue, deadline, context.stop());
  };
}

void look_at_drift(Context& context, const std::map<std::string, int>& replicas, Picture& picture)
{
  const auto planned = plan_for(context, context.stack(), {.replicas = replicas});
  for (const auto& action : planned.plan.actions) {
    picture.drift.push_back(
        fmt::format("{} {}: {}", to_string(action.verb), action.name, action.reason));
  }
}

Picture look(Context& context)
{
  Picture picture;
  const auto identity = context.identity();
  const auto deadline = context.deadline(k_look_deadline);
  const auto observed = context.backend().observe(identity, deadline, context.stop());
  const auto scales = find_scales(context, identity.instance, picture);
  if (context.has_file()) {
    const auto& stack = context.stack();
    picture.release = stack.release;
    picture.instance =
        inspection::inspect(identity.instance, stack.services, scales, observed, context.backend(),
                            make_queue_probe(context), deadline, context.stop());
    look_at_drift(context, scales, picture);
  } else {
    picture.instance = inspection::inspect(identity.instance, {}, {}, observed, context.backend(),
                                           {}, deadline, context.stop());
  }
  picture.lock =
      deployment::find_lock_holder(deployment::lock_folder(), identity.instance).value_or("free");
  return picture;
}

std::string age(const std::optional<system_clock::time_point>& since)
{
  if (!since) {
    return "-";
  }
  const auto elapsed = system_clock::now() - *since;
  return format_duration(std::chrono::duration_cast<std::chrono::seconds>(elapsed));
}

std::string note_of(const inspection::ServiceStatus& service)
{
  if (!service.workers) {
    std::string text;
    for (const auto& endpoint : service.endpoints) {
      text += (text.empty() ? "" : ", ") + endpoint;
    }
    return text;
  }
  const auto& workers = *service.workers;
  const auto number = [](const std::optional<std::uint64_t>& value) {
    return value ? std::to_string(*value) : std::string{"?"};
  };
  return fmt::format("{} busy, {} idle; queue {}: {} waiting, {} consumers", workers.busy,
                     workers.idle, workers.queue, number(workers.ready), number(workers.consumers));
}

void print_screen(Context& context, const Picture& picture)
{
  auto& printer = context.printer();
  const auto& instance = picture.instance;
  printer.say(fmt::format("{}   {}   revision {}   PEcAn {}", instance.name, instance.state,
                          instance.revision, picture.release.empty() ? "?" : picture.release));
  output::Table table{.header = {"SERVICE", "STATE", "REPLICAS", "IMAGE", "SINCE", "NOTE"},
                      .rows = {}};
  for (const auto& service : instance.services) {
    table.rows.push_back(
        {service.name, service.state, fmt::format("{}/{}", service.running, service.wanted),
         service.image.empty() ? "-" : service.image, age(service.since), note_of(service)});
  }
  printer.table(table);
  for (const auto& line : picture.drift) {
    printer.say("drift: " + line);
  }
  for (const auto& problem : instance.problems) {
    printer.say("problem: " + problem);
  }
  printer.say(fmt::format("drift {}   lock {}   consul {}",
                          picture.drift.empty() ? "none" : "as above", picture.lock,
                          picture.consul));
}

json to_json(const inspection::ServiceStatus& service)
{
  json row{{"service", service.name},  {"state", service.state}, {"running", service.running},
           {"wanted", service.wanted}, {"image", service.image}, {"endpoints", service.endpoints}};
  if (service.since) {
    row["since"] = format_time(*service.since);
  }
  if (service.workers) {
    const auto& workers = *service.workers;
    row["queue"] = workers.queue;
    row["busy"] = workers.busy;
    row["idle"] = workers.idle;
    row["ready"] = workers.ready ? json(*workers.ready) : json(nullptr);
    row["consumers"] = workers.consumers ? json(*workers.consumers) : json(nullptr);
  }
  return row;
}

void print_document(Context& context, const Picture& picture)
{
  auto services = json::array();
  for (const auto& service : picture.instance.services) {
    services.push_back(to_json(service));
  }
  context.printer().document({{"instance", picture.instance.name},
                              {"state", picture.instance.state},
                              {"revision", picture.instance.revision},
                              {"release", picture.release},
                              {"services", services},
                              {"drift", picture.drift},
                              {"problems", picture.instance.problems},
                              {"lock", picture.lock},
                              {"consul", picture.consul}});
}

void list_all(Context& context)
{
  output::Table table{.header = {"INSTANCE", "CONTAINERS", "VOLUMES", "FILE"}, .rows = {}};
  auto rows = json::array();
  const auto deadline = context.deadline(k_look_deadline);
  for (const auto& identity : context.backend().list_instances(deadline, context.stop())) {
    const auto observed = context.backend().observe(identity, deadline, context.stop());
    const auto file = observed.replicas.empty() ? std::string{} : observed.replicas.front().file;
    table.rows.push_back({identity.instance, std::to_string(observed.replicas.size()),
                          std::to_string(observed.volumes.size()), file.empty() ? "-" : file});
    rows.push_back({{"instance", identity.instance},
                    {"containers", observed.replicas.size()},
                    {"volumes", observed.volumes.size()},
                    {"file", file}});
  }
  context.printer().table(table);
  if (context.printer().is_json()) {
    context.printer().document({{"instances", rows}});
  }
}

void run_status(const StatusFlags& flags, Context& context)
{
  if (flags.is_all) {
    list_all(context);
    return;
  }
  if (flags.shows_models) {
    show_models(context, flags.listen_for.count() > 0 ? flags.listen_for : k_listen_for);
    return;
  }
  const auto picture = look(context);
  if (context.printer().is_json()) {
    print_document(context, picture);
  } else {
    print_screen(context, picture);
  }
  const bool is_fine = picture.instance.state == "healthy" && picture.drift.empty();
  if (context.options().is_check && !is_fine) {
    throw Error{{.code = ErrorCode::finding,
                 .what = fmt::format("{} is {}{}", picture.instance.name, picture.instance.state,
                                     picture.drift.empty() ? "" : " and differs from pecan.yml"),
                 .hint = "pecanctl deploy"}};
  }
}

}  // namespace

RunFn setup_status(CLI::App& sub)
{
  auto flags = std::make_shared<StatusFlags>();
  sub.add_flag("--all", flags->is_all, "All instances on this machine");
  auto* const models =
      sub.add_flag("--models", flags->shows_models,
                   "The models of the catalogue, and who of them lives: listens for 6 s");
  add_duration(sub, "--for", flags->listen_for, "With --models: listen this long")->needs(models);
  sub.footer(
      "Examples:\n  pecanctl status\n  pecanctl status --models --for 15s\n"
      "  pecanctl status --check -q     for cron");
  return [flags](Context& context) { run_status(*flags, context); };
}

}  // namespace pecanctl::cli::commands
