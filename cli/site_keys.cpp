// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "cli/site_keys.hpp"

#include <memory>
#include <mutex>

#include <fmt/format.h>

#include "cli/context.hpp"
#include "core/registration/register_site.hpp"

namespace pecanctl::cli {
namespace {

std::string find_registered_key(Context& context, std::int64_t site)
{
  constexpr std::chrono::seconds k_consul_wait{10};
  try {
    const auto client = context.consul({});
    const auto claim =
        registration::find_claim(*client, site, Deadline::in(k_consul_wait), context.stop());
    return claim ? claim->key : std::string{};
  } catch (const Error& error) {
    debug(context.reporter(),
          fmt::format("the key of site {} is not known: {}", site, error.what()));
  } catch (const Cancelled&) {  // NOLINT(bugprone-empty-catch): whoever started this looks
  }
  return {};
}

}  // namespace

replication::FindKey make_find_key(Context& context)
{
  if (!context.has_file()) {
    return {};
  }
  auto mutex = std::make_shared<std::mutex>();  // sites are asked for from several threads
  return [&context, mutex](std::int64_t site) {
    const std::scoped_lock lock{*mutex};
    return find_registered_key(context, site);
  };
}

}  // namespace pecanctl::cli
