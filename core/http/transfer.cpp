// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/http/transfer.hpp"

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include <curl/curl.h>
#include <fmt/format.h>

#include "core/base/text.hpp"

namespace pecanctl::http {
namespace {

constexpr std::size_t k_body_limit = std::size_t{64} << 20U;
constexpr std::size_t k_error_body_limit = std::size_t{16} << 20U;
constexpr long k_connect_limit_ms = 10'000;

const char* method_name(Method method)
{
  constexpr std::array<const char*, 5> k_names{"GET", "HEAD", "POST", "PUT", "DELETE"};
  return k_names.at(static_cast<std::size_t>(method));
}

}  // namespace

std::string display_of(const Endpoint& endpoint)
{
  return endpoint.unix_socket.empty() ? redact_url(endpoint.base_url) : endpoint.unix_socket;
}

Error failure(const Endpoint& endpoint, const Request& request, ErrorCode code,
              std::string_view reason)
{
  const auto path = std::string_view{request.target}.substr(0, request.target.find('?'));
  return Error{{.code = code,
                .what = fmt::format("cannot {} {}", method_name(request.method), path),
                .why = fmt::format("{}: {}", display_of(endpoint), reason)}};
}

void Transfer::EasyDeleter::operator()(void* handle) const
{
  curl_easy_cleanup(handle);
}

void Transfer::ListDeleter::operator()(curl_slist* list) const
{
  curl_slist_free_all(list);
}

Transfer::Transfer(void* multi, const Endpoint& endpoint, const Request& request,
                   const BodySink* sink)
    : multi_{multi},
      endpoint_{endpoint},
      request_{request},
      sink_{sink},
      easy_{curl_easy_init()}
{
  set_connection();
  set_method();
  set_headers();
  set_callbacks();
  if (const auto code = curl_multi_add_handle(multi_, easy_.get()); code != CURLM_OK) {
    throw error(ErrorCode::internal, curl_multi_strerror(code));
  }
}

Transfer::~Transfer()
{
  curl_multi_remove_handle(multi_, easy_.get());
}

Outcome Transfer::finish(int code)
{
  if (thrown_) {
    std::rethrow_exception(thrown_);
  }
  if (too_large_) {
    return error(ErrorCode::failed,
                 fmt::format("the answer is larger than {}", format_size(limit())));
  }
  if (code != CURLE_OK) {
    return curl_error(code);
  }
  response_.status = status();
  return std::move(response_);
}

template <typename Value>
void Transfer::set(int option, Value value)
{
  const auto code = curl_easy_setopt(easy_.get(), static_cast<CURLoption>(option), value);
  if (code != CURLE_OK) {
    throw error(ErrorCode::invalid, curl_easy_strerror(code));
  }
}

void Transfer::set_connection()
{
  static_assert(sizeof(message_) >= CURL_ERROR_SIZE);
  set(CURLOPT_ERRORBUFFER, message_.data());
  set(CURLOPT_URL, (endpoint_.base_url + request_.target).c_str());
  set(CURLOPT_PATH_AS_IS, 1L);
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_PROXY, "");
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_BUFFERSIZE, 131072L);
  set(CURLOPT_HTTP_VERSION, long{CURL_HTTP_VERSION_1_1});
  set(CURLOPT_CONNECTTIMEOUT_MS, k_connect_limit_ms);
  set(CURLOPT_USERAGENT, "pecanctl");
  if (!endpoint_.unix_socket.empty()) {
    set(CURLOPT_UNIX_SOCKET_PATH, endpoint_.unix_socket.c_str());
  }
  if (!endpoint_.user.empty()) {
    set(CURLOPT_HTTPAUTH, static_cast<long>(CURLAUTH_BASIC));
    set(CURLOPT_USERNAME, endpoint_.user.c_str());
    set(CURLOPT_PASSWORD, endpoint_.password.reveal().c_str());
  }
}

void Transfer::set_method()
{
  if (request_.method == Method::head) {
    set(CURLOPT_NOBODY, 1L);
  } else if (request_.body_source) {
    set(CURLOPT_POST, 1L);
    // A kept connection may turn out to be dead, and this body cannot be sent twice.
    set(CURLOPT_FRESH_CONNECT, 1L);
  } else if (request_.method != Method::get) {
    set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.body.size()));
    set(CURLOPT_POSTFIELDS, request_.body.c_str());
  }
  if (request_.method == Method::put || request_.method == Method::del) {
    set(CURLOPT_CUSTOMREQUEST, method_name(request_.method));
  }
}

void Transfer::set_headers()
{
  add_header("Expect:");
  const auto is_type = [](const Header& header) { return header.name == "Content-Type"; };
  if (std::ranges::none_of(request_.headers, is_type)) {
    add_header("Content-Type:");  // libcurl would claim a form
  }
  if (request_.body_source) {
    add_header("Transfer-Encoding: chunked");
  }
  for (const auto* const headers : {&endpoint_.headers, &request_.headers}) {
    for (const auto& header : *headers) {
      // "Name;" is how libcurl is told to send a header without a value.
      add_header(header.value.empty() ? header.name + ";"
                                      : fmt::format("{}: {}", header.name, header.value));
    }
  }
  set(CURLOPT_HTTPHEADER, headers_.get());
}

