// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "cli/context.hpp"

#include <csignal>
#include <cstdlib>

#include <fmt/format.h>

#include "cli/input.hpp"
#include "cli/settings.hpp"
#include "cli/signals.hpp"
#include "core/base/text.hpp"
#include "core/docker/engine.hpp"
#include "core/engine/docker_backend.hpp"
#include "core/engine/labels.hpp"
#include "core/http/transport.hpp"

namespace pecanctl::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::seconds k_look{20};
constexpr std::chrono::seconds k_read{10};

}  // namespace

std::optional<std::string> find_variable(std::string_view name)
{
  const char* const value = std::getenv(std::string{name}.c_str());
  return value == nullptr ? std::nullopt : std::optional<std::string>{value};
}

Context::Context(GlobalOptions options, std::string command_line, Reporter& reporter,
                 output::Printer& printer, std::stop_token stop, const Signals* signals)
    : options_{std::move(options)},
      command_line_{std::move(command_line)},
      reporter_{reporter},
      printer_{printer},
      stop_{std::move(stop)},
      signals_{signals}
{
}

Context::~Context() = default;

Deadline Context::deadline(std::chrono::milliseconds standard) const
{
  return Deadline::in(options_.timeout.count() > 0 ? options_.timeout : standard);
}

Deadline Context::look_deadline() const
{
  return deadline(k_look).sooner(k_look);
}

fs::path Context::templates() const
{
  if (const auto set = find_variable("PECANCTL_TEMPLATES")) {
    return fs::absolute(*set);
  }
  const auto folder = fs::read_symlink("/proc/self/exe").parent_path();
  const auto beside = folder / "share" / "pecanctl";
  return fs::exists(beside) ? beside : folder.parent_path() / "share" / "pecanctl";
}

const project::Catalogue& Context::catalogue()
{
  if (!catalogue_) {
    catalogue_ = std::make_unique<project::Catalogue>(project::load_catalogue(templates()));
  }
  return *catalogue_;
}

fs::path Context::folder() const
{
  std::error_code error;
  auto folder = options_.directory.empty() ? fs::current_path(error)
                                           : fs::absolute(options_.directory, error);
  if (error) {
    throw Error{{.code = ErrorCode::not_found,
                 .what = "cannot look for pecan.yml",
                 .why = "the current folder was removed",
                 .hint = "go to another one (cd), or name it with -C DIR"}};
  }
  return folder;
}

std::string Context::docker_socket() const
{
  constexpr std::string_view k_scheme = "unix://";
  const auto& setting = options_.settings.at("docker.host");
  const auto variable = find_variable("DOCKER_HOST").value_or("");
  refuse_conflict("Docker", setting, "DOCKER_HOST", variable);
  const auto host = setting.value.empty() ? variable : setting.value;
  if (host.empty()) {
    return std::string{k_default_socket};
  }
  if (!host.starts_with(k_scheme)) {
    const auto name = setting.value.empty() ? std::string{"DOCKER_HOST"} : setting.origin;
    throw Error{{.code = ErrorCode::usage,
                 .what = fmt::format("cannot use {}={}", name, host),
                 .why = "only unix:// addresses are supported",
                 .hint = fmt::format("run pecanctl on that machine, or unset {}", name)}};
  }
  return host.substr(k_scheme.size());
}

// Flag, variable, the folders above us, and what a configuration file names for all other places.
std::optional<fs::path> Context::find_path() const
{
  const auto& setting = options_.settings.at("file");
  const bool is_flag = setting.origin == "--file";
  if (!options_.file.empty() && (is_flag || options_.directory.empty())) {
    const auto path = folder() / options_.file;
    return options_.file == "-" ? std::optional{fs::path{"-"}}
           : is_streamed(path)  ? std::optional{path}
                                : std::optional{fs::weakly_canonical(path)};
  }
  if (!options_.directory.empty()) {
    return fs::exists(folder() / "pecan.yml")
               ? std::optional{fs::weakly_canonical(folder() / "pecan.yml")}
               : std::nullopt;
  }
  auto found = project::find_instance_file(folder());
  const bool is_named = setting.value.empty() || !options_.instance.empty();
  return found || is_named ? found : std::optional{fs::absolute(setting.value)};
}

