// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/base/cancel.hpp"
#include "core/base/error.hpp"
#include "core/base/secret.hpp"

namespace pecanctl::http {

enum class Method { get, head, post, put, del };

struct Header {
  std::string name;
  std::string value;
};

/// Gives the next piece of an upload; an empty piece ends it. The piece stays valid until the next
/// call.
using BodySource = std::function<std::string_view()>;
/// Takes the next piece of a response body as it arrives.
using BodySink = std::function<void(std::string_view)>;

struct Request {
  Method method = Method::get;
  std::string target = "/";  ///< path and query, already percent-encoded
  std::vector<Header> headers = {};
  std::string body = {};
  BodySource body_source = {};  ///< instead of `body`: sent chunked
};

struct Response {
  int status = 0;
  std::vector<Header> headers = {};
  std::string body = {};

  /// The value of the first header called `name` (case ignored), or empty.
  std::string_view header(std::string_view name) const;
};

/// What became of one request of a batch: its response, or why there is none.
using Outcome = std::variant<Response, Error>;

/// Sends requests to one server. Any status is a response, not an error. Not thread-safe: one per
/// thread. Connections are kept and reused.
class Transport {
 public:
  virtual ~Transport() = default;

  /// @throws Error unreachable (no connection, or it broke; `why` is "<display()>: <the OS
  /// error>"), denied (EACCES on a socket), timeout (the deadline, never a connection that cannot
  /// be made), failed (the body is larger than 64 MiB). Cancelled.
  virtual Response send(const Request& request, const Deadline& deadline, std::stop_token stop) = 0;

  /// Like `send`, but a body of a 2xx response goes to `sink` as it arrives and `Response::body`
  /// stays empty; other bodies are collected (at most 16 MiB). `idle` limits the silence between
  /// two pieces, 0 = none. What `sink` throws ends the request and leaves here.
  virtual Response stream(const Request& request, const BodySink& sink,
                          std::chrono::milliseconds idle, const Deadline& deadline,
                          std::stop_token stop) = 0;

  /// Sends all of `requests`, at most `width` at a time, and returns the outcomes in the same
  /// order. One failure does not stop the others. `on_done(i)` is called as each ends. @throws
  /// Cancelled.
  virtual std::vector<Outcome> send_all(std::span<const Request> requests, std::size_t width,
                                        const std::function<void(std::size_t)>& on_done,
                                        const Deadline& deadline, std::stop_token stop) = 0;

  /// Where requests go, fit to be shown: the socket's path, or the URL without its password.
  virtual std::string display() const { return {}; }
};

struct Endpoint {
  std::string unix_socket = {};  ///< path; empty for TCP
  std::string base_url =
      {};                 ///< "http://127.0.0.1:8500"; for a socket any host name, "http://docker"
  std::string user = {};  ///< basic authentication when not empty
  Secret password = {};
  std::vector<Header> headers = {};  ///< sent with every request (tokens); never shown
};

/// A Transport over libcurl's multi interface. Does not connect yet.
std::unique_ptr<Transport> make_curl_transport(Endpoint endpoint);

}  // namespace pecanctl::http
