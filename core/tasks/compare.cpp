// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/tasks/compare.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <string>

#include "core/base/text.hpp"

namespace pecanctl::tasks {
namespace {

// Walks over the cells of a CSV text.
class Cells {
 public:
  explicit Cells(std::string_view text) : text_{text} {}

  struct Cell {
    std::string text = {};
    bool is_last = false;  ///< of its row
  };

  /// Nothing at the end. Blank rows are no rows.
  std::optional<Cell> next()
  {
    while (is_row_start_ && at_ < text_.size() && (text_[at_] == '\n' || text_[at_] == '\r')) {
      ++at_;
    }
    if (at_ >= text_.size() && is_row_start_) {
      return std::nullopt;
    }
    Cell cell;
    cell.text = peek() == '"' ? take_quoted() : "";
    while (at_ < text_.size() && text_[at_] != ',' && text_[at_] != '\n') {
      cell.text += text_[at_++];
    }
    cell.text = trim(cell.text);
    cell.is_last = peek() != ',';
    ++at_;
    is_row_start_ = cell.is_last;
    return cell;
  }

 private:
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }

  std::string take_quoted()
  {
    std::string cell;
    for (++at_; at_ < text_.size(); ++at_) {
      if (text_[at_] == '"' && (at_ + 1 == text_.size() || text_[at_ + 1] != '"')) {
        ++at_;
        break;
      }
      at_ += text_[at_] == '"' ? 1U : 0U;
      cell += text_[at_];
    }
    return cell;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  bool is_row_start_ = true;
};

std::optional<double> find_number(std::string_view text)
{
  text.remove_prefix(text.starts_with('+') ? 1 : 0);
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool is_number = error == std::errc{} && end == text.data() + text.size() && !text.empty();
  return is_number ? std::optional{number} : std::nullopt;
}

bool is_near(double left, double right, const Tolerance& tolerance)
{
  if (std::isnan(left) || std::isnan(right)) {
    return std::isnan(left) && std::isnan(right);
  }
  if (std::isinf(left) || std::isinf(right)) {
    return left == right;
  }
  const auto larger = std::max(std::abs(left), std::abs(right));
  return std::abs(left - right) <= std::max(tolerance.absolute, tolerance.relative * larger);
}

}  // namespace

bool is_same_csv(std::string_view left, std::string_view right, const Tolerance& tolerance)
{
  Cells left_cells{left};
  Cells right_cells{right};
  for (;;) {
    const auto one = left_cells.next();
    const auto other = right_cells.next();
    if (!one || !other) {
      return !one && !other;
    }
    if (one->is_last != other->is_last) {
      return false;
    }
    const auto number = find_number(one->text);
    const auto second = number ? find_number(other->text) : std::nullopt;
    if (second ? !is_near(*number, *second, tolerance) : one->text != other->text) {
      return false;
    }
  }
}

}  // namespace pecanctl::tasks
