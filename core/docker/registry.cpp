// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/docker/registry.hpp"

#include <algorithm>
#include <cctype>
#include <optional>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/base/text.hpp"

namespace pecanctl::docker {
namespace {

using nlohmann::json;

constexpr int k_unauthorized = 401;
constexpr int k_forbidden = 403;
constexpr int k_unknown = 404;
constexpr int k_most_pages = 200;

bool is_loopback(std::string_view host)
{
  const auto name = host.substr(0, host.find(':'));
  return name == "localhost" || name.starts_with("127.");
}

// The URL's origin and the rest.
std::pair<std::string, std::string> split_url(std::string_view url)
{
  const auto scheme = url.find("://");
  const auto slash = scheme == std::string_view::npos ? 0 : url.find('/', scheme + 3);
  return {std::string{url.substr(0, slash)},
          slash == std::string_view::npos ? std::string{"/"} : std::string{url.substr(slash)}};
}

// The target of `<…>; rel="next"`, empty at the last page. Source: RFC 8288.
std::string next_page(std::string_view link, const std::string& base_url)
{
  const auto begin = link.find('<');
  const auto end = link.find('>');
  if (begin == std::string_view::npos || end == std::string_view::npos || end < begin ||
      link.find("next", end) == std::string_view::npos) {
    return {};
  }
  auto target = std::string{link.substr(begin + 1, end - begin - 1)};
  if (target.starts_with(base_url + "/")) {
    target.erase(0, base_url.size());
  }
  return target.starts_with('/') ? target : std::string{};  // never to another server
}

[[noreturn]] void refuse_answer(const RepositoryPlace& place, ErrorCode code, std::string why,
                                std::string hint = {})
{
  throw Error{{.code = code,
               .what = fmt::format("cannot list the tags of {} at {}", place.name, place.base_url),
               .why = std::move(why),
               .hint = std::move(hint)}};
}

void append_tags(const RepositoryPlace& place, const std::string& body,
                 std::vector<std::string>& tags)
{
  const auto page = json::parse(body, nullptr, false);
  const auto list = page.is_object() ? page.find("tags") : page.end();
  if (!page.is_object() || list == page.end() || !(list->is_array() || list->is_null())) {
    refuse_answer(place, ErrorCode::failed, "what it answers is no list of tags");
  }
  for (const auto& tag : *list) {
    if (tag.is_string()) {
      tags.push_back(tag.get<std::string>());
    }
  }
}

// One `name="value"` or `name=value` of a challenge, taken off `text`.
std::optional<std::pair<std::string, std::string>> take_parameter(std::string_view& text)
{
  text.remove_prefix(std::min(text.find_first_not_of(" ,"), text.size()));
  const auto equals = text.find('=');
  if (equals == std::string_view::npos) {
    return std::nullopt;
  }
  std::string name{trim(text.substr(0, equals))};
  text.remove_prefix(equals + 1);
  const bool is_quoted = text.starts_with('"');
  text.remove_prefix(is_quoted ? 1 : 0);
  const auto end = std::min(text.find(is_quoted ? '"' : ','), text.size());
  std::string value{text.substr(0, end)};
  text.remove_prefix(std::min(end + 1, text.size()));
  return std::pair{std::move(name), std::move(value)};
}

bool equals_ignoring_case(std::string_view one, std::string_view other)
{
  return std::ranges::equal(one, other, [](unsigned char a, unsigned char b) {
    return std::tolower(a) == std::tolower(b);
  });
}

}  // namespace

RepositoryPlace locate_repository(std::string_view repository)
{
  const auto slash = repository.find('/');
  const auto first = repository.substr(0, slash);
  const bool is_host =
      slash != std::string_view::npos &&
      (first.find_first_of(".:") != std::string_view::npos || first == "localhost");
  const auto host = is_host ? first : "docker.io";
  std::string name{is_host ? repository.substr(slash + 1) : repository};
  if (host == "docker.io" || host == "index.docker.io") {
    return {.base_url = "https://registry-1.docker.io",
            .name = name.find('/') == std::string::npos ? "library/" + name : name};
  }
  return {.base_url = fmt::format("{}://{}", is_loopback(host) ? "http" : "https", host),
          .name = std::move(name)};
}

TokenChallenge parse_challenge(std::string_view header)
{
  constexpr std::string_view k_bearer = "Bearer ";
  TokenChallenge challenge;
  if (!equals_ignoring_case(header.substr(0, k_bearer.size()), k_bearer)) {
    return challenge;
  }
  header.remove_prefix(k_bearer.size());
  while (const auto parameter = take_parameter(header)) {
    const auto& [name, value] = *parameter;
    if (name == "realm") {
      challenge.realm = value;
    } else if (name == "service") {
      challenge.service = value;
    } else if (name == "scope") {
      challenge.scope = value;
    }
  }
  return challenge;
}

http::Transport& Registry::transport(const std::string& base_url)
{
  auto& transport = transports_[base_url];
  if (!transport) {
    transport = connect_(base_url);
  }
  return *transport;
}

std::string Registry::fetch_token(const TokenChallenge& challenge, const Deadline& deadline,
                                  const std::stop_token& stop)
{
  const auto [base_url, path] = split_url(challenge.realm);
  auto target = path;
  const auto add = [&](std::string_view name, const std::string& value) {
    if (!value.empty()) {
      target += fmt::format("{}{}={}", target.find('?') == std::string::npos ? '?' : '&', name,
                            percent_encode(value));
    }
  };
  add("service", challenge.service);
  add("scope", challenge.scope);
  const auto response = transport(base_url).send({.target = target}, deadline, stop);
  const auto answer = json::parse(response.body, nullptr, false);
  for (const auto* const name : {"token", "access_token"}) {
    if (response.status == 200 && answer.is_object() && answer.contains(name) &&
        answer.at(name).is_string()) {
      return answer.at(name).get<std::string>();
    }
  }
  return {};
}

http::Response Registry::get(const RepositoryPlace& place, const std::string& target,
                             const Deadline& deadline, const std::stop_token& stop)
{
  auto& token = tokens_[place.base_url + "/" + place.name];
  const auto send = [&] {
    http::Request request{.target = target};
    if (!token.empty()) {
      request.headers.push_back({.name = "Authorization", .value = "Bearer " + token});
    }
    try {
      return transport(place.base_url).send(request, deadline, stop);
    } catch (const Error& error) {
      refuse_answer(place, error.code(), error.info().why,
                    "see that this machine reaches the registry; or write the release that you "
                    "want into pecan.yml, and deploy");
    }
  };
  auto response = send();
  if (response.status != k_unauthorized) {
    return response;
  }
  const auto challenge = parse_challenge(response.header("WWW-Authenticate"));
  // A token goes to whoever is named there: no further than the registry itself would be trusted.
  const bool is_safe =
      challenge.realm.starts_with("https://") ||
      (challenge.realm.starts_with("http://") && place.base_url.starts_with("http://"));
  token = is_safe ? fetch_token(challenge, deadline, stop) : std::string{};
  return token.empty() ? response : send();
}

std::vector<std::string> Registry::list_tags(std::string_view repository, const Deadline& deadline,
                                             const std::stop_token& stop)
{
  const auto place = locate_repository(repository);
  std::vector<std::string> tags;
  auto target = fmt::format("/v2/{}/tags/list?n=1000", place.name);
  for (int page = 0; !target.empty(); ++page) {
    if (page == k_most_pages) {
      refuse_answer(place, ErrorCode::failed, "its list of tags has no end");
    }
    const auto response = get(place, target, deadline, stop);
    if (response.status == k_unknown) {
      return tags;
    }
    if (response.status == k_unauthorized || response.status == k_forbidden) {
      refuse_answer(place, ErrorCode::denied, "it wants a login",
                    "write the release that you want into pecan.yml, and deploy");
    }
    if (response.status != 200) {
      refuse_answer(place, response.status >= 500 ? ErrorCode::unreachable : ErrorCode::failed,
                    fmt::format("it answered {}", response.status));
    }
    append_tags(place, response.body, tags);
    target = next_page(response.header("Link"), place.base_url);
  }
  return tags;
}

}  // namespace pecanctl::docker
