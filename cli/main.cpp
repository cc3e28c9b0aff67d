// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include <fcntl.h>
#include <unistd.h>

#include "cli/app.hpp"
#include "cli/signals.hpp"

namespace {

// A standard stream that the caller closed must not become a socket or a lock file of ours, which
// would then get our messages.
void fill_standard_streams()
{
  int fd = 0;
  do {
    fd = ::open("/dev/null", O_RDWR);
  } while (fd >= STDIN_FILENO && fd <= STDERR_FILENO);
  if (fd >= 0) {
    ::close(fd);
  }
}

}  // namespace

int main(int argc, char** argv)
{
  fill_standard_streams();
  pecanctl::cli::Signals signals;
  return pecanctl::cli::run_app(argc, argv, signals);
}
