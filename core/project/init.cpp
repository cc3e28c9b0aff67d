// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/project/init.hpp"

#include <cctype>
#include <cerrno>
#include <system_error>
#include <utility>

#include <sys/stat.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/base/cancel.hpp"
#include "core/base/error.hpp"
#include "core/base/failpoint.hpp"
#include "core/base/fd.hpp"
#include "core/base/text.hpp"
#include "core/project/instance_file.hpp"
#include "core/project/secrets.hpp"

namespace pecanctl::project {
namespace fs = std::filesystem;

namespace {

constexpr std::size_t k_longest_name = 32;

Error usage_error(std::string why, std::string hint)
{
  return Error{{.code = ErrorCode::usage,
                .what = "cannot plan an instance",
                .why = std::move(why),
                .hint = std::move(hint)}};
}

void check_options(const InitOptions& options, std::string_view name, const Catalogue& catalogue)
{
  if (!stack::is_valid_name(name)) {
    throw usage_error(fmt::format("`{}` is no instance name", name),
                      "2 to 32 of a-z, 0-9 and -, a letter first, no - at the end");
  }
  if (options.profile != "core" && options.profile != "full") {
    throw usage_error(fmt::format("unknown profile `{}`", options.profile),
                      "use the profile core or full");
  }
  if (escape_control(options.data) != options.data || !is_valid_utf8(options.data) ||
      options.data.find_first_of("\n\t") != std::string::npos) {
    throw usage_error("the data folder has control characters in its name", "name another one");
  }
  for (const auto& model : options.models) {
    if (!catalogue.models.contains(model)) {
      const auto known = catalogue.model_names();
      const auto hint = did_you_mean(model, known);
      throw usage_error(fmt::format("unknown model `{}`", model),
                        hint.empty() ? fmt::format("models: {}", fmt::join(known, ", ")) : hint);
    }
  }
}

// In double quotes, as YAML and pecan.yml's own variables need it.
std::string quote_yaml(std::string_view text)
{
  std::string result = "\"";
  for (const char letter : text) {
    result += letter == '"' || letter == '\\' ? "\\" : letter == '$' ? "$" : "";
    result += letter;
  }
  return result + '"';
}

std::string render_models(const std::vector<std::string>& names, const Catalogue& catalogue)
{
  std::string text;
  for (const auto& name : names) {
    const auto& version = catalogue.models.at(name).version;
    text += fmt::format("  {}: {{ version: {}, replicas: 1 }}\n", name, quote_yaml(version));
  }
  return text;
}

std::string render_instance_file(const InitOptions& options, std::string_view name,
                                 const std::vector<std::string>& models, const Catalogue& catalogue)
{
  const auto data =
      options.data.empty()
          ? std::
                string{"# data: ./data                # host folder for /data; default: a volume\n"}
          : fmt::format("data: {}    # host folder for /data\n", quote_yaml(options.data));
  return fmt::format(
      R"(# pecan.yml                       one PEcAn instance; reference: man 5 pecan.yml
pecan: {}                      # release of every pecan/* image
name: {}                      # prefix of containers, network, volumes; key in Consul
profile: {}                   # {}
{}
models:                           # more of them: replicas; others: {}
{}
# everything below is optional
# services:
#   postgres: {{ memory: 2GiB }}    # only what differs from the standard stack
# images: auto                    # auto: local, else pull, else build ours; pull; build
# consul: {{ address: "http://127.0.0.1:8500" }}   # default: one container a machine

# Passwords and the identity of this instance are in secrets/: keep them out of version control, and keep a copy.
)",
      quote_yaml(options.release), name, options.profile,
      options.profile == "full" ? "all of PEcAn" : "postgres, rabbitmq and the models", data,
      fmt::join(catalogue.model_names(), " "), render_models(models, catalogue));
}

mode_t mode_of(const fs::path& path)
{
  struct stat status {};

  return ::lstat(path.c_str(), &status) == 0 ? status.st_mode : 0;
}

[[noreturn]] void refuse(const fs::path& path, std::string why, std::string hint)
{
  throw Error{{.code = ErrorCode::invalid,
               .what = fmt::format("cannot make an instance in {}", path.string()),
               .why = std::move(why),
               .hint = std::move(hint)}};
}

// Makes the folder when it is missing, private from the first moment on when it is to be.
void ensure_folder(const fs::path& path, mode_t mode)
{
  const auto found = mode_of(path);
  if (S_ISLNK(found)) {
    refuse(path, "it is a symbolic link", "name the folder itself");
  }
  if (found != 0 && !S_ISDIR(found)) {
    refuse(path, "it is not a folder", {});
  }
  if (found != 0 && mode == 0700 && (found & 0022U) != 0) {
    refuse(path, fmt::format("others may write to it (mode {:04o})", found & 07777U),
           fmt::format("chmod 700 {}", path.string()));
  }
  if (found == 0 &&
      ((::mkdir(path.c_str(), mode) != 0 && errno != EEXIST) || ::chmod(path.c_str(), mode) != 0)) {
    throw system_error(fmt::format("cannot make the folder {}", path.string()), errno);
  }
}

}  // namespace

