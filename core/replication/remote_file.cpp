// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/replication/remote_file.hpp"

#include <utility>

#include <fmt/format.h>

namespace pecanctl::replication {

RemoteFile fetch_file(const Peer& peer, const http::Download& request, int attempts,
                      const Deadline& deadline, const std::stop_token& stop)
{
  const auto fetch = [&] {
    RemoteFile file;
    file.answer = http::download(
        request, [&](const http::DownloadAnswer&, std::string_view piece) { file.text += piece; },
        deadline, stop);
    if (is_passing(file.answer.status)) {
      refuse_status(peer, file.answer);
    }
    return file;
  };
  return try_often(attempts, deadline, stop, fetch, [](const Error&) { return true; });
}

http::Download request_to(const Peer& peer, std::string url, std::chrono::seconds patience)
{
  return {.url = std::move(url),
          .patience = patience,
          .token = peer.token,
          .is_insecure = peer.is_insecure};
}

bool is_passing(int status)
{
  constexpr int k_server_error = 500;
  return status == 408 || status == 429 || status >= k_server_error;
}

[[noreturn]] void refuse_status(const Peer& peer, const http::DownloadAnswer& answer)
{
  const bool is_denied = answer.status == 401 || answer.status == 403;
  throw Error{{.code = is_denied ? ErrorCode::denied : ErrorCode::unreachable,
               .what = fmt::format("cannot fetch the dump of site {}", peer.site),
               .why = fmt::format("{} answered {}", answer.url, answer.status),
               .hint = is_denied
                           ? fmt::format("ask the site for its token, and name it in pecan.yml: "
                                         "sync.tokens.{}",
                                         peer.site)
                           : fmt::format("ask the site, or name another URL: sync.urls in "
                                         "pecan.yml, or pecanctl sync {}=URL",
                                         peer.site)}};
}

}  // namespace pecanctl::replication
