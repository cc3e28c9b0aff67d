// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/project/secrets.hpp"

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <optional>
#include <system_error>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/fd.hpp"
#include "core/base/text.hpp"

namespace pecanctl::project {
namespace fs = std::filesystem;

namespace {

constexpr std::size_t k_longest_secret = 4096;  // bytes

bool is_uuid(std::string_view text)
{
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool is_dash = i == 8 || i == 13 || i == 18 || i == 23;
    const auto letter = static_cast<unsigned char>(text[i]);
    if (is_dash ? letter != '-' : std::isxdigit(letter) == 0) {
      return false;
    }
  }
  return text.size() == 36;
}

// Reads one secret after the other and collects what is wrong with them.
class SecretReader {
 public:
  SecretReader(const InstanceFile& file, const config::Lookup& lookup)
      : file_{file},
        lookup_{lookup}
  {
    std::error_code ignored;
    if (fs::is_symlink(file.secrets_folder(), ignored)) {
      report(file.secrets_folder(), "is a symbolic link", "put the folder itself there");
    }
  }

  Secret read(std::string_view name)
  {
    const auto found = file_.secrets.find(std::string{name});
    if (found == file_.secrets.end()) {
      return read_file(file_.secrets_folder() / name);
    }
    return read(found->second);
  }

  Secret read(const SecretReference& reference)
  {
    return reference.variable.empty() ? read_file(reference.file)
                                      : read_variable(reference.variable);
  }

  // One that need not be there: then it is empty.
  Secret read_optional(std::string_view name)
  {
    const auto path = file_.secrets_folder() / name;
    std::error_code ignored;
    const auto type = fs::symlink_status(path, ignored).type();
    return type == fs::file_type::not_found ? Secret{} : read_file(path);
  }

  std::string read_identity()
  {
    const auto path = file_.secrets_folder() / k_identity_name;
    auto text = read_file(path).reveal();
    if (!text.empty() && !is_uuid(text)) {
      report(path, "is no UUID", "put back the one from a backup: what runs belongs to it");
    }
    return text;
  }

  void throw_if_any()
  {
    if (!mistakes_.empty()) {
      throw Error{{.code = ErrorCode::invalid,
                   .what = "cannot use the secrets of this instance",
                   .why = mistakes_.size() == 1 ? "1 mistake"
                                                : fmt::format("{} mistakes", mistakes_.size()),
                   .diagnostics = std::move(mistakes_)}};
    }
  }

 private:
  void report(const fs::path& path, std::string message, std::string hint)
  {
    mistakes_.push_back(
        {.file = shown(path), .message = std::move(message), .hint = std::move(hint)});
  }

  // As the operator would type it, standing beside pecan.yml.
  std::string shown(const fs::path& path) const
  {
    const auto relative = path.lexically_relative(file_.folder());
    return relative.empty() || *relative.begin() == ".." ? path.string() : relative.string();
  }

  Secret read_variable(const std::string& variable)
  {
    const auto value = lookup_(variable);
    if (!value || value->empty()) {
      report(file_.path, fmt::format("{} is not set, and a secret is to come from it", variable),
             fmt::format("set {}", variable));
    }
    return Secret{value.value_or(std::string{})};
  }

  Secret read_file(const fs::path& path)
  {
    // O_NONBLOCK: a pipe in its place must not hold us up.
    const Fd fd{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)};
    if (!fd) {
      report_unopened(path, errno);
      return {};
    }

    struct stat status {};

    if (::fstat(fd.get(), &status) != 0 || !S_ISREG(status.st_mode)) {
      report(path, "is not a file", "put a file there, mode 0600");
      return {};
    }
    if ((status.st_mode & 0077U) != 0) {
      report(path,
             fmt::format("others than its owner may use it (mode {:04o})", status.st_mode & 07777U),
             fmt::format("chmod 600 {}", shown(path)));
      return {};
    }
    return check_text(path, read_text(fd.get()));
  }

  static std::string read_text(int fd)
  {
    std::string text(k_longest_secret + 1, '\0');
    std::size_t size = 0;
    for (;;) {
      const auto got = ::read(fd, text.data() + size, text.size() - size);
      if (got < 0 && errno != EINTR) {
        throw system_error("cannot read a secret", errno);
      }
      size += got > 0 ? static_cast<std::size_t>(got) : 0;
      if (got == 0 || size == text.size()) {
        text.resize(size);
        return text;
      }
    }
  }

  Secret check_text(const fs::path& path, std::string_view text)
  {
    const auto secret = trim(text);
    if (secret.empty()) {
      report(path, "is empty", "put a secret in it, or remove it and run: pecanctl init");
    } else if (text.size() > k_longest_secret) {
      report(path, fmt::format("is larger than {}", format_size(k_longest_secret)),
             "a secret is one line");
    } else if (std::ranges::any_of(
                   secret, [](unsigned char letter) { return std::iscntrl(letter) != 0; })) {
      report(path, "holds control characters or more than one line", "a secret is one line");
    }
    return Secret{std::string{secret}};
  }

  void report_unopened(const fs::path& path, int errno_value)
  {
    if (errno_value == ENOENT) {
      report(path, "is missing", "run: pecanctl init");
    } else if (errno_value == ELOOP) {
      report(path, "is a symbolic link", "put the file itself there");
    } else {
      report(path, fmt::format("cannot be read: {}", std::generic_category().message(errno_value)),
             {});
    }
  }

  const InstanceFile& file_;
  const config::Lookup& lookup_;
  std::vector<Diagnostic> mistakes_;
};

}  // namespace

std::vector<std::string> secret_names(std::string_view profile)
{
  std::vector<std::string> names{k_secret_names.begin(), k_secret_names.end()};
  if (profile == "full") {
    names.insert(names.end(), k_web_secret_names.begin(), k_web_secret_names.end());
  }
  return names;
}

Secrets load_secrets(const InstanceFile& file, const config::Lookup& lookup)
{
  SecretReader reader{file, lookup};
  Secrets secrets{.owner = reader.read_identity(),
                  .postgres = reader.read("postgres"),
                  .rabbitmq = reader.read("rabbitmq"),
                  .bety = reader.read("bety")};
  if (file.profile == "full") {
    secrets.bety_key = reader.read("bety_key");
    secrets.admin = reader.read("admin");
    secrets.rstudio = reader.read("rstudio");
  }
  reader.throw_if_any();
  return secrets;
}

SiteSecrets find_site_secrets(const InstanceFile& file)
{
  const config::Lookup no_variables;
  SecretReader reader{file, no_variables};
  SiteSecrets secrets{.key = reader.read_optional(k_site_key_name),
                      .token = reader.read_optional(k_site_token_name)};
  reader.throw_if_any();
  return secrets;
}

std::map<std::int64_t, Secret> load_peer_tokens(const InstanceFile& file,
                                                const config::Lookup& lookup)
{
  SecretReader reader{file, lookup};
  std::map<std::int64_t, Secret> tokens;
  for (const auto& [site, reference] : file.sync.tokens) {
    tokens.emplace(site, reader.read(reference));
  }
  reader.throw_if_any();
  return tokens;
}

void write_secret(const InstanceFile& file, std::string_view name, const Secret& secret)
{
  write_file_atomically(file.secrets_folder() / name, secret.reveal() + '\n', 0600);
}

}  // namespace pecanctl::project
