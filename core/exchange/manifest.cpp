// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/exchange/manifest.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/base/error.hpp"
#include "core/base/signing.hpp"

namespace pecanctl::exchange {
namespace {

using nlohmann::ordered_json;

constexpr std::string_view k_before_signature = R"({"signature":")";
constexpr std::string_view k_before_body = R"(","manifest":)";
constexpr std::string_view k_after_body = "}\n";

Error bad_manifest(std::string why)
{
  return Error{{.code = ErrorCode::invalid,
                .what = fmt::format("cannot use {}", k_manifest_name),
                .why = std::move(why)}};
}

ordered_json table_json(const PublishedTable& table)
{
  auto columns = ordered_json::array();
  for (const auto& column : table.columns) {
    columns.push_back({column.name, column.type});
  }
  auto pieces = ordered_json::array();
  for (const auto& piece : table.pieces) {
    pieces.push_back({piece.bucket, piece.rows, piece.hash, piece.size});
  }
  return {{"columns", std::move(columns)}, {"rows", table.rows}, {"pieces", std::move(pieces)}};
}

std::string render_body(const Manifest& manifest)
{
  ordered_json body{{"format", k_manifest_format}, {"site", manifest.site},
                    {"serial", manifest.serial},   {"published_at", manifest.published_at},
                    {"program", manifest.program}, {"server", manifest.server}};
  if (!manifest.key.empty()) {
    body["key"] = manifest.key;
  }
  if (!manifest.previous_key.empty()) {
    body["previous_key"] = manifest.previous_key;
    body["previous_signature"] = manifest.previous_signature;
  }
  body["range"] = {{"first", manifest.first}, {"last", manifest.last}};
  body["schema"] = {{"md5", manifest.schema_md5}, {"migrations", manifest.migrations}};
  body["filter"] = {{"level", manifest.filter.level},
                    {"checked", manifest.filter.is_checked},
                    {"users", manifest.filter.is_anonymous ? "anonymous" : "full"}};
  body["tarball"] = {{"size", manifest.tarball_size}, {"sha256", manifest.tarball_sha256}};
  auto& tables = body["tables"] = ordered_json::object();
  for (const auto& [name, table] : manifest.tables) {
    tables[name] = table_json(table);
  }
  return body.dump();
}

// The two parts of the file, as they stand there.
struct Envelope {
  std::string_view signature;
  std::string_view body;
};

Envelope open_envelope(std::string_view text)
{
  const auto middle = text.find(k_before_body);
  if (!text.starts_with(k_before_signature) || middle == std::string_view::npos || middle > 200 ||
      !text.ends_with(k_after_body)) {
    throw bad_manifest("it is no manifest");
  }
  const auto body = middle + k_before_body.size();
  return {.signature = text.substr(k_before_signature.size(), middle - k_before_signature.size()),
          .body = text.substr(body, text.size() - k_after_body.size() - body)};
}

PublishedTable read_table(const ordered_json& json)
{
  PublishedTable table{.rows = json.at("rows").get<std::uint64_t>()};
  for (const auto& column : json.at("columns")) {
    table.columns.push_back(
        {.name = column.at(0).get<std::string>(), .type = column.at(1).get<std::string>()});
  }
  std::uint64_t rows = 0;
  for (const auto& piece : json.at("pieces")) {
    table.pieces.push_back({.bucket = piece.at(0).get<std::int64_t>(),
                            .rows = piece.at(1).get<std::uint64_t>(),
                            .hash = piece.at(2).get<std::string>(),
                            .size = piece.at(3).get<std::uint64_t>()});
    rows += table.pieces.back().rows;
    const auto& hash = table.pieces.back().hash;
    if (hash.size() != k_piece_hash_digits ||
        hash.find_first_not_of("0123456789abcdef") != std::string::npos) {
      throw bad_manifest("a piece has no hash");  // it becomes part of a file's name
    }
  }
  if (rows != table.rows || !std::ranges::is_sorted(table.pieces, {}, &Piece::bucket)) {
    throw bad_manifest("a table's pieces are not its rows");
  }
  return table;
}

void read_head(const ordered_json& json, Manifest& manifest)
{
  manifest.site = json.at("site").get<std::int64_t>();
  manifest.serial = json.at("serial").get<std::int64_t>();
  manifest.published_at = json.at("published_at").get<std::string>();
  manifest.program = json.at("program").get<std::string>();
  manifest.server = json.at("server").get<int>();
  manifest.key = json.value("key", "");
  manifest.previous_key = json.value("previous_key", "");
  manifest.previous_signature = json.value("previous_signature", "");
  manifest.first = json.at("range").at("first").get<std::int64_t>();
  manifest.last = json.at("range").at("last").get<std::int64_t>();
  manifest.schema_md5 = json.at("schema").at("md5").get<std::string>();
  manifest.migrations = json.at("schema").at("migrations").get<std::vector<std::string>>();
  const auto& filter = json.at("filter");
  manifest.filter = {.level = filter.at("level").get<int>(),
                     .is_checked = filter.at("checked").get<bool>(),
                     .is_anonymous = filter.at("users").get<std::string>() == "anonymous"};
  manifest.tarball_size = json.at("tarball").at("size").get<std::uint64_t>();
  manifest.tarball_sha256 = json.at("tarball").at("sha256").get<std::string>();
}

