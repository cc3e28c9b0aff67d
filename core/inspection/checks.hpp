// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>
#include <vector>

#include "core/inspection/doctor.hpp"

/// The checks of doctor, one function each. An Error that leaves one is its finding: failed, with
/// the error's own words and fix.
namespace pecanctl::inspection::checks {

Finding socket(const Subject& subject, const Deadline& deadline, const std::stop_token& stop);
Finding api(const Subject& subject, const Deadline& deadline, const std::stop_token& stop);
Finding disk(const Subject& subject, const Deadline& deadline, const std::stop_token& stop);
Finding clock(const Subject& subject, const Deadline& deadline, const std::stop_token& stop);
Finding pools(const Subject& subject, const Deadline& deadline, const std::stop_token& stop);
Finding port(const Subject& subject, const Deadline& deadline, const std::stop_token& stop);
Finding images(const Subject& subject, const Deadline& deadline, const std::stop_token& stop);
Finding file(const Subject& subject, const Deadline& deadline, const std::stop_token& stop);
Finding secrets(const Subject& subject, const Deadline& deadline, const std::stop_token& stop);
Finding consul(const Subject& subject, const Deadline& deadline, const std::stop_token& stop);
Finding postgres(const Subject& subject, const Deadline& deadline, const std::stop_token& stop);
Finding schema(const Subject& subject, const Deadline& deadline, const std::stop_token& stop);
Finding broker(const Subject& subject, const Deadline& deadline, const std::stop_token& stop);
Finding management(const Subject& subject, const Deadline& deadline, const std::stop_token& stop);
Finding timeout(const Subject& subject, const Deadline& deadline, const std::stop_token& stop);
Finding queues(const Subject& subject, const Deadline& deadline, const std::stop_token& stop);
Finding peers(const Subject& subject, const Deadline& deadline, const std::stop_token& stop);

/// How much is left where something is stored.
struct Space {
  std::string what = {};  ///< "Docker's data (/var/lib/docker)"
  std::uint64_t free = 0;
  std::uint64_t total = 0;
  std::uint64_t free_files = 0;
  std::uint64_t total_files = 0;  ///< 0: not counted there
};

/// What `spaces` mean. Pure.
Finding judge_space(const std::vector<Space>& spaces);

/// How far a clock is ahead of ours.
struct Offset {
  std::string whose = {};
  std::chrono::milliseconds ahead{0};
};

/// What `offsets` mean. Pure.
Finding judge_clocks(const std::vector<Offset>& offsets);

/// How many networks the engine can still make of its `pools` (empty: its built-in ones), when
/// `taken` ("172.18.0.0/16") are in use on the machine; and of how many. Pure.
struct PoolCount {
  int free = 0;
  int total = 0;
};

PoolCount count_pools(std::vector<docker::AddressPool> pools,
                      const std::vector<std::string>& taken);

/// The subnets that this machine has routes to, the default route left out: Docker makes no network
/// there. Source: proc(5), /proc/net/route.
std::vector<std::string> list_routes();

/// The Date header "Fri, 20 Nov 2026 05:50:01 GMT"; nothing when it is none. Source: RFC 9110.
std::optional<std::chrono::system_clock::time_point> parse_http_date(const std::string& text);

/// Combines: the worst verdict, all the words of that kind.
Finding combine(const std::vector<Finding>& findings, const std::string& when_good);

}  // namespace pecanctl::inspection::checks
