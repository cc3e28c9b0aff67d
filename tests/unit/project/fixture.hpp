// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>

#include "core/project/catalogue.hpp"
#include "core/project/instance_file.hpp"
#include "core/project/secrets.hpp"

namespace pecanctl::test {

inline project::Catalogue catalogue()
{
  return project::load_catalogue(PECANCTL_TEMPLATES);
}

/// No variable is set.
inline std::optional<std::string> no_variables(std::string_view /*name*/)
{
  return std::nullopt;
}

inline project::InstanceFile parse(const std::string& text)
{
  return project::parse_instance_file(text, "/srv/demo/pecan.yml", no_variables, catalogue());
}

/// What every valid file starts with.
inline const std::string k_head = "pecan: 1.8.0\nname: demo\nprofile: core\n";

inline project::Secrets secrets()
{
  return {.owner = "11111111-2222-4333-8444-555555555555",
          .postgres = Secret{"canary-postgres"},
          .rabbitmq = Secret{"canary-rabbitmq"},
          .bety = Secret{"canary-bety"},
          .bety_key = Secret{"canary-key"},
          .admin = Secret{"canary-admin"},
          .rstudio = Secret{"canary-rstudio"}};
}

}  // namespace pecanctl::test
