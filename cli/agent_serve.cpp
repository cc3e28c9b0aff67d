// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "cli/agent_serve.hpp"

#include <fmt/format.h>

#include "cli/connections_serve.hpp"
#include "cli/context.hpp"

namespace pecanctl::cli {
namespace {

class ServeDuty : public Duty {
 public:
  explicit ServeDuty(const DutyBench& bench)
  {
    const auto& file = bench.context.file();
    if (!file.publish.listen.empty()) {
      std::string url;
      server_ = serve_published(file, file.publish.listen, url);
      note(bench.reporter, fmt::format("serves {} at {}", file.publish.folder.string(), url));
    }
  }

  bool pass() override { return false; }

 private:
  std::shared_ptr<http::FileServer> server_;
};

}  // namespace

std::unique_ptr<Duty> make_serve_duty(const DutyBench& bench)
{
  return std::make_unique<ServeDuty>(bench);
}

}  // namespace pecanctl::cli
