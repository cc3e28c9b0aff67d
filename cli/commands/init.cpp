// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include <filesystem>
#include <memory>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "cli/commands/commands.hpp"
#include "cli/context.hpp"
#include "core/base/text.hpp"
#include "core/project/init.hpp"

namespace pecanctl::cli::commands {
namespace {

namespace fs = std::filesystem;

struct InitFlags {
  std::string folder = ".";
  std::string name = {};
  std::string profile = "core";
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

void run_init(const InitFlags& flags, Context& context)
{
  const auto folder =
      fs::weakly_canonical(fs::absolute(fs::path{context.options().directory} / flags.folder));
  project::InitOptions options{.folder = folder,
                               .name = flags.name.empty() ? context.options().instance : flags.name,
                               .profile = flags.profile,
                               .models = flags.models,
                               .data = flags.data};
  const auto files = project::plan_init(options, context.catalogue());
  const auto shown = fs::path{flags.folder} == "." ? fs::path{} : fs::path{flags.folder};
  if (context.options().is_dry_run) {
    for (const auto& file : files) {
      const bool exists = fs::exists(folder / file.path);
      context.printer().say(
          fmt::format("  {} {}", exists ? "= kept" : "+ create", (shown / file.path).string()));
    }
    return;
  }
  const auto result = project::apply_init(files, folder);
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
  sub.add_option("--profile", flags->profile, "core: database, broker, models; full: all of PEcAn")
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
