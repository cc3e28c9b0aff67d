// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/project/secrets.hpp"

#include <doctest/doctest.h>

#include <sys/stat.h>

#include <filesystem>
#include <string>

#include "core/base/fd.hpp"
#include "tests/support/diagnostics.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/unit/project/fixture.hpp"

using namespace pecanctl;
namespace fs = std::filesystem;

namespace {

// An instance with good secrets, to be spoilt.
struct Instance {
  Instance()
  {
    file = test::parse(test::k_head);
    file.path = folder.path() / "pecan.yml";
    fs::create_directory(file.secrets_folder());
    write("instance", "11111111-2222-4333-8444-555555555555\n");
    for (const auto name : project::k_secret_names) {
      write(std::string{name}, "text of " + std::string{name} + "\n");
    }
  }

  void write(const std::string& name, const std::string& text, unsigned mode = 0600) const
  {
    write_file_atomically(file.secrets_folder() / name, text, mode);
  }

  project::Secrets load() const { return project::load_secrets(file, test::no_variables); }

  std::string mistakes() const
  {
    return test::diagnostics_of([&] { load(); });
  }

  test::TempDir folder;
  project::InstanceFile file;
};

}  // namespace

TEST_CASE("load_secrets: reads what init wrote, without the end of line")
{
  const Instance instance;
  const auto secrets = instance.load();
  CHECK(secrets.owner == "11111111-2222-4333-8444-555555555555");
  CHECK(secrets.postgres.reveal() == "text of postgres");
  CHECK(secrets.rabbitmq.reveal() == "text of rabbitmq");
  CHECK(secrets.bety.reveal() == "text of bety");
}

TEST_CASE("load_secrets: every bad file is named with the remedy")
{
  const Instance instance;
  instance.write("instance", "not a uuid\n");
  instance.write("postgres", "x\n", 0644);
  instance.write("rabbitmq", " \n");
  fs::remove(instance.file.secrets_folder() / "bety");
  CHECK(
      instance.mistakes() ==
      "secrets/instance:0:0: is no UUID | put back the one from a backup: what runs belongs to it\n"
      "secrets/postgres:0:0: others than its owner may use it (mode 0644) | chmod 600 "
      "secrets/postgres\n"
      "secrets/rabbitmq:0:0: is empty | put a secret in it, or remove it and run: pecanctl init\n"
      "secrets/bety:0:0: is missing | run: pecanctl init\n");
}

TEST_CASE("load_secrets: links, pipes, folders and large or binary files are refused")
{
  const Instance instance;
  const auto folder = instance.file.secrets_folder();
  fs::remove(folder / "postgres");
  fs::create_symlink(folder / "rabbitmq", folder / "postgres");
  fs::remove(folder / "bety");
  REQUIRE(::mkfifo((folder / "bety").c_str(), 0600) == 0);
  instance.write("rabbitmq", std::string(5000, 'x'));
  CHECK(instance.mistakes() ==
        "secrets/postgres:0:0: is a symbolic link | put the file itself there\n"
        "secrets/rabbitmq:0:0: is larger than 4.0 KiB | a secret is one line\n"
        "secrets/bety:0:0: is not a file | put a file there, mode 0600\n");
  instance.write("rabbitmq", "two\nlines\n");
  CHECK(instance.mistakes().find(
            "secrets/rabbitmq:0:0: holds control characters or more than one line") !=
        std::string::npos);
}

TEST_CASE("load_secrets: a folder that is a link is refused")
{
  const Instance instance;
  const auto folder = instance.file.secrets_folder();
  fs::rename(folder, instance.folder.path() / "real");
  fs::create_directory_symlink(instance.folder.path() / "real", folder);
  CHECK(instance.mistakes() == "secrets:0:0: is a symbolic link | put the folder itself there\n");
}

TEST_CASE("load_secrets: from another file or a variable, where pecan.yml says so")
{
  Instance instance;
  instance.write("elsewhere", "from a file\n");
  instance.file.secrets["postgres"] = {instance.file.secrets_folder() / "elsewhere", {}};
  instance.file.secrets["rabbitmq"] = {{}, "BROKER"};
  const auto look_up = [](std::string_view name) {
    return name == "BROKER" ? std::optional<std::string>{"from a variable"} : std::nullopt;
  };
  const auto secrets = project::load_secrets(instance.file, look_up);
  CHECK(secrets.postgres.reveal() == "from a file");
  CHECK(secrets.rabbitmq.reveal() == "from a variable");
  CHECK(instance.mistakes() ==
        "pecan.yml:0:0: BROKER is not set, and a secret is to come from it | set BROKER\n");
}

TEST_CASE("find_site_secrets: what is not there is empty, what is there obeys the rules of secrets")
{
  const Instance instance;
  CHECK(project::find_site_secrets(instance.file).key.is_empty());
  project::write_secret(instance.file, project::k_site_key_name, Secret{"canary"});
  const auto path = instance.file.secrets_folder() / project::k_site_key_name;
  CHECK((fs::status(path).permissions() & fs::perms::mask) ==
        (fs::perms::owner_read | fs::perms::owner_write));
  CHECK(project::find_site_secrets(instance.file).key == Secret{"canary"});
  CHECK(project::find_site_secrets(instance.file).token.is_empty());
  instance.write("site_key", "canary", 0644);
  CHECK(test::diagnostics_of([&] {
          project::find_site_secrets(instance.file);
        }).find("chmod 600 secrets/site_key") != std::string::npos);
}
