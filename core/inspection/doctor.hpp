// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/cancel.hpp"
#include "core/base/error.hpp"
#include "core/consul/consul.hpp"
#include "core/docker/engine.hpp"
#include "core/engine/backend.hpp"
#include "core/postgres/database.hpp"
#include "core/rabbitmq/broker.hpp"
#include "core/rabbitmq/management.hpp"
#include "core/stack/stack.hpp"

namespace pecanctl::inspection {

enum class Verdict { good, warning, bad, skipped };

/// "ok", "warning", "failed", "skipped".
std::string_view to_string(Verdict verdict);

/// What a check says. A warning or a failure has a fix: an instruction that works.
struct Finding {
  Verdict verdict = Verdict::good;
  std::string text = {};
  std::string fix = {};
};

/// What a web server answered to HEAD.
struct WebAnswer {
  int status = 0;
  std::string date = {};  ///< its Date header
};

/// Another site's dump.
struct PeerDump {
  std::int64_t site = 0;
  std::string url = {};  ///< without a password
  /// What its server answers when asked for the headers: HTTP's status, or 200.
  std::function<int(const Deadline&, const std::stop_token&)> ask = {};
};

/// What is examined. The functions make connections of their own and may be called from any thread;
/// they @throw Error with the reason why there is none.
struct Subject {
  template <typename Client>
  using Connect = std::function<std::unique_ptr<Client>(const Deadline&, const std::stop_token&)>;

  std::string docker_socket = {};
  std::function<std::unique_ptr<docker::Engine>()> docker = {};
  /// With the client that it stands on.
  std::function<std::shared_ptr<engine::View>(const Deadline&, const std::stop_token&)> view = {};
  std::string file = {};                          ///< path of pecan.yml; empty: there is none
  std::optional<Error> file_error = {};           ///< why it cannot be used
  std::optional<Error> secrets_error = {};        ///< why its secrets cannot be used
  std::optional<stack::Stack> stack = {};         ///< when the file can be used
  std::optional<engine::Identity> identity = {};  ///< when the file and the secrets can be used
  std::filesystem::path data_folder = {};         ///< host folder for /data; empty: a volume
  std::filesystem::path secrets_folder = {};
  std::string consul_address = {};  ///< from the file or the environment; empty: the machine's own
  /// The other sites to pull from; empty: pecan.yml names none.
  std::function<std::vector<PeerDump>(const Deadline&, const std::stop_token&)> peers = {};
  Connect<consul::Client> consul = {};
  Connect<rabbitmq::Broker> broker = {};
  Connect<rabbitmq::Management> management = {};
  Connect<postgres::Database> database = {};
  std::function<std::string(const Deadline&, const std::stop_token&)> consul_url = {};
  std::function<WebAnswer(const std::string& url, const Deadline&, const std::stop_token&)> head =
      {};
};

struct Check {
  std::string_view code;   ///< "D001": stable
  std::string_view name;   ///< "socket": as typed
  std::string_view title;  ///< what it looks at
  std::string_view needs;  ///< name of a check that must not have failed; empty: none
  std::chrono::milliseconds limit;
  Finding (*run)(const Subject&, const Deadline&, const std::stop_token&);
};

/// All checks, in the order in which an operator reads them.
std::span<const Check> all_checks();

/// Those with one of `names` (or codes, in any case); all when there are none. @throws Error usage
/// with what was probably meant.
std::vector<const Check*> select_checks(const std::vector<std::string>& names);

struct Examined {
  const Check* check = nullptr;
  Finding finding = {};
  std::chrono::milliseconds elapsed{0};
};

/// Carries out `checks` at the same time, each as soon as the ones that it needs are through (those
/// run too, without being reported) and within its own limit. What cannot be checked is skipped
/// with the reason. At most about 9 s, whatever is down. @throws Cancelled.
std::vector<Examined> examine(const Subject& subject, std::span<const Check* const> checks,
                              const std::stop_token& stop);

}  // namespace pecanctl::inspection
