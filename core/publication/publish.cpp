// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/publication/publish.hpp"

#include <algorithm>
#include <charconv>
#include <memory>
#include <set>
#include <thread>
#include <utility>

#include <fmt/format.h>

#include "core/base/failpoint.hpp"
#include "core/base/signing.hpp"
#include "core/base/text.hpp"
#include "core/exchange/row_text.hpp"
#include "core/postgres/copy.hpp"
#include "core/publication/folder.hpp"
#include "core/publication/packer.hpp"
#include "core/publication/schema_text.hpp"
#include "core/publication/source.hpp"
#include "core/publication/tarball.hpp"

namespace pecanctl::publication {
namespace {

// One moment of the database, seen by two sessions: one for its catalogue, one for its rows.
class Snapshot {
 public:
  Snapshot(const PublishRequest& request, const Deadline& deadline, const std::stop_token& stop)
      : database_{postgres::connect(request.database, deadline, stop)},
        transaction_{database_->begin(deadline, stop)},
        rows_{postgres::connect_copy(request.database, deadline, stop)}
  {
    transaction_->execute(k_begin);
    transaction_->execute(exchange::k_same_text);
    const auto name =
        transaction_->query("SELECT pg_export_snapshot()", {}).at(0).at(0).value_or("");
    rows_->execute(fmt::format("BEGIN; {}; SET TRANSACTION SNAPSHOT '{}'; {}; {}", k_begin, name,
                               exchange::k_same_text, exchange::k_in_order),
                   deadline, stop);
  }

  Source read(std::int64_t site)
  {
    auto source = read_source(*transaction_, site);
    source.server = database_->server_version();
    return source;
  }

  postgres::Transaction& catalogue() { return *transaction_; }

  postgres::CopySession& rows() { return *rows_; }

 private:
  static constexpr std::string_view k_begin =
      "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY";

  std::unique_ptr<postgres::Database> database_;
  std::unique_ptr<postgres::Transaction> transaction_;
  std::unique_ptr<postgres::CopySession> rows_;
};

// Whatever goes wrong, nothing half-made stays.
class Prepared {
 public:
  explicit Prepared(const Folder& folder) : folder_{folder} {}

  Prepared(const Prepared&) = delete;
  Prepared& operator=(const Prepared&) = delete;

  ~Prepared() { folder_.drop_prepared(); }

 private:
  const Folder& folder_;
};

// Reads tables into buckets, and packed buckets into the tarball.
class TableWriter {
 public:
  TableWriter(Tarball& tarball, Packer& packer, Publication& publication)
      : tarball_{tarball},
        packer_{packer},
        publication_{publication}
  {
  }

  void write(const SourceTable& table, postgres::CopySession& session, std::string_view select,
             const Deadline& deadline, const std::stop_token& stop)
  {
    start(table);
    const auto position = table.id_position();
    Bucket bucket;
    session.copy_out(
        fmt::format("COPY ({}) TO STDOUT {}", select, exchange::k_copy_options),
        [&](std::string_view row) {
          const auto number = exchange::bucket_of(id_of_row(row, position));
          if (number != bucket.number && bucket.rows > 0) {
            put(std::exchange(bucket, {}));
          }
          bucket.number = number;
          ++bucket.rows;
          bucket.text += row;
        },
        deadline, stop);
    if (bucket.rows > 0) {
      put(std::move(bucket));
    }
    failpoint("publish.table");
  }

  // All that is under way.
  void finish()
  {
    while (packer_.waiting() > 0) {
      take();
    }
    open_until(tables_.size());
  }

 private:
  void start(const SourceTable& table)
  {
    exchange::PublishedTable published;
    for (const auto& column : table.columns) {
      published.columns.push_back(column.column);
    }
    auto& place = publication_.manifest.tables[table.name] = std::move(published);
    tables_.push_back({.name = table.name + ".csv", .published = &place});
  }

  void put(Bucket bucket)
  {
    bucket.table = tables_.size() - 1;
    while (packer_.waiting() >= packer_.room()) {
      take();
    }
    packer_.put(std::move(bucket));
  }

