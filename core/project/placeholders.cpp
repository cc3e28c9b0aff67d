// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/project/placeholders.hpp"

#include <utility>

#include <fmt/format.h>

#include "core/base/error.hpp"

namespace pecanctl::project {
namespace {

[[noreturn]] void refuse_placeholder(std::string_view name, std::string_view why)
{
  throw Error{{.code = ErrorCode::internal,
               .what = fmt::format("cannot fill in {{{{{}}}}} of templates/stack.yaml", name),
               .why = std::string{why}}};
}

}  // namespace

Placeholders::Filled Placeholders::fill(std::string_view text) const
{
  Filled result;
  for (;;) {
    const auto begin = text.find("{{");
    const auto end = begin == std::string_view::npos ? begin : text.find("}}", begin);
    result.text += text.substr(0, end == std::string_view::npos ? text.size() : begin);
    if (end == std::string_view::npos) {
      return result;
    }
    const auto name = text.substr(begin + 2, end - begin - 2);
    if (const auto found = texts.find(name); found != texts.end()) {
      result.text += found->second;
    } else if (const auto secret = secrets.find(name); secret != secrets.end()) {
      result.text += secret->second.reveal();
      result.is_secret = true;
    } else {
      refuse_placeholder(name, "there is nothing of that name");
    }
    text.remove_prefix(end + 2);
  }
}

void Placeholders::fill(stack::Service& service) const
{
  const auto fill_open = [&](std::string& text) {
    const auto filled = fill(text);
    if (filled.is_secret) {
      refuse_placeholder(text, "a secret must not stand there");
    }
    text = filled.text;
  };
  fill_open(service.image.reference);
  for (auto& word : service.command) {
    fill_open(word);
  }
  for (auto& [name, value] : std::exchange(service.environment, {})) {
    auto filled = fill(value);
    if (filled.is_secret) {
      service.secret_environment.emplace(name, Secret{std::move(filled.text)});
    } else {
      service.environment.emplace(name, std::move(filled.text));
    }
  }
}

}  // namespace pecanctl::project
