// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/base/base64.hpp"
#include "core/consul/consul.hpp"
#include "tests/support/scripted_transport.hpp"

namespace pecanctl::test {

/// As much of Consul as the index of instances needs, in memory: sessions, locks and transactions.
class ScriptedConsul {
 public:
  struct Value {
    std::string text = {};
    std::string session = {};
  };

  std::map<std::string, Value> keys = {};
  std::map<std::string, std::string> sessions = {};  ///< id → name
  std::vector<std::string> writes = {};              ///< keys that transactions set or removed

  std::unique_ptr<consul::Client> connect()
  {
    return std::make_unique<consul::Client>(std::make_unique<ScriptedTransport>(
        [this](const http::Request& request) { return answer(request); }));
  }

  void end_session(const std::string& id)
  {
    sessions.erase(id);
    for (auto& [key, value] : keys) {
      value.session = value.session == id ? std::string{} : value.session;
    }
  }

 private:
  using json = nlohmann::json;

  http::Response answer(const http::Request& request)
  {
    const auto path = request.target.substr(0, request.target.find('?'));
    const auto rest = [&](std::string_view prefix) { return path.substr(prefix.size()); };
    if (path == "/v1/session/create") {
      const auto id = fmt::format("session-{}", ++last_session_);
      sessions.emplace(id, json::parse(request.body).at("Name").get<std::string>());
      return ok(json{{"ID", id}});
    }
    if (path == "/v1/session/list") {
      return ok(list_sessions());
    }
    if (path.starts_with("/v1/session/info/")) {
      const auto id = rest("/v1/session/info/");
      return ok(sessions.contains(id) ? json::array({{{"ID", id}}}) : json::array());
    }
    if (path.starts_with("/v1/session/destroy/")) {
      end_session(rest("/v1/session/destroy/"));
      return ok(true);
    }
    if (path.starts_with("/v1/session/renew/")) {
      return sessions.contains(rest("/v1/session/renew/")) ? ok(json::array())
                                                           : http::Response{.status = 404};
    }
    if (path.starts_with("/v1/kv/")) {
      return read(rest("/v1/kv/"), request.target.find("recurse") != std::string::npos);
    }
    if (path == "/v1/txn") {
      return commit(json::parse(request.body));
    }
    return {.status = 500, .body = "not scripted: " + request.target};
  }

  static http::Response ok(const json& body) { return {.status = 200, .body = body.dump()}; }

  json list_sessions() const
  {
    auto list = json::array();
    for (const auto& [id, name] : sessions) {
      list.push_back({{"ID", id}, {"Name", name}, {"Node", "node"}});
    }
    return list;
  }

  http::Response read(const std::string& key, bool is_prefix) const
  {
    auto list = json::array();
    for (const auto& [name, value] : keys) {
      if (is_prefix ? name.starts_with(key) : name == key) {
        list.push_back({{"Key", name},
                        {"Value", encode_base64(value.text)},
                        {"ModifyIndex", 1},
                        {"Session", value.session}});
      }
    }
    return list.empty() ? http::Response{.status = 404} : ok(list);
  }

  http::Response commit(const json& operations)
  {
    auto after = keys;
    std::vector<std::string> written;
    for (const auto& operation : operations) {
      const auto& kv = operation.at("KV");
      if (!perform(kv, after)) {
        return {.status = 409,
                .body = json{{"Errors", {{{"OpIndex", 0}, {"What", "check failed"}}}}}.dump()};
      }
      if (const auto verb = kv.at("Verb").get<std::string>(); verb != "check-session") {
        written.push_back(kv.at("Key").get<std::string>());
      }
    }
    keys = std::move(after);
    writes.insert(writes.end(), written.begin(), written.end());
    return ok(json{{"Results", json::array()}});
  }

  bool perform(const json& kv, std::map<std::string, Value>& after) const
  {
    const auto verb = kv.at("Verb").get<std::string>();
    const auto key = kv.at("Key").get<std::string>();
    const auto session = kv.value("Session", "");
    const auto text = decode_base64(kv.value("Value", "")).value_or("");
    if (verb == "check-session") {
      return after.contains(key) && !session.empty() && after[key].session == session;
    }
    if (verb == "lock") {
      if (!sessions.contains(session) ||
          (!after[key].session.empty() && after[key].session != session)) {
        return false;
      }
      after[key] = {text, session};
    } else if (verb == "cas") {  // creating only
      if (kv.value("Index", 0) != 0 || after.contains(key)) {
        return false;
      }
      after[key].text = text;
    } else if (verb == "set") {
      after[key].text = text;
    } else if (verb == "delete-tree") {
      std::erase_if(after, [&](const auto& entry) { return entry.first.starts_with(key); });
    } else {
      return false;
    }
    return true;
  }

  int last_session_ = 0;
};

}  // namespace pecanctl::test
