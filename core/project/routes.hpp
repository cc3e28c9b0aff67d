// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <map>
#include <string>

#include "core/base/secret.hpp"
#include "core/project/catalogue.hpp"
#include "core/stack/stack.hpp"

namespace pecanctl::project {

/// How the web pages are served: pecan.yml's `http`.
struct WebAddress {
  std::string host = {};  ///< empty: whatever name a request is for
  int port = 80;
  int tls_port = 443;
  std::string acme_email = {};        ///< certificates come by themselves; or
  std::string certificate_file = {};  ///< absolute path, with
  std::string key_file = {};

  bool is_encrypted() const { return !acme_email.empty() || !certificate_file.empty(); }

  /// Where people find it: "http://pecan.bu.edu:8080", no slash at the end. `machine` stands in for
  /// the name when there is none.
  std::string url(std::string_view machine) const;
};

/// The labels by which the front proxy learns of `service`. A connection that a backend refuses is
/// tried again on another one. Source: Traefik 2, Docker provider.
std::map<std::string, std::string> route_labels(const std::string& service, const Route& route,
                                                const WebAddress& address);

/// Adds to the proxy what `address` asks for: its ports, arguments, certificate files.
void configure_proxy(const WebAddress& address, const Secret& certificate, const Secret& key,
                     stack::Service& proxy);

}  // namespace pecanctl::project
