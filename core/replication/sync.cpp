// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/replication/sync.hpp"

#include <atomic>
#include <ctime>
#include <map>
#include <mutex>
#include <thread>

#include <fmt/format.h>

#include "core/base/failpoint.hpp"
#include "core/base/fd.hpp"
#include "core/base/secret.hpp"
#include "core/base/text.hpp"
#include "core/replication/catalogue.hpp"
#include "core/replication/log_file.hpp"
#include "core/replication/pins.hpp"

namespace pecanctl::replication {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::system_clock;

constexpr std::size_t k_fetchers = 4;

// "2026-11-20T06:04:32Z"
std::optional<system_clock::time_point> parse_time(const std::string& text)
{
  std::tm utc{};
  if (::strptime(text.c_str(), "%Y-%m-%dT%H:%M:%SZ", &utc) == nullptr) {
    return std::nullopt;
  }
  return system_clock::from_time_t(::timegm(&utc));
}

// One peer on its way through a sync.
struct Work {
  Peer peer = {};
  PeerOutcome outcome = {};
  std::optional<Fetched> fetched = {};
  std::optional<LastPull> last = {};
  exchange::Pin pin = {};
  std::size_t turn = 0;  // when it was taken, among all that brought rows
};

bool brings_rows(const Work& work)
{
  if (!work.outcome.pull) {
    return false;
  }
  const auto total = work.outcome.pull->record.total();
  return total.added + total.changed > 0;
}

// The numbers of two pulls of one dump: what the second brought is added.
void add_pull(Pull& first, Pull second)
{
  std::map<std::string, TableReport> before;
  for (const auto& table : first.record.tables) {
    before.emplace(table.table, table);
  }
  for (auto& table : second.record.tables) {
    const auto& old = before[table.table];
    table.added += old.added;
    table.changed += old.changed;
    table.removed += old.removed;
  }
  first = std::move(second);
}

class Sync {
 public:
  Sync(const postgres::Endpoint& endpoint, const SyncRequest& request, Reporter& reporter,
       const Deadline& deadline, const std::stop_token& stop)
      : endpoint_{endpoint},
        request_{request},
        reporter_{reporter},
        deadline_{deadline},
        stop_{stop}
  {
  }

  std::vector<PeerOutcome> run()
  {
    prepare();
    fetch_all();
    check_stop(stop_);
    failpoint("sync.all_fetched");
    for (auto& work : works_) {
      take(work);
    }
    take_again();
    std::vector<PeerOutcome> outcomes;
    for (auto& work : works_) {
      write_logs(work.outcome);
      outcomes.push_back(std::move(work.outcome));
    }
    return outcomes;
  }

 private:
  void prepare()
  {
    Session session{endpoint_, deadline_, stop_};
    lock_database(session, request_.lock_wait);  // given back at once: it is taken for each peer
    const auto numbered = find_numbered_site(session);
    for (const auto& peer : choose_peers(request_.peers, list_machine_sites(session))) {
      check_own_ids(peer, numbered);
      Work work{.peer = peer};
      work.outcome.site = peer.site;
      work.outcome.url = redact_url(peer.url);
      work.last = find_last_pull(session, peer.site);
      work.pin = find_pin(session, peer.site);
      works_.push_back(std::move(work));
    }
    schema_ = read_schema_version(session);
    make_private_folder(request_.folder);
  }

  // Rows that are made here must never be taken for rows that the peer has dropped.
  void check_own_ids(const Peer& peer, const std::optional<std::int64_t>& numbered) const
  {
    if (numbered == peer.site) {
      throw Error{{.code = ErrorCode::conflict,
                   .what = fmt::format("cannot pull from site {}", peer.site),
                   .why = "this database gives new rows the ids of that site",
                   .hint = "get a number of its own first: pecanctl register site",
                   .has_changed_nothing = true}};
    }
  }

  void fetch_all()
  {
    std::atomic<std::size_t> next{0};
    std::vector<std::jthread> threads;
    const auto width = std::min(k_fetchers, works_.size());
    for (std::size_t i = 0; i < width; ++i) {
      threads.emplace_back([&] {
        for (auto at = next++; at < works_.size(); at = next++) {
          fetch(works_[at]);
        }
      });
    }
  }

  void fetch(Work& work)
  {
    const auto begun = Clock::now();
    try {
      work.fetched =
          obtain_dump(endpoint_, work.peer,
                      {.fetch = {.folder = request_.folder / std::to_string(work.peer.site),
                                 .patience = request_.patience},
                       .pin = work.pin,
                       .accepts_key = request_.accepts_key,
                       .find_key = request_.find_key,
                       .last = work.last,
                       .schema = schema_,
                       .allows_drift = request_.apply.allows_drift,
                       .verifies = request_.verifies},
                      reporter_, deadline_, stop_);
      work.outcome.bytes = work.fetched->bytes;
      work.outcome.pieces = work.fetched->pieces;
    } catch (const Error& error) {
      work.outcome.error = error;
    } catch (const Cancelled&) {  // NOLINT(bugprone-empty-catch): whoever started this looks
    } catch (const std::exception& error) {
      work.outcome.error =
          Error{{.code = ErrorCode::internal, .what = "cannot fetch", .why = error.what()}};
    }
    work.outcome.elapsed += since(begun);
  }

