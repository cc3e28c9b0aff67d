// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include <memory>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "cli/commands/commands.hpp"
#include "cli/context.hpp"
#include "cli/registering.hpp"
#include "cli/validators.hpp"

namespace pecanctl::cli::commands {
namespace {

struct RegisterFlags {
  std::string kind = {};
  RegisterSiteFlags site = {};
  RegisterModelFlags model = {};
};

// A flag of the one is a mistake with the other.
void check_flags(const RegisterFlags& flags)
{
  const auto& site = flags.site;
  const bool has_site_flags = !site.id.empty() || !site.url.empty() || !site.contact.empty() ||
                              site.is_release || site.takes_over || site.rotates_key ||
                              site.rotates_token;
  const auto refuse = [](std::string what, std::string hint) {
    throw Error{{.code = ErrorCode::usage, .what = std::move(what), .hint = std::move(hint)}};
  };
  if (flags.kind == "site" && flags.model.is_announced) {
    refuse("--announce goes with `register model`", {});
  }
  if (flags.kind == "site" && !flags.model.target.empty()) {
    refuse(fmt::format("`register site` takes no '{}'", flags.model.target),
           "pecanctl register site --id N");
  }
  if (flags.kind == "model" && has_site_flags) {
    refuse("flags of `register site` do not go with `register model`", "pecanctl register --help");
  }
  if (flags.kind == "model" && flags.model.target.empty()) {
    refuse("`register model` needs a model_info.json or an image",
           "pecanctl register model pecan/model-sipnet-git:1.8.0");
  }
}

void run_register(const RegisterFlags& flags, Context& context)
{
  check_flags(flags);
  if (flags.kind == "node") {
    throw Error{{.code = ErrorCode::usage,
                 .what = "not yet: register node",
                 .why = "an instance has one machine for now"}};
  }
  if (flags.kind == "site") {
    run_register_site(flags.site, context);
  } else {
    run_register_model(flags.model, context);
  }
}

}  // namespace

RunFn setup_register(CLI::App& sub)
{
  auto flags = std::make_shared<RegisterFlags>();
  sub.add_option("WHAT", flags->kind, "This site, or a model")
      ->check(one_of({"site", "model", "node"}));
  sub.add_option("MODEL", flags->model.target,
                 "model: a model_info.json, or an image with /work/model.json");
  sub.add_flag("--announce", flags->model.is_announced,
               "model: send one heartbeat, so that a running monitor shows it");
  sub.add_option("--id", flags->site.id,
                 "site: its number, or auto: the lowest free from 100 (default: pecan.yml's)")
      ->type_name("N");
  sub.add_option("--url", flags->site.url, "site: where others fetch its bety.tar.gz")
      ->type_name("URL");
  sub.add_option("--contact", flags->site.contact, "site: e-mail address for the other sites")
      ->type_name("EMAIL");
  sub.add_flag("--release", flags->site.is_release, "site: give the number back");
  sub.add_flag("--take-over", flags->site.takes_over,
               "site: take the number of this host's former identity; or change the number of a "
               "site that has rows");
  sub.add_flag("--rotate-key", flags->site.rotates_key,
               "site: a new signing key; the public half of the old one stays published");
  sub.add_flag("--rotate-token", flags->site.rotates_token, "site: a new token");
  sub.footer(
      "Examples:\n  pecanctl register site\n  pecanctl register site --id 7 --contact me@bu.edu\n"
      "  pecanctl register site --release\n  pecanctl register model model_info.json\n"
      "  pecanctl register model pecan/model-sipnet-git:1.8.0 --announce");
  sub.parse_complete_callback([flags] {
    if (flags->kind.empty()) {
      throw CLI::CallForHelp{};
    }
  });
  return [flags](Context& context) { run_register(*flags, context); };
}

}  // namespace pecanctl::cli::commands
