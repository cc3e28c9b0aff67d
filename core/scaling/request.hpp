// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// What is said over the queues of Brown Dog's elasticity module: a request on `elasticity-deploy`,
/// what becomes of it on `elasticity-deploy-status`. Pure. Source: NCSA, "Elasticity / Tool Catalog
/// Integration Design Document"; the JSON is ours, version 1.
namespace pecanctl::scaling {

inline constexpr std::string_view k_request_queue = "elasticity-deploy";
inline constexpr std::string_view k_status_queue = "elasticity-deploy-status";

/// Which broker somebody means, to compare and not to connect: no credentials.
struct BrokerIdentity {
  std::string host = {};
  int port = 0;
  std::string vhost = "/";
};

enum class RequestAction { deploy, update, pause, resume, remove };

std::string_view to_string(RequestAction action);

/// A model that is wanted.
struct Tool {
  std::string extractor = {};  ///< its queue, TYPE_VERSION, or its name in pecan.yml
  std::string image = {};      ///< empty: the catalogue's
  int min = 0;
  int max = 1;
  std::optional<double> cpus = {};
  std::string memory = {};  ///< "2GiB"; empty: the standard
};

struct Request {
  std::string id = {};
  RequestAction action = RequestAction::deploy;
  std::string by = {};
  std::string at = {};  ///< RFC 3339
  BrokerIdentity broker = {};
  std::vector<Tool> tools = {};
};

/// @throws Error invalid with every reason why it is none.
Request parse_request(std::string_view text);
std::string render_request(const Request& request);

/// One word about a request.
struct RequestStatus {
  std::string request = {};
  std::string tool = {};
  std::string state = {};  ///< accepted, building, deploying, deployed, paused, resumed, deleted;
                           ///< rejected, failed
  std::string reason = {};
  int requested = 0;
  int running = 0;
  std::string at = {};

  /// Whether nothing more will be said.
  bool is_final() const;
  /// Whether the wish was not granted.
  bool is_failure() const;
};

std::string render_status(const RequestStatus& status);
/// Nothing for a text of another shape.
std::optional<RequestStatus> parse_status(std::string_view text);

/// A model as pecan.yml knows it, from what a request calls it.
struct ToolName {
  std::string key = {};  ///< a name for a service
  std::string type = {};
  std::string version = {};
};

/// "SIPNET_1.0" is type SIPNET of version 1.0, called "sipnet". @throws Error invalid
ToolName parse_tool_name(std::string_view extractor);

}  // namespace pecanctl::scaling
