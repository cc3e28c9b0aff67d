// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>
#include <vector>

#include "core/replication/stage.hpp"

namespace pecanctl::replication {

/// What to do with rows that this database must not have.
enum class Policy {
  strict,      ///< refuse the whole dump
  quarantine,  ///< hold them back, with the reason, and take the rest
  compat,      ///< take rows without their parents, as load.bety.sh does
};

/// How rows are written decides what can be in their way.
struct CheckMode {
  Policy policy = Policy::quarantine;
  /// Rows to be removed and replaced are gone before others come, so that their keys are free.
  bool removes_first = true;
  IdBlock block = {};
};

/// Adds what BETY's tables refer to without a foreign key: dbfiles to inputs, models and
/// posteriors.
void add_loose_references(Catalogue& catalogue);

/// Makes the temporary table for rows that are held back, in the open transaction.
void make_held_table(Session& session);

/// Looks at all staged rows at once, in sets. Rows that break a NOT NULL, a check, a unique key, a
/// range of `variables` or a foreign key leave the stage for the temporary table `pecanctl_held`
/// (table_name, id, reason, content); rows to be removed that others need stay. Repeated until
/// nothing changes, since one row's fate decides another's.
void check_stage(Session& session, Stage& stage, const CheckMode& mode);

}  // namespace pecanctl::replication
