// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/replication/spool.hpp"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <vector>

#include <fmt/format.h>

#include "core/base/error.hpp"

namespace pecanctl::replication {
namespace {

constexpr std::size_t k_block = std::size_t{256} << 10U;

Fd make_nameless(const std::filesystem::path& folder)
{
  Fd file{::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600)};
  if (file) {
    return file;
  }
  // Not every file system can (NFS).
  auto name = (folder / ".spool.XXXXXX").string();
  Fd named{::mkostemp(name.data(), O_CLOEXEC)};
  if (!named) {
    throw system_error(fmt::format("cannot make a file in {}", folder.string()), errno);
  }
  ::unlink(name.c_str());
  return named;
}

}  // namespace

Spool::Spool(const std::filesystem::path& folder) : file_{make_nameless(folder)} {}

void Spool::begin(const std::string& name)
{
  const auto [entry, is_new] = members_.emplace(name, Member{.offset = end_});
  if (!is_new) {
    throw Error{{.code = ErrorCode::invalid,
                 .what = "cannot read the dump",
                 .why = fmt::format("it has {} twice", name)}};
  }
  current_ = &entry->second;
}

void Spool::write(std::string_view piece)
{
  write_all(file_.get(), piece, "cannot unpack the dump");
  end_ += piece.size();
  current_->size += piece.size();
}

std::map<std::string, std::uint64_t> Spool::sizes() const
{
  std::map<std::string, std::uint64_t> sizes;
  for (const auto& [name, member] : members_) {
    sizes.emplace(name, member.size);
  }
  return sizes;
}

BlockSource Spool::open(const std::string& name) const
{
  const auto member = members_.at(name);
  auto buffer = std::make_shared<std::vector<char>>(k_block);
  return [this, member, buffer, done = std::uint64_t{0}]() mutable {
    const auto wanted =
        static_cast<std::size_t>(std::min<std::uint64_t>(k_block, member.size - done));
    if (wanted == 0) {
      return std::string_view{};
    }
    const auto got =
        ::pread(file_.get(), buffer->data(), wanted, static_cast<off_t>(member.offset + done));
    if (got <= 0) {
      throw system_error("cannot read the unpacked dump", got == 0 ? EIO : errno);
    }
    done += static_cast<std::uint64_t>(got);
    return std::string_view{buffer->data(), static_cast<std::size_t>(got)};
  };
}

std::string Spool::text(const std::string& name, std::size_t limit) const
{
  if (members_.at(name).size > limit) {
    throw Error{{.code = ErrorCode::invalid,
                 .what = "cannot read the dump",
                 .why = fmt::format("{} is too large", name)}};
  }
  std::string text;
  const auto source = open(name);
  for (auto block = source(); !block.empty(); block = source()) {
    text += block;
  }
  return text;
}

}  // namespace pecanctl::replication
