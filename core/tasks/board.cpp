// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/tasks/board.hpp"

#include <algorithm>
#include <numeric>

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/failpoint.hpp"
#include "core/base/secret.hpp"

namespace pecanctl::tasks {
namespace {

constexpr std::size_t k_at_once = 500;
constexpr std::size_t k_manifest_limit = std::size_t{1} << 20U;
constexpr std::string_view k_manifest = "manifest";
constexpr std::string_view k_outcome = "rabbitmq.out";  // of PEcAn's workers

using Place = std::pair<std::size_t, std::size_t>;  // unit and slot

std::pair<std::string, std::string> in_order(const std::string& left, const std::string& right)
{
  return left < right ? std::pair{left, right} : std::pair{right, left};
}

}  // namespace

Board::Board(engine::DataAccess& data, BoardOptions options, std::vector<Unit> units)
    : data_{data},
      options_{std::move(options)},
      units_{std::move(units)},
      slots_(units_.size())
{
}

std::string Board::folder_of(std::size_t unit) const
{
  return unit_path(options_.root, options_.job.stage, units_[unit].name);
}

std::string Board::slot_of(std::size_t unit, std::size_t slot) const
{
  return slot_path(folder_of(unit), slot);
}

std::uint32_t Board::number_of(const std::string& worker)
{
  return workers_.emplace(worker, static_cast<std::uint32_t>(workers_.size())).first->second;
}

std::optional<Report> find_report(engine::DataAccess& data, const std::string& slot,
                                  const Deadline& deadline, std::stop_token stop)
{
  const auto path = fmt::format("{}/{}", slot, k_manifest);
  const auto text =
      data.find_ends(std::span{&path, 1}, k_manifest_limit, deadline, std::move(stop)).front();
  return text ? parse_report(text->text) : std::nullopt;
}

// --- what there is ---

void Board::refresh(const std::map<std::string, std::string>& words, const Deadline& deadline,
                    const std::stop_token& stop)
{
  if (!is_found_) {
    find_slots(deadline, stop);
    is_found_ = true;
  }
  std::vector<Place> open;
  for (std::size_t unit = 0; unit < units_.size(); ++unit) {
    for (std::size_t slot = 0; slot < slots_[unit].size(); ++slot) {
      if (slots_[unit][slot].state == SlotState::empty) {
        open.emplace_back(unit, slot);
      }
    }
  }
  for (std::size_t first = 0; first < open.size(); first += k_at_once) {
    const auto count = std::min(k_at_once, open.size() - first);
    read_slots(std::span{open}.subspan(first, count), words, deadline, stop);
  }
}

// Slots are numbered without a gap: those of a unit are looked for until one is missing.
void Board::find_slots(const Deadline& deadline, const std::stop_token& stop)
{
  std::vector<std::size_t> candidates(units_.size());
  std::iota(candidates.begin(), candidates.end(), 0U);
  for (std::size_t slot = 0; !candidates.empty(); ++slot) {
    std::vector<std::size_t> there;
    for (std::size_t first = 0; first < candidates.size(); first += k_at_once) {
      const auto some =
          std::span{candidates}.subspan(first, std::min(k_at_once, candidates.size() - first));
      std::vector<std::string> paths;
      for (const auto unit : some) {
        paths.push_back(slot_of(unit, slot));
      }
      const auto infos = data_.look(paths, deadline, stop);
      for (std::size_t i = 0; i < some.size(); ++i) {
        if (infos[i] && infos[i]->kind == engine::PathKind::folder) {
          slots_[some[i]].emplace_back();
          there.push_back(some[i]);
        }
      }
    }
    candidates = std::move(there);
  }
}

void Board::read_slots(std::span<const Place> slots,
                       const std::map<std::string, std::string>& words, const Deadline& deadline,
                       const std::stop_token& stop)
{
  std::vector<std::string> paths;
  for (const auto& [unit, slot] : slots) {
    paths.push_back(fmt::format("{}/{}", slot_of(unit, slot), k_manifest));
  }
  const auto texts = data_.find_ends(paths, k_manifest_limit, deadline, stop);
  std::vector<Found> found;
  for (std::size_t i = 0; i < slots.size(); ++i) {
    const auto unit = slots[i].first;
    const auto slot = slots[i].second;
    auto report = texts[i] ? parse_report(texts[i]->text) : std::nullopt;
    if (report) {
      found.push_back({.unit = unit, .slot = slot, .report = std::move(*report)});
    } else if (texts[i]) {
      fail(unit, slot, "its manifest is damaged", std::nullopt);
    } else if (slots_[unit][slot].is_sent) {
      const auto known = words.find(slot_of(unit, slot));
      fail(unit, slot, known == words.end() ? "it left no manifest" : known->second, std::nullopt);
    }
  }
  check_outputs(std::move(found), deadline, stop);
}

void Board::check_outputs(std::vector<Found> found, const Deadline& deadline,
                          const std::stop_token& stop)
{
  std::vector<std::string> paths;
  for (const auto& [unit, slot, report] : found) {
    for (const auto& file :
         report.state == Report::State::ok ? report.files : std::vector<ListedFile>{}) {
      paths.push_back(fmt::format("{}/{}", slot_of(unit, slot), file.name));
    }
  }
  const auto digests = data_.digest_files(paths, deadline, stop);
  std::size_t next = 0;
  for (auto& result : found) {
    std::string wrong;
    for (const auto& file : result.report.state == Report::State::ok ? result.report.files
                                                                     : std::vector<ListedFile>{}) {
      const auto& digest = digests[next++];
      if (!digest) {
        wrong = fmt::format("{} is missing", file.name);
      } else if (digest->size != file.size || digest->sha256 != file.sha256) {
        wrong = fmt::format(
            "{} is not what its manifest says: {} bytes of {}, SHA-256 {:.12} of "
            "{:.12}",
            file.name, digest->size, file.size, digest->sha256, file.sha256);
      }
    }
    if (wrong.empty()) {
      take(result);
    } else {
      fail(result.unit, result.slot, std::move(wrong), std::move(result.report));
    }
  }
}

void Board::take(const Found& found)
{
  const auto& report = found.report;
  auto& slot = slots_[found.unit][found.slot];
  const auto worker = number_of(report.worker);
  if (report.state == Report::State::failed) {
    fail(found.unit, found.slot, describe_end(report), report);
  } else if (report.state == Report::State::declined ||
             (options_.job.quorum > 1 && has_other_vote(found.unit, found.slot, worker))) {
    slot.state = SlotState::declined;
    ++declined_;
  } else {
    slot.state = SlotState::valid;
    slot.worker = worker;
    slot.size = report.files.empty() ? 0 : report.files.front().size;
    // A reduction may have many files, a comparison has an exit status and none.
    slot.digest = report.files.size() == 1 ? report.files.front().sha256
                  : report.files.empty()   ? std::to_string(report.exit)
                                           : sha256_hex(render_list(report.files));
    failures_.erase({found.unit, found.slot});
  }
}

bool Board::has_other_vote(std::size_t unit, std::size_t slot, std::uint32_t worker) const
{
  const auto& slots = slots_[unit];
  for (std::size_t other = 0; other < slots.size(); ++other) {
    if (other != slot && slots[other].state == SlotState::valid && slots[other].worker == worker) {
      return true;
    }
  }
  return false;
}

void Board::fail(std::size_t unit, std::size_t slot, std::string reason,
                 std::optional<Report> report)
{
  constexpr std::uint8_t k_most = 200;
  auto& place = slots_[unit][slot];
  place.state = SlotState::failed;
  // What an earlier command saw fail is not held against this one.
  if (place.is_sent) {
    place.failures = std::min<std::uint8_t>(k_most, static_cast<std::uint8_t>(place.failures + 1));
  }
  failures_.insert_or_assign({unit, slot}, Failure{.folder = slot_of(unit, slot),
                                                   .reason = std::move(reason),
                                                   .report = std::move(report)});
}

void Board::distrust()
{
  for (auto& slots : slots_) {
    for (auto& slot : slots) {
      if (slot.state == SlotState::valid) {
        slot.state = SlotState::empty;
        slot.is_sent = false;
      }
    }
  }
}

// --- what follows ---

Verdict Board::judge_unit(std::size_t unit) const
{
  const auto& slots = slots_[unit];
  std::vector<Vote> votes;
  for (const auto& slot : slots) {
    votes.push_back(slot.state == SlotState::valid     ? Vote::valid
                    : slot.failures > options_.retries ? Vote::lost
                                                       : Vote::open);
  }
  return tasks::judge(
      votes, {.needed = options_.job.quorum, .max_results = options_.max_results},
      [&](std::size_t left, std::size_t right) { return is_same(slots[left], slots[right]); });
}

std::optional<bool> Board::is_same(const Slot& left, const Slot& right) const
{
  if (options_.is_exact || left.digest == right.digest) {
    return left.digest == right.digest;
  }
  const auto known = same_.find(in_order(left.digest, right.digest));
  return known == same_.end() ? std::nullopt : std::optional{known->second};
}

Standing Board::judge() const
{
  Standing standing{.declined = declined_};
  for (std::size_t unit = 0; unit < units_.size(); ++unit) {
    const auto& slots = slots_[unit];
    const auto valid =
        static_cast<std::size_t>(std::ranges::count(slots, SlotState::valid, &Slot::state));
    standing.results += valid;
    const auto verdict = judge_unit(unit);
    if (verdict.kind == Verdict::Kind::verified) {
      ++standing.verified;
      const auto& accepted = slots[verdict.accepted];
      standing.outvoted += static_cast<std::size_t>(std::ranges::count_if(
          slots, [&](const Slot& slot) { return is_same(slot, accepted) == false; }));
    } else if (verdict.kind == Verdict::Kind::failed) {
      standing.failed.emplace_back(unit, verdict.reason);
    } else if (verdict.kind == Verdict::Kind::run) {
      standing.slots += slots.size() - valid + verdict.more;
      standing.workers = std::max(standing.workers, slots.size() + verdict.more);
    }
    for (const auto& [left, right] : verdict.pairs) {
      const auto file = [&](std::size_t slot) {
        return ListedFile{.size = slots[slot].size,
                          .sha256 = slots[slot].digest,
                          .name = fmt::format("{}/{}/r{}/output", options_.job.stage,
                                              units_[unit].name, slot + 1)};
      };
      standing.pairs.push_back({.left = slot_of(unit, left) + "/output",
                                .right = slot_of(unit, right) + "/output",
                                .left_file = file(left),
                                .right_file = file(right)});
    }
  }
  return standing;
}

void Board::set_same(const std::string& left, const std::string& right, bool is_same)
{
  same_.insert_or_assign(in_order(left, right), is_same);
}

ListedFile Board::accepted(std::size_t unit) const
{
  const auto slot = judge_unit(unit).accepted;
  return {.size = slots_[unit][slot].size,
          .sha256 = slots_[unit][slot].digest,
          .name = fmt::format("{}/{}/r{}/output", options_.job.stage, units_[unit].name, slot + 1)};
}

std::string Board::accepted_slot(std::size_t unit) const
{
  return slot_of(unit, judge_unit(unit).accepted);
}

int Board::exit_of(std::size_t unit) const
{
  return slots_[unit][judge_unit(unit).accepted].digest == "0" ? 0 : 1;
}

// --- what is to be run ---

std::vector<std::string> Board::list_open() const
{
  std::vector<std::string> folders;
  for (std::size_t unit = 0; unit < units_.size(); ++unit) {
    const auto verdict = judge_unit(unit);
    if (verdict.kind != Verdict::Kind::run) {
      continue;
    }
    const auto& slots = slots_[unit];
    for (std::size_t slot = 0; slot < slots.size() + verdict.more; ++slot) {
      if (slot >= slots.size() || slots[slot].state != SlotState::valid) {
        folders.push_back(slot_of(unit, slot));
      }
    }
  }
  return folders;
}

engine::NewFolder Board::make_slot(std::size_t unit, std::size_t slot) const
{
  return {.path = slot_of(unit, slot), .files = {make_job(options_.job, units_[unit].digest)}};
}

void Board::set_aside(const std::string& folder, const Deadline& deadline,
                      const std::stop_token& stop)
{
  constexpr std::size_t k_digits = 8;
  const auto slash = folder.rfind('/');
  data_.rename(folder,
               fmt::format("{}/old-{}-{}", folder.substr(0, slash),
                           random_uuid().substr(0, k_digits), folder.substr(slash + 1)),
               deadline, stop);
}

std::vector<std::string> Board::prepare(const Deadline& deadline, const std::stop_token& stop)
{
  std::vector<std::string> folders;
  std::vector<std::string> unwanted;  // files
  std::vector<engine::NewFolder> missing;
  for (std::size_t unit = 0; unit < units_.size(); ++unit) {
    const auto verdict = judge_unit(unit);
    if (verdict.kind != Verdict::Kind::run) {
      continue;
    }
    auto& slots = slots_[unit];
    const auto there = slots.size();
    slots.resize(there + verdict.more);
    if (there == 0 && !units_[unit].files.empty()) {
      missing.push_back({.path = folder_of(unit), .files = units_[unit].files});
    }
    for (std::size_t slot = 0; slot < slots.size(); ++slot) {
      if (slots[slot].state == SlotState::valid) {
        continue;
      }
      auto folder = slot_of(unit, slot);
      if (slot >= there) {
        missing.push_back(make_slot(unit, slot));
      } else if (slots[slot].state == SlotState::failed) {
        set_aside(folder, deadline, stop);
        missing.push_back(make_slot(unit, slot));
      } else if (slots[slot].state == SlotState::declined) {
        unwanted.push_back(fmt::format("{}/{}", folder, k_manifest));
        unwanted.push_back(fmt::format("{}/{}", folder, k_outcome));
      }
      slots[slot].state = SlotState::empty;
      slots[slot].is_sent = true;
      folders.push_back(std::move(folder));
    }
  }
  data_.remove(unwanted, deadline, stop);
  failpoint("task.prepared");
  if (!missing.empty()) {
    data_.make_folders(missing, deadline, stop);
  }
  return folders;
}

}  // namespace pecanctl::tasks
