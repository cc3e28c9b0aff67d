// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/replication/fetch.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <optional>
#include <string>

#include <fmt/format.h>

#include "core/base/digest.hpp"
#include "core/base/failpoint.hpp"
#include "core/base/fd.hpp"
#include "core/base/text.hpp"
#include "core/exchange/manifest.hpp"
#include "core/http/download.hpp"
#include "core/replication/remote_file.hpp"
#include "core/replication/stamp.hpp"

namespace pecanctl::replication {
namespace fs = std::filesystem;

namespace {

constexpr unsigned k_private = 0600;
constexpr std::uint64_t k_version_limit = 4096;

class Fetcher {
 public:
  Fetcher(const Peer& peer, const FetchOptions& options, const VersionCheck& check,
          Reporter& reporter, const Deadline& deadline, const std::stop_token& stop)
      : peer_{peer},
        options_{options},
        check_{check},
        deadline_{deadline},
        stop_{stop},
        step_{reporter,
              {.id = fmt::format("site-{}-fetch", peer.site),
               .group = fmt::format("site {}", peer.site),
               .action = "fetch"}},
        whole_{options.folder / "bety.tar.gz"},
        part_{options.folder / "bety.tar.gz.part"},
        stamp_path_{options.folder / "stamp.json"},
        part_stamp_path_{options.folder / "part.json"}
  {
    make_private_folder(options.folder);
    had_ = read_stamp(stamp_path_);
    if (had_.url != peer.url || had_.size == 0 || had_.size != size_of(whole_)) {
      had_ = {};
    }
  }

  Fetched run()
  {
    return try_often(
        options_.attempts, deadline_, stop_, [&] { return attempt_once(); },
        [&](const Error& error) {
          if (!is_final_) {
            step_.progress(fmt::format("trying again: {}", error.info().why));
          }
          return !is_final_;
        });
  }

 private:
  Fetched attempt_once()
  {
    received_ = 0;
    file_.reset();
    const auto partial = read_stamp(part_stamp_path_);
    const auto& validator = partial.etag.empty() ? partial.last_modified : partial.etag;
    const bool can_resume =
        partial.url == peer_.url && !validator.empty() && !validator.starts_with("W/");
    const auto resume_at = can_resume ? size_of(part_) : 0;
    auto request = request_to(peer_, peer_.url, options_.patience);
    request.if_none_match = had_.etag;
    request.if_modified_since = had_.last_modified;
    request.resume_at = resume_at;
    request.if_range = validator;
    const auto answer = http::download(
        request,
        [&](const http::DownloadAnswer& head, std::string_view piece) { take(head, piece); },
        deadline_, stop_);
    if (answer.status == 304) {
      return unchanged();
    }
    if (answer.status == 416) {  // the part is as long as the file, or longer
      remove_quietly(part_);
      remove_quietly(part_stamp_path_);
      throw Error{{.code = ErrorCode::unreachable,
                   .what = fmt::format("cannot go on fetching the dump of site {}", peer_.site),
                   .why = "the file there is another one now"}};
    }
    if (answer.status != 200 && answer.status != 206) {
      is_final_ = !is_passing(answer.status);
      refuse_status(peer_, answer);
    }
    if (!file_) {
      begin_file(answer);  // it is empty
    }
    return complete(answer);
  }

  Fetched unchanged()
  {
    step_.set_outcome(StepOutcome::skipped);
    step_.set_detail("unchanged");
    return {.dump = make_dump(had_), .is_unchanged = true, .bytes = 0};
  }

  void take(const http::DownloadAnswer& head, std::string_view piece)
  {
    if (!file_) {
      look_at_version();
      begin_file(head);
    }
    try {
      write_all(file_.get(), piece, fmt::format("cannot write {}", part_.string()));
    } catch (const Error&) {
      remove_quietly(part_);
      throw;
    }
    received_ += piece.size();
    failpoint("sync.piece");
    const auto total = head.length ? offset_ + *head.length : 0;
    step_.progress("fetching", offset_ + received_, total, "B");
  }

