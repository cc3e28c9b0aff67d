// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <initializer_list>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "core/base/error.hpp"
#include "core/http/transport.hpp"

namespace pecanctl::docker {

/// Parameters of a query; those with an empty value are left out.
using Query = std::initializer_list<std::pair<std::string_view, std::string>>;

/// `path` (below the version) with `query`, encoded.
std::string target_of(std::string_view path, Query query = {});

http::Request get(std::string target);
http::Request remove(std::string target);
http::Request post(std::string target);
http::Request post_json(std::string target, const nlohmann::json& body);

/// The `filters` parameter that selects by exact labels "key=value".
std::string label_filter(std::span<const std::string> labels);

/// Whether the engine says that there is no such thing.
bool is_absent(const http::Response& response);

/// The engine's own words in an answer: {"message": "…"}, else the body.
std::string message_of(const http::Response& response);

/// The Error "cannot <what>" for a status that is no success.
Error status_error(const http::Response& response, std::string_view what);

/// An Error of the transport in Docker's terms: which socket, and what to do about it.
Error reach_error(const Error& error, std::string_view what, std::string_view display);

/// The Error of a registry or builder that says `message` in the middle of a stream.
Error registry_error(std::string message, std::string_view what);

}  // namespace pecanctl::docker
