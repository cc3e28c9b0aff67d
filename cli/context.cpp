// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "cli/context.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pwd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdlib>

#include <fmt/format.h>

#include "core/base/text.hpp"
#include "core/consul/consul.hpp"
#include "core/docker/engine.hpp"
#include "core/engine/docker_backend.hpp"
#include "core/http/transport.hpp"
#include "core/project/make_stack.hpp"

namespace pecanctl::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view k_default_socket = "/var/run/docker.sock";
constexpr int k_consul_port = 8500;
constexpr std::chrono::seconds k_look{20};

std::string docker_socket()
{
  const auto host = find_variable("DOCKER_HOST").value_or("");
  if (host.empty()) {
    return std::string{k_default_socket};
  }
  constexpr std::string_view k_scheme = "unix://";
  if (!host.starts_with(k_scheme)) {
    throw Error{{.code = ErrorCode::usage,
                 .what = "cannot use DOCKER_HOST=" + host,
                 .why = "only unix:// addresses are supported",
                 .hint = "run pecanctl on that machine, or unset DOCKER_HOST"}};
  }
  return host.substr(k_scheme.size());
}

std::unique_ptr<consul::Client> make_consul_client(const std::string& address,
                                                   const std::string& token)
{
  http::Endpoint endpoint{.base_url = address};
  if (!token.empty()) {
    endpoint.headers.push_back({.name = "X-Consul-Token", .value = token});
  }
  return std::make_unique<consul::Client>(http::make_curl_transport(std::move(endpoint)));
}

}  // namespace

std::optional<std::string> find_variable(std::string_view name)
{
  const char* const value = std::getenv(std::string{name}.c_str());
  return value == nullptr ? std::nullopt : std::optional<std::string>{value};
}

Context::Context(GlobalOptions options, std::string command_line, Reporter& reporter,
                 output::Printer& printer, std::stop_token stop)
    : options_{std::move(options)},
      command_line_{std::move(command_line)},
      reporter_{reporter},
      printer_{printer},
      stop_{std::move(stop)}
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

std::optional<fs::path> Context::find_path() const
{
  const fs::path folder =
      options_.directory.empty() ? fs::current_path() : fs::absolute(options_.directory);
  auto file = options_.file.empty() ? find_variable("PECANCTL_FILE").value_or("") : options_.file;
  if (!file.empty()) {
    return fs::weakly_canonical(folder / file);
  }
  if (!options_.directory.empty()) {
    return fs::exists(folder / "pecan.yml")
               ? std::optional{fs::weakly_canonical(folder / "pecan.yml")}
               : std::nullopt;
  }
  return project::find_instance_file(folder);
}

bool Context::has_file()
{
  return file_ != nullptr || find_path().has_value();
}

const project::InstanceFile& Context::file()
{
  if (!file_) {
    auto path = find_path();
    if (!path && !options_.instance.empty()) {
      // Every container remembers the file it was deployed from.
      const auto observed =
          backend().observe({.instance = options_.instance}, look_deadline(), stop_);
      for (const auto& replica : observed.replicas) {
        if (!replica.file.empty() && fs::exists(replica.file)) {
          path = replica.file;
        }
      }
    }
    if (!path) {
      const auto where = options_.directory.empty()
                             ? fs::current_path().string() + " or above it"
                             : fs::absolute(options_.directory).lexically_normal().string();
      throw Error{{.code = ErrorCode::not_found,
                   .what = "cannot find pecan.yml",
                   .why = fmt::format("there is none in {}", where),
                   .hint = "make one with `pecanctl init`, or name its folder with -C DIR"}};
    }
    debug(reporter_, fmt::format("using {}", path->string()));
    file_ = std::make_unique<project::InstanceFile>(
        project::load_instance_file(*path, find_variable, catalogue()));
    printer_.set_instance(options_.instance.empty() ? file_->name : options_.instance);
  }
  return *file_;
}

const project::Secrets& Context::secrets()
{
  if (!secrets_) {
    secrets_ = std::make_unique<project::Secrets>(project::load_secrets(file(), find_variable));
    for (const auto* secret : {&secrets_->postgres, &secrets_->rabbitmq, &secrets_->bety}) {
      printer_.redactor().add(*secret);
    }
  }
  return *secrets_;
}

