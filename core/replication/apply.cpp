// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/replication/apply.hpp"

#include <algorithm>
#include <random>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/base/error.hpp"
#include "core/base/failpoint.hpp"
#include "core/base/retry.hpp"
#include "core/base/secret.hpp"
#include "core/base/text.hpp"
#include "core/replication/compare.hpp"
#include "core/replication/lock_parents.hpp"
#include "core/replication/pins.hpp"
#include "core/replication/recheck.hpp"
#include "core/replication/schema_check.hpp"
#include "core/replication/unpack.hpp"

namespace pecanctl::replication {
namespace {

constexpr std::string_view k_locked = "another sync works on this database";
constexpr std::int64_t k_lock_key = 0x7065'6361'6e73'796e;  // "pecansyn"
constexpr std::chrono::milliseconds k_lock_poll{100};
constexpr int k_most_attempts = 5;
constexpr std::uint64_t k_shrink_rows = 10;
constexpr std::uint64_t k_shrink_fifth = 5;

bool is_worth_another_try(const Error& error)
{
  const auto& why = error.info().why;
  return why.find("SQLSTATE 40001") != std::string::npos ||
         why.find("SQLSTATE 40P01") != std::string::npos || is_late_child(error);
}

bool is_in_doubt(const Error& error)
{
  return error.info().why.starts_with("unknown whether it happened");
}

Unpacked unpack(const Dump& dump, const std::stop_token& stop)
{
  return dump.pieces ? unpack_pieces(*dump.pieces, dump.path.parent_path(), stop)
                     : unpack_tarball(dump.path, stop);
}

// The unpacked dump of one peer, and the transactions that try to take it.
class Application {
 public:
  Application(const postgres::Endpoint& endpoint, const Dump& dump, const ApplyOptions& options,
              Reporter& reporter, const std::stop_token& stop)
      : endpoint_{endpoint},
        dump_{dump},
        options_{options},
        reporter_{reporter},
        begun_{std::chrono::steady_clock::now()},
        unpacked_{unpack(dump, stop)}
  {
    failpoint("sync.unpacked");
    std::random_device random;
    seed_ = (std::uint64_t{random()} << 32U) | random();
    operation_ = random_uuid();
  }

  const std::string& operation() const { return operation_; }

  // What it did, when only the answer to COMMIT was lost.
  Pull& pull() { return pull_; }

  void try_once(Session& session)
  {
    pull_ = {};
    begin_transaction(session, unpacked_, {});
    auto catalogue = read_catalogue(session);
    add_loose_references(catalogue);
    pull_.notes = check_dump_schema(
        unpacked_, catalogue,
        {.is_trusted = dump_.peer.is_trusted, .allows_drift = options_.allows_drift});
    auto stage = compare_dump(session, {.endpoint = endpoint_,
                                        .catalogue = catalogue,
                                        .unpacked = unpacked_,
                                        .peer = dump_.peer,
                                        .seed = seed_,
                                        .reporter = reporter_});
    failpoint("sync.compared");
    guard(stage);
    make_held_table(session);
    if (std::ranges::any_of(stage, [](const auto& one) { return !one.second.diff.is_empty(); })) {
      write(session, catalogue, stage);
    }
    report(stage);
    pull_.held = list_held(session);
    refuse_held();
    finish(session);
  }

 private:
  void guard(const Stage& stage) const
  {
    for (const auto& [name, one] : stage) {
      const auto removed = one.diff.removed.size();
      if (options_.is_bootstrap && removed + one.diff.changed > 0) {
        throw Error{
            {.code = ErrorCode::conflict,
             .what = fmt::format("cannot bootstrap from site {}", dump_.peer.site),
             .why = fmt::format("{} rows of {} here have ids of that site, and are not its rows",
                                removed + one.diff.changed, name),
             .hint = "register this site first (pecanctl register site), or sync without "
                     "--bootstrap to make them what the site says"}};
      }
      const bool is_shrinking =
          removed >= k_shrink_rows && removed * k_shrink_fifth > one.diff.here;
      if (is_shrinking && !options_.accepts_shrink) {
        throw Error{{.code = ErrorCode::conflict,
                     .what = fmt::format("cannot take the dump of site {}", dump_.peer.site),
                     .why = fmt::format("{} of its {} rows in {} are gone there", removed,
                                        one.diff.here, name),
                     .hint = "ask the site; if it is right: --accept-shrink"}};
      }
    }
  }

