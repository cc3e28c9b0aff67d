// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/http/file_server.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <optional>
#include <thread>
#include <utility>

#include <fmt/format.h>
#include <httplib.h>

#include "core/base/cancel.hpp"
#include "core/base/error.hpp"
#include "core/base/fd.hpp"
#include "core/base/text.hpp"

namespace pecanctl::http {
namespace {

constexpr std::size_t k_block = std::size_t{64} << 10U;

// A file as it was when it was asked for.
struct OpenFile {
  std::shared_ptr<const Fd> file = {};  // its sender outlives the handler
  std::size_t size = 0;
  std::string etag = {};
};

std::optional<OpenFile> open_file(const std::filesystem::path& path)
{
  auto file = std::make_shared<const Fd>(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));

  struct stat status {};

  if (!*file || ::fstat(file->get(), &status) != 0 || !S_ISREG(status.st_mode)) {
    return std::nullopt;
  }
  return OpenFile{.file = std::move(file),
                  .size = static_cast<std::size_t>(status.st_size),
                  .etag = fmt::format("\"{:x}-{:x}-{:x}{:09x}\"", status.st_ino, status.st_size,
                                      status.st_mtim.tv_sec, status.st_mtim.tv_nsec)};
}

std::string content_type_of(const std::string& name)
{
  return name.ends_with(".json") ? "application/json"
         : name.ends_with(".gz") ? "application/gzip"
                                 : "text/plain; charset=utf-8";
}

bool send_part(const OpenFile& open, std::size_t offset, std::size_t length,
               httplib::DataSink& sink)
{
  std::array<char, k_block> block{};
  const auto wanted = std::min({length, block.size(), open.size - std::min(offset, open.size)});
  const auto got = ::pread(open.file->get(), block.data(), wanted, static_cast<off_t>(offset));
  return got > 0 && sink.write(block.data(), static_cast<std::size_t>(got));
}

}  // namespace

struct FileServer::Server {
  ServedFolder served = {};
  std::atomic<bool> is_ending = false;
  int port = 0;
  httplib::Server http = {};
  std::thread thread = {};

  bool lets_in(const httplib::Request& request) const
  {
    constexpr std::string_view k_scheme = "Bearer ";
    const auto shown = request.get_header_value("Authorization");
    return shown.starts_with(k_scheme) &&
           is_same_secret(served.token(), std::string_view{shown}.substr(k_scheme.size()));
  }

  void answer(const httplib::Request& request, httplib::Response& response)
  {
    if (!lets_in(request)) {
      response.status = 401;
      response.set_header("WWW-Authenticate", "Bearer");
      return;
    }
    const auto name = request.path.substr(1);
    const auto open = served.is_shown(name) ? open_file(served.folder / name) : std::nullopt;
    if (!open) {
      response.status = 404;
      return;
    }
    response.set_header("ETag", open->etag);
    response.set_header("Accept-Ranges", "bytes");
    if (names_etag(request.get_header_value("If-None-Match"), open->etag)) {
      response.status = 304;
      return;
    }
    // The library knows Range alone: a part of another file than the one asked for is no answer,
    // and a part behind the end is none either. Several parts are as good as the whole.
    auto& ranges = const_cast<httplib::Request&>(request).ranges;
    const bool is_other =
        request.has_header("If-Range") && request.get_header_value("If-Range") != open->etag;
    if (is_other || ranges.size() > 1) {
      ranges.clear();
    }
    if (!ranges.empty() && ranges.front().first >= static_cast<ssize_t>(open->size)) {
      ranges.clear();
      response.set_header("Content-Range", fmt::format("bytes */{}", open->size));
      response.status = 416;
      return;
    }
    if (open->size == 0) {
      response.set_content("", content_type_of(name));
      return;
    }
    response.set_content_provider(
        open->size, content_type_of(name),
        [this, file = *open](std::size_t offset, std::size_t length, httplib::DataSink& sink) {
          return !is_ending && send_part(file, offset, length, sink);
        });
  }
};

FileServer::FileServer(const std::string& host, int port, ServedFolder served)
    : server_{std::make_unique<Server>()}
{
  constexpr int k_threads = 8;
  constexpr int k_patience = 5;  // seconds, with a peer that says or takes nothing
  constexpr int k_pause = 1;     // seconds, between its requests: the end waits for it
  constexpr std::size_t k_largest_request = 4096;
  server_->served = std::move(served);
  auto& http = server_->http;
  http.new_task_queue = [] { return new httplib::ThreadPool(k_threads); };
  http.set_read_timeout(k_patience);
  http.set_write_timeout(k_patience);
  http.set_keep_alive_timeout(k_pause);
  http.set_payload_max_length(k_largest_request);
  http.Get("/.*", [this](const httplib::Request& request, httplib::Response& response) {
    server_->answer(request, response);
  });
  server_->port = port == 0                       ? http.bind_to_any_port(host)
                  : http.bind_to_port(host, port) ? port
                                                  : -1;
  if (server_->port <= 0) {
    throw Error{{.code = ErrorCode::conflict,
                 .what = fmt::format("cannot listen on {}:{}", host, port),
                 .why = "the address is taken, or not this machine's",
                 .hint = "choose another one; port 0 is a free one"}};
  }
  server_->thread = std::thread{[this] { server_->http.listen_after_bind(); }};
  while (!http.is_running()) {  // until then it cannot be stopped
    pause_for(std::chrono::milliseconds{1}, Deadline::never(), {});
  }
}

FileServer::~FileServer()
{
  server_->is_ending = true;
  server_->http.stop();
  server_->thread.join();
}

int FileServer::port() const
{
  return server_->port;
}

bool names_etag(const std::string& header, const std::string& etag)
{
  const auto tags = split(header, ',');
  return std::ranges::any_of(tags, [&](std::string_view tag) {
    tag = trim(tag);
    tag.remove_prefix(tag.starts_with("W/") ? 2U : 0U);
    return tag == "*" || tag == etag;
  });
}

}  // namespace pecanctl::http