Manifest read_body(std::string_view body)
{
  try {
    const auto json = ordered_json::parse(body);
    if (json.at("format") != k_manifest_format) {
      throw bad_manifest(fmt::format("its format is {}, this program reads {}",
                                     json.at("format").dump(), k_manifest_format));
    }
    Manifest manifest;
    read_head(json, manifest);
    for (const auto& [name, table] : json.at("tables").items()) {
      manifest.tables.emplace(name, read_table(table));
    }
    return manifest;
  } catch (const nlohmann::json::exception& error) {
    throw bad_manifest(error.what());
  }
}

bool is_signed(const Envelope& envelope, std::string_view key)
{
  return is_signed_by(key, std::string{k_manifest_context}.append(envelope.body),
                      envelope.signature);
}

bool is_handed_over(const Manifest& manifest, std::string_view pinned)
{
  return manifest.previous_key == pinned &&
         is_signed_by(pinned, std::string{k_handover_context}.append(manifest.key),
                      manifest.previous_signature);
}

}  // namespace

std::string render_manifest(const Manifest& manifest, const Secret& key)
{
  const auto body = render_body(manifest);
  const auto signature =
      key.is_empty() ? std::string{} : sign(key, std::string{k_manifest_context} + body);
  return fmt::format("{}{}{}{}{}", k_before_signature, signature, k_before_body, body,
                     k_after_body);
}

Manifest parse_manifest(std::string_view text)
{
  return read_body(open_envelope(text).body);
}

Manifest verify_manifest(std::string_view text, const Pin& pin)
{
  const auto envelope = open_envelope(text);
  auto manifest = read_body(envelope.body);
  if (manifest.site != pin.site) {
    throw Error{{.code = ErrorCode::conflict,
                 .what = fmt::format("cannot use the manifest of site {}", pin.site),
                 .why = fmt::format("it is of site {}", manifest.site)}};
  }
  if (manifest.key.empty() && pin.key.empty() && pin.may_be_unsigned) {
    return manifest;
  }
  if (manifest.key.empty() || !is_signed(envelope, manifest.key)) {
    throw bad_manifest(envelope.signature.empty()
                           ? "it is not signed"
                           : "its signature is not by the key that it names");
  }
  if (!pin.key.empty() && manifest.key != pin.key && !is_handed_over(manifest, pin.key)) {
    throw Error{{.code = ErrorCode::conflict,
                 .what = fmt::format("cannot trust the manifest of site {}", pin.site),
                 .why = fmt::format("it is signed with the key {}, but the site's is {}",
                                    manifest.key, pin.key),
                 .hint = fmt::format("ask the site's contact whether its key has changed; if so: "
                                     "pecanctl sync {} --accept-key",
                                     pin.site)}};
  }
  if (manifest.serial < pin.serial) {
    throw bad_manifest(fmt::format("it is older (serial {}) than the one seen before ({})",
                                   manifest.serial, pin.serial));
  }
  return manifest;
}

std::string sign_handover(const Secret& old_key, std::string_view new_public_key)
{
  return sign(old_key, std::string{k_handover_context}.append(new_public_key));
}

bool is_published_name(std::string_view name)
{
  constexpr std::array k_files{k_tarball_name, k_version_name, k_log_name, k_manifest_name};
  if (std::ranges::find(k_files, name) != k_files.end()) {
    return true;
  }
  constexpr std::string_view k_ending = ".gz";
  if (!name.starts_with(k_pieces_folder) ||
      name.size() != k_pieces_folder.size() + 1 + k_piece_hash_digits + k_ending.size() ||
      name[k_pieces_folder.size()] != '/' || !name.ends_with(k_ending)) {
    return false;
  }
  const auto hash = name.substr(k_pieces_folder.size() + 1, k_piece_hash_digits);
  return hash.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

std::int64_t bucket_of(std::int64_t id)
{
  return id >= 0 ? id / k_bucket_ids : -((-(id + 1)) / k_bucket_ids) - 1;
}

std::string piece_hash(std::string_view rows)
{
  return sha256_hex(rows).substr(0, k_piece_hash_digits);
}

}  // namespace pecanctl::exchange
