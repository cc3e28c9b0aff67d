// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <cstddef>
#include <exception>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "core/base/cancel.hpp"
#include "core/base/error.hpp"
#include "core/http/transport.hpp"

struct curl_slist;

namespace pecanctl::http {

/// The endpoint as it may be shown.
std::string display_of(const Endpoint& endpoint);

/// The Error of a request that got no response. The query is left out: it may be long.
Error failure(const Endpoint& endpoint, const Request& request, ErrorCode code,
              std::string_view reason);

/// One request on its way: handed to the multi handle by construction, taken back by destruction,
/// which breaks it off when it has not ended. The endpoint, the request and the sink outlive it.
class Transfer {
 public:
  /// `multi` is a CURLM; with a `sink` bodies of 2xx responses go there.
  Transfer(void* multi, const Endpoint& endpoint, const Request& request, const BodySink* sink);
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;
  ~Transfer();

  /// Its CURL handle.
  void* handle() const { return easy_.get(); }

  /// When it last made progress in either direction.
  Deadline::Clock::time_point last_piece() const { return last_piece_; }

  /// The outcome, once libcurl has ended it with `code` (a CURLcode). Throws what a callback of the
  /// caller threw.
  Outcome finish(int code);

 private:
  struct EasyDeleter {
    void operator()(void* handle) const;
  };

  struct ListDeleter {
    void operator()(curl_slist* list) const;
  };

  template <typename Value>
  void set(int option, Value value);
  void set_connection();
  void set_method();
  void set_headers();
  void set_callbacks();
  void add_header(const std::string& line);

  template <typename Work>
  std::size_t guard(std::size_t on_failure, const Work& work) noexcept;
  static std::size_t on_header(char* data, std::size_t size, std::size_t count, void* self);
  static std::size_t on_body(char* data, std::size_t size, std::size_t count, void* self);
  static std::size_t on_upload(char* data, std::size_t size, std::size_t count, void* self);
  void take_header(std::string_view line);
  bool take_body(std::string_view piece);
  std::size_t give_body(std::span<char> space);

  int status() const;
  std::size_t limit() const;
  Error error(ErrorCode code, std::string_view reason) const;
  Error curl_error(int code) const;

  void* multi_;
  const Endpoint& endpoint_;
  const Request& request_;
  const BodySink* sink_;
  std::unique_ptr<void, EasyDeleter> easy_;
  std::unique_ptr<curl_slist, ListDeleter> headers_;
  std::array<char, 256> message_{};  // CURLOPT_ERRORBUFFER
  Response response_;
  std::string_view upload_;  // what is left of the last piece of body_source
  bool too_large_ = false;
  std::exception_ptr thrown_;
  Deadline::Clock::time_point last_piece_ = Deadline::Clock::now();
};

}  // namespace pecanctl::http
