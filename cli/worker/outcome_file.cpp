// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "cli/worker/outcome_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <iterator>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/fd.hpp"
#include "core/base/text.hpp"

namespace pecanctl::worker {
namespace {

constexpr const char* k_outcome_name = "rabbitmq.out";

void append_escaped(std::string& text, char letter, char quote)
{
  const auto byte = static_cast<std::uint8_t>(letter);
  if (letter == quote || letter == '\\') {
    text += '\\';
    text += letter;
  } else if (letter == '\n') {
    text += "\\n";
  } else if (letter == '\r') {
    text += "\\r";
  } else if (letter == '\t') {
    text += "\\t";
  } else if (byte < 0x20 || byte >= 0x7f) {
    fmt::format_to(std::back_inserter(text), "\\x{:02x}", byte);
  } else {
    text += letter;
  }
}

}  // namespace

std::string_view to_string(Status status)
{
  return status == Status::ok ? "OK" : "ERROR";
}

std::string python_repr(std::string_view bytes)
{
  const bool has_apostrophe = bytes.find('\'') != std::string_view::npos;
  const bool has_quotation = bytes.find('"') != std::string_view::npos;
  const char quote = has_apostrophe && !has_quotation ? '"' : '\'';
  std::string text{'b', quote};
  text.reserve(bytes.size() + bytes.size() / 8 + 3);
  for (const char letter : bytes) {
    append_escaped(text, letter, quote);
  }
  text += quote;
  return text;
}

void write_outcome(const std::filesystem::path& folder, std::string_view output, Status status)
{
  write_file_atomically(folder / k_outcome_name,
                        fmt::format("{}\n{}\n", python_repr(output), to_string(status)), 0644);
}

std::optional<Status> find_outcome(const std::filesystem::path& folder)
{
  constexpr std::size_t k_limit = std::size_t{64} << 20U;
  const auto text = find_file(folder / k_outcome_name, k_limit);
  if (!text) {
    return std::nullopt;
  }
  const auto lines = split(trim(*text), '\n');
  if (lines.size() != 2) {
    return std::nullopt;
  }
  return lines[1] == "OK"      ? std::optional{Status::ok}
         : lines[1] == "ERROR" ? std::optional{Status::error}
                               : std::nullopt;
}

void remove_outcome(const std::filesystem::path& folder)
{
  const auto path = folder / k_outcome_name;
  if (::unlink(path.c_str()) != 0) {
    if (errno == ENOENT) {
      return;
    }
    throw system_error(fmt::format("cannot remove {}", path.string()), errno);
  }
  const Fd opened{::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!opened || ::fsync(opened.get()) != 0) {
    throw system_error(fmt::format("cannot sync folder {}", folder.string()), errno);
  }
}

}  // namespace pecanctl::worker
