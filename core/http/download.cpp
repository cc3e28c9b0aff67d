// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/http/download.hpp"

#include <array>
#include <cctype>
#include <ctime>
#include <exception>
#include <memory>

#include <curl/curl.h>
#include <fmt/chrono.h>
#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/secret.hpp"
#include "core/base/text.hpp"

namespace pecanctl::http {
namespace {

constexpr const char* k_protocols = "http,https,ftp";
constexpr long k_most_redirects = 8;
constexpr long k_least_rate = 1024;  // bytes a second
constexpr long k_connect_ms = 15'000;

struct FreeEasy {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};

struct FreeMulti {
  void operator()(CURLM* handle) const { curl_multi_cleanup(handle); }
};

struct FreeList {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

std::string lower_case(std::string_view text)
{
  std::string result{text};
  for (auto& letter : result) {
    letter = static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
  }
  return result;
}

ErrorCode code_of_curl(CURLcode code)
{
  switch (code) {
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_FILESIZE_EXCEEDED:
      return ErrorCode::invalid;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_LOGIN_DENIED:
    case CURLE_REMOTE_ACCESS_DENIED:
      return ErrorCode::denied;
    case CURLE_OPERATION_TIMEDOUT:
      return ErrorCode::timeout;
    default:
      return ErrorCode::unreachable;
  }
}

class OneDownload {
 public:
  OneDownload(const Download& request, const DownloadSink& sink) : request_{request}, sink_{sink}
  {
    set(CURLOPT_ERRORBUFFER, message_.data());
    set(CURLOPT_URL, request.url.c_str());
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_PROXY, "");
    set(CURLOPT_USERAGENT, "pecanctl");
    set(CURLOPT_BUFFERSIZE, 262'144L);
    set(CURLOPT_CONNECTTIMEOUT_MS, k_connect_ms);
    set(CURLOPT_LOW_SPEED_LIMIT, k_least_rate);
    set(CURLOPT_LOW_SPEED_TIME, long{request.patience.count()});
    set(CURLOPT_MAXFILESIZE_LARGE, static_cast<curl_off_t>(request.limit));
    set_protocols();
    set_conditions();
    set_token();
    set_callbacks();
  }

  CURL* handle() const { return easy_.get(); }

  DownloadAnswer finish(CURLcode code)
  {
    if (thrown_) {
      std::rethrow_exception(thrown_);
    }
    if (is_too_large_) {
      fail(ErrorCode::invalid, fmt::format("it is larger than {}", format_size(request_.limit)));
    }
    if (code == CURLE_REMOTE_FILE_NOT_FOUND) {  // of ftp
      complete();
      answer_.status = 404;
      return answer_;
    }
    if (code != CURLE_OK) {
      const std::string_view said{message_.data()};
      fail(code_of_curl(code), said.empty() ? curl_easy_strerror(code) : said);
    }
    complete();
    return answer_;
  }

  [[noreturn]] void fail(ErrorCode code, std::string_view why) const
  {
    throw Error{{.code = code,
                 .what = fmt::format("cannot fetch {}", redact_url(request_.url)),
                 .why = escape_control(why)}};
  }

 private:
  template <typename Value>
  void set(CURLoption option, Value value)
  {
    if (const auto code = curl_easy_setopt(easy_.get(), option, value); code != CURLE_OK) {
      fail(ErrorCode::invalid, curl_easy_strerror(code));
    }
  }

  void set_protocols()
  {
    set(CURLOPT_PROTOCOLS_STR, k_protocols);
    set(CURLOPT_REDIR_PROTOCOLS_STR, k_protocols);
    set(CURLOPT_FOLLOWLOCATION, 1L);
    set(CURLOPT_MAXREDIRS, k_most_redirects);
    set(CURLOPT_FILETIME, 1L);
    set(CURLOPT_NOBODY, request_.is_head ? 1L : 0L);
    set(CURLOPT_SSL_VERIFYPEER, request_.is_insecure ? 0L : 1L);
    set(CURLOPT_SSL_VERIFYHOST, request_.is_insecure ? 0L : 2L);
  }

  void set_conditions()
  {
    is_ftp_ = lower_case(request_.url.substr(0, 6)) == "ftp://";
    if (is_ftp_) {
      const auto known = curl_getdate(request_.if_modified_since.c_str(), nullptr);
      if (!request_.if_modified_since.empty() && known >= 0) {
        set(CURLOPT_TIMECONDITION, long{CURL_TIMECOND_IFMODSINCE});
        set(CURLOPT_TIMEVALUE_LARGE, static_cast<curl_off_t>(known));
      }
      return;
    }
    if (!request_.if_none_match.empty()) {
      add_header("If-None-Match: " + request_.if_none_match);
    } else if (!request_.if_modified_since.empty()) {
      add_header("If-Modified-Since: " + request_.if_modified_since);
    }
    if (request_.resume_at > 0) {
      add_header(fmt::format("Range: bytes={}-", request_.resume_at));
      add_header("If-Range: " + request_.if_range);
    }
    set(CURLOPT_HTTPHEADER, headers_.get());
  }

  // libcurl itself keeps it from other hosts.
  void set_token()
  {
    if (!is_ftp_ && !request_.token.is_empty()) {
      set(CURLOPT_HTTPAUTH, CURLAUTH_BEARER);
      set(CURLOPT_XOAUTH2_BEARER, request_.token.reveal().c_str());
    }
  }

  void set_callbacks()
  {
    set(CURLOPT_HEADERFUNCTION, &OneDownload::on_header);
    set(CURLOPT_HEADERDATA, this);
    set(CURLOPT_WRITEFUNCTION, &OneDownload::on_body);
    set(CURLOPT_WRITEDATA, this);
  }

