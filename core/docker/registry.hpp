// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/cancel.hpp"
#include "core/http/transport.hpp"

namespace pecanctl::docker {

/// Where a repository of images is: "pecan/web" is at https://registry-1.docker.io, its name there
/// pecan/web. Source: Docker, "Normalised names"; registries on the loopback address speak http.
struct RepositoryPlace {
  std::string base_url = {};
  std::string name = {};
};

/// `repository` is a reference without its tag.
RepositoryPlace locate_repository(std::string_view repository);

/// Where a registry sends those who have no token. Source: RFC 6750 and "Docker Registry v2
/// authentication".
struct TokenChallenge {
  std::string realm = {};  ///< a URL
  std::string service = {};
  std::string scope = {};
};

/// Reads the header WWW-Authenticate; an empty realm when it asks for something else.
TokenChallenge parse_challenge(std::string_view header);

/// Asks registries which tags they have, as anybody may: no login is sent.
/// Source: Docker Registry HTTP API v2. Not thread-safe.
class Registry {
 public:
  /// Makes a transport to a base URL.
  using Connect = std::function<std::unique_ptr<http::Transport>(const std::string& base_url)>;

  explicit Registry(Connect connect) : connect_{std::move(connect)} {}

  /// All tags of `repository` ("pecan/web", "localhost:5000/pecan/web"), as the registry orders
  /// them; none when it does not know the repository.
  /// @throws Error unreachable, timeout, denied (it wants a login), failed (what it says is no list
  /// of tags, or has no end); Cancelled
  std::vector<std::string> list_tags(std::string_view repository, const Deadline& deadline,
                                     const std::stop_token& stop);

 private:
  http::Transport& transport(const std::string& base_url);
  http::Response get(const RepositoryPlace& place, const std::string& target,
                     const Deadline& deadline, const std::stop_token& stop);
  std::string fetch_token(const TokenChallenge& challenge, const Deadline& deadline,
                          const std::stop_token& stop);

  Connect connect_;
  std::map<std::string, std::unique_ptr<http::Transport>> transports_;  // by base URL
  std::map<std::string, std::string> tokens_;                           // by URL of a repository
};

}  // namespace pecanctl::docker
