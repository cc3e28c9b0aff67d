// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/replication/fetch_pieces.hpp"

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/failpoint.hpp"
#include "core/base/fd.hpp"
#include "core/base/text.hpp"
#include "core/replication/remote_file.hpp"
#include "core/replication/stamp.hpp"

namespace pecanctl::replication {
namespace fs = std::filesystem;

namespace {

constexpr std::size_t k_piece_fetchers = 4;
constexpr unsigned k_piece_mode = 0600;
constexpr std::uint64_t k_slack = 4096;  // bytes; what is too large is looked at, and refused

fs::path path_of(const PieceSet& set, const exchange::Piece& piece)
{
  return set.folder / (piece.hash + ".gz");
}

// Each once: buckets of several tables may have the same rows.
std::vector<exchange::Piece> list_missing(const PieceSet& set)
{
  std::set<std::string> seen;
  std::vector<exchange::Piece> missing;
  for (const auto& [name, scope] : set.scope) {
    for (const auto& piece : scope.pieces) {
      if (seen.insert(piece.hash).second && size_of(path_of(set, piece)) != piece.size) {
        missing.push_back(piece);
      }
    }
  }
  return missing;
}

void remove_others(const PieceSet& set)
{
  std::set<std::string> names;
  for (const auto& [table, published] : set.manifest.tables) {
    for (const auto& piece : published.pieces) {
      names.insert(piece.hash + ".gz");
    }
  }
  for (const auto& entry : fs::directory_iterator{set.folder}) {
    if (!names.contains(entry.path().filename().string())) {
      remove_quietly(entry.path());
    }
  }
}

class PieceFetcher {
 public:
  PieceFetcher(const Peer& peer, const PieceSet& set, const FetchOptions& options,
               Reporter& reporter, const Deadline& deadline, const std::stop_token& stop)
      : peer_{peer},
        set_{set},
        options_{options},
        deadline_{deadline},
        stop_{stop},
        step_{reporter,
              {.id = fmt::format("site-{}-pieces", peer.site),
               .group = fmt::format("site {}", peer.site),
               .action = "fetch"}},
        todo_{list_missing(set)}
  {
    for (const auto& piece : todo_) {
      total_ += piece.size;
    }
  }

  std::optional<FetchedPieces> run()
  {
    {
      std::vector<std::jthread> threads;
      for (std::size_t i = 0; i < std::min(k_piece_fetchers, todo_.size()); ++i) {
        threads.emplace_back([this] { work(); });
      }
    }
    if (error_) {
      std::rethrow_exception(error_);
    }
    if (is_missing_) {
      step_.set_outcome(StepOutcome::skipped);
      step_.set_detail("the site lacks a piece: the whole dump instead");
      return std::nullopt;
    }
    step_.set_detail(fmt::format("{} pieces, {}", todo_.size(), format_size(total_)));
    return FetchedPieces{.pieces = todo_.size(), .bytes = total_};
  }

 private:
  void work()
  {
    http::Connections connections;
    try {
      for (auto at = next_++; at < todo_.size() && !is_over_; at = next_++) {
        fetch(todo_[at], connections);
      }
    } catch (...) {  // the entry of a thread
      const std::scoped_lock lock{mutex_};
      error_ = error_ ? error_ : std::current_exception();
      is_over_ = true;
    }
  }

  void fetch(const exchange::Piece& piece, http::Connections& connections)
  {
    const auto name = fmt::format("{}/{}.gz", exchange::k_pieces_folder, piece.hash);
    auto request = request_to(peer_, sibling_url_of(peer_.url, name), options_.patience);
    request.limit = piece.size + k_slack;
    request.connections = &connections;
    const auto file = fetch_file(peer_, request, options_.attempts, deadline_, stop_);
    if (file.answer.status != 200) {
      is_missing_ = true;
      is_over_ = true;
      return;
    }
    keep(piece, file.text);
    done_ += piece.size;
    step_.progress("fetching", done_, total_, "B");
  }

  // It has its name only when it was looked at.
  void keep(const exchange::Piece& piece, std::string_view content)
  {
    const auto path = path_of(set_, piece);
    const auto part = set_.folder / (piece.hash + ".part");
    write_file_atomically(part, content, k_piece_mode);
    try {
      read_piece(part, piece, stop_);
    } catch (const Error&) {
      remove_quietly(part);
      throw;
    }
    std::error_code failure;
    fs::rename(part, path, failure);
    if (failure) {
      throw system_error(fmt::format("cannot write {}", path.string()), failure.value());
    }
    failpoint("sync.fetched_piece");
  }

  const Peer& peer_;
  const PieceSet& set_;
  const FetchOptions& options_;
  const Deadline& deadline_;
  const std::stop_token& stop_;
  Step step_;
  std::vector<exchange::Piece> todo_;
  std::uint64_t total_ = 0;
  std::atomic<std::uint64_t> done_ = 0;
  std::atomic<std::size_t> next_ = 0;
  std::atomic<bool> is_over_ = false;
  std::atomic<bool> is_missing_ = false;
  std::mutex mutex_;
  std::exception_ptr error_;
};

}  // namespace

std::uint64_t missing_bytes(const PieceSet& set)
{
  std::uint64_t bytes = 0;
  for (const auto& piece : list_missing(set)) {
    bytes += piece.size;
  }
  return bytes;
}

std::optional<FetchedPieces> fetch_pieces(const Peer& peer, const PieceSet& set,
                                          const FetchOptions& options, Reporter& reporter,
                                          const Deadline& deadline, const std::stop_token& stop)
{
  make_private_folder(set.folder);
  remove_others(set);
  return PieceFetcher{peer, set, options, reporter, deadline, stop}.run();
}

}  // namespace pecanctl::replication
