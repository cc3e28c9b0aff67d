// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/scaling/request.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <iterator>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "core/base/error.hpp"
#include "core/base/text.hpp"

namespace pecanctl::scaling {
namespace {

using nlohmann::json;

constexpr std::array<std::string_view, 5> k_actions{"deploy", "update", "pause", "resume",
                                                    "delete"};
constexpr int k_most_workers = 512;
constexpr std::size_t k_longest_id = 64;
constexpr std::size_t k_most_tools = 32;

// Reads what may be of anybody, and collects what is wrong with it.
class RequestReader {
 public:
  Request read(std::string_view text)
  {
    const auto value = json::parse(text, nullptr, false);
    if (!value.is_object()) {
      throw refusal("it is no JSON object");
    }
    Request request{.id = word(value, "request_id"),
                    .action = action(value),
                    .by = word(value, "requested_by", false),
                    .at = word(value, "requested_at", false)};
    if (const auto schema = value.find("schema"); schema == value.end() || *schema != 1) {
      mistakes_.emplace_back("schema is not 1");
    }
    const bool is_plain = std::ranges::all_of(request.id, [](unsigned char letter) {
      return std::isalnum(letter) != 0 || letter == '-' || letter == '_' || letter == '.';
    });
    if (request.id.size() > k_longest_id || !is_plain) {
      mistakes_.emplace_back("request_id has to be at most 64 letters, digits, '-', '_', '.'");
    }
    read_broker(value, request.broker);
    read_tools(value, request.tools);
    if (!mistakes_.empty()) {
      throw refusal(fmt::format("{}", fmt::join(mistakes_, "; ")));
    }
    return request;
  }

 private:
  static Error refusal(std::string why)
  {
    return Error{{.code = ErrorCode::invalid,
                  .what = "cannot understand the request",
                  .why = std::move(why)}};
  }

  std::string word(const json& map, const char* name, bool is_required = true)
  {
    const auto found = map.find(name);
    if (found == map.end() || found->is_null()) {
      if (is_required) {
        mistakes_.push_back(fmt::format("{} is missing", name));
      }
      return {};
    }
    if (!found->is_string() || (is_required && found->get<std::string>().empty())) {
      mistakes_.push_back(fmt::format("{} is no text", name));
      return {};
    }
    return found->get<std::string>();
  }

  int number(const json& map, const char* name, int standard, int most)
  {
    const auto found = map.find(name);
    if (found == map.end()) {
      return standard;
    }
    if (!found->is_number_integer() || found->get<std::int64_t>() < 0 ||
        found->get<std::int64_t>() > most) {
      mistakes_.push_back(fmt::format("{} is no number from 0 to {}", name, most));
      return standard;
    }
    return found->get<int>();
  }

  RequestAction action(const json& map)
  {
    const auto text = word(map, "action");
    const auto found = std::ranges::find(k_actions, text);
    if (found == k_actions.end()) {
      mistakes_.push_back(fmt::format("action is none of {}", fmt::join(k_actions, ", ")));
      return RequestAction::deploy;
    }
    return static_cast<RequestAction>(found - k_actions.begin());
  }

  void read_broker(const json& value, BrokerIdentity& broker)
  {
    const auto found = value.find("rabbitmq");
    if (found == value.end() || !found->is_object()) {
      mistakes_.emplace_back("rabbitmq is missing");
      return;
    }
    broker.host = word(*found, "host");
    broker.port = number(*found, "port", 0, 65535);
    broker.vhost = word(*found, "vhost", false);
    broker.vhost = broker.vhost.empty() ? "/" : broker.vhost;
  }

  void read_tools(const json& value, std::vector<Tool>& tools)
  {
    const auto found = value.find("tools");
    if (found == value.end() || !found->is_array() || found->empty() ||
        found->size() > k_most_tools) {
      mistakes_.push_back(fmt::format("tools is no list of 1 to {}", k_most_tools));
      return;
    }
    for (const auto& item : *found) {
      if (item.is_object()) {
        tools.push_back(read_tool(item));
      } else {
        mistakes_.emplace_back("a tool is no map");
      }
    }
  }

