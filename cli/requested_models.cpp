// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "cli/requested_models.hpp"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "cli/context.hpp"
#include "core/base/text.hpp"
#include "core/project/edit.hpp"

namespace pecanctl::cli {
namespace {

using scaling::Request;
using scaling::RequestAction;
using scaling::Tool;

constexpr std::chrono::seconds k_short{10};

const project::ModelRequest* find_model(const Tool& tool, Context& context)
{
  for (const auto& model : context.file().models) {
    if (model.key == tool.extractor || model.model.queue() == tool.extractor) {
      return &model;
    }
  }
  return nullptr;
}

// Its name in pecan.yml, now or after it was added: the catalogue's, else made from its queue.
std::string key_of(const Tool& tool, Context& context)
{
  if (const auto* model = find_model(tool, context)) {
    return model->key;
  }
  const auto& known = context.catalogue().models;
  if (known.contains(tool.extractor)) {
    return tool.extractor;
  }
  for (const auto& [name, model] : known) {
    if (model.type + "_" + model.version == tool.extractor) {
      return name;
    }
  }
  return scaling::parse_tool_name(tool.extractor).key;
}

project::ModelSettings settings_of(const Tool& tool, const std::string& key, Context& context)
{
  project::ModelSettings settings;
  const bool is_known =
      find_model(tool, context) != nullptr || context.catalogue().models.contains(key);
  if (!is_known) {
    const auto name = scaling::parse_tool_name(tool.extractor);
    settings["type"] = fmt::format("\"{}\"", name.type);
    settings["version"] = fmt::format("\"{}\"", name.version);
  }
  if (!tool.image.empty()) {
    settings["image"] = fmt::format("\"{}\"", tool.image);
  }
  if (!tool.memory.empty()) {
    settings["memory"] = tool.memory;
  }
  if (tool.cpus) {
    settings["cpus"] = fmt::format("{}", *tool.cpus);
  }
  if (tool.min == tool.max) {
    settings["replicas"] = std::to_string(tool.min);
    settings["scale"] = "";
  } else {
    settings["replicas"] = "";
    settings["scale"] = fmt::format("{{ min: {}, max: {} }}", tool.min, tool.max);
  }
  return settings;
}

// Two models of one name would be one whose version changes.
void check_name(const Tool& tool, const std::string& key, Context& context)
{
  const auto& models = context.file().models;
  const auto taken = std::ranges::find(models, key, &project::ModelRequest::key);
  if (taken != models.end() && find_model(tool, context) == nullptr) {
    throw Error{
        {.code = ErrorCode::invalid,
         .what = fmt::format("cannot add {}", tool.extractor),
         .why = fmt::format("the name {} is allocated to {} already", key, taken->model.queue())}};
  }
}

}  // namespace

bool is_own_broker(const scaling::BrokerIdentity& broker, Context& context)
{
  if (const auto* external = context.stack().find_external("rabbitmq")) {
    return broker.host == external->host && broker.vhost == external->space &&
           (broker.port == 0 || broker.port == external->port ||
            external->management.ends_with(fmt::format(":{}", broker.port)));
  }
  const std::set<std::string> hosts{"localhost",         "127.0.0.1",
                                    "rabbitmq",          context.holder().host,
                                    context.host_name(), context.machine_address()};
  const auto observed = context.backend().observe_containers(
      context.identity(), context.look_deadline(), context.stop());
  std::set<int> ports{0};
  for (const int port : {5672, 15672}) {
    if (const auto found = observed.find_port("rabbitmq", port)) {
      ports.insert(found->host_port);
    }
    if (broker.host == "rabbitmq") {
      ports.insert(port);
    }
  }
  return hosts.contains(broker.host) && ports.contains(broker.port) && broker.vhost == "/";
}

std::vector<std::string> requested_keys(const Request& request, Context& context)
{
  std::vector<std::string> keys;
  for (const auto& tool : request.tools) {
    keys.push_back(key_of(tool, context));
  }
  return keys;
}

std::string apply_request(const Request& request, std::string_view text, Context& context)
{
  std::string result{text};
  for (const auto& tool : request.tools) {
    const auto key = key_of(tool, context);
    if (request.action == RequestAction::remove) {
      result = project::remove_model(result, key);
    } else if (request.action == RequestAction::deploy || request.action == RequestAction::update) {
      check_name(tool, key, context);
      result = project::set_model(result, key, settings_of(tool, key, context));
    } else if (find_model(tool, context) == nullptr) {
      throw Error{{.code = ErrorCode::not_found,
                   .what = fmt::format("there is no model {}", tool.extractor)}};
    }
  }
  const auto& file = context.file();
  project::parse_instance_file(result, file.path, find_variable, context.catalogue());
  return result;
}

bool needs_build(const std::vector<std::string>& keys, Context& context)
{
  const auto present =
      context.images().find(context.stack(), context.look_deadline(), context.stop());
  return std::ranges::any_of(keys, [&](const std::string& key) {
    const auto* service = context.stack().find_service(key);
    return service != nullptr && !service->image.context.empty() && !present.contains(key);
  });
}

int count_running(const std::vector<std::string>& keys, Context& context)
{
  int running = 0;
  const auto observed = context.backend().observe_containers(
      context.identity(), context.look_deadline(), context.stop());
  for (const auto& key : keys) {
    for (const auto* replica : observed.of_service(key)) {
      running += replica->state == engine::State::running ? 1 : 0;
    }
  }
  return running;
}

void remove_queues(const Request& request, Context& context)
{
  const auto deadline = Deadline::in(k_short);
  auto& broker = context.services().broker(deadline, context.stop());
  for (const auto& tool : request.tools) {
    // Under the name that the request used: the model is not in pecan.yml any more.
    const auto key = key_of(tool, context);
    const auto known = context.catalogue().models.find(key);
    const auto queue = known == context.catalogue().models.end()
                           ? tool.extractor
                           : known->second.type + "_" + known->second.version;
    broker.remove_queue(queue, deadline, context.stop());
  }
}

void set_pauses(const std::vector<std::string>& keys, scaling::Pause pause, const std::string& by,
                deployment::Index& index, Context& context)
{
  std::vector<consul::Operation> operations;
  operations.reserve(keys.size());
  for (const auto& key : keys) {
    operations.push_back(scaling::make_pause(
        context.instance_name(), key,
        {.pause = pause, .by = by, .at = format_time(std::chrono::system_clock::now())}));
  }
  index.try_commit(std::move(operations), Deadline::in(k_short), context.stop());
}

}  // namespace pecanctl::cli
