// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "cli/status_view.hpp"

#include <algorithm>
#include <chrono>

#include <fmt/format.h>

#include "cli/context.hpp"
#include "cli/converge.hpp"
#include "cli/externals.hpp"
#include "cli/sync_view.hpp"
#include "cli/update.hpp"
#include "core/base/text.hpp"

namespace pecanctl::cli {
namespace {

using nlohmann::json;
using std::chrono::system_clock;

// What does not answer by then is a row, not a reason to wait.
constexpr std::chrono::seconds k_patience{2};

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
         index.list_scales(context.look_deadline().sooner(k_patience), context.stop())) {
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
    const auto deadline = Deadline::in(k_patience);
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

// Only of an instance that pulls data: nobody else is kept waiting for the database.
void look_at_peers(Context& context, const std::string& name, Picture& picture)
{
  const auto& sync = context.file().sync;
  std::error_code ignored;
  if (!sync.max_age && sync.peers.empty() && sync.urls.empty() &&
      !std::filesystem::exists(sync_folder(name), ignored)) {
    return;
  }
  try {
    const auto deadline = Deadline::in(k_patience);
    picture.peers = replication::list_peer_ages(
        context.database_endpoint(deadline),
        {.standard = sync.peers, .urls = sync.urls, .own = context.file().site.id}, deadline,
        context.stop());
  } catch (const Error& error) {
    picture.instance.problems.push_back(
        fmt::format("cannot tell how old other sites' data is: {}", error.what()));
  }
  for (const auto& peer : picture.peers) {
    if (sync.max_age && is_late(peer, *sync.max_age)) {
      picture.late.push_back(peer.site);
    }
  }
}

}  // namespace

Picture look(Context& context)
{
  Picture picture;
  const auto identity = context.identity();
  const auto deadline = context.look_deadline();
  const auto observed = context.backend().observe(identity, deadline, context.stop());
  const auto scales = find_scales(context, identity.instance, picture);
  if (context.has_file()) {
    const auto& stack = context.stack();
    picture.release = stack.release;
    picture.instance =
        inspection::inspect(identity.instance, stack.services, scales, observed, context.backend(),
                            make_queue_probe(context), deadline, context.stop());
    add_externals(context, Deadline::in(k_patience), picture.instance);
    look_at_drift(context, scales, picture);
    look_at_peers(context, identity.instance, picture);
  } else {
    picture.instance = inspection::inspect(identity.instance, {}, {}, observed, context.backend(),
                                           {}, deadline, context.stop());
  }
  picture.lock =
      deployment::find_lock_holder(deployment::lock_folders(), identity.instance).value_or("free");
  return picture;
}

void look_at_updates(Context& context, Picture& picture)
{
  try {
    picture.update = look_for_update(context);
  } catch (const Error& error) {
    picture.instance.problems.push_back(
        fmt::format("cannot tell whether there is a newer release: {}", error.what()));
  }
}

namespace {

std::string age(const std::optional<system_clock::time_point>& since)
{
  if (!since) {
    return "-";
  }
  const auto elapsed = system_clock::now() - *since;
  return format_duration(std::chrono::duration_cast<std::chrono::seconds>(elapsed));
}

std::string age_of(const replication::PeerAge& peer)
{
  if (!peer.last) {
    return "never pulled";
  }
  const std::chrono::seconds age{static_cast<std::int64_t>(peer.last->age_seconds)};
  return fmt::format("pulled {} ago", format_duration(age));
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

}  // namespace

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
  for (const auto& peer : picture.peers) {
    const auto is_late = std::ranges::find(picture.late, peer.site) != picture.late.end();
    printer.say(fmt::format("site {}: {}{}", peer.site, age_of(peer), is_late ? ", too old" : ""));
  }
  for (const auto& problem : instance.problems) {
    printer.say("problem: " + problem);
  }
  if (picture.update) {
    printer.say("update: " + describe_update(*picture.update));
  }
  printer.say(fmt::format("drift {}   lock {}   consul {}",
                          picture.drift.empty() ? "none" : "as above", picture.lock,
                          picture.consul));
}

namespace {

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

}  // namespace

json to_json(const Picture& picture)
{
  auto peers = json::array();
  for (const auto& peer : picture.peers) {
    peers.push_back({{"site", peer.site},
                     {"url", peer.url},
                     {"pulled", peer.last ? json(peer.last->checked_at) : json(nullptr)},
                     {"late", std::ranges::find(picture.late, peer.site) != picture.late.end()}});
  }
  auto services = json::array();
  for (const auto& service : picture.instance.services) {
    services.push_back(to_json(service));
  }
  json document{{"instance", picture.instance.name},
                {"state", picture.instance.state},
                {"revision", picture.instance.revision},
                {"release", picture.release},
                {"services", services},
                {"drift", picture.drift},
                {"peers", peers},
                {"problems", picture.instance.problems},
                {"lock", picture.lock},
                {"consul", picture.consul}};
  if (picture.update) {
    const auto& newest = picture.update->newest;
    document["update"] = {{"current", picture.update->current},
                          {"newest", newest.empty() ? json(nullptr) : json(newest)}};
  }
  return document;
}

}  // namespace pecanctl::cli
