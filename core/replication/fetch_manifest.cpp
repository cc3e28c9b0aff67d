// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/replication/fetch_manifest.hpp"

#include "core/base/error.hpp"
#include "core/base/failpoint.hpp"
#include "core/base/fd.hpp"
#include "core/replication/remote_file.hpp"
#include "core/replication/stamp.hpp"

namespace pecanctl::replication {
namespace fs = std::filesystem;

namespace {

constexpr unsigned k_manifest_mode = 0600;
constexpr std::string_view k_manifest_stamp = "manifest.json";
constexpr std::string_view k_begin_of_manifest = R"({"signature":")";

std::string manifest_url(const Peer& peer)
{
  return sibling_url_of(peer.url, exchange::k_manifest_name);
}

// Nothing when there is none.
std::optional<RemoteFile> ask(const Peer& peer, const FetchOptions& options, const Stamp& had,
                              const Deadline& deadline, const std::stop_token& stop)
{
  auto request = request_to(peer, manifest_url(peer), options.patience);
  request.if_none_match = had.etag;
  request.if_modified_since = had.last_modified;
  request.limit = exchange::k_largest_manifest;
  auto file = fetch_file(peer, request, options.attempts, deadline, stop);
  // Some servers answer with a page of words instead of 404.
  const bool is_there = file.answer.status == 304 ||
                        (file.answer.status == 200 && file.text.starts_with(k_begin_of_manifest));
  return is_there ? std::optional{std::move(file)} : std::nullopt;
}

}  // namespace

std::optional<SeenManifest> fetch_manifest(const Peer& peer, const FetchOptions& options,
                                           const exchange::Pin& pin, const Deadline& deadline,
                                           const std::stop_token& stop)
{
  const auto url = manifest_url(peer);
  if (url.empty()) {
    return std::nullopt;
  }
  make_private_folder(options.folder);
  const auto path = options.folder / exchange::k_manifest_name;
  const auto stamp_path = options.folder / k_manifest_stamp;
  auto had = read_stamp(stamp_path);
  if (had.url != url || had.is_missing || had.size == 0 || had.size != size_of(path)) {
    had = {};
  }
  const auto file = ask(peer, options, had, deadline, stop);
  if (!file) {
    write_stamp(stamp_path, {.url = url, .is_missing = true});
    return std::nullopt;
  }
  if (file->answer.status == 304) {
    return SeenManifest{
        .manifest = exchange::verify_manifest(read_file(path, exchange::k_largest_manifest), pin)};
  }
  SeenManifest seen{.manifest = exchange::verify_manifest(file->text, pin),
                    .bytes = file->text.size()};
  remove_quietly(stamp_path);  // until both are there, neither counts
  write_file_atomically(path, file->text, k_manifest_mode);
  write_stamp(stamp_path, {.url = url,
                           .etag = file->answer.etag,
                           .last_modified = file->answer.last_modified,
                           .size = file->text.size()});
  failpoint("sync.manifest");
  return seen;
}

bool lacked_manifest(const Peer& peer, const fs::path& folder)
{
  const auto stamp = read_stamp(folder / k_manifest_stamp);
  return stamp.is_missing && stamp.url == manifest_url(peer);
}

void forget_manifest(const fs::path& folder) noexcept
{
  remove_quietly(folder / k_manifest_stamp);
}

}  // namespace pecanctl::replication
