// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/tasks/chunks.hpp"

#include <glob.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <sstream>
#include <utility>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/fd.hpp"
#include "core/base/text.hpp"
#include "core/tasks/records.hpp"

namespace pecanctl::tasks {
namespace fs = std::filesystem;

namespace {

// Lines, bytes and rows of one text.
class RecordChunks : public ChunkSource {
 public:
  RecordChunks(std::unique_ptr<std::istream> text, RecordRule rule, RecordPacker::Size size)
      : text_{std::move(text)},
        reader_{*text_, std::move(rule), k_chunk_limit},
        packer_{reader_, size, k_chunk_limit}
  {
  }

  std::optional<ChunkContent> next() override
  {
    auto chunk = packer_.next();
    if (text_->bad()) {
      throw Error{{.code = ErrorCode::failed,
                   .what = "cannot read the input",
                   .why = "the disk gave an error"}};
    }
    if (!chunk) {
      return std::nullopt;
    }
    return ChunkContent{{{.path = "input", .content = std::move(*chunk)}}};
  }

 private:
  std::unique_ptr<std::istream> text_;
  RecordReader reader_;
  RecordPacker packer_;
};

class FileChunks : public ChunkSource {
 public:
  FileChunks(std::vector<std::string> files, std::uint64_t each, fs::path folder)
      : files_{std::move(files)},
        each_{each},
        folder_{std::move(folder)}
  {
  }

  std::optional<ChunkContent> next() override
  {
    ChunkContent chunk;
    std::size_t bytes = 0;
    for (; chunk.files.size() < each_ && next_ < files_.size(); ++next_) {
      const auto& name = files_[next_];
      chunk.files.push_back(
          {.path = "input/" + name, .content = read_file(folder_ / name, k_chunk_limit - bytes)});
      bytes += chunk.files.back().content.size();
    }
    return chunk.files.empty() ? std::nullopt : std::optional{std::move(chunk)};
  }

 private:
  std::vector<std::string> files_;
  std::uint64_t each_;
  fs::path folder_;
  std::size_t next_ = 0;
};

std::string quote_cell(std::string_view cell)
{
  if (cell.find_first_of(",\"\r\n") == std::string_view::npos) {
    return std::string{cell};
  }
  std::string quoted{"\""};
  for (const char letter : cell) {
    quoted.append(letter == '"' ? 2 : 1, letter);
  }
  return quoted + "\"";
}

// All combinations as rows of CSV, the last column changing first.
class MatrixChunks : public ChunkSource {
 public:
  explicit MatrixChunks(const Input& input)
      : matrix_{input.matrix},
        each_{input.each},
        chosen_(input.matrix.size()),
        is_over_{input.matrix.empty()}
  {
    for (const auto& [column, values] : matrix_) {
      header_ += (header_.empty() ? "" : ",") + quote_cell(column);
      is_over_ = is_over_ || values.empty();
    }
    header_ += '\n';
  }

  std::optional<ChunkContent> next() override
  {
    if (is_over_) {
      return std::nullopt;
    }
    auto text = header_;
    for (std::uint64_t row = 0; row < each_ && !is_over_ && text.size() < k_chunk_limit; ++row) {
      add_row(text);
    }
    return ChunkContent{{{.path = "input", .content = std::move(text)}}};
  }

 private:
  void add_row(std::string& text)
  {
    for (std::size_t i = 0; i < matrix_.size(); ++i) {
      text += (i == 0 ? "" : ",") + quote_cell(matrix_[i].second[chosen_[i]]);
    }
    text += '\n';
    for (auto i = matrix_.size(); i-- > 0;) {
      if (++chosen_[i] < matrix_[i].second.size()) {
        return;
      }
      chosen_[i] = 0;
    }
    is_over_ = true;
  }

