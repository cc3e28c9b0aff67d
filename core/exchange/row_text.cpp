// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/exchange/row_text.hpp"

namespace pecanctl::exchange {

std::string quote_name(std::string_view name)
{
  std::string quoted{"\""};
  for (const char letter : name) {
    quoted.append(letter == '"' ? 2U : 1U, letter);
  }
  return quoted + '"';
}

}  // namespace pecanctl::exchange