  void take()
  {
    const auto bucket = packer_.take();
    open_until(bucket.table + 1);
    tarball_.add(bucket.packed.member, bucket.size);
    auto& table = *tables_[bucket.table].published;
    table.rows += bucket.rows;
    table.pieces.push_back({.bucket = bucket.number,
                            .rows = bucket.rows,
                            .hash = bucket.packed.hash,
                            .size = bucket.packed.member.size()});
    publication_.rows += bucket.rows;
    ++publication_.pieces;
    publication_.new_pieces += bucket.packed.is_new ? 1U : 0U;
  }

  // Files of tables without rows are there, too.
  void open_until(std::size_t count)
  {
    for (; opened_ < count; ++opened_) {
      tarball_.begin(tables_[opened_].name);
    }
  }

  struct OpenTable {
    std::string name = {};
    exchange::PublishedTable* published = nullptr;
  };

  Tarball& tarball_;
  Packer& packer_;
  Publication& publication_;
  std::vector<OpenTable> tables_ = {};
  std::size_t opened_ = 0;
};

// What is no site's comes first, then the tables by name.
void write_small_file(Tarball& tarball, const std::string& name, const std::string& content,
                      int level)
{
  tarball.begin(name);
  tarball.add(Compressor{level}.compress(content), content.size());
}

std::string lines_of(const std::vector<std::string>& words)
{
  std::string text;
  for (const auto& word : words) {
    text += word + "\n";
  }
  return text;
}

exchange::Manifest head_of(const PublishRequest& request, const Source& source,
                           const std::optional<exchange::Manifest>& before)
{
  const auto now = std::chrono::system_clock::now();
  const std::int64_t seconds =
      std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
  return {.site = request.site,
          .serial = std::max(seconds, before ? before->serial + 1 : 0),
          .published_at = format_time(now),
          .program = request.program,
          .server = source.server,
          .key = request.key.is_empty() ? "" : public_half(request.key),
          .first = source.first,
          .last = source.last,
          .schema_md5 = source.schema_md5,
          .migrations = source.migrations,
          .filter = request.filter};
}

// A line that is of another key is of a change that did not come to its end.
void add_handover(const std::string& line, exchange::Manifest& manifest)
{
  const auto words = split(trim(line), ' ');
  if (words.size() == 2 && !manifest.key.empty() &&
      is_signed_by(words[0], std::string{exchange::k_handover_context} + manifest.key, words[1])) {
    manifest.previous_key = words[0];
    manifest.previous_signature = words[1];
  }
}

std::string version_line(const exchange::Manifest& manifest, const Source& source)
{
  return fmt::format("{}\t{}\t{}\t{}\n", manifest.migrations.size(), manifest.schema_md5,
                     source.newest, manifest.published_at);
}

std::set<std::string> hashes_of(const exchange::Manifest& manifest)
{
  std::set<std::string> hashes;
  for (const auto& [name, table] : manifest.tables) {
    for (const auto& piece : table.pieces) {
      hashes.insert(piece.hash);
    }
  }
  return hashes;
}

// One run.
class Publisher {
 public:
  Publisher(const PublishRequest& request, Reporter& reporter, const Deadline& deadline,
            const std::stop_token& stop)
      : request_{request},
        reporter_{reporter},
        deadline_{deadline},
        stop_{stop},
        folder_{request.folder, Deadline::in(request.lock_wait), stop},
        before_{folder_.find_manifest()},
        pieces_{folder_.path() / exchange::k_pieces_folder}
  {
  }

  Publication run()
  {
    Step step{reporter_, {.id = "publish", .group = "publish", .action = "publish"}};
    const Prepared prepared{folder_};
    Snapshot snapshot{request_, deadline_, stop_};
    failpoint("publish.snapshot");
    const auto source = snapshot.read(request_.site);
    result_.manifest = head_of(request_, source, before_);
    add_handover(request_.handover, result_.manifest);
    write_tarball(snapshot, source, step);
    failpoint("publish.tarball");
    folder_.prepare(exchange::k_manifest_name,
                    exchange::render_manifest(result_.manifest, request_.key));
    folder_.prepare(exchange::k_version_name, version_line(result_.manifest, source));
    check_stop(stop_);
    show();
    remove_old_pieces();
    step.set_detail(
        fmt::format("{} rows, {}", result_.rows, format_size(result_.manifest.tarball_size)));
    return std::move(result_);
  }

