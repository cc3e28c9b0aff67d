// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/engine/images.hpp"

#include <cstdio>
#include <filesystem>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/base/child.hpp"
#include "core/base/failpoint.hpp"
#include "core/base/fd.hpp"
#include "core/base/text.hpp"
#include "core/docker/archive.hpp"
#include "core/docker/engine.hpp"
#include "core/engine/docker_objects.hpp"
#include "core/engine/git_fetch.hpp"
#include "core/engine/labels.hpp"
#include "core/engine/pull_image.hpp"

namespace pecanctl::engine {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view k_base = "pecanctl/base:bookworm";
constexpr std::size_t k_looks_at_once = 8;

bool is_own(const stack::ImageSource& source)
{
  return !source.own_reference.empty() && source.reference == source.own_reference;
}

// Under which names its image may be here, the better one first. `own_reference` comes last.
std::vector<std::string> references_of(const stack::ImageSource& source, stack::ImagePolicy policy)
{
  std::vector<std::string> references;
  if (policy != stack::ImagePolicy::build && !is_own(source)) {
    references.push_back(source.reference);
  }
  const bool can_be_ours = policy != stack::ImagePolicy::pull || source.is_part_of_us;
  if (can_be_ours && !source.own_reference.empty() && !source.context.empty()) {
    references.push_back(source.own_reference);
  }
  return references;
}

std::vector<std::string> references_of(const stack::Stack& stack)
{
  std::set<std::string> references;
  for (const auto& service : stack.services) {
    const auto some = references_of(service.image, stack.images);
    references.insert(some.begin(), some.end());
  }
  return {references.begin(), references.end()};
}

bool can_fall_back(const Error& error)
{
  return error.code() == ErrorCode::unreachable || error.code() == ErrorCode::not_found ||
         error.code() == ErrorCode::denied || error.code() == ErrorCode::timeout;
}

// A build as its steps; what the steps print appears only in the error of a failed build.
docker::ProgressSink show_build(const Step& step)
{
  return [&step](const docker::BuildProgress& progress) {
    unsigned current = 0;
    unsigned total = 0;
    if (std::sscanf(progress.status.c_str(), "Step %u/%u", &current, &total) == 2) {
      step.progress("running the recipe", current, total, "steps");
    }
  };
}

Error with_build_hint(const Error& error, const std::string& context)
{
  auto info = error.info();
  if (info.code == ErrorCode::failed && info.hint.empty()) {
    info.hint = stack::is_git_context(context)
                    ? std::string{"correct its Dockerfile, and name the new commit in pecan.yml"}
                    : fmt::format("correct what {} says and repeat the command",
                                  (fs::path{context} / "Dockerfile").string());
  }
  return Error{std::move(info)};
}

Error list_failures(const std::vector<Error>& failures)
{
  std::vector<std::string> reasons;
  reasons.reserve(failures.size());
  for (const auto& failure : failures) {
    reasons.emplace_back(failure.what());
  }
  return Error{{.code = failures.front().code(),
                .what = fmt::format("cannot get {} images; nothing was changed", failures.size()),
                .why = fmt::format("{}", fmt::join(reasons, "\n")),
                .hint = failures.front().info().hint}};
}

}  // namespace

ImageStore::Present ImageStore::look(std::span<const std::string> references,
                                     const Deadline& deadline, const std::stop_token& stop)
{
  const auto found = engine_.find_images(references, k_looks_at_once, deadline, stop);
  Present present;
  for (std::size_t i = 0; i < references.size(); ++i) {
    if (found[i]) {
      present.emplace(references[i], to_image(references[i], *found[i]));
    }
  }
  return present;
}

void ImageStore::begin(const stack::Stack& stack)
{
  std::set<std::string> contexts;
  for (const auto& service : stack.services) {
    const auto& context = service.image.context;
    if (!context.empty() && !stack::is_git_context(context)) {
      contexts.insert(context);
    }
  }
  begun_ = std::async(std::launch::async, [contexts = std::move(contexts)] {
    Digests digests;
    docker::FolderDigests folders;
    for (const auto& context : contexts) {
      try {
        digests.emplace(context, folders.of(context));
      } catch (const Error&) {
        continue;  // told when it is needed
      }
    }
    return digests;
  });
}

