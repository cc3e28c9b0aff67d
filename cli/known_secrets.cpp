// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "cli/known_secrets.hpp"

#include <fmt/format.h>

#include "cli/context.hpp"

namespace pecanctl::cli {

Redactor make_redactor(Context& context)
{
  std::vector<Secret> words;
  for (const auto* const name : {"CONSUL_HTTP_TOKEN", "PGPASSWORD"}) {
    words.emplace_back(find_variable(name).value_or(""));
  }
  try {
    const auto& secrets = context.secrets();
    words.insert(words.end(), {secrets.postgres, secrets.rabbitmq, secrets.bety, secrets.bety_key,
                               secrets.admin, secrets.rstudio});
  } catch (const Error& error) {
    warn(context.reporter(),
         fmt::format("the secrets of this instance are not known, and not taken out of what "
                     "follows: {}",
                     error.what()));
  }
  return Redactor{words};
}

}  // namespace pecanctl::cli
