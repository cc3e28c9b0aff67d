// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "cli/hidden.hpp"

#include <algorithm>
#include <filesystem>
#include <memory>

#include <fmt/format.h>

#include "cli/completion.hpp"
#include "cli/context.hpp"
#include "cli/exit_status.hpp"
#include "cli/manual.hpp"
#include "cli/output/terminal.hpp"
#include "cli/settings.hpp"
#include "core/base/fd.hpp"
#include "core/project/outline.hpp"

namespace pecanctl::cli {
namespace {

namespace fs = std::filesystem;

// The engine's share of a key press. Without its answer there are fewer names.
constexpr std::chrono::milliseconds k_engine_time{30};
constexpr std::size_t k_largest_file = std::size_t{1} << 20U;

// Of the global flags only those that say which pecan.yml is meant.
GlobalOptions read_place(std::span<const std::string> words)
{
  GlobalOptions options;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const auto& word = words[i];
    const bool has_next = i + 2 < words.size();  // the last word is being typed
    if (word == "-C" && has_next) {
      options.directory = words[i + 1];
    } else if (word.starts_with("-C") && word.size() > 2) {
      options.directory = word.substr(2);
    } else if (word == "--file" && has_next) {
      options.file = words[i + 1];
    } else if (word.starts_with("--file=")) {
      options.file = word.substr(word.find('=') + 1);
    }
  }
  try {
    std::map<std::string, std::string> flags;
    if (!options.file.empty()) {
      flags.emplace("--file", options.file);
    }
    resolve_settings(options, flags);
  } catch (const Error&) {
    return options;  // a configuration file with mistakes: other commands tell
  }
  return options;
}

// What completion asks of the world. Nothing in it may fail: a name that cannot be found is
// missing.
class World {
 public:
  explicit World(GlobalOptions options)
      : printer_{false, true, false},
        context_{std::move(options), "__complete", reporter_, printer_, {}}
  {
  }

  LiveNames names()
  {
    return {.services = [this] { return quietly([this] { return list_services(); }); },
            .models = [this] { return quietly([this] { return outline().models; }); },
            .known_models =
                [this] { return quietly([this] { return context_.catalogue().model_names(); }); },
            .instances = [this] { return quietly([this] { return list_instances(); }); },
            .sites = [this] { return quietly([this] { return outline().sites; }); }};
  }

 private:
  template <typename Find>
  static std::vector<std::string> quietly(const Find& find)
  {
    try {
      return find();
    } catch (const std::exception&) {
      return {};
    }
  }

  // The file may be half written, and anything may have its name: a pipe must not hold the shell.
  const project::Outline& outline()
  {
    if (!outline_) {
      const auto path = context_.find_path();
      outline_ = path && fs::is_regular_file(*path)
                     ? project::read_outline(read_file(*path, k_largest_file))
                     : project::Outline{};
    }
    return *outline_;
  }

  std::vector<std::string> list_services()
  {
    std::vector<std::string> names;
    const auto& off = outline().services_off;
    const auto add = [&](const stack::Service& service) {
      if (std::ranges::find(off, service.name) == off.end()) {
        names.push_back(service.name);
      }
    };
    std::ranges::for_each(context_.catalogue().services, add);
    if (outline().profile == "full") {
      std::ranges::for_each(context_.catalogue().web_services, add, &project::WebService::service);
    }
    return names;
  }

  // On this machine, by their labels; and the one whose folder this is.
  std::vector<std::string> list_instances()
  {
    std::vector<std::string> names{quietly([this] { return std::vector{outline().name}; })};
    const auto found =
        quietly([this] { return context_.list_instance_names(Deadline::in(k_engine_time)); });
    names.insert(names.end(), found.begin(), found.end());
    std::ranges::sort(names);
    names.erase(std::unique(names.begin(), names.end()), names.end());
    std::erase(names, "");
    std::erase(names, "pecanctl");  // the machine's own services are no instance
    return names;
  }

  SilentReporter reporter_;
  output::Printer printer_;
  Context context_;
  std::optional<project::Outline> outline_;
};

int complete_words(std::span<const std::string> words)
{
  try {
    World world{read_place(words)};
    fmt::print("{}", render_completion(complete(describe_program(), words, world.names())));
  } catch (const std::exception&) {
    return 0;  // a key press is no place for an error
  }
  return 0;
}

int write_manual(const fs::path& folder)
{
  try {
    fs::create_directories(folder);
    for (const auto& page : render_manual(describe_program())) {
      write_file_atomically(folder / page.file, page.text, 0644);
    }
  } catch (const std::exception& error) {
    output::write_stderr(fmt::format("error: {}\n", error.what()));
    return static_cast<int>(ExitStatus::failed);
  }
  return 0;
}

}  // namespace

std::optional<int> run_hidden(std::span<const std::string> arguments)
{
  if (!arguments.empty() && arguments.front() == "__complete") {
    return complete_words(arguments.subspan(1));
  }
  if (arguments.size() == 2 && arguments.front() == "__man") {
    return write_manual(arguments[1]);
  }
  return std::nullopt;
}

}  // namespace pecanctl::cli
