// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/replication/obtain.hpp"

#include <utility>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/secret.hpp"
#include "core/replication/buckets.hpp"
#include "core/replication/fetch_manifest.hpp"
#include "core/replication/fetch_pieces.hpp"

namespace pecanctl::replication {
namespace {

constexpr int k_most_tries = 3;                         // while the site publishes
constexpr std::chrono::milliseconds k_publishing{500};  // between them

// Pieces that are nearly all of the dump are fetched as one file.

VersionCheck schema_check(const Peer& peer, const ObtainRequest& request)
{
  return [&peer, &request](const VersionFile& version) {
    if (version.schema.md5 != request.schema.md5 && !request.allows_drift) {
      throw Error{{.code = ErrorCode::invalid,
                   .what = fmt::format("cannot use the dump of site {}", peer.site),
                   .why = compare_schemas(request.schema, version.schema),
                   .hint = "bring both to the same BETY release, or match columns by name "
                           "with --allow-drift"}};
    }
  };
}

VersionFile version_of(const exchange::Manifest& manifest)
{
  VersionFile version{
      .schema = {.migrations = static_cast<std::int64_t>(manifest.migrations.size()),
                 .md5 = manifest.schema_md5},
      .dumped_at = manifest.published_at};
  for (const auto& number : manifest.migrations) {
    auto& latest = version.schema.latest;
    const bool is_later =
        number.size() == latest.size() ? number > latest : number.size() > latest.size();
    latest = is_later ? number : latest;
  }
  return version;
}

class Obtainer {
 public:
  Obtainer(const postgres::Endpoint& endpoint, const Peer& peer, const ObtainRequest& request,
           Reporter& reporter, const Deadline& deadline, const std::stop_token& stop)
      : endpoint_{endpoint},
        peer_{peer},
        request_{request},
        reporter_{reporter},
        deadline_{deadline},
        stop_{stop},
        check_{schema_check(peer, request)}
  {
  }

  Fetched run()
  {
    const auto& folder = request_.fetch.folder;
    if (request_.pin.key.empty() && lacked_manifest(peer_, folder)) {
      auto fetched = fetch_whole();
      if (!fetched.is_unchanged) {
        forget_manifest(folder);
      }
      return fetched;
    }
    const auto pin = expected_pin();
    for (int attempt = 1;; ++attempt) {
      const auto seen = fetch_manifest(peer_, request_.fetch, pin, deadline_, stop_);
      if (!seen) {
        return without_manifest();
      }
      bytes_ += seen->bytes;
      check_manifest(seen->manifest);
      if (auto fetched = by_manifest(seen->manifest)) {
        complete(*fetched, seen->manifest, pin);
        return std::move(*fetched);
      }
      forget_dump(folder);
      if (attempt == k_most_tries) {
        throw Error{{.code = ErrorCode::invalid,
                     .what = fmt::format("cannot use the dump of site {}", peer_.site),
                     .why = "it is not the one that its manifest names",
                     .hint = "ask the site to publish again: pecanctl sync --publish"}};
      }
      pause_for(k_publishing, deadline_, stop_);
    }
  }

 private:
  exchange::Pin expected_pin() const
  {
    if (request_.accepts_key) {
      return {.site = peer_.site, .may_be_unsigned = true};
    }
    auto pin = request_.pin;
    if (pin.key.empty() && request_.find_key) {
      pin.key = request_.find_key(peer_.site);
      pin.may_be_unsigned = pin.key.empty();
    }
    return pin;
  }

  // Else whoever is between us and a site could take its signature away.
  Fetched without_manifest()
  {
    if (!request_.pin.key.empty() && !request_.accepts_key) {
      throw Error{{.code = ErrorCode::conflict,
                   .what = fmt::format("cannot trust the dump of site {}", peer_.site),
                   .why = "the site signed its dumps before, and there is no manifest now",
                   .hint = fmt::format("ask the site's contact; if it signs no more: "
                                       "pecanctl sync {} --accept-key",
                                       peer_.site)}};
    }
    auto fetched = fetch_whole();
    if (request_.accepts_key) {
      fetched.dump.pin = exchange::Pin{.site = peer_.site};
    }
    return fetched;
  }

  Fetched fetch_whole()
  {
    return fetch_dump(peer_, request_.fetch, check_, reporter_, deadline_, stop_);
  }

