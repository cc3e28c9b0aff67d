// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/http/transport.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include <curl/curl.h>
#include <fmt/format.h>

#include "core/base/text.hpp"
#include "core/http/transfer.hpp"

namespace pecanctl::http {
namespace {

using std::chrono::milliseconds;

class CurlLibrary {
 public:
  CurlLibrary()
  {
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
      throw Error{{.code = ErrorCode::internal, .what = "cannot initialise libcurl"}};
    }
  }

  CurlLibrary(const CurlLibrary&) = delete;
  CurlLibrary& operator=(const CurlLibrary&) = delete;

  ~CurlLibrary() { curl_global_cleanup(); }
};

struct MultiDeleter {
  void operator()(CURLM* handle) const { curl_multi_cleanup(handle); }
};

using Multi = std::unique_ptr<CURLM, MultiDeleter>;

Multi make_multi()
{
  // libcurl asks for one initialisation before the first handle of any thread.
  static const CurlLibrary library;
  return Multi{curl_multi_init()};
}

void check(CURLMcode code)
{
  if (code != CURLM_OK) {
    throw Error{
        {.code = ErrorCode::internal, .what = "libcurl failed", .why = curl_multi_strerror(code)}};
  }
}

// What `CurlTransport::run` has to do.
struct Work {
  std::span<const Request> requests;
  std::size_t width = 1;
  const BodySink* sink = nullptr;
  milliseconds idle{0};
};

using Finished = std::function<void(std::size_t, Outcome)>;

// The transfers of one `Work`: the first `next` of them have been started.
class Flight {
 public:
  Flight(CURLM* multi, const Endpoint& endpoint, const Work& work, const Finished& finished)
      : multi_{multi},
        endpoint_{endpoint},
        work_{work},
        finished_{finished}
  {
  }

  bool is_over() const { return active_.empty() && next_ == work_.requests.size(); }

  void start()
  {
    while (next_ < work_.requests.size() &&
           active_.size() < std::max<std::size_t>(1, work_.width)) {
      auto transfer =
          std::make_unique<Transfer>(multi_, endpoint_, work_.requests[next_], work_.sink);
      CURL* const handle = transfer->handle();
      active_.emplace(handle, std::pair{next_, std::move(transfer)});
      ++next_;
    }
  }

  // Hands out what has ended; tells whether anything had.
  bool reap()
  {
    bool any = false;
    int left = 0;
    while (const CURLMsg* const message = curl_multi_info_read(multi_, &left)) {
      const auto code = message->data.result;
      auto ended = active_.extract(message->easy_handle);
      auto outcome = ended.mapped().second->finish(code);
      const auto index = ended.mapped().first;
      ended = {};
      finished_(index, std::move(outcome));
      any = true;
    }
    return any;
  }

  // Ends all that is left, started or not.
  void time_out(std::string_view reason)
  {
    for (const auto& [handle, entry] : std::exchange(active_, {})) {
      give_up(entry.first, reason);
    }
    while (next_ < work_.requests.size()) {
      give_up(next_++, reason);
    }
  }

  // How long nothing may arrive before it is too long.
  milliseconds idle_left() const
  {
    auto left = milliseconds::max();
    for (const auto& [handle, entry] : active_) {
      const auto silence = Deadline::Clock::now() - entry.second->last_piece();
      left = std::min(left, std::chrono::ceil<milliseconds>(work_.idle - silence));
    }
    return work_.idle.count() == 0 ? milliseconds::max() : left;
  }

 private:
  void give_up(std::size_t index, std::string_view reason)
  {
    finished_(index, failure(endpoint_, work_.requests[index], ErrorCode::timeout, reason));
  }

  CURLM* multi_;
  const Endpoint& endpoint_;
  const Work& work_;
  const Finished& finished_;
  std::size_t next_ = 0;
  std::map<CURL*, std::pair<std::size_t, std::unique_ptr<Transfer>>> active_;
};

class CurlTransport : public Transport {
 public:
  explicit CurlTransport(Endpoint endpoint) : endpoint_{std::move(endpoint)}, multi_{make_multi()}
  {
  }

  Response send(const Request& request, const Deadline& deadline, std::stop_token stop) override
  {
    return run_one({.requests = {&request, 1}}, deadline, stop);
  }

  Response stream(const Request& request, const BodySink& sink, milliseconds idle,
                  const Deadline& deadline, std::stop_token stop) override
  {
    return run_one({.requests = {&request, 1}, .sink = &sink, .idle = idle}, deadline, stop);
  }

  std::vector<Outcome> send_all(std::span<const Request> requests, std::size_t width,
                                const std::function<void(std::size_t)>& on_done,
                                const Deadline& deadline, std::stop_token stop) override
  {
    std::vector<Outcome> outcomes(requests.size());
    const Finished finished = [&](std::size_t index, Outcome outcome) {
      outcomes[index] = std::move(outcome);
      if (on_done) {
        on_done(index);
      }
    };
    run({.requests = requests, .width = width}, finished, deadline, stop);
    return outcomes;
  }

  std::string display() const override { return display_of(endpoint_); }

 private:
  Response run_one(const Work& work, const Deadline& deadline, const std::stop_token& stop)
  {
    Outcome result;
    run(
        work, [&](std::size_t, Outcome outcome) { result = std::move(outcome); }, deadline, stop);
    if (const auto* const error = std::get_if<Error>(&result)) {
      throw *error;
    }
    return std::get<Response>(std::move(result));
  }

  void run(const Work& work, const Finished& finished, const Deadline& deadline,
           const std::stop_token& stop)
  {
    const std::stop_callback wake{stop, [this] { curl_multi_wakeup(multi_.get()); }};
    Flight flight{multi_.get(), endpoint_, work, finished};
    while (!flight.is_over()) {
      check_stop(stop);
      if (deadline.is_over()) {
        return flight.time_out("no answer before the deadline");
      }
      flight.start();
      int running = 0;
      check(curl_multi_perform(multi_.get(), &running));
      if (flight.reap()) {
        continue;
      }
      const auto idle_left = flight.idle_left();
      if (idle_left.count() <= 0) {
        return flight.time_out(fmt::format("nothing came for {}", format_duration(work.idle)));
      }
      const auto wait = std::min<milliseconds::rep>(deadline.left_ms(), idle_left.count());
      check(curl_multi_poll(multi_.get(), nullptr, 0, static_cast<int>(wait), nullptr));
    }
  }

  Endpoint endpoint_;
  Multi multi_;
};

}  // namespace

std::unique_ptr<Transport> make_curl_transport(Endpoint endpoint)
{
  return std::make_unique<CurlTransport>(std::move(endpoint));
}

}  // namespace pecanctl::http
