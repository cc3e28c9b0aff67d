// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/base/digest.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <new>
#include <vector>

#include <fmt/format.h>
#include <openssl/evp.h>

#include "core/base/error.hpp"
#include "core/base/fd.hpp"

namespace pecanctl {

struct Sha256::State {
  struct Free {
    void operator()(EVP_MD_CTX* state) const { EVP_MD_CTX_free(state); }
  };

  std::unique_ptr<EVP_MD_CTX, Free> context{EVP_MD_CTX_new()};

  void begin() const
  {
    if (!context || EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr) != 1) {
      throw std::bad_alloc{};
    }
  }
};

Sha256::Sha256() : state_{std::make_unique<State>()}
{
  state_->begin();
}

Sha256::Sha256(Sha256&& other) noexcept = default;
Sha256& Sha256::operator=(Sha256&& other) noexcept = default;
Sha256::~Sha256() = default;

void Sha256::update(std::string_view bytes)
{
  EVP_DigestUpdate(state_->context.get(), bytes.data(), bytes.size());
}

std::string Sha256::finish()
{
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  EVP_DigestFinal_ex(state_->context.get(), digest.data(), &size);
  state_->begin();
  std::string hex;
  for (unsigned int i = 0; i < size; ++i) {
    hex += fmt::format("{:02x}", digest.at(i));
  }
  return hex;
}

std::string sha256_of_file(const std::filesystem::path& path)
{
  const Fd file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (!file) {
    throw system_error(fmt::format("cannot open {}", path.string()), errno);
  }
  constexpr std::size_t k_read_at_once = std::size_t{64} << 10U;
  std::vector<char> buffer(k_read_at_once);
  Sha256 digest;
  for (;;) {
    const auto got = ::read(file.get(), buffer.data(), buffer.size());
    if (got < 0) {
      throw system_error(fmt::format("cannot read {}", path.string()), errno);
    }
    if (got == 0) {
      return digest.finish();
    }
    digest.update({buffer.data(), static_cast<std::size_t>(got)});
  }
}

}  // namespace pecanctl
