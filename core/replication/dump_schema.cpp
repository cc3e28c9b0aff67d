// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/replication/dump_schema.hpp"

#include <array>
#include <charconv>

#include "core/base/text.hpp"

namespace pecanctl::replication {
namespace {

// An identifier at the start of `text`, quoted or not; what follows stays in `text`.
std::string take_name(std::string_view& text)
{
  std::string name;
  if (!text.starts_with('"')) {
    const auto end = text.find_first_of(" .(");
    name = text.substr(0, end);
    text.remove_prefix(name.size());
    return name;
  }
  std::size_t i = 1;
  for (; i < text.size(); ++i) {
    if (text[i] == '"' && (i + 1 == text.size() || text[i + 1] != '"')) {
      break;
    }
    i += text[i] == '"' ? 1U : 0U;
    name += text[i];
  }
  text.remove_prefix(std::min(text.size(), i + 1));
  return name;
}

// "public.level_of_access DEFAULT 3 NOT NULL," -> "level_of_access"
std::string type_of(std::string_view text)
{
  constexpr std::array<std::string_view, 4> k_ends{" DEFAULT ", " NOT NULL", " COLLATE ",
                                                   " GENERATED "};
  text = trim(text);
  if (text.ends_with(',')) {
    text.remove_suffix(1);
  }
  for (const auto end : k_ends) {
    text = text.substr(0, text.find(end));
  }
  constexpr std::string_view k_public = "public.";
  text = trim(text);
  return std::string{text.starts_with(k_public) ? text.substr(k_public.size()) : text};
}

int major_of(std::string_view text)
{
  int major = 0;
  std::from_chars(text.data(), text.data() + text.size(), major);
  return major;
}

class SchemaReader {
 public:
  void take(std::string_view line)
  {
    constexpr std::string_view k_create = "CREATE TABLE ";
    constexpr std::string_view k_version = "-- Dumped from database version ";
    if (columns_ != nullptr) {
      take_column(line);
    } else if (line.starts_with(k_create)) {
      begin_table(line.substr(k_create.size()));
    } else if (line.starts_with(k_version)) {
      schema_.server_major = major_of(line.substr(k_version.size()));
    }
  }

  DumpSchema result() { return std::move(schema_); }

 private:
  void begin_table(std::string_view text)
  {
    auto name = take_name(text);
    if (text.starts_with('.')) {
      text.remove_prefix(1);
      const bool is_public = name == "public";
      name = take_name(text);
      if (!is_public) {
        return;
      }
    }
    if (trim(text) == "(") {
      columns_ = &schema_.tables[name];
      columns_->clear();
    }
  }

  void take_column(std::string_view line)
  {
    auto text = trim(line);
    if (text.starts_with(')')) {
      columns_ = nullptr;
      return;
    }
    // pg_dump writes a column a line; constraints follow the columns.
    if (text.starts_with("CONSTRAINT ")) {
      return;
    }
    auto name = take_name(text);
    columns_->push_back({.name = std::move(name), .type = type_of(text)});
  }

  DumpSchema schema_;
  std::vector<DumpColumn>* columns_ = nullptr;
};

}  // namespace

DumpSchema parse_dump_schema(std::string_view text)
{
  SchemaReader reader;
  while (!text.empty()) {
    const auto end = text.find('\n');
    reader.take(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return reader.result();
}

}  // namespace pecanctl::replication
