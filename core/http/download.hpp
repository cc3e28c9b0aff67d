// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "core/base/cancel.hpp"
#include "core/base/secret.hpp"

namespace pecanctl::http {

/// Connections that stay open from one download to the next. Of one thread.
class Connections {
 public:
  Connections();
  Connections(const Connections&) = delete;
  Connections& operator=(const Connections&) = delete;
  ~Connections();

  struct Pool;

  /// For `download`.
  const Pool& pool() const { return *pool_; }

 private:
  std::unique_ptr<Pool> pool_;
};

/// One file of a server that we do not know: static files of other sites.
struct Download {
  std::string url = {};                ///< http, https or ftp; may hold a user and a password
  std::string if_none_match = {};      ///< the ETag of what we have; empty: none
  std::string if_modified_since = {};  ///< its Last-Modified, used when there is no ETag
  std::uint64_t resume_at = 0;         ///< bytes that we have already (http and https only)
  std::string if_range = {};           ///< the ETag or Last-Modified that those bytes belong to
  std::uint64_t limit = std::uint64_t{16} << 30U;  ///< bytes; more is refused
  /// How long it may bring less than 1 KiB a second.
  std::chrono::seconds patience{30};
  /// Shown to http and https as a bearer token, and to no other host that it redirects to; empty:
  /// none.
  Secret token = {};
  Connections* connections = nullptr;  ///< to use; none: one that is closed afterwards
  bool is_insecure = false;            ///< takes any certificate
  bool is_head = false;                ///< asks what there is, and fetches nothing
};

/// What the server said of the file.
struct DownloadAnswer {
  int status = 0;  ///< of HTTP; ftp: 200, 404, or 304 when it is not newer
  std::string etag = {};
  std::string last_modified = {};
  std::optional<std::uint64_t> length = {};  ///< of this answer's body
  std::string url = {};                      ///< after redirects, without a password
};

/// Takes a piece of the body of a 200 or 206, and what the server said before it.
using DownloadSink = std::function<void(const DownloadAnswer&, std::string_view)>;

/// Follows at most 8 redirects, to the same three protocols only. Any status is an answer; bodies
/// of others than 200 and 206 are dropped.
/// @throws Error unreachable (no connection, or it broke before the end, too many redirects),
/// denied (its certificate, our password), invalid (not a URL, or a redirect to another protocol;
/// larger than the limit), timeout (too slow, or the deadline). Cancelled; what `sink` throws.
DownloadAnswer download(const Download& request, const DownloadSink& sink, const Deadline& deadline,
                        std::stop_token stop);

}  // namespace pecanctl::http
