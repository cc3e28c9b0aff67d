// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>
#include <string_view>

/// What a model says of itself: PEcAn's model_info.json, in images /work/model.json.
namespace pecanctl::registration {

/// Larger ones are refused.
inline constexpr std::size_t k_largest_model_info = std::size_t{256} << 10U;  // bytes

struct ModelInfo {
  std::string name = {};     ///< BETY's models.model_name
  std::string type = {};     ///< BETY's modeltypes.name
  std::string version = {};  ///< BETY's models.revision
  std::string binary = {};   ///< absolute path in the worker
  std::string json = {};     ///< all of it, compact, keys in their order

  std::string queue() const { return type + "_" + version; }

  /// The two halves of `binary` as PEcAn's monitor writes them to BETY: Python's os.path.dirname
  /// and basename.
  std::string file_path() const;
  std::string file_name() const;
};

/// Reads and checks it: the four required fields, and what BETY, RabbitMQ and Consul want of them.
/// `source` is how messages call it.
/// @throws Error invalid with every mistake
ModelInfo parse_model_info(std::string_view text, const std::string& source);

}  // namespace pecanctl::registration
