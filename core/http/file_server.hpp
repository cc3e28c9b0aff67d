// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "core/base/secret.hpp"

namespace pecanctl::http {

/// What a FileServer shows, and to whom. Both functions are called on any thread, and must not
/// throw.
struct ServedFolder {
  std::filesystem::path folder = {};
  std::function<bool(const std::string& name)> is_shown = {};  ///< "bety.d/0a1b.gz"; else 404
  std::function<Secret()> token = {};  ///< that a bearer has to show; empty: nobody is let in
};

/// Answers GET and HEAD for files of one folder, on threads of its own: whole and in part (Range,
/// If-Range), with ETags (If-None-Match). A file that is replaced meanwhile is sent to its old end.
/// Ends with this object, soon: transfers are cut off. Source: RFC 6750, RFC 9110.
class FileServer {
 public:
  /// `port` 0: the system chooses. @throws Error conflict when the address is taken
  FileServer(const std::string& host, int port, ServedFolder served);
  ~FileServer();
  FileServer(const FileServer&) = delete;
  FileServer& operator=(const FileServer&) = delete;

  int port() const;

 private:
  struct Server;
  std::unique_ptr<Server> server_;
};

/// Whether an If-None-Match header names the ETag. Pure.
bool names_etag(const std::string& header, const std::string& etag);

}  // namespace pecanctl::http