  void begin_file(const http::DownloadAnswer& head)
  {
    const bool goes_on = head.status == 206;
    const int flags = O_WRONLY | O_CREAT | O_CLOEXEC | (goes_on ? O_APPEND : O_TRUNC);
    file_ = Fd{::open(part_.c_str(), flags, k_private)};
    if (!file_) {
      throw system_error(fmt::format("cannot write {}", part_.string()), errno);
    }
    offset_ = goes_on ? size_of(part_) : 0;
    write_stamp(part_stamp_path_,
                {.url = peer_.url, .etag = head.etag, .last_modified = head.last_modified});
  }

  // A site need not have a version.txt; a dump that turns out to be of another schema is refused
  // later.
  void look_at_version()
  {
    version_ = {};
    const auto url = sibling_url_of(peer_.url, exchange::k_version_name);
    if (url.empty()) {
      return;
    }
    std::string text;
    try {
      auto request = request_to(peer_, url, options_.patience);
      request.limit = k_version_limit;
      const auto answer = http::download(
          request, [&](const http::DownloadAnswer&, std::string_view piece) { text += piece; },
          deadline_.sooner(std::chrono::seconds{15}), stop_);
      if (answer.status != 200) {
        return;
      }
    } catch (const Error&) {
      return;
    }
    version_ = parse_version_file(text);
    if (version_ && check_) {
      is_final_ = true;  // what it throws is no matter of the network
      check_(*version_);
      is_final_ = false;
    }
  }

  Fetched complete(const http::DownloadAnswer& answer)
  {
    if (::fsync(file_.get()) != 0) {
      throw system_error(fmt::format("cannot write {}", part_.string()), errno);
    }
    file_.reset();
    failpoint("sync.fetched");
    const Stamp stamp{.url = peer_.url,
                      .etag = answer.etag,
                      .last_modified = answer.last_modified,
                      .size = size_of(part_),
                      .sha256 = sha256_of_file(part_),
                      .dumped_at = version_ ? version_->dumped_at : std::string{}};
    remove_quietly(stamp_path_);  // until both are there, neither counts
    std::error_code failure;
    fs::rename(part_, whole_, failure);
    if (failure) {
      throw system_error(fmt::format("cannot write {}", whole_.string()), failure.value());
    }
    write_stamp(stamp_path_, stamp);
    remove_quietly(part_stamp_path_);
    step_.set_detail(format_size(stamp.size));
    const bool is_same = !had_.sha256.empty() && had_.sha256 == stamp.sha256;
    return {.dump = make_dump(stamp), .is_unchanged = is_same, .bytes = received_};
  }

  Dump make_dump(const Stamp& stamp) const
  {
    return {.peer = peer_,
            .path = whole_,
            .origin = {.url = redact_url(peer_.url),
                       .etag = stamp.etag,
                       .sha256 = stamp.sha256,
                       .dumped_at = stamp.dumped_at}};
  }

  const Peer& peer_;
  const FetchOptions& options_;
  const VersionCheck& check_;
  const Deadline& deadline_;
  const std::stop_token& stop_;
  Step step_;
  fs::path whole_;
  fs::path part_;
  fs::path stamp_path_;
  fs::path part_stamp_path_;
  Stamp had_;
  Fd file_;
  std::uint64_t offset_ = 0;    // of what this answer brings, in the file
  std::uint64_t received_ = 0;  // by this answer
  std::optional<VersionFile> version_;
  bool is_final_ = false;  // trying again is of no use
};

}  // namespace

Fetched fetch_dump(const Peer& peer, const FetchOptions& options, const VersionCheck& check,
                   Reporter& reporter, const Deadline& deadline, const std::stop_token& stop)
{
  return Fetcher{peer, options, check, reporter, deadline, stop}.run();
}

void make_private_folder(const fs::path& folder)
{
  std::error_code failure;
  fs::create_directories(folder, failure);
  if (!failure) {
    fs::permissions(folder, fs::perms::owner_all, failure);
  }
  if (failure) {
    throw system_error(fmt::format("cannot make {}", folder.string()), failure.value());
  }
}

void forget_dump(const fs::path& folder) noexcept
{
  for (const auto* const name : {"bety.tar.gz", "stamp.json", "manifest.json"}) {
    remove_quietly(folder / name);
  }
  std::error_code ignored;
  fs::remove_all(folder / exchange::k_pieces_folder, ignored);
}

}  // namespace pecanctl::replication
