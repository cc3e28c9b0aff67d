// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/base/text.hpp"
#include "core/registration/site.hpp"

namespace pecanctl::registration {
namespace {

using nlohmann::json;

std::string text_of(const json& value, const char* name)
{
  const auto found = value.find(name);
  return found != value.end() && found->is_string() ? found->get<std::string>() : std::string{};
}

}  // namespace

std::string claim_key(SiteId site)
{
  return fmt::format("pecan/sites/{}", site);
}

std::string render_claim(const Claim& claim)
{
  json value{{"v", 1},
             {"owner", claim.owner},
             {"instance", claim.instance},
             {"fqdn", claim.fqdn},
             {"contact", claim.contact},
             {"url", claim.url},
             {"since", claim.since},
             {"key", claim.key}};
  if (!claim.previous_key.empty()) {
    value["previous_key"] = claim.previous_key;
  }
  if (!claim.secret.empty()) {
    value["secret"] = claim.secret;
  }
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

Claim parse_claim(SiteId site, std::string_view value, std::uint64_t index)
{
  Claim claim{.id = site, .index = index};
  const auto parsed = json::parse(value, nullptr, false);
  if (!parsed.is_object()) {
    return claim;
  }
  claim.owner = text_of(parsed, "owner");
  claim.instance = text_of(parsed, "instance");
  claim.fqdn = text_of(parsed, "fqdn");
  claim.contact = text_of(parsed, "contact");
  claim.url = text_of(parsed, "url");
  claim.since = text_of(parsed, "since");
  claim.key = text_of(parsed, "key");
  claim.previous_key = text_of(parsed, "previous_key");
  claim.secret = text_of(parsed, "secret");
  return claim;
}

std::string describe(const Claim& claim)
{
  if (claim.owner.empty()) {
    return fmt::format("somebody whose entry {} in Consul we cannot read", claim_key(claim.id));
  }
  return escape_control(fmt::format("instance {} of {}, contact {}, since {}", claim.instance,
                                    claim.fqdn, claim.contact.empty() ? "unknown" : claim.contact,
                                    claim.since));
}

}  // namespace pecanctl::registration
