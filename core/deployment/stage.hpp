// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "core/base/report.hpp"

namespace pecanctl::deployment {

/// Something that is done to several services at once, until this leaves scope: a step for each of
/// them, so that those who watch know what takes its time.
class Stage {
 public:
  Stage(Reporter& reporter, const std::set<std::string>& services, const std::string& action)
  {
    for (const auto& name : services) {
      steps_.push_back(std::make_unique<Step>(
          reporter, StepStarted{.id = name + " containers", .group = name, .action = action}));
    }
  }

 private:
  std::vector<std::unique_ptr<Step>> steps_;
};

}  // namespace pecanctl::deployment
