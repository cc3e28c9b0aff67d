// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/project/instance_file.hpp"

#include <algorithm>
#include <cctype>
#include <utility>

#include <fmt/format.h>

#include "core/base/fd.hpp"
#include "core/base/text.hpp"
#include "core/config/diagnostics.hpp"
#include "core/config/document.hpp"
#include "core/config/read.hpp"
#include "core/project/scaling_settings.hpp"
#include "core/project/secret_settings.hpp"
#include "core/project/service_settings.hpp"
#include "core/project/sync_settings.hpp"
#include "core/stack/git_context.hpp"

namespace pecanctl::project {
namespace fs = std::filesystem;

namespace {

using config::Node;

constexpr std::string_view k_name_rule =
    "2 to 32 of a-z, 0-9 and -, a letter first, no - at the end; not pecanctl";

bool is_within(const fs::path& inner, const fs::path& outer)
{
  return std::mismatch(outer.begin(), outer.end(), inner.begin(), inner.end()).first == outer.end();
}

std::string lower(std::string text)
{
  std::ranges::transform(text, text.begin(), [](unsigned char letter) {
    return static_cast<char>(std::tolower(letter));
  });
  return text;
}

std::string replace_all(std::string text, std::string_view what, std::string_view with)
{
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size())) {
    text.replace(at, what.size(), with);
  }
  return text;
}

// From a checked tree to the values; what the table of keys cannot say is checked on the way.
class Reader {
 public:
  Reader(const Node& root, fs::path path, const Catalogue& catalogue,
         config::Diagnostics& diagnostics)
      : root_{root},
        catalogue_{catalogue},
        diagnostics_{diagnostics}
  {
    file_.path = std::move(path);
  }

  InstanceFile read()
  {
    read_top();
    read_data();
    read_backups();
    read_network();
    file_.sync = read_sync_settings(root_, file_.folder(), diagnostics_);
    read_publish();
    for (const auto& node : config::map_or_empty(root_, "models").children) {
      read_model(node);
    }
    read_services(root_, catalogue_, diagnostics_, file_);
    read_web(root_, diagnostics_, file_);
    read_secret_settings(root_, diagnostics_, file_);
    return std::move(file_);
  }

 private:
  void report(const Node& map, std::string_view key, std::string message, std::string hint = {})
  {
    const auto* node = map.find(key);
    diagnostics_.add(node != nullptr ? node->position : map.key_position, std::move(message),
                     std::move(hint));
  }

  // Of a file full of mistakes most are only counted.
  std::string suggest(std::string_view word, const std::vector<std::string>& known) const
  {
    return diagnostics_.is_full() ? std::string{} : did_you_mean(word, known);
  }

  void read_top()
  {
    file_.release = config::text_or(root_, "pecan");
    file_.name = config::text_or(root_, "name");
    if (!file_.name.empty() && !stack::is_valid_name(file_.name)) {
      report(root_, "name", fmt::format("`{}` is no instance name", file_.name),
             std::string{k_name_rule});
    }
    check_tag(root_, "pecan", file_.release);
    file_.registry = config::text_or(root_, "registry");
    if (file_.registry.find_first_of("/@ \t") != std::string::npos) {
      report(root_, "registry", fmt::format("`{}` is no HOST or HOST:PORT", file_.registry));
    }
    file_.profile = config::text_or(root_, "profile");
    file_.consul_address = config::text_or(config::map_or_empty(root_, "consul"), "address");
    const auto images = config::text_or(root_, "images");
    file_.images = images == "pull"    ? stack::ImagePolicy::pull
                   : images == "build" ? stack::ImagePolicy::build
                                       : stack::ImagePolicy::automatic;
    if (!file_.consul_address.empty() && !file_.consul_address.starts_with("http://") &&
        !file_.consul_address.starts_with("https://")) {
      report(config::map_or_empty(root_, "consul"), "address",
             fmt::format("`{}` is no URL", file_.consul_address), "write http://HOST:8500");
    }
  }

  // What becomes part of an image's tag or a queue's name.
  void check_tag(const Node& map, std::string_view key, std::string_view text)
  {
    const auto is_allowed = [](unsigned char letter) {
      return std::isalnum(letter) != 0 || letter == '.' || letter == '_' || letter == '-';
    };
    if (text.size() > 100 || !std::ranges::all_of(text, is_allowed)) {
      report(map, key, fmt::format("`{}` is no {}", text, key),
             "letters, digits, '.', '_' and '-'");
    }
  }

  fs::path absolute(std::string_view text) const
  {
    auto path = (file_.folder() / text).lexically_normal();
    return path.has_filename() ? path : path.parent_path();
  }

