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

/// What an instance needs to know of where it runs.
struct Machine {
  UserId user = {};
  std::string name = {};           ///< of the instance, when it is not the file's
  std::string host = {};           ///< its name in BETY's machines; of the profile full only
  std::string engine_socket = {};  ///< path on the engine's machine; of the profile full only
  std::string config_php = {};     ///< the operator's config.php, empty: none yet
  Secret certificate = {};         ///< of `http.tls`
  Secret certificate_key = {};
};

/// The instance as wanted: the standard stack, changed as `file` says, with every secret in its
/// place. Pure.
/// @throws Error invalid when the operator's config.php has lost its marks.
stack::Stack make_stack(const InstanceFile& file, const Catalogue& catalogue,
                        const Secrets& secrets, const Machine& machine = {});

/// A service of the core as the standard stack and `file` have it, without files and secrets; also
/// one that runs elsewhere.
stack::Service make_standard_service(std::string_view name, const InstanceFile& file,
                                     const Catalogue& catalogue);

/// The job `name` of the catalogue ("load", "demo-data"), ready to run for that instance.
stack::Service make_job(std::string_view name, const InstanceFile& file, const Catalogue& catalogue,
                        const Secrets& secrets, const Machine& machine);

}  // namespace pecanctl::project