  void check_manifest(const exchange::Manifest& manifest) const
  {
    check_(version_of(manifest));
    const auto whole = block_of(peer_.site);
    if (!whole.contains(manifest.first) || !whole.contains(manifest.last)) {
      throw Error{{.code = ErrorCode::invalid,
                   .what = fmt::format("cannot use the dump of site {}", peer_.site),
                   .why = fmt::format("its manifest is of ids {} to {}; the site's are {} to {}",
                                      manifest.first, manifest.last, whole.first, whole.last)}};
    }
  }

  // Nothing when the dump there is not the manifest's.
  std::optional<Fetched> by_manifest(const exchange::Manifest& manifest)
  {
    const auto& last = request_.last;
    if (!request_.verifies && last && is_settled(*last, manifest.tarball_sha256)) {
      Fetched fetched = empty();
      fetched.is_unchanged = true;
      return fetched;
    }
    if (manifest.schema_md5 == request_.schema.md5) {
      if (auto fetched = by_pieces(manifest)) {
        return fetched;
      }
    }
    auto fetched = fetch_whole();
    bytes_ += fetched.bytes;
    // It may be here since another database of this machine needed it.
    fetched.is_unchanged = false;
    return fetched.dump.origin.sha256 == manifest.tarball_sha256 ? std::optional{std::move(fetched)}
                                                                 : std::nullopt;
  }

  Fetched empty() const
  {
    return {.dump = {.peer = peer_, .path = request_.fetch.folder / exchange::k_tarball_name}};
  }

  // Nothing when the whole dump is the better way.
  std::optional<Fetched> by_pieces(const exchange::Manifest& manifest)
  {
    auto scope = compare(manifest);
    if (!scope) {
      return std::nullopt;
    }
    PieceSet set{.manifest = manifest,
                 .scope = std::move(*scope),
                 .folder = request_.fetch.folder / exchange::k_pieces_folder};
    if (is_most_of(missing_bytes(set), manifest)) {
      return std::nullopt;
    }
    const auto pieces = fetch_pieces(peer_, set, request_.fetch, reporter_, deadline_, stop_);
    if (!pieces) {
      return std::nullopt;
    }
    bytes_ += pieces->bytes;
    Fetched fetched = empty();
    fetched.dump.pieces = std::move(set);
    fetched.pieces = pieces->pieces;
    return fetched;
  }

  std::optional<Scope> compare(const exchange::Manifest& manifest)
  {
    Step step{reporter_,
              {.id = fmt::format("site-{}-look", peer_.site),
               .group = fmt::format("site {}", peer_.site),
               .action = "look"}};
    Session session{endpoint_, deadline_, stop_};
    auto scope = find_scope(session, manifest, peer_.block);
    if (!scope) {
      step.set_detail("the whole dump is needed");
    }
    return scope;
  }

  void complete(Fetched& fetched, const exchange::Manifest& manifest,
                const exchange::Pin& pin) const
  {
    fetched.bytes = bytes_;
    fetched.dump.origin.url = redact_url(peer_.url);
    fetched.dump.origin.sha256 = manifest.tarball_sha256;
    fetched.dump.origin.dumped_at = manifest.published_at;
    fetched.dump.pin = exchange::Pin{.site = peer_.site,
                                     .key = manifest.key,
                                     .serial = manifest.key.empty() ? 0 : manifest.serial};
    if (manifest.key == request_.pin.key) {
      return;
    }
    const auto* const why = request_.accepts_key        ? "accepted"
                            : !request_.pin.key.empty() ? "handed over by the one before"
                            : !pin.key.empty()          ? "which it has registered"
                                                        : "seen for the first time";
    fetched.trust_note = manifest.key.empty()
                             ? fmt::format("site {} signs its dumps no more", peer_.site)
                             : fmt::format(
                                   "site {} signs its dumps with the key {}, {}: only this "
                                   "one is trusted from now on",
                                   peer_.site, manifest.key, why);
  }

  const postgres::Endpoint& endpoint_;
  const Peer& peer_;
  const ObtainRequest& request_;
  Reporter& reporter_;
  const Deadline& deadline_;
  const std::stop_token& stop_;
  VersionCheck check_;
  std::uint64_t bytes_ = 0;
};

}  // namespace

Fetched obtain_dump(const postgres::Endpoint& endpoint, const Peer& peer,
                    const ObtainRequest& request, Reporter& reporter, const Deadline& deadline,
                    const std::stop_token& stop)
{
  return Obtainer{endpoint, peer, request, reporter, deadline, stop}.run();
}

bool is_settled(const LastPull& last, const std::string& sha256)
{
  return last.sha256 == sha256 && (last.held == 0 || !last.is_outdated);
}

}  // namespace pecanctl::replication
