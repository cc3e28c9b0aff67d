// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/base/sha256.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <memory>
#include <vector>

#include <fmt/format.h>
#include <openssl/evp.h>

#include "core/base/error.hpp"
#include "core/base/fd.hpp"

namespace pecanctl {
namespace {

struct FreeDigest {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

}  // namespace

std::string sha256_of_file(const std::filesystem::path& path)
{
  const Fd file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (!file) {
    throw system_error(fmt::format("cannot open {}", path.string()), errno);
  }
  const std::unique_ptr<EVP_MD_CTX, FreeDigest> context{EVP_MD_CTX_new()};
  bool is_fine = EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr) == 1;
  constexpr std::size_t k_block = std::size_t{256} << 10U;
  std::vector<char> buffer(k_block);
  for (;;) {
    const auto got = ::read(file.get(), buffer.data(), buffer.size());
    if (got < 0) {
      throw system_error(fmt::format("cannot read {}", path.string()), errno);
    }
    if (got == 0) {
      break;
    }
    is_fine = is_fine &&
              EVP_DigestUpdate(context.get(), buffer.data(), static_cast<std::size_t>(got)) == 1;
  }
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  if (!is_fine || EVP_DigestFinal_ex(context.get(), digest.data(), &size) != 1) {
    throw Error{{.code = ErrorCode::internal, .what = "cannot compute a digest"}};
  }
  std::string hex;
  for (unsigned i = 0; i < size; ++i) {
    hex += fmt::format("{:02x}", digest.at(i));
  }
  return hex;
}

}  // namespace pecanctl
