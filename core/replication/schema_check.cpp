// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/replication/schema_check.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/base/error.hpp"
#include "core/base/text.hpp"
#include "core/replication/dialect.hpp"
#include "core/replication/shape.hpp"

namespace pecanctl::replication {
namespace {

[[noreturn]] void refuse_dump(std::string why, std::string hint = {})
{
  throw Error{{.code = ErrorCode::invalid,
               .what = "cannot use the dump",
               .why = std::move(why),
               .hint = std::move(hint)}};
}

// Collects the differences.
class SchemaChecker {
 public:
  SchemaChecker(const Unpacked& dump, const Catalogue& catalogue, const SchemaTolerance& tolerance)
      : dump_{dump},
        catalogue_{catalogue},
        tolerance_{tolerance}
  {
  }

  std::vector<std::string> run()
  {
    check_migrations();
    check_members();
    return std::move(notes_);
  }

 private:
  // Equal migrations are enough; else columns must be told apart by name.
  void check_migrations()
  {
    if (catalogue_.schema.md5 == dump_.schema_md5) {
      return;
    }
    if (!tolerance_.allows_drift) {
      refuse_dump(compare_schemas(catalogue_.schema, dump_schema()),
                  "bring both to the same BETY release, or match columns by name with "
                  "--allow-drift");
    }
    notes_.push_back(compare_schemas(catalogue_.schema, dump_schema()));
  }

  SchemaVersion dump_schema()
  {
    SchemaVersion version{.md5 = dump_.schema_md5};
    if (!dump_.spool.has("schema_migrations.csv")) {
      return version;
    }
    std::vector<std::string> missing;
    RowReader reader{dump_.spool.open("schema_migrations.csv")};
    while (const auto row = reader.next()) {
      const std::string number{row->text.substr(0, 40)};
      ++version.migrations;
      const bool is_later = number.size() == version.latest.size()
                                ? number > version.latest
                                : number.size() > version.latest.size();
      version.latest = is_later ? escape_control(number) : version.latest;
      if (std::ranges::find(catalogue_.migrations, number) == catalogue_.migrations.end()) {
        missing.push_back(escape_control(number));
      }
    }
    if (!missing.empty()) {
      notes_.push_back(
          fmt::format("migrations that only the dump has: {}", fmt::join(missing, ", ")));
      version.latest += fmt::format(" (missing here: {})", fmt::join(missing, ", "));
    }
    return version;
  }

  void check_members()
  {
    std::vector<std::string> obstacles;
    std::vector<std::string> differences;
    for (const auto& [name, table] : catalogue_.tables) {
      const bool has_columns = dump_.schema.tables.contains(name);
      if (!dump_.spool.has(name + ".csv")) {
        differences.push_back(fmt::format("the dump has no {}.csv", name));
      } else if (!has_columns) {
        obstacles.push_back(fmt::format("its schema does not say what {}.csv has", name));
      } else {
        const Shape shape{table, dump_.schema.tables.at(name), tolerance_.is_trusted};
        std::ranges::copy(shape.obstacles(), std::back_inserter(obstacles));
        std::ranges::copy(shape.differences(), std::back_inserter(differences));
      }
    }
    for (const auto& [name, size] : dump_.spool.sizes()) {
      const auto stem = name.substr(0, name.rfind('.'));
      if (name.ends_with(".csv") && stem != "schema_migrations" &&
          !catalogue_.tables.contains(stem)) {
        differences.push_back(fmt::format("this database has no table {}", stem));
      }
    }
    if (!obstacles.empty() || (!differences.empty() && !tolerance_.allows_drift)) {
      std::ranges::copy(differences, std::back_inserter(obstacles));
      constexpr std::size_t k_shown = 5;
      const auto count = obstacles.size();
      obstacles.resize(std::min(count, k_shown));
      refuse_dump(fmt::format("{}{}", fmt::join(obstacles, "; "),
                              count > k_shown ? fmt::format("; and {} more", count - k_shown) : ""),
                  "ask the site for a whole dump of the same BETY release");
    }
    std::ranges::copy(differences, std::back_inserter(notes_));
  }

  const Unpacked& dump_;
  const Catalogue& catalogue_;
  const SchemaTolerance& tolerance_;
  std::vector<std::string> notes_;
};

}  // namespace

std::vector<std::string> check_dump_schema(const Unpacked& dump, const Catalogue& catalogue,
                                           const SchemaTolerance& tolerance)
{
  return SchemaChecker{dump, catalogue, tolerance}.run();
}

}  // namespace pecanctl::replication