const std::string& ImageStore::digest_of(const std::string& context)
{
  if (begun_.valid()) {
    digests_.merge(begun_.get());
  }
  auto& digest = digests_[context];
  if (digest.empty()) {
    digest = stack::is_git_context(context) ? stack::parse_git_context(context).digest()
                                            : folders_.of(context);
  }
  return digest;
}

std::optional<Image> ImageStore::choose(const stack::ImageSource& source, stack::ImagePolicy policy,
                                        const Present& present)
{
  for (const auto& reference : references_of(source, policy)) {
    const auto image = present.find(reference);
    if (image == present.end()) {
      continue;
    }
    if (reference != source.own_reference) {
      return image->second;
    }
    if (label_of(image->second.labels, label::k_context) == digest_of(source.context)) {
      return image->second;
    }
  }
  return std::nullopt;
}

std::map<std::string, Image> ImageStore::find(const stack::Stack& stack, const Deadline& deadline,
                                              const std::stop_token& stop)
{
  const auto present = look(references_of(stack), deadline, stop);
  std::map<std::string, Image> images;
  for (const auto& service : stack.services) {
    if (auto image = choose(service.image, stack.images, present)) {
      images.emplace(service.name, std::move(*image));
    }
  }
  return images;
}

Image ImageStore::ensure(const stack::ImageSource& source, stack::ImagePolicy policy,
                         const Deadline& deadline, const std::stop_token& stop)
{
  if (const auto had = ensured_.find(source.reference); had != ensured_.end()) {
    return had->second;
  }
  auto image = choose(source, policy, look(references_of(source, policy), deadline, stop));
  return image ? std::move(*image) : obtain(source, policy, deadline, stop);
}

Obtained ImageStore::ensure(const stack::Stack& stack, const Deadline& deadline,
                            const std::stop_token& stop)
{
  Obtained result;
  std::vector<Error> failures;
  auto present = look(references_of(stack), deadline, stop);
  ensured_.clear();
  for (const auto& service : stack.services) {
    try {
      auto image = choose(service.image, stack.images, present);
      if (!image) {
        image = obtain(service.image, stack.images, deadline, stop);
        present.insert_or_assign(image->reference, *image);  // others may be made of it, too
      }
      ensured_.insert_or_assign(service.image.reference, *image);
      result.images.emplace(service.name, std::move(*image));
    } catch (const Error& error) {
      if (error.code() == ErrorCode::internal) {
        throw;
      }
      if (service.is_optional) {
        result.missing.emplace(service.name, error);
      } else {
        failures.push_back(error);
      }
    }
  }
  if (failures.size() == 1) {
    throw Error{failures.front()};
  }
  if (!failures.empty()) {
    throw list_failures(failures);
  }
  return result;
}

Image ImageStore::obtain(const stack::ImageSource& source, stack::ImagePolicy policy,
                         const Deadline& deadline, const std::stop_token& stop)
{
  const bool can_pull = policy != stack::ImagePolicy::build && !is_own(source);
  const bool can_build =
      (policy != stack::ImagePolicy::pull || source.is_part_of_us) && !source.context.empty();
  if (can_pull) {
    try {
      return pull(source, deadline, stop);
    } catch (const Error& error) {
      if (!can_fall_back(error) || !can_build) {
        auto info = error.info();
        if (info.hint.empty()) {
          info.hint =
              "check the image name in pecan.yml and the network, or load it: docker load -i FILE";
        }
        throw Error{std::move(info)};
      }
      debug(reporter_, fmt::format("{}: building our own", error.what()));
    }
  }
  if (!can_build) {
    throw Error{{.code = ErrorCode::not_found,
                 .what = fmt::format("cannot get image {}", source.reference),
                 .why = "it is not on this machine and there is nothing to build it from",
                 .hint = "load it: docker load -i FILE; or set `images: auto` in pecan.yml"}};
  }
  return build(source, deadline, stop);
}

