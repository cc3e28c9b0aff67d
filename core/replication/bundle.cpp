// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/replication/bundle.hpp"

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <exception>
#include <memory>
#include <vector>

#include <archive.h>
#include <archive_entry.h>
#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/text.hpp"
#include "core/replication/inflate.hpp"

namespace pecanctl::replication {
namespace {

constexpr std::size_t k_longest_name = 128;

[[noreturn]] void refuse_bundle(std::string_view why)
{
  throw Error{
      {.code = ErrorCode::invalid, .what = "cannot read the dump", .why = escape_control(why)}};
}

struct FreeReader {
  void operator()(archive* reader) const { archive_read_free(reader); }
};

// libarchive reads from it; what it throws waits until libarchive's frames are left.
struct TarInput {
  Inflater& inflater;
  std::exception_ptr thrown = {};
};

la_ssize_t on_read(archive* reader, void* self, const void** block)
{
  auto& input = *static_cast<TarInput*>(self);
  try {
    const auto text = input.inflater.next();
    *block = text.data();
    return static_cast<la_ssize_t>(text.size());
  } catch (...) {
    input.thrown = std::current_exception();
    archive_set_error(reader, EIO, "see above");
    return -1;
  }
}

bool is_table_name(std::string_view name)
{
  return !name.empty() && std::ranges::all_of(name, [](unsigned char letter) {
    return std::isalnum(letter) != 0 || letter == '_';
  });
}

bool is_md5(std::string_view name)
{
  return name.size() == 32 && name.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

class Unpacker {
 public:
  Unpacker(TarInput& input, Spool& spool, const BundleLimits& limits)
      : input_{input},
        spool_{spool},
        limits_{limits},
        reader_{archive_read_new()}
  {
    archive_read_support_format_tar(reader_.get());
    if (archive_read_open(reader_.get(), &input_, nullptr, &on_read, nullptr) != ARCHIVE_OK) {
      fail();
    }
  }

  std::string run()
  {
    std::size_t entries = 0;
    archive_entry* entry = nullptr;
    for (;;) {
      const int code = archive_read_next_header(reader_.get(), &entry);
      if (code == ARCHIVE_EOF) {
        break;
      }
      if (code != ARCHIVE_OK && code != ARCHIVE_WARN) {
        fail();
      }
      if (++entries > limits_.entries) {
        refuse_bundle(fmt::format("it has more than {} members", limits_.entries));
      }
      take(entry);
    }
    if (input_.thrown) {
      fail();
    }
    return schema_;
  }

 private:
  [[noreturn]] void fail()
  {
    if (input_.thrown) {
      std::rethrow_exception(input_.thrown);
    }
    const char* const why = archive_error_string(reader_.get());
    refuse_bundle(fmt::format("it is no tar: {}", why == nullptr ? "?" : why));
  }

  void take(archive_entry* entry)
  {
    const char* const text = archive_entry_pathname(entry);
    std::string name{text == nullptr ? "" : text};
    const auto type = archive_entry_filetype(entry);
    if (name == "./" || name == ".") {
      return;
    }
    name = name.starts_with("./") ? name.substr(2) : name;
    if (type != AE_IFREG || archive_entry_hardlink(entry) != nullptr) {
      refuse_bundle(fmt::format("{} in it is no plain file", name));
    }
    if (name.empty() || name.find('/') != std::string::npos || name == ".." ||
        name.size() > k_longest_name) {
      refuse_bundle(fmt::format("a member is called {}", name.substr(0, k_longest_name)));
    }
    if (is_wanted(name)) {
      spool_.begin(name);
      copy(archive_entry_size(entry));
    }
  }

  bool is_wanted(const std::string& name)
  {
    const auto dot = name.rfind('.');
    const auto stem = name.substr(0, dot);
    const auto suffix = dot == std::string::npos ? std::string{} : name.substr(dot);
    if (suffix == ".schema" && is_md5(stem)) {
      if (!schema_.empty()) {
        refuse_bundle("it has two schemas");
      }
      schema_ = stem;
      return true;
    }
    if (suffix == ".csv" && !is_table_name(stem)) {
      refuse_bundle(fmt::format("{} is no name of a table", stem));
    }
    return suffix == ".csv";
  }

  void copy(la_int64_t size_of_member)
  {
    la_int64_t written = 0;
    for (;;) {
      const void* block = nullptr;
      std::size_t size = 0;
      la_int64_t offset = 0;
      const int code = archive_read_data_block(reader_.get(), &block, &size, &offset);
      if (code == ARCHIVE_EOF) {
        if (written != size_of_member) {
          refuse_bundle("a member has holes");
        }
        return;
      }
      if (code != ARCHIVE_OK) {
        fail();
      }
      if (offset != written) {
        refuse_bundle("a member has holes");
      }
      spool_.write({static_cast<const char*>(block), size});
      written += static_cast<la_int64_t>(size);
    }
  }

  TarInput& input_;
  Spool& spool_;
  const BundleLimits& limits_;
  std::unique_ptr<archive, FreeReader> reader_;
  std::string schema_;
};

}  // namespace

std::string unpack_bundle(const std::filesystem::path& path, Spool& spool,
                          const BundleLimits& limits, const UnpackProgress& progress,
                          const std::stop_token& stop)
{
  Inflater inflater{path, limits, progress, stop};
  TarInput input{.inflater = inflater};
  auto schema = Unpacker{input, spool, limits}.run();
  while (!inflater.next().empty()) {
  }
  if (!inflater.ends_with_zeros()) {
    refuse_bundle("the tar is cut off");
  }
  return schema;
}

}  // namespace pecanctl::replication
