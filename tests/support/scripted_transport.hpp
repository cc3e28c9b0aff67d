// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <deque>
#include <functional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "core/http/transport.hpp"

namespace pecanctl::test {

/// Answers from a handler, and keeps what was asked.
class ScriptedTransport : public http::Transport {
 public:
  using Handler = std::function<http::Response(const http::Request&)>;

  /// `log`, where given, outlives this and gets every request.
  explicit ScriptedTransport(Handler handler, std::vector<http::Request>* log = nullptr)
      : handler_{std::move(handler)},
        log_{log}
  {
  }

  http::Response send(const http::Request& request, const Deadline& /*deadline*/,
                      std::stop_token stop) override
  {
    check_stop(stop);
    if (log_ != nullptr) {
      log_->push_back(request);
    }
    return handler_(request);
  }

  http::Response stream(const http::Request& request, const http::BodySink& sink,
                        std::chrono::milliseconds /*idle*/, const Deadline& deadline,
                        std::stop_token stop) override
  {
    auto response = send(request, deadline, std::move(stop));
    if (response.status / 100 == 2) {
      sink(response.body);
      response.body.clear();
    }
    return response;
  }

  std::vector<http::Outcome> send_all(std::span<const http::Request> requests,
                                      std::size_t /*width*/,
                                      const std::function<void(std::size_t)>& on_done,
                                      const Deadline& deadline, std::stop_token stop) override
  {
    std::vector<http::Outcome> outcomes;
    for (std::size_t i = 0; i < requests.size(); ++i) {
      try {
        outcomes.emplace_back(send(requests[i], deadline, stop));
      } catch (const Error& error) {
        outcomes.emplace_back(error);
      }
      if (on_done) {
        on_done(i);
      }
    }
    return outcomes;
  }

 private:
  Handler handler_;
  std::vector<http::Request>* log_;
};

}  // namespace pecanctl::test