  static std::chrono::milliseconds since(Clock::time_point begun)
  {
    return std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - begun);
  }

  bool is_nothing_new(const Work& work) const
  {
    return work.fetched->is_unchanged && work.last && !request_.verifies &&
           is_settled(*work.last, work.fetched->dump.origin.sha256);
  }

  void take(Work& work)
  {
    if (work.outcome.error || !work.fetched) {
      return;
    }
    warn_if_stale(work);
    if (is_nothing_new(work)) {
      work.outcome.is_unchanged = true;
      if (!request_.apply.is_dry_run) {
        remember(work);
      }
      return;
    }
    apply(work);
    tell_trust(work);
    work.turn = brings_rows(work) ? ++turns_ : turns_;
  }

  void remember(const Work& work)
  {
    Session session{endpoint_, deadline_, stop_};
    session.run("BEGIN");
    touch_last_pull(session, work.peer.site);
    if (work.fetched->dump.pin && ensure_ledger(session)) {
      write_pin(session, *work.fetched->dump.pin);
    }
    session.commit();
    tell_trust(work);
  }

  void tell_trust(const Work& work)
  {
    if (!work.outcome.error && !request_.apply.is_dry_run && !work.fetched->trust_note.empty()) {
      note(reporter_, work.fetched->trust_note);
    }
  }

  void apply(Work& work)
  {
    const auto begun = Clock::now();
    try {
      auto pull = apply_dump(endpoint_, work.fetched->dump, request_.apply, request_.lock_wait,
                             reporter_, deadline_, stop_);
      if (work.outcome.pull) {
        add_pull(*work.outcome.pull, std::move(pull));
      } else {
        work.outcome.pull = std::move(pull);
      }
    } catch (const Error& error) {
      work.outcome.error = error;
      if (error.code() == ErrorCode::invalid) {
        forget_dump(work.fetched->dump.path.parent_path());
      }
    }
    work.outcome.elapsed += since(begun);
  }

  // Sites refer to each other: what came first may find its parents now.
  void take_again()
  {
    if (request_.apply.is_dry_run) {
      return;
    }
    for (auto& work : works_) {
      const bool has_held = work.outcome.pull && work.outcome.pull->record.total().held > 0;
      if (has_held && !work.outcome.error && work.turn < turns_) {
        apply(work);
      }
    }
  }

  void warn_if_stale(const Work& work)
  {
    const auto dumped = parse_time(work.fetched->dump.origin.dumped_at);
    const auto now = system_clock::now();
    if (dumped && now - *dumped > request_.stale) {
      const auto age = std::chrono::duration_cast<std::chrono::seconds>(now - *dumped);
      warn(reporter_, fmt::format("site {} made its dump {} ago ({}): its cron may have stopped",
                                  work.peer.site, format_duration(age),
                                  escape_control(work.fetched->dump.origin.dumped_at)));
    }
  }

  void write_logs(const PeerOutcome& outcome)
  {
    if (request_.apply.is_dry_run) {
      return;
    }
    const auto code = !outcome.error                                ? LogCode::success
                      : outcome.error->code() == ErrorCode::invalid ? LogCode::other_schema
                                                                    : LogCode::aborted;
    const auto line = render_log_line(system_clock::now(), outcome.site, code);
    try {
      append_line(request_.folder / "sync.log", line, true);
      if (!request_.log.empty()) {
        append_line(request_.log, line, false);
      }
    } catch (const Error& error) {
      warn(reporter_, error.what());
    }
  }

  const postgres::Endpoint& endpoint_;
  const SyncRequest& request_;
  Reporter& reporter_;
  const Deadline& deadline_;
  const std::stop_token& stop_;
  SchemaVersion schema_;
  std::vector<Work> works_;
  std::size_t turns_ = 0;
};

}  // namespace

std::vector<Peer> list_peers(const postgres::Endpoint& endpoint, const PeerWish& wish,
                             const Deadline& deadline, const std::stop_token& stop)
{
  Session session{endpoint, deadline, stop};
  return choose_peers(wish, list_machine_sites(session));
}

std::vector<PeerAge> list_peer_ages(const postgres::Endpoint& endpoint, const PeerWish& wish,
                                    const Deadline& deadline, const std::stop_token& stop)
{
  Session session{endpoint, deadline, stop};
  std::vector<PeerAge> ages;
  for (const auto& peer : choose_peers(wish, list_machine_sites(session))) {
    ages.push_back({.site = peer.site,
                    .url = redact_url(peer.url),
                    .last = find_last_pull(session, peer.site)});
  }
  return ages;
}

std::vector<PeerOutcome> sync(const postgres::Endpoint& endpoint, const SyncRequest& request,
                              Reporter& reporter, const Deadline& deadline,
                              const std::stop_token& stop)
{
  return Sync{endpoint, request, reporter, deadline, stop}.run();
}

}  // namespace pecanctl::replication
