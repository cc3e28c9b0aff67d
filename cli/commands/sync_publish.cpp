// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "cli/commands/sync_publish.hpp"

#include <chrono>

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "cli/context.hpp"
#include "cli/version.hpp"
#include "core/base/fd.hpp"
#include "core/base/text.hpp"
#include "core/project/secrets.hpp"
#include "core/publication/publish.hpp"

namespace pecanctl::cli::commands {
namespace {

using publication::Publication;
using publication::PublishRequest;

constexpr std::chrono::hours k_publish_deadline{2};

Error publish_usage_error(std::string what, std::string hint)
{
  return Error{{.code = ErrorCode::usage, .what = std::move(what), .hint = std::move(hint)}};
}

// Which site's rows: as typed, as pecan.yml says, or as this host is registered.
std::int64_t find_published_site(const PublishFlags& flags, const postgres::Endpoint& database,
                                 Context& context, const Deadline& deadline)
{
  if (flags.site) {
    return *flags.site;
  }
  if (!context.has_file()) {
    throw publish_usage_error("cannot tell which site this is: there is no pecan.yml",
                              "say it: --site N");
  }
  if (context.file().site.id) {
    return *context.file().site.id;
  }
  const auto host = context.host_name();
  if (const auto site = publication::find_site(database, host, deadline, context.stop())) {
    return *site;
  }
  throw Error{{.code = ErrorCode::not_found,
               .what = "cannot publish: this database belongs to no site",
               .why = fmt::format("BETY's machines give no site number to {}", host),
               .hint = "pecanctl register site"}};
}

std::filesystem::path find_publish_folder(const PublishFlags& flags, Context& context)
{
  if (!flags.mode.value.empty()) {
    return std::filesystem::absolute(flags.mode.value).lexically_normal();
  }
  if (context.has_file() && !context.file().publish.folder.empty()) {
    return context.file().publish.folder;
  }
  throw publish_usage_error("cannot publish: no folder is named",
                            "pecanctl sync --publish DIR, or `sync: {publish: {dir: DIR}}` in "
                            "pecan.yml");
}

Secret find_publish_key(Context& context)
{
  if (!context.has_file()) {
    return {};
  }
  auto secrets = project::find_site_secrets(context.file());
  context.printer().redactor().add(secrets.key);
  return std::move(secrets.key);
}

std::string find_handover(Context& context)
{
  return context.has_file()
             ? find_file(context.file().secrets_folder() / publication::k_handover_name)
                   .value_or("")
             : "";
}

PublishRequest make_publish_request(const PublishFlags& flags, Context& context,
                                    const Deadline& deadline)
{
  PublishRequest request{.folder = find_publish_folder(flags, context),
                         .key = find_publish_key(context),
                         .handover = find_handover(context),
                         .program = fmt::format("pecanctl {}", version().number),
                         .lock_wait = context.options().lock_wait};
  const auto level = context.has_file() ? context.file().publish.level : 3;
  request.filter = {.level = flags.level.value_or(level),
                    .is_checked = !flags.is_unchecked,
                    .is_anonymous = !flags.keeps_users};
  request.database = context.database_endpoint(deadline);
  request.site = find_published_site(flags, request.database, context, deadline);
  return request;
}

void show_publish_counts(const PublishRequest& request, Context& context, const Deadline& deadline)
{
  output::Table table{.header = {"TABLE", "ROWS"}, .rows = {}};
  auto tables = nlohmann::json::object();
  std::uint64_t rows = 0;
  for (const auto& count : publication::count_rows(request, deadline, context.stop())) {
    rows += count.rows;
    tables[count.table] = count.rows;
    if (count.rows > 0) {
      table.rows.push_back({count.table, std::to_string(count.rows)});
    }
  }
  context.printer().table(table);
  context.printer().say(fmt::format("site {}: {} rows would be published to {}", request.site, rows,
                                    request.folder.string()));
  context.printer().record("publication", {{"site", request.site},
                                           {"folder", request.folder.string()},
                                           {"done", false},
                                           {"rows", rows},
                                           {"tables", std::move(tables)}});
}

void show_publication(const PublishRequest& request, const Publication& done, Context& context)
{
  auto tables = nlohmann::json::object();
  for (const auto& [name, table] : done.manifest.tables) {
    tables[name] = table.rows;
  }
  const auto& manifest = done.manifest;
  context.printer().say(fmt::format("site {}: {} rows, {}{}; {} of {} pieces are new", request.site,
                                    done.rows, format_size(manifest.tarball_size),
                                    done.has_changed ? "" : ", as before", done.new_pieces,
                                    done.pieces));
  context.printer().record("publication", {{"site", request.site},
                                           {"folder", request.folder.string()},
                                           {"done", true},
                                           {"changed", done.has_changed},
                                           {"rows", done.rows},
                                           {"tables", std::move(tables)},
                                           {"bytes", manifest.tarball_size},
                                           {"sha256", manifest.tarball_sha256},
                                           {"schema", manifest.schema_md5},
                                           {"serial", manifest.serial},
                                           {"signed", !manifest.key.empty()},
                                           {"pieces", done.pieces},
                                           {"new_pieces", done.new_pieces}});
  context.printer().add_to_result("rows", done.rows);
}

}  // namespace

void add_publish_options(CLI::App& sub, PublishFlags& flags)
{
  add_mode(sub, "--publish", flags.mode, "DIR",
           "Write this site's data to DIR (default: pecan.yml's), for others to fetch");
  sub.add_option("--level", flags.level,
                 "publish: leave out traits and yields below this access level (default: 3)")
      ->type_name("N")
      ->check(CLI::Range(1, 4))
      ->needs(flags.mode.option);
  sub.add_option("--site", flags.site, "publish: the rows of this site number (default: our own)")
      ->type_name("N")
      ->check(CLI::Range(std::int64_t{0}, project::k_last_site))
      ->needs(flags.mode.option);
  sub.add_flag("--unchecked", flags.is_unchecked,
               "publish: also traits and yields that failed their check")
      ->needs(flags.mode.option);
  sub.add_flag("--keep-users", flags.keeps_users,
               "publish: users with their names, addresses and password hashes")
      ->needs(flags.mode.option);
}

void run_publish(const PublishFlags& flags, Context& context)
{
  const auto deadline = context.deadline(k_publish_deadline);
  const auto request = make_publish_request(flags, context, deadline);
  if (request.key.is_empty()) {
    warn(context.reporter(),
         "the manifest is not signed: this site has no key (pecanctl register site makes one)");
  }
  if (context.options().is_dry_run || context.options().is_check) {
    show_publish_counts(request, context, deadline);
    return;
  }
  show_publication(request,
                   publication::publish(request, context.reporter(), deadline, context.stop()),
                   context);
}

}  // namespace pecanctl::cli::commands