 private:
  void write_tarball(Snapshot& snapshot, const Source& source, const Step& step)
  {
    Tarball tarball{folder_.temporary(exchange::k_tarball_name), source.schema_time()};
    const auto cores = std::max(std::thread::hardware_concurrency(), 1U);
    Packer packer{pieces_, request_.compression, request_.threads > 0 ? request_.threads : cores};
    TableWriter writer{tarball, packer, result_};
    write_small_file(tarball, source.schema_md5 + ".schema", read_schema_text(snapshot.catalogue()),
                     request_.compression);
    write_small_file(tarball, "schema_migrations.csv", lines_of(source.migrations),
                     request_.compression);
    std::size_t count = 0;
    for (const auto& table : source.tables) {
      step.progress(table.name, count++, source.tables.size(), "tables");
      writer.write(table, snapshot.rows(), select_rows(table, source, request_.filter), deadline_,
                   stop_);
    }
    writer.finish();
    const auto sum = tarball.finish();
    result_.manifest.tarball_size = sum.size;
    result_.manifest.tarball_sha256 = sum.sha256;
  }

  // A tarball of the same bytes stays, so that those who ask for what is new since then learn that
  // nothing is.
  bool is_there_already() const
  {
    const auto path = folder_.path() / exchange::k_tarball_name;
    std::error_code error;
    const auto size = std::filesystem::file_size(path, error);
    return !error && size == result_.manifest.tarball_size &&
           sum_of_file(path).sha256 == result_.manifest.tarball_sha256;
  }

  void show()
  {
    folder_.ensure_file(exchange::k_log_name);
    result_.has_changed = !is_there_already();
    if (result_.has_changed) {
      folder_.show(exchange::k_tarball_name);
    }
    failpoint("publish.renamed_tarball");
    folder_.show(exchange::k_manifest_name);
    failpoint("publish.renamed_manifest");
    folder_.show(exchange::k_version_name);
    folder_.sync();
    failpoint("publish.renamed");
  }

  // A peer may still be fetching what the manifest before this one names.
  void remove_old_pieces()
  {
    auto hashes = hashes_of(result_.manifest);
    if (before_) {
      hashes.merge(hashes_of(*before_));
    }
    result_.removed_pieces = pieces_.keep_only(hashes);
  }

  const PublishRequest& request_;
  Reporter& reporter_;
  const Deadline& deadline_;
  const std::stop_token& stop_;
  Folder folder_;
  std::optional<exchange::Manifest> before_;
  PieceFolder pieces_;
  Publication result_ = {};
};

}  // namespace

Publication publish(const PublishRequest& request, Reporter& reporter, const Deadline& deadline,
                    const std::stop_token& stop)
{
  return Publisher{request, reporter, deadline, stop}.run();
}

std::string make_handover(const Secret& old_key, const std::string& new_public_key)
{
  return fmt::format("{} {}\n", public_half(old_key),
                     exchange::sign_handover(old_key, new_public_key));
}

std::optional<std::int64_t> find_site(const postgres::Endpoint& database, const std::string& host,
                                      const Deadline& deadline, const std::stop_token& stop)
{
  const auto session = postgres::connect(database, deadline, stop);
  const auto transaction = session->begin(deadline, stop);
  require_bety(*transaction);
  const std::vector<postgres::Value> parameters{host};
  const auto rows = transaction->query(
      "SELECT sync_host_id FROM public.machines WHERE hostname = $1 AND sync_host_id IS NOT NULL",
      parameters);
  return rows.empty() ? std::nullopt : std::optional{std::stoll(rows[0].at(0).value_or("0"))};
}

std::vector<RowCount> count_rows(const PublishRequest& request, const Deadline& deadline,
                                 const std::stop_token& stop)
{
  Snapshot snapshot{request, deadline, stop};
  const auto source = snapshot.read(request.site);
  std::vector<RowCount> counts;
  for (const auto& table : source.tables) {
    const auto text = snapshot.catalogue()
                          .query(fmt::format("SELECT count(*) FROM ({}) AS rows",
                                             select_rows(table, source, request.filter)),
                                 {})
                          .at(0)
                          .at(0)
                          .value_or("0");
    RowCount count{.table = table.name};
    std::from_chars(text.data(), text.data() + text.size(), count.rows);
    counts.push_back(std::move(count));
  }
  return counts;
}

}  // namespace pecanctl::publication
