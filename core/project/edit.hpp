// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace pecanctl::project {

/// Settings of a model by their keys below `models.<name>`, as YAML: {"memory", "2GiB"}, {"scale",
/// "{ min: 0, max: 8 }"}. An empty value takes the key out.
using ModelSettings = std::map<std::string, std::string>;

/// pecan.yml with these settings of model `name`, which is added when it is not there. All other
/// lines stay as they are; those of the model become one. The same text when it says all that
/// already. Pure. @throws Error invalid: the models do not stand on lines of their own
std::string set_model(std::string_view text, std::string_view name, const ModelSettings& settings);

/// pecan.yml without the model. The same text when it has none of that name.
std::string remove_model(std::string_view text, std::string_view name);

/// pecan.yml with `pecan: <release>`, nothing else of it changed. The same text when it says so
/// already. Pure. @throws Error invalid: it says so in some other way (a variable)
std::string set_release(std::string_view text, std::string_view release);

}  // namespace pecanctl::project
