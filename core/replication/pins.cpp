// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/replication/pins.hpp"

#include <charconv>

namespace pecanctl::replication {

exchange::Pin find_pin(Session& session, std::int64_t site)
{
  exchange::Pin pin{.site = site, .may_be_unsigned = true};
  if (session.ask("SELECT to_regclass('pecanctl.site_keys')").empty()) {
    return pin;
  }
  const auto rows = session.query(
      "SELECT key, serial FROM pecanctl.site_keys WHERE site = $1::bigint", {std::to_string(site)});
  if (!rows.empty()) {
    pin.key = rows.front()[0].value_or(std::string{});
    const auto serial = rows.front()[1].value_or(std::string{});
    std::from_chars(serial.data(), serial.data() + serial.size(), pin.serial);
    pin.may_be_unsigned = false;
  }
  return pin;
}

void write_pin(Session& session, const exchange::Pin& pin)
{
  if (pin.key.empty()) {
    session.query("DELETE FROM pecanctl.site_keys WHERE site = $1::bigint",
                  {std::to_string(pin.site)});
    return;
  }
  session.query(
      "INSERT INTO pecanctl.site_keys (site, key, serial) VALUES ($1::bigint, $2, $3::bigint) ON "
      "CONFLICT (site) DO UPDATE SET key = excluded.key, serial = excluded.serial, since = CASE "
      "WHEN "
      "site_keys.key = excluded.key THEN site_keys.since ELSE excluded.since END",
      {std::to_string(pin.site), pin.key, std::to_string(pin.serial)});
}

}  // namespace pecanctl::replication
