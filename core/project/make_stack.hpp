// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "core/project/catalogue.hpp"
#include "core/project/instance_file.hpp"
#include "core/project/secrets.hpp"
#include "core/stack/stack.hpp"

namespace pecanctl::project {

/// Whom the workers run as, and who owns `/data`. The default is the one of PEcAn's own images.
struct UserId {
  int uid = 1001;
  int gid = 1001;
};

/// The owner of an existing data folder of the host; the default when there is none yet.
UserId find_data_owner(const InstanceFile& file);

/// The instance as wanted: the standard stack, changed as `file` says, with every secret in its
/// place. Pure.
stack::Stack make_stack(const InstanceFile& file, const Catalogue& catalogue,
                        const Secrets& secrets, const UserId& user = {});

}  // namespace pecanctl::project