  void read_backups()
  {
    file_.backups = absolute(config::text_or(root_, "backups", "backups"));
    const bool is_reported = is_within(file_.secrets_folder(), file_.data);
    if (!file_.data.empty() && !is_reported && is_within(file_.backups, file_.data)) {
      report(root_, "backups", "`backups` must not be in `data`: workers can change all of it");
    }
  }

  void read_data()
  {
    const auto text = config::find_text(root_, "data");
    if (!text) {
      return;
    }
    file_.data = absolute(*text);
    if (file_.data == "/") {
      report(root_, "data", "`data` must not be the root of the file system");
    } else if (is_within(file_.data, file_.secrets_folder())) {
      report(root_, "data",
             "`data` must not be in the folder of the secrets: workers can read all of it");
    } else if (is_within(file_.secrets_folder(), file_.data)) {
      report(root_, "data",
             "`data` must not hold the folder of the secrets: workers can read all of it",
             "name a folder of its own, such as ./data");
    }
  }

  void read_network()
  {
    const auto& http = config::map_or_empty(root_, "http");
    file_.host = config::text_or(http, "host");
    if (!file_.host.empty() && !is_host_name(file_.host)) {
      report(http, "host", fmt::format("`{}` is no host name", file_.host));
    }
    const auto& site = config::map_or_empty(root_, "site");
    file_.site.url = config::text_or(site, "url");
    file_.site.contact = config::text_or(site, "contact");
    try {
      file_.site.id = parse_site_id(config::text_or(site, "id", "auto"));
    } catch (const Error& error) {
      report(site, "id", error.what(), error.info().hint);
    }
    const auto check = [&](std::string_view key, const std::string& text, const std::string& why) {
      if (!text.empty() && !why.empty()) {
        report(site, key, fmt::format("`{}` {}", text, why));
      }
    };
    check("url", file_.site.url, explain_site_url(file_.site.url));
    check("contact", file_.site.contact, explain_site_contact(file_.site.contact));
    file_.site.requests = config::text_or(site, "requests");
    check("requests", file_.site.requests, explain_loopback(file_.site.requests));
  }

  void read_publish()
  {
    const auto& publish = config::map_or_empty(config::map_or_empty(root_, "sync"), "publish");
    const auto folder = config::text_or(publish, "dir");
    file_.publish.folder = folder.empty() ? fs::path{} : absolute(folder);
    file_.publish.level = static_cast<int>(config::find_integer(publish, "level").value_or(3));
    file_.publish.listen = config::text_or(publish, "listen");
    if (file_.publish.level < 1) {
      report(publish, "level", "`level` must be between 1 and 4");
    }
    if (!file_.publish.folder.empty() &&
        (is_within(file_.publish.folder, file_.secrets_folder()) ||
         is_within(file_.secrets_folder(), file_.publish.folder))) {
      report(publish, "dir", "`dir` must be apart from the folder of the secrets: all may read it",
             "name a folder of its own, such as ./dump");
    }
  }

  void read_model(const Node& node)
  {
    const auto found = catalogue_.models.find(node.key);
    const auto* known = found == catalogue_.models.end() ? nullptr : &found->second;
    if (known == nullptr && node.find("image") == nullptr && node.find("build") == nullptr) {
      auto hint = suggest(node.key, catalogue_.model_names());
      diagnostics_.add(
          node.key_position, fmt::format("unknown model `{}`", node.key),
          hint.empty() ? "a model of yours needs `image` or `build`" : std::move(hint));
      return;
    }
    check_service_name(node);
    ModelRequest request{.key = node.key, .model = {}, .image = {}};
    request.worker = worker_of(node, known);
    read_identity(node, known, request);
    request.model.scaling = read_scaling(node, diagnostics_);
    request.replicas = read_replicas(node, request.model.scaling);
    read_limits(node, diagnostics_, request.memory, request.cpus);
    if (const auto pids = config::find_integer(node, "pids")) {
      request.pids = static_cast<int>(*pids);
    }
    request.has_own_networks = config::find_text(node, "network") == "own";
    read_image(node, known, request);
    file_.models.push_back(std::move(request));
  }

  void check_service_name(const Node& node)
  {
    const bool is_taken =
        catalogue_.find_web_service(node.key) != nullptr ||
        std::ranges::any_of(catalogue_.services, [&](const stack::Service& service) {
          return service.name == node.key;
        });
    if (is_taken || !stack::is_valid_name(node.key)) {
      diagnostics_.add(node.key_position, fmt::format("`{}` is no name for a model", node.key),
                       is_taken ? "a standard service is called so" : std::string{k_name_rule});
    }
  }

