// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "cli/app.hpp"
#include "cli/signals.hpp"

int main(int argc, char** argv)
{
  const pecanctl::cli::Signals signals;
  return pecanctl::cli::run_app(argc, argv, signals);
}
