// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "cli/commands/sync_serve.hpp"

#include <fmt/format.h>

#include "cli/connections_serve.hpp"
#include "cli/context.hpp"
#include "core/base/cancel.hpp"

namespace pecanctl::cli::commands {

void add_serve_option(CLI::App& sub, ServeFlags& flags)
{
  add_mode(sub, "--serve", flags.mode, "ADDRESS:PORT",
           "Serve what this site publishes over HTTP, to those who show its token (default: "
           "pecan.yml's address, else 127.0.0.1:9480)");
}

void run_serve(const ServeFlags& flags, Context& context)
{
  const auto& file = context.file();
  const auto address = !flags.mode.value.empty()      ? flags.mode.value
                       : !file.publish.listen.empty() ? file.publish.listen
                                                      : std::string{k_serve_address};
  std::string url;
  const auto server = serve_published(file, address, url);
  note(context.reporter(), fmt::format("serves {} at {}", file.publish.folder.string(), url));
  constexpr std::chrono::hours k_long{1};
  for (;;) {
    pause_for(k_long, Deadline::never(), context.stop());
  }
}

}  // namespace pecanctl::cli::commands
