// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/replication/peer.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/text.hpp"

namespace pecanctl::replication {
namespace {

constexpr std::int64_t k_block_size = 1'000'000'000;
constexpr std::int64_t k_last_site = 9'000'000;

std::optional<std::int64_t> parse_number(std::string_view text)
{
  std::int64_t number = 0;
  const auto* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  return error == std::errc{} && stop == end ? std::optional{number} : std::nullopt;
}

std::optional<std::int64_t> number_in(const postgres::Value& value)
{
  return value ? parse_number(*value) : std::nullopt;
}

// "2", "2=https://…": the second half goes into `urls`.
std::int64_t parse_named(const std::string& text, std::map<std::int64_t, std::string>& urls)
{
  const auto equals = text.find('=');
  const auto site = parse_number(std::string_view{text}.substr(0, equals));
  if (!site || *site < 0 || *site > k_last_site) {
    throw Error{{.code = ErrorCode::usage,
                 .what = fmt::format("`{}` is no site", escape_control(text)),
                 .hint = "write its number, or NUMBER=URL"}};
  }
  if (equals != std::string::npos) {
    urls.insert_or_assign(*site, text.substr(equals + 1));
  }
  return *site;
}

void check_url(std::int64_t site, const std::string& url)
{
  constexpr std::array<std::string_view, 3> k_schemes{"http://", "https://", "ftp://"};
  const auto fits = [&](std::string_view scheme) { return url.starts_with(scheme); };
  if (std::ranges::none_of(k_schemes, fits)) {
    throw Error{{.code = ErrorCode::usage,
                 .what = fmt::format("cannot fetch from site {}", site),
                 .why = fmt::format("`{}` is no http, https or ftp URL", escape_control(url)),
                 .hint = "name another one: sync.urls in pecan.yml, or SITE=URL"}};
  }
}

std::set<std::int64_t> wanted_sites(const PeerWish& wish, const std::map<std::int64_t, Peer>& known,
                                    std::map<std::int64_t, std::string>& urls)
{
  std::set<std::int64_t> sites;
  if (!wish.named.empty()) {
    for (const auto& text : wish.named) {
      sites.insert(parse_named(text, urls));
    }
    return sites;
  }
  sites.insert(wish.only.begin(), wish.only.end());
  if (sites.empty()) {
    sites.insert(wish.standard.begin(), wish.standard.end());
  }
  if (sites.empty()) {
    for (const auto& [site, peer] : known) {
      if (!peer.url.empty() && site != wish.own) {
        sites.insert(site);
      }
    }
  }
  for (const auto site : wish.except) {
    sites.erase(site);
  }
  return sites;
}

}  // namespace

IdBlock block_of(std::int64_t site)
{
  return {.first = site * k_block_size, .last = site * k_block_size + k_block_size - 1};
}

std::vector<MachineSite> list_machine_sites(Session& session)
{
  if (session.ask("SELECT to_regclass('public.machines')").empty()) {
    return {};
  }
  std::vector<MachineSite> sites;
  for (const auto& row :
       session.query("SELECT sync_host_id, sync_url, sync_start, sync_end FROM public.machines "
                     "WHERE sync_host_id >= 0 ORDER BY sync_host_id, id")) {
    const auto site = number_in(row[0]);
    if (site && *site <= k_last_site) {
      sites.push_back({.site = *site,
                       .url = row[1].value_or(std::string{}),
                       .first = number_in(row[2]),
                       .last = number_in(row[3])});
    }
  }
  return sites;
}

std::optional<std::int64_t> find_numbered_site(Session& session)
{
  const auto sequence = session.ask("SELECT to_regclass('public.users_id_seq')");
  if (sequence.empty()) {
    return std::nullopt;
  }
  const auto next =
      parse_number(session.ask("SELECT last_value + is_called::int FROM public.users_id_seq"));
  return next ? std::optional{*next / k_block_size} : std::nullopt;
}

std::vector<Peer> choose_peers(const PeerWish& wish, const std::vector<MachineSite>& machines)
{
  std::map<std::int64_t, Peer> known;
  for (const auto& machine : machines) {
    Peer peer{.site = machine.site, .url = machine.url, .block = block_of(machine.site)};
    const auto whole = peer.block;
    if (machine.first && machine.last && *machine.first <= *machine.last &&
        whole.contains(*machine.first) && whole.contains(*machine.last)) {
      peer.block = {.first = *machine.first, .last = *machine.last};
    }
    known.try_emplace(machine.site, std::move(peer));
  }
  auto urls = wish.urls;
  std::vector<Peer> peers;
  for (const auto site : wanted_sites(wish, known, urls)) {
    if (site == wish.own) {
      throw Error{{.code = ErrorCode::usage,
                   .what = fmt::format("cannot pull from site {}", site),
                   .why = "that is this site itself",
                   .hint = "name another one"}};
    }
    const auto found = known.find(site);
    auto peer = found == known.end() ? Peer{.site = site, .url = {}, .block = block_of(site)}
                                     : found->second;
    if (const auto url = urls.find(site); url != urls.end()) {
      peer.url = url->second;
    }
    if (peer.url.empty()) {
      throw Error{{.code = ErrorCode::not_found,
                   .what = fmt::format("cannot pull from site {}", site),
                   .why = "its row of `machines` has no sync_url",
                   .hint = fmt::format("say where its dump is: pecanctl sync {}=URL", site)}};
    }
    check_url(site, peer.url);
    peer.is_trusted = wish.trusted.contains(site);
    peer.is_insecure = wish.insecure.contains(site);
    if (const auto token = wish.tokens.find(site); token != wish.tokens.end()) {
      peer.token = token->second;
    }
    peers.push_back(std::move(peer));
  }
  return peers;
}

}  // namespace pecanctl::replication