  void add_header(const std::string& line)
  {
    curl_slist* const longer = curl_slist_append(headers_.get(), line.c_str());
    if (longer == nullptr) {
      fail(ErrorCode::internal, "out of memory");
    }
    static_cast<void>(headers_.release());
    headers_.reset(longer);
  }

  static std::size_t on_header(char* data, std::size_t size, std::size_t count, void* self)
  {
    const std::string_view line{data, size * count};
    return static_cast<OneDownload*>(self)->guard(line.size(),
                                                  [&](OneDownload& one) { one.take_header(line); });
  }

  static std::size_t on_body(char* data, std::size_t size, std::size_t count, void* self)
  {
    const std::string_view piece{data, size * count};
    return static_cast<OneDownload*>(self)->guard(piece.size(),
                                                  [&](OneDownload& one) { one.take_body(piece); });
  }

  // No exception may cross libcurl's C frames. A count other than `size` ends the transfer.
  template <typename Work>
  std::size_t guard(std::size_t size, const Work& work) noexcept
  {
    try {
      work(*this);
      return is_too_large_ ? size + 1 : size;
    } catch (...) {
      thrown_ = std::current_exception();
      return size + 1;
    }
  }

  void take_header(std::string_view line)
  {
    if (line.starts_with("HTTP/")) {
      answer_ = {};  // of a redirect, or an interim answer
      is_complete_ = false;
      return;
    }
    const auto colon = line.find(':');
    if (is_ftp_ || colon == std::string_view::npos) {
      return;
    }
    const auto name = lower_case(line.substr(0, colon));
    auto value = std::string{trim(line.substr(colon + 1))};
    if (name == "etag") {
      answer_.etag = std::move(value);
    } else if (name == "last-modified") {
      answer_.last_modified = std::move(value);
    }
  }

  void take_body(std::string_view piece)
  {
    complete();
    if (answer_.status != 200 && answer_.status != 206) {
      return;
    }
    received_ += piece.size();
    is_too_large_ = received_ > request_.limit;
    if (!is_too_large_) {
      sink_(answer_, piece);
    }
  }

  // What libcurl knows once the head of the answer is over.
  void complete()
  {
    if (is_complete_) {
      return;
    }
    is_complete_ = true;
    const char* url = nullptr;
    curl_easy_getinfo(handle(), CURLINFO_EFFECTIVE_URL, &url);
    answer_.url = redact_url(url == nullptr ? request_.url : url);
    long status = 0;
    curl_easy_getinfo(handle(), CURLINFO_RESPONSE_CODE, &status);
    answer_.status = static_cast<int>(status);
    curl_off_t length = -1;
    curl_easy_getinfo(handle(), CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
    if (length >= 0) {
      answer_.length = static_cast<std::uint64_t>(length);
    }
    if (answer_.url.starts_with("ftp")) {
      complete_ftp();
    }
  }

  void complete_ftp()
  {
    long is_unmet = 0;
    curl_easy_getinfo(handle(), CURLINFO_CONDITION_UNMET, &is_unmet);
    answer_.status = is_unmet != 0 ? 304 : 200;
    curl_off_t time = -1;
    curl_easy_getinfo(handle(), CURLINFO_FILETIME_T, &time);
    if (time >= 0) {
      answer_.last_modified =
          fmt::format("{:%a, %d %b %Y %H:%M:%S} GMT", fmt::gmtime(std::time_t{time}));
    }
  }

  const Download& request_;
  const DownloadSink& sink_;
  std::unique_ptr<CURL, FreeEasy> easy_{curl_easy_init()};
  std::unique_ptr<curl_slist, FreeList> headers_;
  std::array<char, CURL_ERROR_SIZE> message_{};
  DownloadAnswer answer_;
  std::uint64_t received_ = 0;
  bool is_ftp_ = false;
  bool is_complete_ = false;
  bool is_too_large_ = false;
  std::exception_ptr thrown_;
};

void check_multi(CURLMcode code)
{
  if (code != CURLM_OK) {
    throw Error{
        {.code = ErrorCode::internal, .what = "libcurl failed", .why = curl_multi_strerror(code)}};
  }
}

// Keeps the handle in the multi handle for a scope.
class Attached {
 public:
  Attached(CURLM* multi, CURL* easy) : multi_{multi}, easy_{easy}
  {
    check_multi(curl_multi_add_handle(multi_, easy_));
  }

  Attached(const Attached&) = delete;
  Attached& operator=(const Attached&) = delete;

  ~Attached() { curl_multi_remove_handle(multi_, easy_); }

 private:
  CURLM* multi_;
  CURL* easy_;
};

}  // namespace

struct Connections::Pool {
  std::unique_ptr<CURLM, FreeMulti> multi{curl_multi_init()};
};

Connections::Connections() : pool_{std::make_unique<Pool>()} {}

Connections::~Connections() = default;

DownloadAnswer download(const Download& request, const DownloadSink& sink, const Deadline& deadline,
                        std::stop_token stop)
{
  const Connections own;
  CURLM* const multi =
      (request.connections == nullptr ? own : *request.connections).pool().multi.get();
  OneDownload transfer{request, sink};
  const Attached attached{multi, transfer.handle()};
  const std::stop_callback wake{stop, [&] { curl_multi_wakeup(multi); }};
  for (;;) {
    check_stop(stop);
    if (deadline.is_over()) {
      transfer.fail(ErrorCode::timeout, "no answer before the deadline");
    }
    int running = 0;
    check_multi(curl_multi_perform(multi, &running));
    int left = 0;
    if (const auto* const message = curl_multi_info_read(multi, &left)) {
      return transfer.finish(message->data.result);
    }
    check_multi(curl_multi_poll(multi, nullptr, 0, deadline.left_ms(1000), nullptr));
  }
}

}  // namespace pecanctl::http