  static WorkerKind worker_of(const Node& node, const KnownModel* known)
  {
    const auto text = config::find_text(node, "worker");
    if (!text && known != nullptr) {
      return known->worker;
    }
    return text == "pecan" ? WorkerKind::pecan : WorkerKind::stock;
  }

  // The catalogue's, unless this release's is another one.
  std::string standard_version(const std::string& model, const KnownModel* known) const
  {
    if (known == nullptr) {
      return {};
    }
    if (const auto release = catalogue_.releases.find(file_.release);
        release != catalogue_.releases.end() && release->second.contains(model)) {
      return release->second.at(model);
    }
    return known->version;
  }

  void read_identity(const Node& node, const KnownModel* known, ModelRequest& request)
  {
    auto& model = request.model;
    model.type = config::text_or(node, "type", known != nullptr ? known->type : "");
    model.version = config::text_or(node, "version", standard_version(node.key, known));
    model.name = known != nullptr ? known->name : model.type;
    model.drains = request.worker == WorkerKind::pecan;
    for (const std::string_view key : {"type", "version"}) {
      const auto& text = key == "type" ? model.type : model.version;
      if (node.find(key) == nullptr && text.empty()) {
        diagnostics_.add(node.key_position, fmt::format("models.{} needs a `{}`", node.key, key),
                         "the catalogue does not know this model");
      }
      check_tag(node, key, text);
    }
    const auto longest = config::find_duration(node, "max_runtime").value_or(model.max_runtime);
    if (longest < std::chrono::seconds{1} || longest > std::chrono::hours{24 * 49}) {
      report(node, "max_runtime", "`max_runtime` must be between 1s and 49d");
    }
    model.max_runtime = longest;
  }

  void read_image(const Node& node, const KnownModel* known, ModelRequest& request)
  {
    const auto build = config::find_text(node, "build");
    const auto version = lower(request.model.version);
    auto& image = request.image;
    image.reference = config::text_or(node, "image");
    if (image.reference.empty() && known != nullptr) {
      image.reference = at_registry(
          file_,
          replace_all(replace_all(known->image, "{version}", version), "{release}", file_.release));
      image.context = known->context;
    }
    if (build) {
      image.context = read_build(node, *build);
      image.reference = image.reference.empty()
                            ? fmt::format("pecanctl/model-{}:{}", node.key, version)
                            : image.reference;
    }
    image.own_reference = image.context.empty() ? std::string{} : image.reference;
  }

  std::string read_build(const Node& node, const std::string& text)
  {
    if (!stack::is_git_context(text)) {
      return absolute(text).string();
    }
    try {
      stack::parse_git_context(text);
    } catch (const Error& error) {
      report(node, "build", error.info().why, error.info().hint);
    }
    return text;
  }

  const Node& root_;
  const Catalogue& catalogue_;
  config::Diagnostics& diagnostics_;
  InstanceFile file_;
};

}  // namespace

InstanceFile parse_instance_file(std::string_view text, const fs::path& path,
                                 const config::Lookup& lookup, const Catalogue& catalogue)
{
  config::Diagnostics diagnostics{path.filename().string(), text};
  auto root = config::parse_document(text, diagnostics);
  config::expand_variables(root, lookup, diagnostics);
  instance_schema().check(root, diagnostics);
  instance_schema().fill_defaults(root);
  auto file = Reader{root, path, catalogue, diagnostics}.read();
  diagnostics.throw_if_any();
  return file;
}

std::string at_registry(const InstanceFile& file, const std::string& reference)
{
  const bool is_pecans = reference.starts_with("pecan/");
  return is_pecans && !file.registry.empty() ? file.registry + "/" + reference : reference;
}

InstanceSource load_instance_source(const fs::path& path)
{
  static_assert(k_longest_instance_file == config::Limits{}.bytes + 1);
  return {.path = fs::absolute(path).lexically_normal(),
          .text = read_file(path, k_longest_instance_file)};
}

InstanceFile load_instance_file(const fs::path& path, const config::Lookup& lookup,
                                const Catalogue& catalogue)
{
  const auto source = load_instance_source(path);
  return parse_instance_file(source.text, source.path, lookup, catalogue);
}

std::optional<fs::path> find_instance_file(const fs::path& start)
{
  for (auto folder = fs::absolute(start).lexically_normal();; folder = folder.parent_path()) {
    const auto candidate = folder / "pecan.yml";
    std::error_code ignored;
    if (fs::is_regular_file(candidate, ignored)) {
      return candidate;
    }
    if (folder == folder.parent_path()) {
      return std::nullopt;
    }
  }
}

}  // namespace pecanctl::project
