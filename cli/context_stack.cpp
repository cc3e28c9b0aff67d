// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
// The instance as its file wants it, and what of that depends on the machine.
#include <system_error>

#include "cli/context.hpp"
#include "core/base/fd.hpp"

namespace pecanctl::cli {
namespace {

constexpr std::size_t k_longest_text = std::size_t{1} << 20U;  // of config.php, certificates

}  // namespace

void Context::use_text(std::string text)
{
  source_ = std::make_unique<project::InstanceSource>(
      project::InstanceSource{.path = source().path, .text = std::move(text)});
  file_.reset();
  secrets_.reset();
  stack_.reset();
}

std::filesystem::path Context::config_php_path()
{
  return file().folder() / "config.php";
}

project::Machine Context::machine()
{
  project::Machine machine{.user = project::find_data_owner(file()), .name = instance_name()};
  if (file().profile != "full") {
    return machine;
  }
  machine.host = host_name();
  std::error_code ignored;
  const auto socket = std::filesystem::weakly_canonical(docker_socket(), ignored);
  machine.engine_socket = ignored ? docker_socket() : socket.string();
  machine.config_php = find_file(config_php_path(), k_longest_text).value_or("");
  if (const auto& http = file().http; !http.certificate_file.empty()) {
    machine.certificate = Secret{read_file(http.certificate_file, k_longest_text)};
    machine.certificate_key = Secret{read_file(http.key_file, k_longest_text)};
  }
  return machine;
}

const stack::Stack& Context::stack()
{
  if (!stack_) {
    stack_ = std::make_unique<stack::Stack>(
        project::make_stack(file(), catalogue(), secrets(), machine()));
  }
  return *stack_;
}

}  // namespace pecanctl::cli
