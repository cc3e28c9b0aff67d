// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include <memory>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <CLI/CLI.hpp>

#include "cli/agent.hpp"
#include "cli/commands/commands.hpp"
#include "cli/context.hpp"
#include "cli/validators.hpp"

namespace pecanctl::cli::commands {

RunFn setup_agent(CLI::App& sub)
{
  struct AgentFlags {
    std::vector<std::string> instances = {};
    std::vector<std::string> duties = {};
    std::string listen = AgentOptions{}.listen;
    std::chrono::milliseconds interval = AgentOptions{}.interval;
  };

  auto flags = std::make_shared<AgentFlags>();
  sub.add_option("INSTANCE", flags->instances,
                 "Names or folders (with a /) of the instances to serve; default: this one");
  sub.add_option("--duties", flags->duties,
                 fmt::format("Only these, with commas between: {}", fmt::join(duty_names(), ", ")))
      ->delimiter(',')
      ->type_name("DUTY");
  sub.add_option("--listen", flags->listen,
                 "Where /health and /metrics (Prometheus) answer; port 0: a free one")
      ->type_name("ADDRESS:PORT");
  add_duration(sub, "--interval", flags->interval, "How often to look at the queues (default: 1s)");
  sub.footer(
      "Examples:\n  pecanctl agent\n  pecanctl agent --listen 127.0.0.1:9471 /srv/demo/ "
      "/srv/test/\n  pecanctl agent --duties scale\n  systemctl enable --now "
      "pecanctl-agent@demo");
  return [flags](Context& context) {
    constexpr std::chrono::milliseconds k_shortest{100};
    if (flags->interval < k_shortest) {
      throw Error{{.code = ErrorCode::usage,
                   .what = "cannot use such a short --interval",
                   .hint = "write 100ms or more"}};
    }
    run_agent({.instances = flags->instances,
               .duties = {flags->duties.begin(), flags->duties.end()},
               .listen = flags->listen,
               .interval = flags->interval},
              context);
  };
}

}  // namespace pecanctl::cli::commands
