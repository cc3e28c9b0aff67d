// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/registration/catalogue.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/base/error.hpp"

namespace pecanctl::registration {
namespace {

using consul::Operation;
using nlohmann::ordered_json;

constexpr std::string_view k_catalogue = "pecan/catalogue/";

std::string field_of(const ordered_json& value, const char* name)
{
  const auto found = value.is_object() ? value.find(name) : value.end();
  return found != value.end() && found->is_string() ? found->get<std::string>() : std::string{};
}

}  // namespace

std::string catalogue_key(const std::string& queue)
{
  return std::string{k_catalogue} + queue;
}

std::string render_entry(const CatalogueEntry& entry)
{
  const ordered_json value{{"v", 1},
                           {"queue", entry.queue},
                           {"host", entry.host},
                           {"image", entry.image},
                           {"by", entry.by},
                           {"at", entry.at},
                           {"model_info", ordered_json::parse(entry.model_info)}};
  return value.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

CatalogueEntry parse_entry(const std::string& queue, const std::string& value, std::uint64_t index)
{
  CatalogueEntry entry{.queue = queue, .index = index};
  const auto parsed = ordered_json::parse(value, nullptr, false);
  if (!parsed.is_object() || !parsed.contains("model_info") || !parsed["model_info"].is_object()) {
    return entry;
  }
  const auto& info = parsed["model_info"];
  entry.name = field_of(info, "name");
  entry.type = field_of(info, "type");
  entry.version = field_of(info, "version");
  entry.model_info = info.dump();
  entry.image = field_of(parsed, "image");
  entry.host = field_of(parsed, "host");
  entry.by = field_of(parsed, "by");
  entry.at = field_of(parsed, "at");
  return entry;
}

std::vector<CatalogueEntry> list_catalogue(consul::Client& client, const Deadline& deadline,
                                           const std::stop_token& stop)
{
  std::vector<CatalogueEntry> entries;
  for (const auto& entry : client.list(k_catalogue, deadline, stop)) {
    entries.push_back(
        parse_entry(entry.key.substr(k_catalogue.size()), entry.value, entry.modify_index));
  }
  return entries;
}

std::optional<CatalogueEntry> plan_entry(const CatalogueEntry& wanted, consul::Client& client,
                                         const Deadline& deadline, const std::stop_token& stop)
{
  const auto found = client.find(catalogue_key(wanted.queue), deadline, stop);
  if (!found) {
    return wanted;
  }
  const auto present = parse_entry(wanted.queue, found->value, found->modify_index);
  if (present.model_info == wanted.model_info && present.image == wanted.image &&
      present.host == wanted.host) {
    return std::nullopt;
  }
  auto entry = wanted;
  entry.index = present.index;
  return entry;
}

void write_entry(const CatalogueEntry& entry, const Ledger& ledger, const Deadline& deadline,
                 const std::stop_token& stop)
{
  if (!ledger.commit({{.kind = Operation::Kind::cas,
                       .key = catalogue_key(entry.queue),
                       .value = render_entry(entry),
                       .index = entry.index}},
                     deadline, stop)) {
    throw Error{{.code = ErrorCode::conflict,
                 .what = fmt::format("cannot write {} to the catalogue", entry.queue),
                 .why = "somebody else registered it at the same moment",
                 .hint = "repeat the command"}};
  }
}

}  // namespace pecanctl::registration
