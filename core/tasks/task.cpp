// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/tasks/task.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <optional>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/base/fd.hpp"
#include "core/base/secret.hpp"
#include "core/base/text.hpp"
#include "core/config/diagnostics.hpp"
#include "core/config/document.hpp"
#include "core/config/read.hpp"

namespace pecanctl::tasks {
namespace fs = std::filesystem;

namespace {

using config::Node;

constexpr std::size_t k_longest_name = 40;
constexpr std::size_t k_program_limit = std::size_t{16} << 20U;
constexpr std::uint64_t k_largest_chunk = std::uint64_t{64} << 20U;
constexpr std::string_view k_plain =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.+/";

bool is_task_name(std::string_view name)
{
  return !name.empty() && name.size() <= k_longest_name && name.front() != '-' &&
         name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string_view::npos;
}

// A path that cannot leave the folder it is taken from, in letters that need no quoting.
bool is_plain_path(const std::string& path)
{
  const auto parts = split(path, '/');
  return path.find_first_not_of(k_plain) == std::string::npos &&
         std::ranges::none_of(
             parts, [](const auto& part) { return part.empty() || part == "." || part == ".."; });
}

bool is_image_digest(std::string_view image)
{
  constexpr std::string_view k_kind = "sha256:";
  constexpr std::size_t k_image_digits = 64;
  if (const auto at = image.find('@'); at != std::string_view::npos) {
    image.remove_prefix(at + 1);
  }
  const auto digits = image.starts_with(k_kind) ? image.substr(k_kind.size()) : std::string_view{};
  return digits.size() == k_image_digits &&
         digits.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

// From a checked tree to the values; what the table of keys cannot say is checked on the way.
class Reader {
 public:
  Reader(const Node& root, const FindFile& find_file, config::Diagnostics& diagnostics)
      : root_{root},
        find_file_{find_file},
        diagnostics_{diagnostics}
  {
  }

  Task read()
  {
    read_names();
    read_program();
    read_input();
    task_.map = read_command(root_, "map", {"program", "input", "output", "chunk"});
    task_.check = read_command(root_, "check", {"program", "input", "output", "chunk"});
    task_.reduce = read_command(root_, "reduce", {"program", "input", "output"});
    read_compare();
    read_policy();
    return std::move(task_);
  }

 private:
  void report(const Node& map, std::string_view key, std::string message, std::string hint = {})
  {
    const auto* node = map.find(key);
    diagnostics_.add(node != nullptr ? node->position : map.key_position, std::move(message),
                     std::move(hint));
  }

  void read_names()
  {
    task_.name = config::text_or(root_, "name");
    if (!task_.name.empty() && !is_task_name(task_.name)) {
      report(root_, "name", fmt::format("`{}` is no name of a task", task_.name),
             fmt::format("a-z, 0-9 and -, no - first, at most {}", k_longest_name));
    }
    task_.model = config::text_or(root_, "model");
    task_.image = config::text_or(root_, "image");
    if (!task_.image.empty() && !is_image_digest(task_.image)) {
      report(root_, "image", fmt::format("`{}` is no digest of an image", task_.image),
             "write sha256:… or NAME@sha256:…; docker image inspect shows them as Id and "
             "RepoDigests");
    }
  }

  void read_program()
  {
    const auto* node = root_.find("program");
    if (node == nullptr || node->kind != config::NodeKind::list) {
      return;
    }
    std::set<std::string> known;
    for (const auto& item : node->children) {
      if (!is_plain_path(item.scalar)) {
        diagnostics_.add(item.position,
                         fmt::format("`{}` is no file beside the task file", item.scalar),
                         "a path below its folder, of letters, digits and -_.+/");
      } else if (!known.insert(item.scalar).second) {
        diagnostics_.add(item.position, fmt::format("`{}` is named twice", item.scalar));
      } else if (auto file = find_file_(item.scalar)) {
        task_.program.push_back(std::move(*file));
      } else {
        diagnostics_.add(item.position,
                         fmt::format("there is no file `{}` beside the task file", item.scalar));
      }
    }
  }

  void read_input()
  {
    const auto& node = config::map_or_empty(root_, "input");
    auto& input = task_.input;
    const auto cut = config::text_or(node, "cut");
    input.cut = cut == "bytes"    ? Cut::bytes
                : cut == "rows"   ? Cut::rows
                : cut == "files"  ? Cut::files
                : cut == "matrix" ? Cut::matrix
                                  : Cut::lines;
    input.each = config::find_size(node, "each").value_or(1);
    if (input.each == 0 || (input.cut == Cut::bytes && input.each > k_largest_chunk)) {
      report(node, "each",
             input.each == 0 ? "a chunk of nothing has no end" : "a chunk has at most 64 MiB");
    }
    input.file = config::text_or(node, "file");
    input.files = config::list_texts(node, "files");
    input.separator = config::text_or(node, "separator", "\n");
    const auto& matrix = config::map_or_empty(node, "matrix");
    for (const auto& axis : matrix.children) {
      input.matrix.emplace_back(axis.key, config::list_texts(matrix, axis.key));
    }
    if (!cut.empty()) {
      check_source(node, cut);
    }
  }

  // Each way of cutting has one source, and no other.
  void check_source(const Node& node, const std::string& cut)
  {
    const std::string_view wanted = task_.input.cut == Cut::files    ? "files"
                                    : task_.input.cut == Cut::matrix ? "matrix"
                                                                     : "file";
    for (const std::string_view key : {"file", "files", "matrix"}) {
      const bool is_there = node.find(key) != nullptr;
      if (is_there != (key == wanted)) {
        report(node, key,
               is_there ? fmt::format("`cut: {}` takes no `{}`", cut, key)
                        : fmt::format("`cut: {}` needs `{}`", cut, key));
      }
    }
    if (node.find("separator") != nullptr && task_.input.cut != Cut::bytes) {
      report(node, "separator", fmt::format("`cut: {}` takes no `separator`", cut));
    }
    for (const auto& [column, values] : task_.input.matrix) {
      if (values.empty()) {
        report(config::map_or_empty(node, "matrix"), column,
               fmt::format("`{}` has no value", column));
      }
    }
    if (wanted == "files" && node.find("files") != nullptr && task_.input.files.empty()) {
      report(node, "files", "it names no file");
    }
  }

  Command read_command(const Node& map, std::string_view key, std::vector<std::string> words)
  {
    auto command = config::list_texts(map, key);
    const auto* node = map.find(key);
    if (node != nullptr && node->kind == config::NodeKind::list && command.empty()) {
      report(map, key, "it names no program");
    }
    for (std::size_t i = 0; node != nullptr && i < command.size(); ++i) {
      check_placeholders(node->children[i], words);
    }
    return command;
  }

  // {print} is awk's; {ouput} is a slip.
  void check_placeholders(const Node& node, const std::vector<std::string>& words)
  {
    const auto& text = node.scalar;
    for (auto open = text.find('{'); open != std::string::npos; open = text.find('{', open + 1)) {
      const auto close = text.find('}', open);
      const auto word =
          close == std::string::npos ? std::string{} : text.substr(open + 1, close - open - 1);
      if (std::ranges::find(words, word) == words.end()) {
        if (auto hint = word.empty() ? std::string{} : did_you_mean(word, words); !hint.empty()) {
          diagnostics_.add(node.position, fmt::format("`{{{}}}` stands for nothing", word),
                           std::move(hint));
        }
      }
    }
  }

  void read_compare()
  {
    const auto& node = config::map_or_empty(root_, "compare");
    auto& compare = task_.compare;
    compare.command = read_command(node, "command", {"program", "left", "right"});
    const auto absolute = config::find_number(node, "tolerance");
    const auto relative = config::find_number(node, "relative");
    compare.is_csv = absolute || relative;
    compare.absolute = absolute.value_or(0);
    compare.relative = relative.value_or(0);
    for (const std::string_view key : {"tolerance", "relative"}) {
      const auto value = config::find_number(node, key);
      if (value && !(*value >= 0 && *value <= 1e300)) {
        report(node, key, fmt::format("`{}` must not be below 0", key));
      }
    }
    if (compare.is_csv && !compare.command.empty()) {
      report(node, "command", "`command` and a tolerance exclude one another");
    }
  }

  void read_policy()
  {
    const auto integer = [&](std::string_view key, int standard) {
      return static_cast<int>(config::find_integer(root_, key).value_or(standard));
    };
    constexpr int k_more_results = 3;
    task_.quorum = integer("quorum", 1);
    task_.max_results = integer("max_results", task_.quorum + k_more_results);
    if (task_.max_results < task_.quorum) {
      report(root_, "max_results", "`max_results` must not be less than `quorum`");
    }
    task_.retries = integer("retries", 1);
    const auto timeout = config::find_duration(root_, "timeout");
    task_.timeout =
        std::chrono::ceil<std::chrono::seconds>(timeout.value_or(std::chrono::milliseconds{0}));
    const auto& needs = config::map_or_empty(root_, "resources");
    task_.resources = {.memory = config::find_size(needs, "memory").value_or(0),
                       .cpus = config::find_number(needs, "cpus").value_or(0),
                       .pids = static_cast<int>(config::find_integer(needs, "pids").value_or(0))};
  }

  const Node& root_;
  const FindFile& find_file_;
  config::Diagnostics& diagnostics_;
  Task task_;
};

void add_words(std::string& text, std::string_view name, const std::vector<std::string>& words)
{
  text += fmt::format("{} {}\n", name, words.size());
  for (const auto& word : words) {
    text += fmt::format("{}:{}\n", word.size(), word);
  }
}

}  // namespace

Task parse_task(std::string_view text, const std::string& shown, const FindFile& find_file,
                const config::Lookup& lookup)
{
  config::Diagnostics diagnostics{shown, text};
  auto root = config::parse_document(text, diagnostics);
  config::expand_variables(root, lookup, diagnostics);
  task_schema().check(root, diagnostics);
  task_schema().fill_defaults(root);
  auto task = Reader{root, find_file, diagnostics}.read();
  diagnostics.throw_if_any();
  return task;
}

Task load_task(const fs::path& path, const config::Lookup& lookup)
{
  const auto folder = fs::absolute(path).lexically_normal().parent_path();
  const auto find = [&](const std::string& name) -> std::optional<engine::NewFile> {
    constexpr std::uint32_t k_executable = 0111;
    struct stat status {};
    const auto place = folder / name;
    if (::stat(place.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) {
      return std::nullopt;
    }
    const bool is_executable = (status.st_mode & k_executable) != 0;
    return engine::NewFile{.path = name,
                           .content = read_file(place, k_program_limit),
                           .mode = is_executable ? 0755U : 0644U};
  };
  auto task = parse_task(read_file(path), path.filename().string(), find, lookup);
  task.folder = folder;
  return task;
}

std::string render_identity(const Task& task)
{
  std::string text = fmt::format("cut {} each {} quorum {}\n", static_cast<int>(task.input.cut),
                                 task.input.each, task.quorum);
  add_words(text, "separator", {task.input.separator});
  add_words(text, "map", task.map);
  add_words(text, "check", task.check);
  add_words(text, "reduce", task.reduce);
  add_words(text, "compare", task.compare.command);
  text += fmt::format("csv {} {} {}\n", task.compare.is_csv, task.compare.absolute,
                      task.compare.relative);
  for (const auto& file : task.program) {
    text += fmt::format("program {} {:o} {}\n", file.path, file.mode, sha256_hex(file.content));
  }
  return text;
}

}  // namespace pecanctl::tasks
