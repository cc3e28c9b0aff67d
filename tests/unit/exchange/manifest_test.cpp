// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/exchange/manifest.hpp"

#include <doctest/doctest.h>

#include <optional>
#include <string>

#include <nlohmann/json.hpp>

#include "core/base/error.hpp"
#include "core/base/signing.hpp"

namespace pecanctl::exchange {
namespace {

Manifest example_manifest(const Secret& key)
{
  Manifest manifest{.site = 1,
                    .serial = 1'795'187'401,
                    .published_at = "2026-11-20T05:50:01Z",
                    .program = "pecanctl 0.1.0",
                    .server = 150'020,
                    .key = public_half(key),
                    .first = 1'000'000'001,
                    .last = 1'999'999'999,
                    .schema_md5 = "9d0f7330c9ef2f0572c0bbbfa463a59c",
                    .migrations = {"1", "20130104205059"},
                    .tarball_size = 12,
                    .tarball_sha256 = sha256_hex("x")};
  manifest.tables["users"] = {.columns = {{.name = "id", .type = "bigint"}}, .rows = 0};
  manifest.tables["traits"] = {
      .columns = {{.name = "id", .type = "bigint"}, {.name = "notes", .type = "text"}},
      .rows = 3,
      .pieces = {{.bucket = 976'562, .rows = 1, .hash = piece_hash("a"), .size = 30},
                 {.bucket = 976'563, .rows = 2, .hash = piece_hash("b"), .size = 31}}};
  return manifest;
}

std::optional<ErrorCode> refusal_of(const std::string& text, const Pin& pin)
{
  try {
    verify_manifest(text, pin);
    return std::nullopt;
  } catch (const Error& error) {
    return error.code();
  }
}

}  // namespace

TEST_CASE("exchange::render_manifest: what is written is read again, and is plain JSON")
{
  const auto key = make_signing_key();
  const auto manifest = example_manifest(key);
  const auto text = render_manifest(manifest, key);
  CHECK(parse_manifest(text) == manifest);
  CHECK(verify_manifest(text, {.site = 1}) == manifest);
  CHECK(nlohmann::json::parse(text)["manifest"]["tables"]["traits"]["rows"] == 3);
}

TEST_CASE("exchange::verify_manifest: every changed byte of the body is noticed")
{
  const auto key = make_signing_key();
  const auto text = render_manifest(example_manifest(key), key);
  const auto body = text.find("\"manifest\":") + 11;
  for (auto at = body; at + 2 < text.size(); at += 7) {
    auto changed = text;
    changed[at] = changed[at] == '1' ? '2' : '1';
    CAPTURE(at);
    CHECK((changed == text || refusal_of(changed, {.site = 1}).has_value()));
  }
}

TEST_CASE("exchange::verify_manifest: strangers, other sites and old manifests are refused")
{
  const auto key = make_signing_key();
  const auto manifest = example_manifest(key);
  const auto text = render_manifest(manifest, key);
  const auto pin = Pin{.site = 1, .key = manifest.key, .serial = manifest.serial};
  CHECK_FALSE(refusal_of(text, pin));

  const auto other_key = make_signing_key();
  auto forged = manifest;
  forged.key = public_half(other_key);
  CHECK(refusal_of(render_manifest(forged, other_key), pin) == ErrorCode::conflict);
  CHECK(refusal_of(render_manifest(manifest, other_key), pin) == ErrorCode::invalid);
  CHECK(refusal_of(text, {.site = 2}) == ErrorCode::conflict);
  CHECK(refusal_of(text, {.site = 1, .serial = manifest.serial + 1}) == ErrorCode::invalid);
  auto unsigned_one = manifest;
  unsigned_one.key.clear();
  const auto text_unsigned = render_manifest(unsigned_one, {});
  CHECK(refusal_of(text_unsigned, {.site = 1}) == ErrorCode::invalid);
  CHECK_FALSE(refusal_of(text_unsigned, {.site = 1, .may_be_unsigned = true}));
  CHECK(refusal_of(text_unsigned, {.site = 1, .key = manifest.key, .may_be_unsigned = true}) ==
        ErrorCode::invalid);
}

TEST_CASE("exchange::verify_manifest: a new key is trusted when the pinned one says so")
{
  const auto old_key = make_signing_key();
  const auto new_key = make_signing_key();
  auto manifest = example_manifest(new_key);
  manifest.previous_key = public_half(old_key);
  manifest.previous_signature = sign_handover(old_key, manifest.key);
  const auto pin = Pin{.site = 1, .key = public_half(old_key)};
  CHECK_FALSE(refusal_of(render_manifest(manifest, new_key), pin));

  manifest.previous_signature = sign_handover(new_key, manifest.key);
  CHECK(refusal_of(render_manifest(manifest, new_key), pin) == ErrorCode::conflict);
}

TEST_CASE("exchange::parse_manifest: what is no manifest is invalid, never a crash")
{
  const auto key = make_signing_key();
  const auto text = render_manifest(example_manifest(key), key);
  for (std::size_t length = 0; length < text.size(); length += 11) {
    CHECK_THROWS_AS(parse_manifest(text.substr(0, length)), Error);
  }
  auto evil = text;
  const auto hash = evil.find(piece_hash("a"));
  evil.replace(hash, 12, "../../../etc");
  CHECK_THROWS_AS(parse_manifest(evil), Error);
  auto later = text;
  later.replace(later.find("\"format\":1"), 10, "\"format\":2");
  CHECK_THROWS_WITH_AS(parse_manifest(later),
                       doctest::Contains("its format is 2, this program reads 1"), Error);
}

TEST_CASE("exchange::is_published_name: the files of the format, and nothing that leads elsewhere")
{
  const std::string hash(32, 'a');
  for (const auto& name :
       {std::string{"bety.tar.gz"}, std::string{"version.txt"}, std::string{"sync.log"},
        std::string{"bety.manifest.json"}, "bety.d/" + hash + ".gz"}) {
    CHECK(is_published_name(name));
  }
  for (const auto& name :
       {std::string{}, std::string{"bety.d"}, std::string{"../version.txt"}, "bety.d/" + hash,
        "bety.d/" + hash + "a.gz", "bety.d/../" + hash.substr(3) + ".gz",
        "bety.d/A" + hash.substr(1) + ".gz", "/bety.tar.gz" + hash}) {
    CAPTURE(name);
    CHECK_FALSE(is_published_name(name));
  }
}

TEST_CASE("exchange::bucket_of: 1024 ids a bucket, below zero as well")
{
  CHECK(bucket_of(0) == 0);
  CHECK(bucket_of(1023) == 0);
  CHECK(bucket_of(1024) == 1);
  CHECK(bucket_of(1'000'000'001) == 976'562);
  CHECK(bucket_of(-1) == -1);
  CHECK(bucket_of(-1024) == -1);
  CHECK(bucket_of(-1025) == -2);
}

}  // namespace pecanctl::exchange