Image ImageStore::pull(const stack::ImageSource& source, const Deadline& deadline,
                       const std::stop_token& stop)
{
  const auto registry = registry_of(source.reference);
  if (unreachable_.contains(registry)) {
    throw Error{{.code = ErrorCode::unreachable,
                 .what = fmt::format("cannot pull {}", source.reference),
                 .why = fmt::format("registry {} did not answer before", registry)}};
  }
  Step step{reporter_, {.id = source.reference, .group = "images", .action = "pull"}};
  try {
    pull_image(engine_, source.reference, step, deadline, stop);
  } catch (const Error& error) {
    if (error.code() == ErrorCode::unreachable || error.code() == ErrorCode::timeout) {
      unreachable_.insert(registry);
    }
    step.set_outcome(can_fall_back(error) ? StepOutcome::skipped : StepOutcome::failed);
    step.set_detail(can_fall_back(error) ? "not available" : "failed");
    throw;
  }
  const auto image = engine_.find_image(source.reference, deadline, stop);
  if (!image) {
    throw Error{{.code = ErrorCode::failed,
                 .what = fmt::format("cannot find image {} after pulling it", source.reference)}};
  }
  step.set_detail("pulled, " + format_size(image->size));
  return to_image(source.reference, *image);
}

Image ImageStore::build(const stack::ImageSource& source, const Deadline& deadline,
                        const std::stop_token& stop)
{
  return with_context(
      fmt::format("while building {} from {}", source.own_reference, source.context), [&] {
        if (!stack::is_git_context(source.context)) {
          return build_folder(source, {.folder = source.context}, deadline, stop);
        }
        const auto repository = stack::parse_git_context(source.context);
        std::optional<Step> step{
            std::in_place, reporter_,
            StepStarted{.id = repository.url, .group = "images", .action = "fetch"}};
        const GitCheckout checkout{repository, deadline, stop};
        step->set_detail(repository.commit.substr(0, 12));
        step.reset();
        return build_folder(source,
                            {.folder = checkout.folder(),
                             .digest = repository.digest(),
                             .labels = {{std::string{label::k_image_source}, repository.url},
                                        {std::string{label::k_image_revision}, repository.commit}}},
                            deadline, stop);
      });
}

Image ImageStore::build_folder(const stack::ImageSource& source, const Recipe& recipe,
                               const Deadline& deadline, const std::stop_token& stop)
{
  ensure_base(recipe.folder, deadline, stop);
  Step step{reporter_, {.id = source.own_reference, .group = "images", .action = "build"}};
  // What strangers wrote must not take files of this machine along.
  const bool is_foreign = !recipe.digest.empty();
  const auto links = is_foreign ? docker::OuterLinks::kept : docker::OuterLinks::followed;
  const auto digest = is_foreign ? recipe.digest : folders_.of(recipe.folder, links);
  auto labels = recipe.labels;
  labels.emplace(label::k_context, digest);
  try {
    engine_.build_image(
        {.tag = source.own_reference, .labels = std::move(labels), .use_host_network = true},
        docker::tar_folder(recipe.folder, links), show_build(step), deadline, stop);
  } catch (const Error& error) {
    step.set_outcome(StepOutcome::failed);
    throw with_build_hint(error, source.context);
  }
  failpoint("images.built");
  digests_[source.context] = digest;
  const auto image = engine_.find_image(source.own_reference, deadline, stop);
  if (!image) {
    throw Error{
        {.code = ErrorCode::failed,
         .what = fmt::format("cannot find image {} after building it", source.own_reference)}};
  }
  step.set_detail("built, " + format_size(image->size));
  return to_image(source.own_reference, *image);
}

void ImageStore::ensure_base(const fs::path& context, const Deadline& deadline,
                             const std::stop_token& stop)
{
  const auto recipe = read_file(context / "Dockerfile");
  if (recipe.find(k_base) == std::string::npos || engine_.find_image(k_base, deadline, stop)) {
    return;
  }
  Step step{reporter_, {.id = std::string{k_base}, .group = "images", .action = "bootstrap"}};
  step.progress("Debian base system from this machine's package mirror");
  Child script{std::vector{(context.parent_path() / "base" / "make-base").string()}};
  bool has_output = false;
  engine_.import_image(
      k_base,
      [&] {
        const auto piece = script.read();
        has_output = has_output || !piece.empty();
        if (piece.empty()) {
          if (const int status = script.wait(); status != 0) {
            throw Error{
                {.code = ErrorCode::failed,
                 .what = "cannot make the Debian base image",
                 .why = fmt::format("debootstrap ended with exit code {}", status),
                 .hint = "it needs root, the package debootstrap and a package mirror; or make a "
                         "registry reachable"}};
          }
        }
        return piece;
      },
      deadline, stop);
  step.set_detail("bootstrapped");
}

}  // namespace pecanctl::engine