const stack::Stack& Context::stack()
{
  if (!stack_) {
    stack_ = std::make_unique<stack::Stack>(
        project::make_stack(file(), catalogue(), secrets(), project::find_data_owner(file())));
    stack_->name = instance_name();
  }
  return *stack_;
}

std::string Context::instance_name()
{
  auto name = options_.instance.empty() ? find_variable("PECANCTL_INSTANCE").value_or("")
                                        : options_.instance;
  if (name.empty()) {
    name = file().name;
  }
  if (!stack::is_valid_name(name)) {
    throw Error{
        {.code = ErrorCode::usage,
         .what = fmt::format("cannot use instance name '{}'", name),
         .why = "a name has 2 to 32 letters of a-z, 0-9 and '-', and starts with a letter"}};
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

docker::Engine& Context::docker()
{
  if (!docker_) {
    docker_ = std::make_unique<docker::Engine>(
        http::make_curl_transport({.unix_socket = docker_socket(), .base_url = "http://docker"}));
  }
  return *docker_;
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
    services_ = std::make_unique<Connections>(
        identity(),
        Connections::Credentials{.postgres = secrets().postgres, .rabbitmq = secrets().rabbitmq},
        backend());
  }
  return *services_;
}

std::optional<deployment::Index::Connect> Context::find_consul()
{
  auto address = find_variable("CONSUL_HTTP_ADDR").value_or("");
  if (address.empty() && has_file()) {
    address = file().consul_address;
  }
  if (address.empty()) {
    const engine::Identity machine{.instance = "pecanctl", .owner = "machine"};
    const auto observed = backend().observe(machine, look_deadline(), stop_);
    const auto port = observed.find_port("consul", k_consul_port);
    if (!port) {
      return std::nullopt;
    }
    address = fmt::format("http://127.0.0.1:{}", port->host_port);
  }
  if (address.find("://") == std::string::npos) {
    address = "http://" + address;
  }
  const auto token = find_variable("CONSUL_HTTP_TOKEN").value_or("");
  printer_.redactor().add(Secret{token});
  return [address, token] { return make_consul_client(address, token); };
}

std::unique_ptr<deployment::Index> Context::index()
{
  const auto connect = find_consul();
  if (!connect) {
    throw Error{{.code = ErrorCode::unreachable,
                 .what = "cannot reach Consul",
                 .why = "this machine's Consul container does not run",
                 .hint = "start it: pecanctl deploy"}};
  }
  auto index = std::make_unique<deployment::Index>(*connect, instance_name());
  index->acquire(holder(), look_deadline(), stop_);
  return index;
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

std::string Context::user_name() const
{
  if (const auto sudo = find_variable("SUDO_USER")) {
    return *sudo;
  }
  const auto* entry = ::getpwuid(::geteuid());
  return entry != nullptr ? entry->pw_name : std::to_string(::geteuid());
}

deployment::Holder Context::holder() const
{
  std::array<char, 256> host{};
  ::gethostname(host.data(), host.size() - 1);
  return {.host = host.data(),
          .pid = ::getpid(),
          .user = user_name(),
          .command = command_line_,
          .since = format_time(std::chrono::system_clock::now())};
}

std::unique_ptr<deployment::InstanceLock> Context::lock(const std::string& name)
{
  return std::make_unique<deployment::InstanceLock>(deployment::lock_folder(), name, holder(),
                                                    options_.lock_wait, reporter_, stop_);
}

std::string Context::machine_address() const
{
  // Connecting a datagram socket sends nothing; it only asks the kernel which address would be
  // used.
  const Fd fd{::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
  sockaddr_in peer{};
  peer.sin_family = AF_INET;
  peer.sin_port = htons(9);
  ::inet_pton(AF_INET, "192.0.2.1", &peer.sin_addr);  // TEST-NET-1: routed, never answered
  sockaddr_in own{};
  socklen_t size = sizeof own;
  std::array<char, INET_ADDRSTRLEN> text{"127.0.0.1"};
  if (fd && ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&peer), sizeof peer) == 0 &&
      ::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&own), &size) == 0) {
    ::inet_ntop(AF_INET, &own.sin_addr, text.data(), text.size());
  }
  return text.data();
}

}  // namespace pecanctl::cli
