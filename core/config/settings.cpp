// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/config/settings.hpp"

#include <algorithm>
#include <cctype>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/config/diagnostics.hpp"
#include "core/config/document.hpp"

namespace pecanctl::config {
namespace {

std::string variable_of(std::string_view name)
{
  std::string variable = "PECANCTL_";
  for (const char letter : name) {
    const auto upper = static_cast<char>(std::toupper(static_cast<unsigned char>(letter)));
    variable += letter == '.' ? '_' : upper;
  }
  return variable;
}

}  // namespace

Layer read_environment_layer(const Schema& schema, const Lookup& lookup)
{
  Layer layer;
  for (const auto& key : schema.keys()) {
    const auto variable = variable_of(key.path);
    auto value = lookup(variable);
    if (!value || value->empty()) {
      continue;
    }
    if (key.type == Type::boolean && (value == "1" || value == "0")) {
      value = value == "1" ? "true" : "false";  // as people write it in variables
    }
    if (const auto mistake = explain_mistake(key, *value); !mistake.empty()) {
      throw Error{{.code = ErrorCode::usage,
                   .what = fmt::format("cannot use the environment variable {}", variable),
                   .why = fmt::format("it {}", mistake),
                   .hint = fmt::format("correct it, or: unset {}", variable)}};
    }
    layer[std::string{key.path}] = {*value, variable};
  }
  return layer;
}

Layer read_file_layer(const Schema& schema, const std::string& file, std::string_view text)
{
  Diagnostics diagnostics{file, text};
  const auto root = parse_document(text, diagnostics);
  schema.check(root, diagnostics);
  diagnostics.throw_if_any();
  Layer layer;
  for (const auto& key : schema.keys()) {
    const auto* node = root.find_path(key.path);
    if (node != nullptr && node->kind == NodeKind::scalar) {
      layer[std::string{key.path}] = {
          node->scalar, fmt::format("{}:{}:{}", file, node->position.line, node->position.column)};
    }
  }
  return layer;
}

Settings::Settings(const Schema& schema, const std::vector<Layer>& layers)
{
  for (const auto& key : schema.keys()) {
    auto& setting = settings_[std::string{key.path}];
    setting = {std::string{key.fallback}, "default"};
    const auto layer =
        std::ranges::find_if(layers, [&](const Layer& one) { return one.contains(key.path); });
    if (layer != layers.end()) {
      setting = layer->find(key.path)->second;
    }
  }
}

const Setting& Settings::get(std::string_view name) const
{
  const auto found = settings_.find(name);
  if (found == settings_.end()) {
    throw Error{
        {.code = ErrorCode::internal, .what = fmt::format("there is no setting '{}'", name)}};
  }
  return found->second;
}

}  // namespace pecanctl::config
