// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "core/replication/stage.hpp"

namespace pecanctl::replication {

/// Who we are decides how triggers are kept out.
enum class Power {
  replica,  ///< session_replication_role: no trigger fires
  owner,  ///< the tables' owner: user triggers are switched off until COMMIT, foreign keys stay on
};

/// What this role may do. Sets it for the open transaction.
/// @throws Error denied when it is neither: with what it lacks.
Power take_power(Session& session, const Catalogue& catalogue);

/// For the life of the open transaction dbfiles are taken without asking BETY's functions
/// get_input_ids() and the like, which read all ids for every single row; `check_stage` asks once
/// for all. Nobody else sees it. Nothing happens where they are not ours to replace.
class QuickDbfiles {
 public:
  explicit QuickDbfiles(Session& session);
  /// Puts the functions back as they were.
  void restore(Session& session);

 private:
  std::vector<std::string> definitions_;
};

/// Writes the stage: removes children first, adds parents first.
void write_stage(Session& session, const Catalogue& catalogue, Stage& stage, Power power);

}  // namespace pecanctl::replication
