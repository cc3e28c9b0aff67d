// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include <memory>

#include <CLI/CLI.hpp>

#include "cli/commands/commands.hpp"
#include "cli/commands/sync_publish.hpp"
#include "cli/context.hpp"

namespace pecanctl::cli::commands {

RunFn setup_sync(CLI::App& sub)
{
  auto publish = std::make_shared<PublishFlags>();
  add_publish_options(sub, *publish);
  sub.footer(
      "Examples:\n  pecanctl sync --publish            to the folder that pecan.yml names\n"
      "  pecanctl sync --publish /srv/dump --level 4\n"
      "  pecanctl sync --publish -n         how many rows of which tables\n");
  return [publish](Context& context) {
    if (!publish->is_wanted()) {
      throw Error{{.code = ErrorCode::usage,
                   .what = "not yet: pulling the data of other sites",
                   .hint = "pecanctl sync --publish DIR"}};
    }
    run_publish(*publish, context);
  };
}

}  // namespace pecanctl::cli::commands
