// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include <filesystem>

#include <fmt/format.h>

#include "cli/context.hpp"
#include "cli/registering.hpp"
#include "core/base/failpoint.hpp"
#include "core/base/fd.hpp"
#include "core/base/text.hpp"
#include "core/registration/announce.hpp"
#include "core/registration/catalogue.hpp"
#include "core/registration/model_image.hpp"
#include "core/registration/model_rows.hpp"

namespace pecanctl::cli {
namespace {

using registration::CatalogueEntry;
using registration::ModelInfo;

namespace fs = std::filesystem;

// Where the description of a model comes from.
struct ModelSource {
  ModelInfo model = {};
  std::string image = {};  ///< empty: a file
};

bool is_file(const std::string& target)
{
  std::error_code ignored;
  return target.ends_with(".json") || target.starts_with("/") || target.starts_with(".") ||
         fs::is_regular_file(target, ignored);
}

ModelSource read_source(const std::string& target, Context& context, const Deadline& deadline)
{
  if (is_file(target)) {
    const auto text = read_file(target, registration::k_largest_model_info);
    return {.model = registration::parse_model_info(text, target)};
  }
  const auto text = registration::read_model_json(context.docker(), target, context.identity(),
                                                  deadline, context.stop());
  return {.model = registration::parse_model_info(text, target + ":/work/model.json"),
          .image = target};
}

CatalogueEntry entry_of(const ModelSource& source, Context& context)
{
  return {.queue = source.model.queue(),
          .name = source.model.name,
          .type = source.model.type,
          .version = source.model.version,
          .model_info = source.model.json,
          .image = source.image,
          .host = context.host_name(),
          .by = context.user_name(),
          .at = format_time(std::chrono::system_clock::now())};
}

RegistrationReport report_of(const CatalogueEntry& wanted,
                             const std::optional<CatalogueEntry>& change,
                             const std::vector<std::string>& tables, bool is_announced)
{
  RegistrationReport report{.kind = "model", .subject = wanted.queue, .host = wanted.host};
  for (const auto& table : tables) {
    report.changes.push_back(fmt::format("+ insert into {}", table));
  }
  if (change) {
    report.changes.push_back(fmt::format("{} {} in Consul",
                                         change->index == 0 ? "+ add" : "~ update",
                                         registration::catalogue_key(wanted.queue)));
  }
  if (is_announced) {
    report.changes.emplace_back("+ send one heartbeat to the exchange models");
  }
  return report;
}

}  // namespace

void run_register_model(const RegisterModelFlags& flags, Context& context)
{
  const auto identity = context.identity();
  const auto deadline = context.deadline(k_register_deadline);
  const bool is_looking = context.options().is_dry_run || context.options().is_check;
  // Reading an image takes a container of ours, which the next one to come would remove.
  const auto lock = is_looking && is_file(flags.target) ? nullptr : context.lock(identity.instance);
  const auto source = read_source(flags.target, context, deadline);
  const auto wanted = entry_of(source, context);
  const auto client = context.consul("start it: pecanctl deploy");
  auto& database = context.services().database(deadline, context.stop());
  const auto change = registration::plan_entry(wanted, *client, deadline, context.stop());
  auto tables = registration::find_missing_rows(database, wanted.host, source.model, deadline,
                                                context.stop());
  if (is_looking) {
    show_only(context,
              report_of(wanted, change, tables, flags.is_announced && !context.options().is_check));
    return;
  }
  if (!tables.empty()) {
    tables = registration::add_missing_rows(database, wanted.host, source.model, deadline,
                                            context.stop());
  }
  failpoint("register.model");
  if (change) {
    const auto index = context.index();
    registration::write_entry(*change, fenced_ledger(*index), deadline, context.stop());
  }
  if (flags.is_announced) {
    registration::announce(context.services().broker(deadline, context.stop()), wanted.host,
                           source.model, deadline, context.stop());
  }
  const auto report = report_of(wanted, change, tables, flags.is_announced);
  show(context, report);
  context.printer().say(report.changes.empty()
                            ? fmt::format("{} is registered already", wanted.queue)
                            : fmt::format("{} is registered for {}", wanted.queue, wanted.host));
  context.printer().add_to_result("queue", wanted.queue);
  context.printer().add_to_result("changed", report.changes.size());
}

}  // namespace pecanctl::cli
