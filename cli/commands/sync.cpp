// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include <memory>
#include <random>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "cli/commands/commands.hpp"
#include "cli/commands/sync_publish.hpp"
#include "cli/commands/sync_serve.hpp"
#include "cli/context.hpp"
#include "cli/input.hpp"
#include "cli/site_keys.hpp"
#include "cli/sync_request.hpp"
#include "cli/sync_view.hpp"
#include "cli/validators.hpp"
#include "cli/version.hpp"
#include "core/base/cancel.hpp"
#include "core/base/text.hpp"
#include "core/project/secrets.hpp"
#include "core/replication/sync.hpp"

namespace pecanctl::cli::commands {
namespace {

using replication::Policy;

struct SyncFlags {
  std::vector<std::string> sites = {};
  std::vector<std::int64_t> only = {};
  std::vector<std::int64_t> except = {};
  std::string policy = "quarantine";
  bool allows_drift = false;
  bool accepts_shrink = false;
  bool is_bootstrap = false;
  bool verifies = false;
  bool accepts_key = false;
  std::string request = {};
  bool is_plan = false;  ///< as the request says
  std::optional<std::chrono::milliseconds> deadline = {};
  bool skips_if_locked = false;
  std::chrono::milliseconds jitter{0};
};

std::set<std::int64_t> set_of(const std::vector<std::int64_t>& sites)
{
  return {sites.begin(), sites.end()};
}

replication::PeerWish make_wish(const SyncFlags& flags, Context& context)
{
  replication::PeerWish wish{
      .named = flags.sites, .only = set_of(flags.only), .except = set_of(flags.except)};
  if (context.has_file()) {
    const auto& file = context.file();
    wish.standard = file.sync.peers;
    wish.urls = file.sync.urls;
    wish.trusted = set_of(file.sync.trusted);
    wish.insecure = set_of(file.sync.insecure);
    wish.own = file.site.id;
    wish.tokens = project::load_peer_tokens(file, find_variable);
    for (const auto& [site, token] : wish.tokens) {
      context.printer().redactor().add(token);
    }
  }
  return wish;
}

bool is_looking(const SyncFlags& flags, Context& context)
{
  return context.options().is_dry_run || context.options().is_check || flags.is_plan;
}

replication::SyncRequest make_request(const SyncFlags& flags, Context& context)
{
  return {.apply = {.policy = flags.policy == "strict"   ? Policy::strict
                              : flags.policy == "compat" ? Policy::compat
                                                         : Policy::quarantine,
                    .allows_drift = flags.allows_drift,
                    .accepts_shrink = flags.accepts_shrink,
                    .is_bootstrap = flags.is_bootstrap,
                    .is_dry_run = is_looking(flags, context),
                    .tool = fmt::format("pecanctl {}", version().number)},
          .peers = make_wish(flags, context),
          .lock_wait = context.options().lock_wait,
          .find_key = make_find_key(context),
          .accepts_key = flags.accepts_key,
          .verifies = flags.verifies};
}

// Everybody's cron runs at the full hour.
void wait_a_little(const SyncFlags& flags, Context& context)
{
  if (flags.jitter.count() > 0) {
    std::minstd_rand rng{std::random_device{}()};
    const std::chrono::milliseconds delay{
        std::uniform_int_distribution<std::int64_t>{0, flags.jitter.count()}(rng)};
    debug(context.reporter(), fmt::format("waiting {}", format_duration(delay)));
    pause_for(delay, Deadline::never(), context.stop());
  }
}

// With --check: what somebody has to look at.
void throw_findings(Context& context, const std::vector<replication::PeerOutcome>& outcomes,
                    const std::vector<replication::PeerAge>& ages)
{
  if (const auto changes = count_changes(outcomes); changes > 0) {
    throw Error{{.code = ErrorCode::finding,
                 .what = fmt::format("{} rows differ from what other sites publish", changes),
                 .hint = "pecanctl sync"}};
  }
  const auto max_age = context.has_file() ? context.file().sync.max_age : std::nullopt;
  for (const auto& peer : ages) {
    if (max_age && is_late(peer, *max_age)) {
      throw Error{{.code = ErrorCode::finding,
                   .what = fmt::format("the data of site {} is older than {}", peer.site,
                                       format_duration(*max_age)),
                   .why = peer.last ? "last pulled " + peer.last->checked_at : "never pulled",
                   .hint = "pecanctl sync"}};
    }
  }
}

void summarise(Context& context, const std::vector<replication::PeerOutcome>& outcomes,
               bool is_look)
{
  show(context, outcomes, is_look || context.options().verbosity > 0);
  const auto changes = count_changes(outcomes);
  context.printer().add_to_result(is_look ? "changes" : "changed", changes);
  context.printer().add_to_result("peers", outcomes.size());
  if (outcomes.empty()) {
    context.printer().say("no site to pull from: BETY's machines have no other sync_url");
  } else if (is_look) {
    context.printer().say(
        fmt::format("{} rows would change: nothing is changed by this command", changes));
  }
}

void pull(const SyncFlags& flags, Context& context, const std::string& name)
{
  auto deadline = context.deadline(k_change_deadline);
  deadline = flags.deadline ? deadline.sooner(*flags.deadline) : deadline;
  auto request = make_request(flags, context);
  request.folder = sync_folder(name);
  const auto endpoint = context.database_endpoint(deadline);
  const auto outcomes =
      replication::sync(endpoint, request, context.reporter(), deadline, context.stop());
  summarise(context, outcomes, request.apply.is_dry_run);
  if (!request.apply.is_dry_run) {
    log(context, outcomes, request.folder);
  }
  throw_if_failed(outcomes);
  if (context.options().is_check) {
    throw_findings(context, outcomes,
                   replication::list_peer_ages(endpoint, request.peers, deadline, context.stop()));
  }
}

// What another program asks takes the place of flags.
void read_request(SyncFlags& flags, Context& context)
{
  constexpr std::size_t k_largest_request = std::size_t{64} << 10U;
  constexpr std::chrono::seconds k_request_wait{60};
  const auto order = parse_sync_order(read_streamed(flags.request, k_largest_request,
                                                    Deadline::in(k_request_wait), context.stop()));
  flags.sites.insert(flags.sites.end(), order.sites.begin(), order.sites.end());
  flags.policy = order.policy.value_or(flags.policy);
  flags.is_plan = order.is_plan;
  flags.deadline = order.deadline;
}

// Trust is given to somebody, not to everybody.
void check_accepted(const SyncFlags& flags)
{
  if (flags.accepts_key && flags.sites.empty()) {
    throw Error{{.code = ErrorCode::usage,
                 .what = "--accept-key needs the sites whose keys you have asked for",
                 .hint = "pecanctl sync SITE --accept-key"}};
  }
}

void run_sync(SyncFlags flags, Context& context)
{
  if (!flags.request.empty()) {
    read_request(flags, context);
  }
  check_accepted(flags);
  wait_a_little(flags, context);
  const bool is_nameless = Context::has_database_variables() && !context.has_file() &&
                           context.options().instance.empty();
  const auto name = is_nameless ? std::string{"pecanctl"} : context.instance_name();
  const auto skip = [&](const Error& error) {
    note(context.reporter(), fmt::format("skipped: {}", error.info().why));
    context.printer().add_to_result("changed", 0);
  };
  std::unique_ptr<deployment::InstanceLock> lock;
  try {
    lock = context.lock_sync(name);
  } catch (const Error& error) {
    if (!flags.skips_if_locked || error.code() != ErrorCode::conflict) {
      throw;
    }
    return skip(error);
  }
  try {
    pull(flags, context, name);
  } catch (const Error& error) {
    if (!flags.skips_if_locked || !replication::is_locked(error)) {
      throw;
    }
    skip(error);
  }
}

}  // namespace

RunFn setup_sync(CLI::App& sub)
{
  auto flags = std::make_shared<SyncFlags>();
  auto publish = std::make_shared<PublishFlags>();
  auto serve = std::make_shared<ServeFlags>();
  sub.add_option("SITE", flags->sites,
                 "Sites to pull from, by number; NUMBER=URL says where the dump is (default: "
                 "pecan.yml's, else all whose URL BETY knows)");
  sub.add_option("--only", flags->only, "These of them")->type_name("SITE")->delimiter(',');
  sub.add_option("--except", flags->except, "Not these")->type_name("SITE")->delimiter(',');
  sub.add_option("--policy", flags->policy,
                 "Rows without their parents, or that clash: refuse the dump (strict), hold them "
                 "back (quarantine, the default), or take them (compat)")
      ->check(one_of({"strict", "quarantine", "compat"}));
  sub.add_flag("--allow-drift", flags->allows_drift,
               "Match columns by name when the schemas differ");
  sub.add_flag("--accept-shrink", flags->accepts_shrink,
               "Take a dump that has lost more than a fifth of a table");
  sub.add_flag("--bootstrap", flags->is_bootstrap,
               "First pull of a new site: nothing that is here may change");
  sub.add_flag("--verify", flags->verifies,
               "Compare all rows, also of sites that have nothing new");
  sub.add_flag("--accept-key", flags->accepts_key,
               "Trust the key that SITE signs its dumps with now, whatever it was before");
  sub.add_flag("--skip-if-locked", flags->skips_if_locked, "End well when another sync is at work");
  add_duration(sub, "--jitter", flags->jitter, "Wait a random time first, this long at most");
  sub.add_option("--request", flags->request,
                 "Read what to do as JSON, for programs; - is standard input")
      ->type_name("FILE");
  add_publish_options(sub, *publish);
  add_serve_option(sub, *serve);
  sub.footer(
      "Examples:\n  pecanctl sync\n  pecanctl sync -n\n  pecanctl sync 0 2 --policy strict\n"
      "  pecanctl sync 1=https://psql-pecan.bu.edu/sync/dump/bety.tar.gz\n"
      "  pecanctl sync -q --skip-if-locked --jitter 5m     for cron\n"
      "  pecanctl sync --publish /srv/dump --level 4\n"
      "  pecanctl sync --serve 127.0.0.1:9480\n"
      "  echo '{\"cmd\":\"sync\",\"mode\":\"plan\"}' | pecanctl sync --json --request -");
  return [flags, publish, serve](Context& context) {
    if (serve->mode.is_wanted()) {
      run_serve(*serve, context);
    } else if (publish->mode.is_wanted()) {
      run_publish(*publish, context);
    } else {
      run_sync(*flags, context);
    }
  };
}

}  // namespace pecanctl::cli::commands
