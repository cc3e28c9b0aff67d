// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/publication/pieces.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/failpoint.hpp"
#include "core/base/fd.hpp"
#include "core/exchange/manifest.hpp"

namespace pecanctl::publication {
namespace fs = std::filesystem;

namespace {

constexpr std::string_view k_piece_ending = ".gz";

std::optional<std::string> find_piece(const fs::path& path)
{
  try {
    return find_file(path, std::size_t{1} << 30U);
  } catch (const Error&) {  // it cannot be read: it is made again
    return std::nullopt;
  }
}

// Not waited for to be on the disk: see the class.
void write_piece(const fs::path& temporary, const fs::path& path, std::string_view member)
{
  {
    const Fd file{::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644)};
    if (!file) {
      throw system_error(fmt::format("cannot create {}", temporary.string()), errno);
    }
    ::fchmod(file.get(), 0644);
    write_all(file.get(), member, path.string());
  }
  if (::rename(temporary.c_str(), path.c_str()) != 0) {
    throw system_error(fmt::format("cannot write {}", path.string()), errno);
  }
}

}  // namespace

PieceFolder::PieceFolder(fs::path folder) : folder_{std::move(folder)}
{
  if (::mkdir(folder_.c_str(), 0755) != 0 && errno != EEXIST) {
    throw system_error(fmt::format("cannot create {}", folder_.string()), errno);
  }
}

fs::path PieceFolder::path_of(std::string_view hash) const
{
  return folder_ / fmt::format("{}{}", hash, k_piece_ending);
}

PackedRows PieceFolder::pack(std::string_view rows, Compressor& compressor,
                             Decompressor& decompressor)
{
  PackedRows packed{.hash = exchange::piece_hash(rows)};
  const auto path = path_of(packed.hash);
  if (auto found = find_piece(path); found && decompressor.holds(*found, rows)) {
    packed.member = std::move(*found);
    return packed;
  }
  packed.is_new = true;
  packed.member = compressor.compress(rows);
  failpoint("publish.piece");
  const auto temporary = folder_ / fmt::format(".{}.part", count_++);
  write_piece(temporary, path, packed.member);
  return packed;
}

std::uint64_t PieceFolder::keep_only(const std::set<std::string>& hashes) const
{
  std::uint64_t removed = 0;
  for (const auto& entry : fs::directory_iterator{folder_}) {
    const auto name = entry.path().filename().string();
    const bool is_piece = name.size() == exchange::k_piece_hash_digits + k_piece_ending.size() &&
                          name.ends_with(k_piece_ending);
    const bool is_left_over = name.starts_with(".") && name.ends_with(".part");
    if (is_left_over ||
        (is_piece && !hashes.contains(name.substr(0, exchange::k_piece_hash_digits)))) {
      std::error_code error;
      removed += fs::remove(entry.path(), error) && is_piece ? 1U : 0U;
    }
  }
  return removed;
}

}  // namespace pecanctl::publication
