// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include <filesystem>
#include <memory>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "cli/commands/commands.hpp"
#include "cli/context.hpp"
#include "core/base/fd.hpp"
#include "core/base/text.hpp"
#include "core/project/init.hpp"
#include "core/project/instance_file.hpp"
#include "core/project/outline.hpp"

namespace pecanctl::cli::commands {
namespace {

namespace fs = std::filesystem;

struct InitFlags {
  std::string folder = ".";
  std::string name = {};
  std::string profile = {};  ///< empty: that of the pecan.yml that is there, else core
  std::vector<std::string> models = {};
  std::string data = {};
};

nlohmann::json to_json(const std::vector<fs::path>& paths)
{
  auto list = nlohmann::json::array();
  for (const auto& path : paths) {
    list.push_back(path.string());
  }
  return list;
}

void print_dry_run(const std::vector<project::PlannedFile>& files, const fs::path& folder,
                   const fs::path& shown, Context& context)
{
  auto steps = nlohmann::json::array();
  for (const auto& file : files) {
    const auto path = (shown / file.path).string();
    std::error_code ignored;
    if (fs::exists(folder / file.path, ignored)) {
      context.printer().say(fmt::format("  = keep   {:<28} it is there", path));
    } else {
      context.printer().say(fmt::format("  + create {:<28} missing", path));
      steps.push_back({{"id", path}, {"action", "create"}, {"reason", "missing"}});
    }
  }
  const auto changes = steps.size();
  context.printer().record(
      "plan", {{"changes", changes}, {"deletes_data", false}, {"steps", std::move(steps)}});
  context.printer().add_to_result("changes", changes);
  if (context.options().is_check && changes > 0) {
    throw Error{{.code = ErrorCode::finding,
                 .what = fmt::format("{} of the instance's files are missing", changes),
                 .hint = "the same command without --check makes them"}};
  }
}

// Run again beside a pecan.yml, it makes what that one needs.
std::string profile_of(const InitFlags& flags, const fs::path& folder)
{
  if (!flags.profile.empty()) {
    return flags.profile;
  }
  std::error_code ignored;
  const auto path = folder / "pecan.yml";
  const bool is_full =
      fs::is_regular_file(path, ignored) &&
      project::read_outline(read_file(path, project::k_longest_instance_file)).profile == "full";
  return is_full ? "full" : "core";
}

void run_init(const InitFlags& flags, Context& context)
{
  const auto folder =
      fs::weakly_canonical(fs::absolute(fs::path{context.options().directory} / flags.folder));
  project::InitOptions options{.folder = folder,
                               .name = flags.name.empty() ? context.options().instance : flags.name,
                               .profile = profile_of(flags, folder),
                               .models = flags.models,
                               .data = flags.data};
  const auto files = project::plan_init(options, context.catalogue());
  const auto shown = fs::path{flags.folder} == "." ? fs::path{} : fs::path{flags.folder};
  if (context.options().is_dry_run || context.options().is_check) {
    print_dry_run(files, folder, shown, context);
    return;
  }
  const auto result = project::apply_init(files, folder, context.stop());
  for (const auto& path : result.created) {
    context.printer().say(fmt::format("  created {}", (shown / path).string()));
  }
  for (const auto& path : result.kept) {
    context.printer().say(fmt::format("  kept    {} (it was there)", (shown / path).string()));
  }
  context.printer().add_to_result("changed", result.created.size());
  context.printer().add_to_result("folder", folder.string());
  context.printer().add_to_result("created", to_json(result.created));
  context.printer().add_to_result("kept", to_json(result.kept));
  context.printer().say(shown.empty()
                            ? "next: pecanctl deploy"
                            : fmt::format("next: cd {} && pecanctl deploy", shown.string()));
}

}  // namespace

RunFn setup_init(CLI::App& sub)
{
  auto flags = std::make_shared<InitFlags>();
  sub.add_option("DIR", flags->folder, "Folder of the new instance (made when missing)");
  sub.add_option("--name", flags->name, "Name of the instance (default: the folder's)");
  sub.add_option("--profile", flags->profile,
                 "core: database, broker, models (default); full: all of PEcAn")
      ->check(CLI::IsMember(std::vector<std::string>{"core", "full"}));
  sub.add_option("--models", flags->models, "Models, by comma")->delimiter(',')->type_name("A,B");
  sub.add_option("--data", flags->data, "Host folder for /data (default: a Docker volume)")
      ->type_name("DIR");
  sub.footer(
      "Examples:\n  pecanctl init demo\n  pecanctl init --models sipnet,dalec --data "
      "/srv/pecan/data");
  return [flags](Context& context) { run_init(*flags, context); };
}

}  // namespace pecanctl::cli::commands