  Tool read_tool(const json& item)
  {
    const auto kind = word(item, "kind", false);
    if (!kind.empty() && kind != "docker") {
      mistakes_.push_back(fmt::format("tools of the kind {} have no provider here", kind));
    }
    Tool tool{.extractor = word(item, "extractor"), .image = word(item, "image", false)};
    tool.min = number(item, "min", 0, k_most_workers);
    tool.max = number(item, "max", std::max(tool.min, 1), k_most_workers);
    tool.memory = word(item, "memory", false);
    if (tool.min > tool.max) {
      mistakes_.emplace_back("min is more than max");
    }
    if (const auto cpus = item.find("cpus"); cpus != item.end() && cpus->is_number()) {
      tool.cpus = cpus->get<double>();
    }
    if (!tool.memory.empty() && !parse_size(docker_size(tool.memory))) {
      mistakes_.push_back(fmt::format("memory {} is no size", tool.memory));
    }
    tool.memory = docker_size(tool.memory);
    const bool is_image = std::ranges::none_of(tool.image, [](unsigned char letter) {
      return std::isspace(letter) != 0 || std::iscntrl(letter) != 0 || letter == '"';
    });
    if (!is_image ||
        (!tool.image.empty() &&
         tool.image.find_first_of(":@", tool.image.rfind('/') + 1) == std::string::npos)) {
      mistakes_.emplace_back("image needs a tag or a digest");
    }
    return tool;
  }

  // Docker's own "2g" is our "2GiB".
  static std::string docker_size(std::string text)
  {
    const auto last = text.empty() ? '\0' : static_cast<char>(std::toupper(text.back()));
    if (last == 'G' || last == 'M' || last == 'K') {
      text.pop_back();
      return text + last + "iB";
    }
    return text;
  }

  std::vector<std::string> mistakes_;
};

json to_json(const Tool& tool)
{
  json item{
      {"kind", "docker"}, {"extractor", tool.extractor}, {"min", tool.min}, {"max", tool.max}};
  if (!tool.image.empty()) {
    item["image"] = tool.image;
  }
  if (!tool.memory.empty()) {
    item["memory"] = tool.memory;
  }
  if (tool.cpus) {
    item["cpus"] = *tool.cpus;
  }
  return item;
}

}  // namespace

std::string_view to_string(RequestAction action)
{
  return k_actions.at(static_cast<std::size_t>(action));
}

Request parse_request(std::string_view text)
{
  return RequestReader{}.read(text);
}

std::string render_request(const Request& request)
{
  auto tools = json::array();
  for (const auto& tool : request.tools) {
    tools.push_back(to_json(tool));
  }
  return json{{"schema", 1},
              {"request_id", request.id},
              {"action", to_string(request.action)},
              {"requested_by", request.by},
              {"requested_at", request.at},
              {"rabbitmq",
               {{"protocol", "amqp"},
                {"host", request.broker.host},
                {"port", request.broker.port},
                {"vhost", request.broker.vhost}}},
              {"tools", std::move(tools)}}
      .dump(-1, ' ', false, json::error_handler_t::replace);
}

bool RequestStatus::is_final() const
{
  constexpr std::array<std::string_view, 6> k_last{"deployed", "paused",   "resumed",
                                                   "deleted",  "rejected", "failed"};
  return std::ranges::find(k_last, state) != k_last.end();
}

bool RequestStatus::is_failure() const
{
  return state == "rejected" || state == "failed";
}

std::string render_status(const RequestStatus& status)
{
  return json{{"schema", 1},
              {"request_id", status.request},
              {"tool", status.tool},
              {"state", status.state},
              {"reason", status.reason},
              {"requested", status.requested},
              {"running", status.running},
              {"at", status.at}}
      .dump(-1, ' ', false, json::error_handler_t::replace);
}

std::optional<RequestStatus> parse_status(std::string_view text)
{
  const auto value = json::parse(text, nullptr, false);
  const auto word = [&](const char* name) {
    const auto found = value.find(name);
    return found != value.end() && found->is_string() ? found->get<std::string>() : std::string{};
  };
  const auto number = [&](const char* name) {
    const auto found = value.find(name);
    return found != value.end() && found->is_number_integer() ? found->get<int>() : 0;
  };
  if (!value.is_object() || word("request_id").empty() || word("state").empty()) {
    return std::nullopt;
  }
  return RequestStatus{.request = word("request_id"),
                       .tool = word("tool"),
                       .state = word("state"),
                       .reason = word("reason"),
                       .requested = number("requested"),
                       .running = number("running"),
                       .at = word("at")};
}

ToolName parse_tool_name(std::string_view extractor)
{
  const auto line = extractor.find('_');
  ToolName name{.type = std::string{extractor.substr(0, line)}};
  if (line != std::string_view::npos) {
    name.version = extractor.substr(line + 1);
  }
  std::ranges::transform(name.type, std::back_inserter(name.key), [](unsigned char letter) {
    return std::isalnum(letter) != 0 ? static_cast<char>(std::tolower(letter)) : '-';
  });
  const bool is_key =
      !name.key.empty() && std::isalpha(static_cast<unsigned char>(name.key[0])) != 0;
  if (!is_key || name.key.back() == '-') {
    throw Error{{.code = ErrorCode::invalid,
                 .what = fmt::format("cannot name a model after '{}'", extractor),
                 .why = "it has to be TYPE_VERSION, or a model of pecan.yml"}};
  }
  return name;
}

}  // namespace pecanctl::scaling
