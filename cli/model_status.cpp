// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "cli/model_status.hpp"

#include <fmt/format.h>

#include "cli/context.hpp"
#include "core/base/text.hpp"
#include "core/inspection/models.hpp"
#include "core/registration/catalogue.hpp"

namespace pecanctl::cli {
namespace {

using inspection::Models;
using nlohmann::json;

constexpr std::chrono::seconds k_beyond{20};

struct ModelPicture {
  Models models = {};
  std::vector<std::string> problems = {};
};

void add_catalogue(Context& context, ModelPicture& picture)
{
  try {
    const auto client = context.consul("start it: pecanctl deploy");
    for (const auto& entry :
         registration::list_catalogue(*client, context.look_deadline(), context.stop())) {
      picture.models[entry.queue] = {.queue = entry.queue,
                                     .name = entry.name,
                                     .type = entry.type,
                                     .version = entry.version,
                                     .image = entry.image,
                                     .is_registered = true};
    }
  } catch (const Error& error) {
    picture.problems.push_back(fmt::format("no catalogue: {}", error.what()));
  }
}

void add_own_models(Context& context, ModelPicture& picture)
{
  for (const auto& request : context.file().models) {
    auto& model = picture.models[request.model.queue()];
    model.queue = request.model.queue();
    model.name = model.name.empty() ? request.model.name : model.name;
    model.type = request.model.type;
    model.version = request.model.version;
    model.image = model.image.empty() ? request.image.reference : model.image;
  }
}

// The management API counts what is being worked on; it lags by up to 5 s.
inspection::BusyProbe make_busy_probe(Context& context, ModelPicture& picture)
{
  std::map<std::string, std::optional<std::uint64_t>> busy;
  try {
    const auto deadline = context.look_deadline();
    for (const auto& queue : context.services()
                                 .management(deadline, context.stop())
                                 .list_queues(deadline, context.stop())) {
      busy.emplace(queue.name, queue.unacknowledged);
    }
  } catch (const Error& error) {
    picture.problems.push_back(fmt::format("no figures of busy workers: {}", error.what()));
  }
  return [busy = std::move(busy)](const std::string& queue) -> std::optional<std::uint64_t> {
    const auto found = busy.find(queue);
    return found == busy.end() ? std::nullopt : found->second;
  };
}

void ask_broker(Context& context, std::chrono::milliseconds duration, ModelPicture& picture)
{
  try {
    const auto deadline = Deadline::in(duration + k_beyond);
    auto& broker = context.services().broker(deadline, context.stop());
    inspection::listen(broker, duration, picture.models, deadline, context.stop());
    const auto busy = make_busy_probe(context, picture);
    inspection::look_at_queues(broker, busy, picture.models, deadline, context.stop());
  } catch (const Error& error) {
    picture.problems.push_back(fmt::format("the broker does not answer: {}", error.what()));
  }
}

std::string number_or_dash(const std::optional<std::uint64_t>& value)
{
  return value ? std::to_string(*value) : "-";
}

void print_models(Context& context, const ModelPicture& picture)
{
  output::Table table{.header = {"QUEUE", "NAME", "VERSION", "REGISTERED", "LIVE", "READY",
                                 "CONSUMERS", "BUSY", "IMAGE"},
                      .rows = {}};
  for (const auto& [queue, model] : picture.models) {
    std::vector<std::string> row{queue,
                                 model.name.empty() ? "-" : model.name,
                                 model.version.empty() ? "-" : model.version,
                                 model.is_registered ? "yes" : "no",
                                 std::to_string(model.live.size()),
                                 number_or_dash(model.ready),
                                 number_or_dash(model.consumers),
                                 number_or_dash(model.busy),
                                 model.image.empty() ? "-" : model.image};
    for (auto& cell : row) {
      cell = escape_control(cell);  // workers say what they like
    }
    table.rows.push_back(std::move(row));
  }
  context.printer().table(table);
  for (const auto& problem : picture.problems) {
    context.printer().say("problem: " + problem);
  }
}

json to_json(const std::optional<std::uint64_t>& value)
{
  return value ? json(*value) : json(nullptr);
}

void print_models_document(Context& context, const ModelPicture& picture)
{
  auto rows = json::array();
  for (const auto& [queue, model] : picture.models) {
    rows.push_back({{"queue", queue},
                    {"name", model.name},
                    {"type", model.type},
                    {"version", model.version},
                    {"image", model.image},
                    {"registered", model.is_registered},
                    {"live", model.live.size()},
                    {"hosts", model.hosts},
                    {"ready", to_json(model.ready)},
                    {"consumers", to_json(model.consumers)},
                    {"busy", to_json(model.busy)}});
  }
  context.printer().document({{"instance", context.instance_name()},
                              {"models", std::move(rows)},
                              {"problems", picture.problems}},
                             "models");
}

}  // namespace

void show_models(Context& context, std::chrono::milliseconds duration)
{
  ModelPicture picture;
  add_catalogue(context, picture);
  add_own_models(context, picture);
  ask_broker(context, duration, picture);
  if (context.printer().is_json()) {
    print_models_document(context, picture);
  } else {
    print_models(context, picture);
  }
  if (context.options().is_check && !picture.problems.empty()) {
    throw Error{{.code = ErrorCode::finding,
                 .what = "cannot tell which models live",
                 .why = picture.problems.front(),
                 .hint = "pecanctl deploy"}};
  }
}

}  // namespace pecanctl::cli