  std::vector<std::pair<std::string, std::vector<std::string>>> matrix_;
  std::uint64_t each_;
  std::vector<std::size_t> chosen_;
  bool is_over_;
  std::string header_;
};

std::unique_ptr<std::istream> open_file(const fs::path& path)
{
  std::error_code error;
  if (!fs::is_regular_file(path, error)) {
    throw system_error(fmt::format("cannot read the input {}", path.string()),
                       error ? error.value() : (fs::exists(path) ? EINVAL : ENOENT),
                       "the file's name is relative to the task file");
  }
  auto file = std::make_unique<std::ifstream>(path, std::ios::binary);
  if (!*file) {
    throw system_error(fmt::format("cannot read the input {}", path.string()), errno);
  }
  return file;
}

// Names go into manifests, a line each.
bool is_good_name(const std::string& name)
{
  const bool has_control = std::ranges::any_of(name, [](char letter) {
    return static_cast<unsigned char>(letter) < ' ' || letter == '\x7f' || letter == '\\';
  });
  return is_valid_utf8(name) && !has_control && trim(name) == name &&
         name.find(" /") == std::string::npos;
}

class FileLister {
 public:
  explicit FileLister(fs::path folder) : folder_{std::move(folder)} {}

  void add_word(const std::string& word)
  {
    const auto path = fs::path{word}.lexically_normal();
    if (path.is_absolute() || path.empty() || *path.begin() == "..") {
      mistake(word, "it does not lie beside the task file", "name it relative to the task file");
      return;
    }
    ::glob_t found{};
    if (::glob((folder_ / path).c_str(), 0, nullptr, &found) != 0) {
      mistake(word, "no file matches");
    }
    for (std::size_t i = 0; i < found.gl_pathc; ++i) {
      add_path(found.gl_pathv[i]);
    }
    ::globfree(&found);
  }

  std::vector<std::string> finish()
  {
    if (!mistakes_.empty()) {
      throw Error{{.code = ErrorCode::invalid,
                   .what = "cannot list the files of the input",
                   .why = fmt::format("{}: {}", mistakes_.front().file, mistakes_.front().message),
                   .diagnostics = std::move(mistakes_)}};
    }
    std::ranges::sort(files_);
    files_.erase(std::unique(files_.begin(), files_.end()), files_.end());
    return std::move(files_);
  }

 private:
  void add_path(const fs::path& path)
  {
    if (!fs::is_directory(path)) {
      add_file(path);
      return;
    }
    for (const auto& entry : fs::recursive_directory_iterator{path}) {
      if (entry.is_regular_file()) {
        add_file(entry.path());
      }
    }
  }

  void add_file(const fs::path& path)
  {
    auto name = path.lexically_relative(folder_).string();
    if (!is_good_name(name)) {
      mistake(escape_control(name), "its name does not go into a line of a manifest",
              "rename it: UTF-8, no control characters, no blanks at an end, no \\");
    }
    files_.push_back(std::move(name));
  }

  void mistake(std::string file, std::string message, std::string hint = {})
  {
    constexpr std::size_t k_most = 20;
    if (mistakes_.size() < k_most) {
      mistakes_.push_back(
          {.file = std::move(file), .message = std::move(message), .hint = std::move(hint)});
    }
  }

  fs::path folder_;
  std::vector<std::string> files_;
  std::vector<Diagnostic> mistakes_;
};

}  // namespace

std::vector<std::string> list_input_files(const std::vector<std::string>& words,
                                          const fs::path& folder)
{
  FileLister lister{folder};
  for (const auto& word : words) {
    lister.add_word(word);
  }
  return lister.finish();
}

std::unique_ptr<ChunkSource> open_chunks(const Input& input, const fs::path& folder)
{
  const auto path = folder / input.file;
  switch (input.cut) {
    case Cut::lines:
      return std::make_unique<RecordChunks>(open_file(path), RecordRule{},
                                            RecordPacker::Size{.records = input.each});
    case Cut::bytes:
      return std::make_unique<RecordChunks>(open_file(path),
                                            RecordRule{.separator = input.separator},
                                            RecordPacker::Size{.bytes = input.each});
    case Cut::rows:
      return std::make_unique<RecordChunks>(
          open_file(path), RecordRule{.csv_delimiter = path.extension() == ".tsv" ? '\t' : ','},
          RecordPacker::Size{.records = input.each, .has_header = true});
    case Cut::files:
      return std::make_unique<FileChunks>(list_input_files(input.files, folder), input.each,
                                          folder);
    case Cut::matrix:
      return std::make_unique<MatrixChunks>(input);
  }
  return nullptr;
}

}  // namespace pecanctl::tasks