bool Context::has_file()
{
  return file_ != nullptr || find_path().has_value();
}

// Every container remembers the file it was deployed from.
std::optional<fs::path> Context::find_recorded_path()
{
  if (options_.instance.empty()) {
    return std::nullopt;
  }
  const auto observed =
      backend().observe_containers({.instance = options_.instance}, look_deadline(), stop_);
  for (const auto& replica : observed.replicas) {
    std::error_code ignored;
    if (!replica.file.empty() && fs::exists(replica.file, ignored)) {
      return replica.file;
    }
  }
  return std::nullopt;
}

Error Context::missing_file() const
{
  const auto where = options_.directory.empty() ? fs::current_path().string() + " or above it"
                                                : folder().lexically_normal().string();
  return Error{{.code = ErrorCode::not_found,
                .what = "cannot find pecan.yml",
                .why = fmt::format("there is none in {}", where),
                .hint = "make one with `pecanctl init`, or name its folder with -C DIR"}};
}

const project::InstanceSource& Context::source()
{
  if (!source_) {
    const auto path = find_path();
    if (!path) {
      throw missing_file();
    }
    source_ = std::make_unique<project::InstanceSource>(read_source(*path));
  }
  return *source_;
}

project::InstanceSource Context::read_source(const fs::path& path)
{
  debug(reporter_, fmt::format("using {}", path.string()));
  if (!is_streamed(path)) {
    return project::load_instance_source(path);
  }
  // What comes out of a pipe belongs to the folder that we stand in.
  const auto name = path == "-" ? std::string{"<stdin>"} : path.filename().string();
  return {.path = (folder() / name).lexically_normal(),
          .text = read_streamed(path, project::k_longest_instance_file, deadline(k_read), stop_)};
}

const project::InstanceFile& Context::file()
{
  if (!file_) {
    if (!source_ && !find_path()) {
      if (const auto recorded = find_recorded_path()) {
        source_ = std::make_unique<project::InstanceSource>(read_source(*recorded));
      }
    }
    const auto& [path, text] = source();
    file_ = std::make_unique<project::InstanceFile>(
        project::parse_instance_file(text, path, find_variable, catalogue()));
    printer_.set_instance(options_.instance.empty() ? file_->name : options_.instance);
  }
  return *file_;
}

const project::Secrets& Context::secrets()
{
  if (!secrets_) {
    secrets_ = std::make_unique<project::Secrets>(project::load_secrets(file(), find_variable));
    for (const auto* secret : {&secrets_->postgres, &secrets_->rabbitmq, &secrets_->bety,
                               &secrets_->bety_key, &secrets_->admin, &secrets_->rstudio}) {
      printer_.redactor().add(*secret);
    }
  }
  return *secrets_;
}

std::string Context::instance_name()
{
  auto name = options_.instance;
  if (name.empty() && !has_file()) {
    name = options_.settings.at("instance").value;  // of a configuration file
  }
  if (name.empty()) {
    name = file().name;
  }
  if (!stack::is_valid_name(name)) {
    throw Error{{.code = ErrorCode::usage,
                 .what = fmt::format("cannot use instance name '{}'", name),
                 .why = "a name has 2 to 32 letters of a-z, 0-9 and '-', and starts with a letter",
                 .hint = "name an instance that `pecanctl status --all` lists"}};
  }
  return name;
}

