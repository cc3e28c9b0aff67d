// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/replication/bundle.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <exception>
#include <memory>
#include <vector>

#include <archive.h>
#include <archive_entry.h>
#include <fmt/format.h>
#include <zlib.h>

#include "core/base/cancel.hpp"
#include "core/base/error.hpp"
#include "core/base/fd.hpp"
#include "core/base/text.hpp"

namespace pecanctl::replication {
namespace {

constexpr std::size_t k_packed_block = std::size_t{256} << 10U;
constexpr std::size_t k_unpacked_block = std::size_t{1} << 20U;
constexpr std::uint64_t k_harmless = std::uint64_t{64} << 20U;  // unpacked, whatever the ratio
constexpr std::size_t k_end_of_tar = 1024;                      // two blocks of zeros
constexpr std::size_t k_longest_name = 128;

[[noreturn]] void refuse_bundle(std::string_view why)
{
  throw Error{
      {.code = ErrorCode::invalid, .what = "cannot read the dump", .why = escape_control(why)}};
}

// zlib itself, since libarchive does not verify the checksum of gzip.
class Inflater {
 public:
  Inflater(const std::filesystem::path& path, const BundleLimits& limits,
           const UnpackProgress& progress, const std::stop_token& stop)
      : file_{::open(path.c_str(), O_RDONLY | O_CLOEXEC)},
        limits_{limits},
        progress_{progress},
        stop_{stop},
        packed_(k_packed_block),
        unpacked_(k_unpacked_block)
  {
    if (!file_) {
      throw system_error(fmt::format("cannot open {}", path.string()), errno);
    }
    constexpr int k_gzip = 16;
    if (::inflateInit2(&stream_, MAX_WBITS + k_gzip) != Z_OK) {
      throw Error{{.code = ErrorCode::internal, .what = "cannot start zlib"}};
    }
  }

  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  ~Inflater() { ::inflateEnd(&stream_); }

  // The next block; empty at the verified end.
  std::string_view next()
  {
    check_stop(stop_);
    stream_.next_out = reinterpret_cast<Bytef*>(unpacked_.data());
    stream_.avail_out = static_cast<uInt>(unpacked_.size());
    while (stream_.avail_out > 0 && !is_over_) {
      step();
    }
    const std::string_view block{unpacked_.data(), unpacked_.size() - stream_.avail_out};
    total_ += block.size();
    check_size();
    note_end(block);
    return block;
  }

  // Whether the stream ended as a tar does.
  bool ends_with_zeros() const { return zeros_ >= k_end_of_tar; }

 private:
  void step()
  {
    if (stream_.avail_in == 0) {
      refill();
      if (stream_.avail_in == 0) {
        if (is_inside_ || read_ == 0) {
          refuse_bundle(read_ == 0 ? "it is empty" : "the gzip is cut off");
        }
        is_over_ = true;
        return;
      }
    }
    is_inside_ = true;
    const int code = ::inflate(&stream_, Z_NO_FLUSH);
    if (code == Z_STREAM_END) {  // another one may follow: gzip files can be joined
      is_inside_ = false;
      is_gzip_ = true;
      ::inflateReset(&stream_);
    } else if (code != Z_OK && code != Z_BUF_ERROR) {
      refuse_bundle(!is_gzip_ && stream_.total_out == 0
                        ? "it is no gzip"
                        : fmt::format("the gzip is damaged{}{}", stream_.msg == nullptr ? "" : ": ",
                                      stream_.msg == nullptr ? "" : stream_.msg));
    }
  }

  void refill()
  {
    const auto got = ::read(file_.get(), packed_.data(), packed_.size());
    if (got < 0) {
      throw system_error("cannot read the dump", errno);
    }
    read_ += static_cast<std::uint64_t>(got);
    stream_.next_in = reinterpret_cast<Bytef*>(packed_.data());
    stream_.avail_in = static_cast<uInt>(got);
    if (progress_) {
      progress_(read_);
    }
  }

  void check_size() const
  {
    if (total_ > limits_.bytes || (total_ > k_harmless && total_ / limits_.ratio > read_)) {
      refuse_bundle(fmt::format("{} of gzip unpack to more than {}", format_size(read_),
                                format_size(total_)));
    }
  }

  void note_end(std::string_view block)
  {
    const auto last = block.find_last_not_of('\0');
    zeros_ = last == std::string_view::npos ? zeros_ + block.size() : block.size() - last - 1;
  }

  Fd file_;
  const BundleLimits& limits_;
  const UnpackProgress& progress_;
  const std::stop_token& stop_;
  std::vector<char> packed_;
  std::vector<char> unpacked_;
  z_stream stream_{};
  std::uint64_t read_ = 0;
  std::uint64_t total_ = 0;
  std::size_t zeros_ = 0;
  bool is_inside_ = false;
  bool is_gzip_ = false;  // one has ended well
  bool is_over_ = false;
};

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
