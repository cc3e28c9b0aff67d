// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "cli/connections_serve.hpp"

#include <fmt/format.h>

#include "cli/connections_health.hpp"
#include "core/base/error.hpp"
#include "core/exchange/manifest.hpp"
#include "core/http/file_server.hpp"
#include "core/project/secrets.hpp"

namespace pecanctl::cli {

std::shared_ptr<http::FileServer> serve_published(const project::InstanceFile& file,
                                                  const std::string& address, std::string& url)
{
  if (file.publish.folder.empty()) {
    throw Error{{.code = ErrorCode::usage,
                 .what = "cannot serve this site's data: no folder is named",
                 .hint = "`sync: {publish: {dir: DIR}}` in pecan.yml"}};
  }
  if (project::find_site_secrets(file).token.is_empty()) {
    throw Error{{.code = ErrorCode::not_found,
                 .what = "cannot serve this site's data: there is no token to ask for",
                 .why = "secrets/site_token is missing",
                 .hint = "pecanctl register site"}};
  }
  const auto listen =
      parse_listen_address(address, fmt::format("sync --serve {}", k_serve_address));
  const auto read_token = [file] {
    try {
      return project::find_site_secrets(file).token;
    } catch (const Error&) {  // then nobody is let in
      return Secret{};
    }
  };
  auto server = std::make_shared<http::FileServer>(
      listen.host, listen.port,
      http::ServedFolder{
          .folder = file.publish.folder,
          .is_shown = [](const std::string& name) { return exchange::is_published_name(name); },
          .token = read_token});
  url = fmt::format("http://{}:{}/{}", listen.host, server->port(), exchange::k_tarball_name);
  return server;
}

}  // namespace pecanctl::cli
