// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>
#include <future>
#include <map>
#include <set>
#include <span>
#include <stop_token>
#include <string>

#include "core/base/cancel.hpp"
#include "core/base/report.hpp"
#include "core/docker/archive.hpp"
#include "core/engine/backend.hpp"

namespace pecanctl::docker {
class Engine;
}

namespace pecanctl::engine {

/// What could be had, by service.
struct Obtained {
  std::map<std::string, Image> images = {};
  std::map<std::string, Error> missing = {};  ///< of optional services, and why
};

/// Finds, pulls and builds the images of a stack. `engine` and `reporter` outlive it.
///
/// Ours carry a label with a digest of the folder, or the commit, they were built from: when that
/// changes, they are built again. They are never pulled: nobody publishes them.
class ImageStore {
 public:
  ImageStore(docker::Engine& engine, Reporter& reporter) : engine_{engine}, reporter_{reporter} {}

  /// Begins to read what images of ours are built from, beside what the caller does meanwhile.
  void begin(const stack::Stack& stack);

  /// Service → image, of those services whose image is here. Changes nothing.
  std::map<std::string, Image> find(const stack::Stack& stack, const Deadline& deadline,
                                    const std::stop_token& stop);

  /// Makes every image present: local, else pulled, else built (as the stack's policy allows).
  /// @throws Error that lists every image that could not be had and is not optional; `why` is each
  /// one's last reason.
  Obtained ensure(const stack::Stack& stack, const Deadline& deadline, const std::stop_token& stop);

  /// One image; one that was ensured with its stack is not asked for again. @throws Error as above
  Image ensure(const stack::ImageSource& source, stack::ImagePolicy policy,
               const Deadline& deadline, const std::stop_token& stop);

 private:
  using Digests = std::map<std::string, std::string>;  // context folder → digest

  // Images that are here, by the reference that was asked for.
  using Present = std::map<std::string, Image>;

  Present look(std::span<const std::string> references, const Deadline& deadline,
               const std::stop_token& stop);
  const std::string& digest_of(const std::string& context);
  std::optional<Image> choose(const stack::ImageSource& source, stack::ImagePolicy policy,
                              const Present& present);
  Image obtain(const stack::ImageSource& source, stack::ImagePolicy policy,
               const Deadline& deadline, const std::stop_token& stop);
  Image pull(const stack::ImageSource& source, const Deadline& deadline,
             const std::stop_token& stop);
  Image build(const stack::ImageSource& source, const Deadline& deadline,
              const std::stop_token& stop);

  // What an image is built from.
  struct Recipe {
    std::filesystem::path folder = {};
    std::string digest = {};  // empty: that of the folder
    std::map<std::string, std::string> labels = {};
  };

  Image build_folder(const stack::ImageSource& source, const Recipe& recipe,
                     const Deadline& deadline, const std::stop_token& stop);
  void ensure_base(const std::filesystem::path& context, const Deadline& deadline,
                   const std::stop_token& stop);

  docker::Engine& engine_;
  Reporter& reporter_;
  std::set<std::string> unreachable_;     // registries that did not answer: not asked again
  std::map<std::string, Image> ensured_;  // of the last stack, by the reference in its source
  Digests digests_;
  std::future<Digests> begun_;
  docker::FolderDigests folders_;
};

}  // namespace pecanctl::engine
