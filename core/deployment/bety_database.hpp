// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/secret.hpp"
#include "core/postgres/database.hpp"

/// What a deploy asks of BETY's database, and does to it. Each function is one statement or one
/// transaction of the caller.
namespace pecanctl::deployment {

/// Whether BETY's tables are there and its migrations are recorded.
bool has_bety_tables(postgres::Transaction& transaction);
/// The mark of a load that is under way: a role that may not log in. It outlives the database that
/// is dropped.
inline constexpr std::string_view k_load_mark = "pecanctl_loading";

/// The same, and no load under way.
bool has_bety(postgres::Transaction& transaction, std::string_view mark = k_load_mark);
/// Whether a load that we began did not come to its end: whatever is in the database is ours.
bool is_load_unfinished(postgres::Transaction& transaction, std::string_view mark = k_load_mark);
/// Marks the server as being loaded, or takes the mark away.
void mark_load(postgres::Transaction& transaction, bool is_under_way,
               std::string_view mark = k_load_mark);
/// Tables of the database, in all its schemas, that have rows, with their number of rows: "users
/// (3), sites (812)"; empty: none. Tables of extensions do not count.
std::string describe_rows(postgres::Transaction& transaction);
/// Gives the role `bety`, which exists, its password.
void set_bety_password(postgres::Transaction& transaction, const Secret& password);

/// Which version the tables were migrated to last, as remember_migration left it; empty: none of
/// ours yet.
std::string migrated_version(postgres::Transaction& transaction);
void remember_migration(postgres::Transaction& transaction, const std::string& version);

/// Number of sequences of ids whose next one is not in the range of site `site`.
int count_stray_sequences(postgres::Transaction& transaction, std::int64_t site);
/// Moves those into it, behind what is there; never backwards in it. Source: BETY's
/// load.bety.sh, ids of site N are N * 10^9 + 1 to (N + 1) * 10^9 - 1.
void move_sequences(postgres::Transaction& transaction, std::int64_t site);

/// A user of BETY. Levels: data 1 restricted to 4 public; pages 1 administrator to 4 viewer.
struct BetyUser {
  std::string login = {};
  std::string name = {};
  std::string email = {};
  Secret password = {};
  int access_level = 4;
  int page_access_level = 4;
};

bool has_user(postgres::Transaction& transaction, const std::string& login);
/// Adds it unless there is one of that login. `key` is BETY's SECRET_KEY_BASE.
void add_user(postgres::Transaction& transaction, const BetyUser& user, const Secret& key);

/// Whether inputs are registered on `host`.
bool has_inputs(postgres::Transaction& transaction, const std::string& host);

}  // namespace pecanctl::deployment
