// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "cli/completion.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include <fmt/format.h>

namespace pecanctl::cli {
namespace {

// What the words before the cursor mean.
struct Line {
  const CommandText* command = nullptr;
  const ArgumentText* pending = nullptr;  // the flag whose value is typed
  std::size_t positionals = 0;            // of the command, complete ones
  std::vector<std::string> flags = {};    // given already
  bool is_past_flags = false;             // "--" was there
  bool is_lost = false;                   // no such command: nothing that follows makes sense
};

const ArgumentText* find_flag(const Reference& reference, const CommandText* command,
                              std::string_view name)
{
  const auto find_in = [&](const std::vector<ArgumentText>& flags) -> const ArgumentText* {
    const auto found = std::ranges::find_if(flags, [&](const ArgumentText& flag) {
      return std::ranges::find(flag.names, name) != flag.names.end();
    });
    return found == flags.end() ? nullptr : &*found;
  };
  const auto* const own = command == nullptr ? nullptr : find_in(command->flags);
  return own != nullptr ? own : find_in(reference.global_flags);
}

void read_flag(const Reference& reference, const std::string& word, Line& line)
{
  const auto* const flag = find_flag(reference, line.command, word.substr(0, word.find('=')));
  if (flag == nullptr) {
    return;
  }
  line.flags.insert(line.flags.end(), flag->names.begin(), flag->names.end());
  const bool wants_next = !flag->is_switch() && !flag->has_optional_value;
  line.pending = wants_next && word.find('=') == std::string::npos ? flag : nullptr;
}

Line read_line(const Reference& reference, std::span<const std::string> words)
{
  Line line;
  for (const auto& word : words) {
    if (line.pending != nullptr) {
      line.pending = nullptr;
    } else if (!line.is_past_flags && word == "--") {
      line.is_past_flags = true;
    } else if (!line.is_past_flags && word.starts_with("-") && word.size() > 1) {
      read_flag(reference, word, line);
    } else if (line.command == nullptr && !line.is_lost) {
      line.command = reference.find(word);
      line.is_lost = line.command == nullptr;
    } else {
      ++line.positionals;
    }
  }
  return line;
}

void add_names(const LiveNames::Find& find, std::string_view help, Completion& completion,
               std::string_view suffix = {})
{
  for (const auto& name : find()) {
    completion.candidates.push_back({name + std::string{suffix}, std::string{help}});
  }
}

// "sipnet,da": the last of several.
void add_list(const LiveNames::Find& find, std::string_view word, Completion& completion)
{
  const auto comma = word.rfind(',');
  const auto before = comma == std::string_view::npos ? "" : word.substr(0, comma + 1);
  for (const auto& name : find()) {
    completion.candidates.push_back({std::string{before} + name, "model"});
  }
}

void add_topics(const Reference& reference, Completion& completion)
{
  for (const auto& command : reference.commands) {
    completion.candidates.push_back({command.name, command.summary});
  }
  completion.candidates.push_back({"exit-codes", "what the exit codes mean"});
}

// What an argument takes is told by the word that stands for it in the help.
void add_values(const Reference& reference, const ArgumentText& argument, std::string_view word,
                const LiveNames& names, Completion& completion)
{
  const std::string_view value = argument.value;
  for (const auto& choice : argument.choices) {
    completion.candidates.push_back({choice, ""});
  }
  if (value == "DIR") {
    completion.takes_folders = true;
  } else if (value == "FILE") {
    completion.takes_files = true;
  } else if (value == "NAME" && argument.names.back() != "--name") {
    add_names(names.instances, "instance", completion);
  } else if (value == "SERVICE") {
    add_names(names.services, "service", completion);
    add_names(names.models, "model", completion);
  } else if (value == "MODEL") {
    add_names(names.models, "model", completion);
  } else if (value == "MODEL=N" && word.find('=') == std::string_view::npos) {
    add_names(names.models, "model", completion, "=");
  } else if (value == "A,B") {
    add_list(names.known_models, word, completion);
  } else if (value == "SITE") {
    add_names(names.sites, "site", completion);
  } else if (value == "TOPIC") {
    add_topics(reference, completion);
  }
}

void add_flags(const std::vector<ArgumentText>& flags, const Line& line, Completion& completion)
{
  for (const auto& flag : flags) {
    if (std::ranges::find(line.flags, flag.names.front()) == line.flags.end()) {
      completion.candidates.push_back({flag.names.back(), flag.description});
    }
  }
}

void add_positional(const Reference& reference, const Line& line, std::string_view word,
                    const LiveNames& names, Completion& completion)
{
  const auto& positionals = line.command->positionals;
  if (positionals.empty()) {
    return;
  }
  const auto& last = positionals.back();
  if (line.positionals < positionals.size() || last.is_repeatable) {
    const auto at = std::min(line.positionals, positionals.size() - 1);
    add_values(reference, positionals[at], word, names, completion);
  }
}

}  // namespace

Completion complete(const Reference& reference, std::span<const std::string> words,
                    const LiveNames& names)
{
  Completion completion;
  if (words.empty()) {
    return completion;
  }
  const auto& word = words.back();
  const auto line = read_line(reference, words.first(words.size() - 1));
  const auto equals = word.find('=');
  std::string before;
  if (line.pending != nullptr) {
    add_values(reference, *line.pending, word, names, completion);
  } else if (!line.is_past_flags && word.starts_with("--") && equals != std::string::npos) {
    before = word.substr(0, equals + 1);
    if (const auto* const flag = find_flag(reference, line.command, word.substr(0, equals))) {
      add_values(reference, *flag, word.substr(equals + 1), names, completion);
    }
  } else if (!line.is_past_flags && word.starts_with("-")) {
    if (line.command != nullptr) {
      add_flags(line.command->flags, line, completion);
    }
    add_flags(reference.global_flags, line, completion);
  } else if (line.command != nullptr) {
    add_positional(reference, line, word, names, completion);
  } else if (!line.is_lost) {
    for (const auto& command : reference.commands) {
      completion.candidates.push_back({command.name, command.summary});
    }
  }
  for (auto& candidate : completion.candidates) {
    candidate.value.insert(0, before);
  }
  std::erase_if(completion.candidates,
                [&](const Candidate& candidate) { return !candidate.value.starts_with(word); });
  return completion;
}

std::string render_completion(const Completion& completion)
{
  std::string text;
  for (const auto& [value, help] : completion.candidates) {
    text += fmt::format("{}\t{}\n", value, help);
  }
  text += completion.takes_folders ? "\tfolders\n" : "";
  text += completion.takes_files ? "\tfiles\n" : "";
  return text;
}

}  // namespace pecanctl::cli
