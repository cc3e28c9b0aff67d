// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/tasks/layout.hpp"

#include <array>
#include <utility>

#include <fmt/format.h>

namespace pecanctl::tasks {
namespace {

// What is in braces, and the variable of harness.sh that has it.
constexpr std::array<std::pair<std::string_view, std::string_view>, 6> k_words{
    {{"{program}", "$PECAN_TASK_PROGRAM"},
     {"{input}", "$input"},
     {"{output}", "$output"},
     {"{chunk}", "$chunk"},
     {"{left}", "$left"},
     {"{right}", "$right"}}};

// 'it'\''s', and "$input" where a word stands for something.
std::string quote_word(std::string_view word)
{
  std::string text{"'"};
  while (!word.empty()) {
    bool is_placeholder = false;
    for (const auto& [name, variable] : k_words) {
      if (word.starts_with(name)) {
        text += fmt::format("'\"{}\"'", variable);
        word.remove_prefix(name.size());
        is_placeholder = true;
        break;
      }
    }
    if (!is_placeholder) {
      text += word.front() == '\'' ? std::string{"'\\''"} : std::string{word.front()};
      word.remove_prefix(1);
    }
  }
  return text + "'";
}

std::string render_command(std::string_view name, const Command& command)
{
  std::string text = fmt::format("command_{}() {{ start", name);
  for (const auto& word : command) {
    text += " " + quote_word(word);
  }
  return text + "; }\n";
}

}  // namespace

std::string chunk_name(std::size_t number)
{
  return fmt::format("{:05}", number);
}

std::string unit_path(std::string_view root, std::string_view stage, std::string_view unit)
{
  return fmt::format("{}/{}/{}", root, stage, unit);
}

std::string slot_path(std::string_view unit, std::size_t slot)
{
  return fmt::format("{}/r{}", unit, slot + 1);
}

engine::NewFile make_job(const JobRule& rule, std::string_view digest)
{
  return {.path = "job.sh",
          .content = fmt::format("#!/bin/sh\nexec sh ../../../task/harness.sh {} {} {} {}\n",
                                 rule.stage, digest, rule.quorum, rule.timeout.count()),
          .mode = 0755};
}

std::string render_commands(const Task& task)
{
  std::string text = "# Made by pecanctl from the task; read by harness.sh.\n";
  text += render_command("map", task.map);
  text += render_command("reduce", task.reduce);
  if (!task.check.empty()) {
    text += "has_check=yes\n" + render_command("check", task.check);
  }
  if (!task.compare.command.empty()) {
    text += render_command("compare", task.compare.command);
  }
  return text;
}

}  // namespace pecanctl::tasks
