// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "cli/instances_view.hpp"

#include <fmt/format.h>

#include "cli/context.hpp"
#include "core/inspection/instances.hpp"

namespace pecanctl::cli {
namespace {

using nlohmann::json;

constexpr std::chrono::seconds k_consul_patience{2};

std::string or_dash(const std::string& text)
{
  return text.empty() ? "-" : text;
}

// Why Consul could not be asked, or empty.
std::string ask_consul(Context& context, const std::string& host,
                       std::vector<inspection::KnownInstance>& instances)
{
  try {
    const auto connect = context.find_consul();
    if (!connect) {
      return "it does not run";
    }
    const auto client = (*connect)();
    inspection::add_published(instances, *client, host,
                              context.look_deadline().sooner(k_consul_patience), context.stop());
    return {};
  } catch (const Error& error) {
    return error.what();
  }
}

}  // namespace

void list_all_instances(Context& context)
{
  const auto host = context.holder().host;
  auto instances =
      inspection::list_local(context.backend(), host, context.look_deadline(), context.stop());
  const auto problem = ask_consul(context, host, instances);
  output::Table table{.header = {"INSTANCE", "STATE", "CONTAINERS", "REVISION", "HOST", "FILE"},
                      .rows = {}};
  auto rows = json::array();
  for (const auto& known : instances) {
    table.rows.push_back(
        {known.name, known.state, fmt::format("{}/{}", known.running, known.containers),
         std::to_string(known.revision), or_dash(known.host), or_dash(known.file)});
    rows.push_back({{"instance", known.name},
                    {"owner", known.owner},
                    {"state", known.state},
                    {"running", known.running},
                    {"containers", known.containers},
                    {"volumes", known.volumes},
                    {"revision", known.revision},
                    {"release", known.release},
                    {"host", known.host},
                    {"file", known.file}});
  }
  if (context.printer().is_json()) {
    context.printer().document({{"instances", rows}, {"consul", problem}}, "instances");
    return;
  }
  context.printer().table(table);
  if (!problem.empty()) {
    warn(context.reporter(), "instances of other machines are not shown: Consul: " + problem);
  }
}

}  // namespace pecanctl::cli