  void write(Session& session, const Catalogue& catalogue, Stage& stage)
  {
    const Step step{reporter_,
                    {.id = fmt::format("site-{}-write", dump_.peer.site),
                     .group = fmt::format("site {}", dump_.peer.site),
                     .action = "write"}};
    const auto power = take_power(session, catalogue);
    if (power == Power::owner) {
      pull_.notes.emplace_back(
          "this role may not set session_replication_role: slower, and writers of the changed "
          "tables wait meanwhile");
    }
    const auto dbfiles = stage.find("dbfiles");
    std::optional<QuickDbfiles> quick;
    if (dbfiles != stage.end() && !dbfiles->second.diff.is_empty()) {
      quick.emplace(session);
    }
    step.progress("staging");
    stage_rows(session, unpacked_.spool, stage, power == Power::replica);
    failpoint("sync.loaded");
    step.progress("checking");
    check_stage(session, stage,
                {.policy = options_.policy,
                 .removes_first = power == Power::replica,
                 .block = dump_.peer.block});
    if (power == Power::replica) {
      lock_parents(session, stage, dump_.peer.block);
    }
    failpoint("sync.checked");
    step.progress("writing");
    write_stage(session, catalogue, stage, power);
    if (power == Power::replica) {
      refuse_late_children(endpoint_, session, catalogue, stage);
    }
    if (quick) {
      quick->restore(session);
    }
    failpoint("sync.written");
  }

  void report(const Stage& stage)
  {
    auto& record = pull_.record;
    record = {.operation = operation_,
              .site = dump_.peer.site,
              .origin = dump_.origin,
              .tool = options_.tool};
    record.origin.schema_md5 = unpacked_.schema_md5;
    for (const auto& [name, one] : stage) {
      const TableReport table{.table = name,
                              .rows = one.diff.there,
                              .added = one.diff.added - (one.held - one.held_changes),
                              .changed = one.diff.changed - one.held_changes,
                              .removed = one.diff.removed.size() - one.retained,
                              .held = one.held,
                              .retained = one.retained};
      record.tables.push_back(table);
    }
  }

  void refuse_held() const
  {
    if (options_.policy != Policy::strict || pull_.held.empty()) {
      return;
    }
    std::vector<std::string> reasons;
    for (const auto& held : pull_.held) {
      reasons.push_back(fmt::format("{} rows of {}: {}", held.rows, held.table, held.reason));
    }
    throw Error{{.code = ErrorCode::invalid,
                 .what = "cannot use the dump",
                 .why = fmt::format("{}", fmt::join(reasons, "; ")),
                 .hint = "hold them back and take the rest: --policy quarantine"}};
  }

  void finish(Session& session)
  {
    const auto elapsed = std::chrono::steady_clock::now() - begun_;
    pull_.record.seconds = std::chrono::duration<double>(elapsed).count();
    if (ensure_ledger(session)) {
      write_quarantine(session, dump_.peer.site, operation_);
      write_record(session, pull_.record);
      if (dump_.pin) {
        write_pin(session, *dump_.pin);
      }
    } else {
      pull_.notes.emplace_back("this role may not make the schema pecanctl: no record is kept");
    }
    failpoint("sync.recorded");
    if (options_.is_dry_run) {
      session.run("ROLLBACK");
      return;
    }
    session.commit();
    failpoint("sync.committed");
  }

  const postgres::Endpoint& endpoint_;
  const Dump& dump_;
  const ApplyOptions& options_;
  Reporter& reporter_;
  std::chrono::steady_clock::time_point begun_;
  Unpacked unpacked_;
  std::uint64_t seed_ = 0;
  std::string operation_;
  Pull pull_;
};

}  // namespace

void lock_database(Session& session, std::chrono::milliseconds wait)
{
  const auto until = Deadline::in(wait);
  const auto sql = fmt::format("SELECT pg_try_advisory_lock({})", k_lock_key);
  while (session.ask(sql) != "t") {
    if (until.is_over()) {
      throw Error{{.code = ErrorCode::conflict,
                   .what = "cannot sync",
                   .why = std::string{k_locked},
                   .hint = "wait for it with --lock-wait, or leave it to it with "
                           "--skip-if-locked",
                   .has_changed_nothing = true}};
    }
    pause_for(k_lock_poll, session.deadline(), session.stop());
  }
}

bool is_locked(const Error& error)
{
  return error.code() == ErrorCode::conflict && error.info().why == k_locked;
}

Pull apply_dump(const postgres::Endpoint& endpoint, const Dump& dump, const ApplyOptions& options,
                std::chrono::milliseconds lock_wait, Reporter& reporter, const Deadline& deadline,
                const std::stop_token& stop)
{
  Application application{endpoint, dump, options, reporter, stop};
  std::minstd_rand rng{std::random_device{}()};
  for (int attempt = 1;; ++attempt) {
    try {
      Session session{endpoint, deadline, stop};
      // After a COMMIT in doubt the old session may still hold it: its end decides.
      lock_database(session, attempt == 1 ? lock_wait : std::chrono::seconds{60});
      if (attempt > 1 && has_record(session, application.operation())) {
        return application.pull();
      }
      application.try_once(session);
      return application.pull();
    } catch (const Error& error) {
      const bool is_doubt = is_in_doubt(error);
      if (attempt == k_most_attempts || !(is_doubt || is_worth_another_try(error))) {
        throw;
      }
      debug(reporter, fmt::format("site {}: trying again: {}", dump.peer.site, error.what()));
    }
    pause_for(next_delay(attempt, {}, rng), deadline, stop);
  }
}

}  // namespace pecanctl::replication