engine::Identity Context::identity()
{
  if (has_file()) {
    return {.instance = instance_name(), .owner = secrets().owner};
  }
  const auto name = instance_name();
  std::vector<std::string> owners;
  for (const auto& found : backend().list_instances(look_deadline(), stop_)) {
    if (found.instance == name) {
      owners.push_back(found.owner);
    }
  }
  if (owners.empty()) {
    throw Error{{.code = ErrorCode::not_found,
                 .what = fmt::format("there is no instance {} on this machine", name),
                 .why = "nothing carries its label",
                 .hint = "pecanctl status --all lists the instances"}};
  }
  if (owners.size() > 1) {
    throw Error{{.code = ErrorCode::conflict,
                 .what = fmt::format("there are {} instances called {}", owners.size(), name),
                 .why = "their objects carry different identities",
                 .hint = "say which one with -C DIR, the folder of its pecan.yml"}};
  }
  return {.instance = name, .owner = owners.front()};
}

std::vector<std::string> Context::list_instance_names(const Deadline& deadline)
{
  const std::vector<std::string> labels{std::string{engine::label::k_instance}};
  std::vector<std::string> names;
  for (const auto& container : docker().list_containers(labels, deadline, stop_)) {
    names.push_back(container.labels.at(labels.front()));
  }
  return names;
}

void Context::leave_quietly(std::function<void()> restore) const
{
  if (signals_ != nullptr) {
    signals_->leave_quietly(std::move(restore));
  }
}

bool Context::is_interrupted() const
{
  return signals_ != nullptr && signals_->received() == SIGINT;
}

std::function<std::unique_ptr<docker::Engine>()> Context::docker_factory() const
{
  return [socket = docker_socket()] {
    return std::make_unique<docker::Engine>(
        http::make_curl_transport({.unix_socket = socket, .base_url = "http://docker"}));
  };
}

docker::Engine& Context::docker()
{
  if (!docker_) {
    docker_ = docker_factory()();
  }
  return *docker_;
}

std::string Context::docker_root()
{
  try {
    return docker().get_info(look_deadline(), stop_).root_dir;
  } catch (const Error&) {
    return {};
  }
}

engine::Backend& Context::backend()
{
  if (!backend_) {
    backend_ = engine::make_docker_backend(docker());
  }
  return *backend_;
}

engine::ImageStore& Context::images()
{
  if (!images_) {
    images_ = std::make_unique<engine::ImageStore>(docker(), reporter_);
  }
  return *images_;
}

Connections& Context::services()
{
  if (!services_) {
    services_ = std::make_unique<Connections>(identity(),
                                              Connections::Access{.postgres = secrets().postgres,
                                                                  .rabbitmq = secrets().rabbitmq,
                                                                  .externals = file().externals},
                                              backend());
  }
  return *services_;
}

std::string Context::consul_address()
{
  return explicit_consul().value;
}

std::unique_ptr<consul::Client> Context::consul(const std::string& hint)
{
  const auto connect = find_consul();
  if (!connect) {
    throw Error{{.code = ErrorCode::unreachable,
                 .what = "cannot reach Consul",
                 .why = "this machine's Consul container does not run",
                 .hint = hint}};
  }
  auto client = (*connect)();
  try {
    if (!client->has_leader(look_deadline(), stop_)) {
      throw Error{
          {.code = ErrorCode::unreachable, .what = "cannot use Consul", .why = "it has no leader"}};
    }
  } catch (const Error& error) {
    auto info = error.info();
    info.hint = hint;
    throw Error{std::move(info)};
  }
  return client;
}

std::string Context::host_name()
{
  auto name = file().host.empty() ? holder().host : file().host;
  if (!project::is_host_name(name)) {
    throw Error{{.code = ErrorCode::invalid,
                 .what = "cannot tell this machine's name",
                 .why = fmt::format("'{}' is none that BETY takes", escape_control(name)),
                 .hint = "write `http: {host: …}` in pecan.yml"}};
  }
  return name;
}

std::string Context::file_path() const
{
  return find_path().value_or(fs::path{}).string();
}

}  // namespace pecanctl::cli