void Transfer::add_header(const std::string& line)
{
  curl_slist* const longer = curl_slist_append(headers_.get(), line.c_str());
  if (longer == nullptr) {
    throw error(ErrorCode::internal, "out of memory");
  }
  static_cast<void>(headers_.release());
  headers_.reset(longer);
}

void Transfer::set_callbacks()
{
  void* const self = this;
  set(CURLOPT_HEADERFUNCTION, &Transfer::on_header);
  set(CURLOPT_HEADERDATA, self);
  set(CURLOPT_WRITEFUNCTION, &Transfer::on_body);
  set(CURLOPT_WRITEDATA, self);
  set(CURLOPT_READFUNCTION, &Transfer::on_upload);
  set(CURLOPT_READDATA, self);
}

std::size_t Transfer::on_header(char* data, std::size_t size, std::size_t count, void* self)
{
  const std::string_view line{data, size * count};
  return static_cast<Transfer*>(self)->guard(line.size() + 1, [&](Transfer& transfer) {
    transfer.take_header(line);
    return line.size();
  });
}

std::size_t Transfer::on_body(char* data, std::size_t size, std::size_t count, void* self)
{
  const std::string_view piece{data, size * count};
  return static_cast<Transfer*>(self)->guard(piece.size() + 1, [&](Transfer& transfer) {
    return transfer.take_body(piece) ? piece.size() : piece.size() + 1;
  });
}

std::size_t Transfer::on_upload(char* data, std::size_t size, std::size_t count, void* self)
{
  return static_cast<Transfer*>(self)->guard(CURL_READFUNC_ABORT, [&](Transfer& transfer) {
    return transfer.give_body({data, size * count});
  });
}

// No exception may cross libcurl's C frames: it is kept for finish().
template <typename Work>
std::size_t Transfer::guard(std::size_t on_failure, const Work& work) noexcept
{
  try {
    return work(*this);
  } catch (...) {
    thrown_ = std::current_exception();
    return on_failure;
  }
}

void Transfer::take_header(std::string_view line)
{
  last_piece_ = Deadline::Clock::now();
  if (line.starts_with("HTTP/")) {
    response_.headers.clear();  // what came before was an interim answer
    return;
  }
  const auto colon = line.find(':');
  if (colon != std::string_view::npos) {
    response_.headers.push_back({.name = std::string{trim(line.substr(0, colon))},
                                 .value = std::string{trim(line.substr(colon + 1))}});
  }
}

bool Transfer::take_body(std::string_view piece)
{
  last_piece_ = Deadline::Clock::now();
  if (sink_ != nullptr && status() / 100 == 2) {
    (*sink_)(piece);
    return true;
  }
  too_large_ = response_.body.size() + piece.size() > limit();
  if (!too_large_) {
    response_.body += piece;
  }
  return !too_large_;
}

std::size_t Transfer::give_body(std::span<char> space)
{
  last_piece_ = Deadline::Clock::now();
  if (upload_.empty()) {
    upload_ = request_.body_source();
  }
  const auto size = std::min(upload_.size(), space.size());
  std::copy_n(upload_.begin(), size, space.begin());
  upload_.remove_prefix(size);
  return size;
}

int Transfer::status() const
{
  long status = 0;
  curl_easy_getinfo(easy_.get(), CURLINFO_RESPONSE_CODE, &status);
  return static_cast<int>(status);
}

std::size_t Transfer::limit() const
{
  return sink_ == nullptr ? k_body_limit : k_error_body_limit;
}

Error Transfer::error(ErrorCode code, std::string_view reason) const
{
  return failure(endpoint_, request_, code, reason);
}

Error Transfer::curl_error(int code) const
{
  long errno_value = 0;
  curl_easy_getinfo(easy_.get(), CURLINFO_OS_ERRNO, &errno_value);
  if (code == CURLE_COULDNT_CONNECT && errno_value != 0) {
    const bool is_refused = errno_value == EACCES || errno_value == EPERM;
    return error(is_refused ? ErrorCode::denied : ErrorCode::unreachable,
                 std::generic_category().message(static_cast<int>(errno_value)));
  }
  const auto* const text = curl_easy_strerror(static_cast<CURLcode>(code));
  if (code == CURLE_URL_MALFORMAT || code == CURLE_UNSUPPORTED_PROTOCOL) {
    return error(ErrorCode::invalid, text);
  }
  if (code == CURLE_PARTIAL_FILE || (code == CURLE_RECV_ERROR && status() != 0)) {
    return error(ErrorCode::unreachable, "the answer was cut short");
  }
  if (code == CURLE_GOT_NOTHING || code == CURLE_RECV_ERROR) {
    return error(ErrorCode::unreachable, "the connection was closed without an answer");
  }
  return error(ErrorCode::unreachable, message_.front() == '\0' ? text : message_.data());
}

}  // namespace pecanctl::http
