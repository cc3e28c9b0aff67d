// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/error.hpp"
#include "core/consul/consul.hpp"

// Private to this folder: what goes over the wire, as text. Pure. Parsers throw Error failed on
// foreign shapes. Source: Consul API v1 (1.8 and later).
namespace pecanctl::consul::wire {

/// `[{"Key":"a/b","Value":"eA==","ModifyIndex":11,"Session":"…"}]`; a value may be null, a session
/// absent. Sorted by key.
std::vector<Entry> parse_entries(std::string_view body);
/// `[{"KV":{"Verb":"cas","Key":"a/b","Value":"eA==","Index":11}}]`
std::string render_transaction(std::span<const Operation> operations);

/// Lock delay 0: who ends a session, or lets it end, wants its locks free.
std::string render_session(std::string_view name, std::chrono::seconds ttl);
/// `{"ID":"…"}`
std::string parse_session_id(std::string_view body);
/// `[{"ID":"…","Name":"…","Node":"…"}]`
std::vector<Session> parse_sessions(std::string_view body);

std::string render_service(const ServiceRegistration& service);
/// `{"<id>":{…}}`
std::vector<std::string> parse_service_ids(std::string_view body);

/// `"127.0.0.1:8300"`, or `""` where there is no leader.
std::string parse_leader(std::string_view body);

/// What a status other than 2xx, 404 and 409 means.
Error refusal(int status, std::string_view body);

}  // namespace pecanctl::consul::wire