std::string name_from(std::string_view text)
{
  std::string name;
  for (const auto letter : text) {
    const auto lower = std::tolower(static_cast<unsigned char>(letter));
    const bool is_allowed =
        (lower >= 'a' && lower <= 'z') || (lower >= '0' && lower <= '9' && !name.empty());
    if (is_allowed) {
      name += static_cast<char>(lower);
    } else if (!name.empty() && name.back() != '-') {
      name += '-';
    }
  }
  name.resize(std::min(name.size(), k_longest_name));
  while (name.ends_with('-')) {
    name.pop_back();
  }
  return stack::is_valid_name(name) ? name : "pecan";
}

std::vector<PlannedFile> plan_init(const InitOptions& options, const Catalogue& catalogue)
{
  const auto folder = options.folder.has_filename() ? options.folder : options.folder.parent_path();
  const auto name = options.name.empty() ? name_from(folder.filename().string()) : options.name;
  check_options(options, name, catalogue);
  const auto models = options.models.empty() ? std::vector<std::string>{"dalec"} : options.models;

  const auto text = render_instance_file(options, name, models, catalogue);
  // What we write must be what we can read, whatever stood in the options.
  parse_instance_file(
      text, folder / "pecan.yml", [](std::string_view) { return std::nullopt; }, catalogue);

  // The identity first: whoever finds a pecan.yml finds what belongs to it.
  std::vector<PlannedFile> files;
  const auto secrets = fs::path{"secrets"};
  files.push_back({secrets / k_identity_name, Secret{random_uuid() + '\n'}, 0600});
  for (const auto& secret : secret_names(options.profile)) {
    files.push_back({secrets / secret, Secret{random_secret().reveal() + '\n'}, 0600});
  }
  files.push_back({".gitignore", Secret{"/secrets/\n"}, 0644});
  files.push_back({"pecan.yml", Secret{text}, 0644});
  return files;
}

InitResult apply_init(const std::vector<PlannedFile>& files, const fs::path& folder,
                      const std::stop_token& stop)
{
  const auto root = folder.has_filename() ? folder : folder.parent_path();
  if (std::error_code error;
      root.has_parent_path() && !fs::create_directories(root.parent_path(), error) && error) {
    throw system_error(fmt::format("cannot make the folder {}", root.parent_path().string()),
                       error.value());
  }
  ensure_folder(root, 0755);
  InitResult result;
  for (const auto& file : files) {
    check_stop(stop);
    if (file.path.has_parent_path()) {
      ensure_folder(root / file.path.parent_path(), 0700);
    }
    const bool is_new = create_file_atomically(root / file.path, file.content.reveal(), file.mode);
    (is_new ? result.created : result.kept).push_back(file.path);
    failpoint("init.file");
  }
  return result;
}

}  // namespace pecanctl::project
