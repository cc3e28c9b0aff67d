// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/postgres/copy.hpp"

#include <poll.h>

#include <charconv>
#include <utility>

#include <fmt/format.h>

#include "core/postgres/link.hpp"

namespace pecanctl::postgres {
namespace {

struct FreeRow {
  void operator()(char* row) const { PQfreemem(row); }
};

std::uint64_t row_count(const Result& result)
{
  const std::string_view text{PQcmdTuples(result.get())};
  std::uint64_t rows = 0;
  std::from_chars(text.data(), text.data() + text.size(), rows);
  return rows;
}

// One statement on a link, with the limits it may take.
class Copy {
 public:
  Copy(Link& link, const Deadline& deadline, const std::stop_token& stop)
      : link_{link},
        deadline_{deadline},
        stop_{stop}
  {
  }

  Copy(const Copy&) = delete;
  Copy& operator=(const Copy&) = delete;

  // Left in the middle, by what the caller's function threw: the server must not take half of it
  // for all.
  ~Copy()
  {
    if (is_open_) {
      link_.abandon();
    }
  }

  void start(std::string_view sql, ExecStatusType expected)
  {
    const auto result = link_.execute(std::string{sql}, deadline_, stop_);
    link_.check(result);
    is_open_ = true;
    if (PQresultStatus(result.get()) != expected) {
      throw Error{
          {.code = ErrorCode::internal, .what = "the statement is no COPY in this direction"}};
    }
  }

  void put(std::string_view block)
  {
    for (;;) {
      const int taken = PQputCopyData(link_.get(), block.data(), static_cast<int>(block.size()));
      if (taken < 0) {
        link_.fail();
      }
      if (taken > 0) {
        link_.flush(deadline_, stop_);
        return;
      }
      link_.wait_for_input(POLLOUT, deadline_, stop_);
    }
  }

  void put_end(const char* abort_text)
  {
    int taken = 0;
    while ((taken = PQputCopyEnd(link_.get(), abort_text)) == 0) {
      link_.wait_for_input(POLLOUT, deadline_, stop_);
    }
    if (taken < 0) {
      link_.fail();
    }
    link_.flush(deadline_, stop_);
  }

  // The next row; nothing at the end.
  std::unique_ptr<char, FreeRow> take(int& size)
  {
    for (;;) {
      char* row = nullptr;
      size = PQgetCopyData(link_.get(), &row, 1);
      std::unique_ptr<char, FreeRow> owner{row};
      if (size != 0) {
        return owner;
      }
      link_.wait_for_input(POLLIN, deadline_, stop_);
    }
  }

  std::uint64_t finish()
  {
    is_open_ = false;
    std::uint64_t rows = 0;
    Result error;
    while (auto result = link_.next_result(deadline_, stop_)) {
      rows += row_count(result);
      if (PQresultStatus(result.get()) == PGRES_FATAL_ERROR) {
        error = std::move(result);
      }
    }
    if (error) {
      link_.check(error);
    }
    return rows;
  }

 private:
  Link& link_;
  const Deadline& deadline_;
  const std::stop_token& stop_;
  bool is_open_ = false;
};

class PqCopySession : public CopySession {
 public:
  PqCopySession(const Endpoint& endpoint, const Deadline& deadline, const std::stop_token& stop)
      : link_{endpoint, deadline, stop}
  {
  }

  void execute(std::string_view sql, const Deadline& deadline, std::stop_token stop) override
  {
    link_.check(link_.execute(std::string{sql}, deadline, stop));
  }

  std::uint64_t copy_in(std::string_view sql, const std::function<std::string_view()>& source,
                        const Deadline& deadline, std::stop_token stop) override
  {
    Copy copy{link_, deadline, stop};
    copy.start(sql, PGRES_COPY_IN);
    for (auto block = source(); !block.empty(); block = source()) {
      copy.put(block);
    }
    copy.put_end(nullptr);
    return copy.finish();
  }

  std::uint64_t copy_out(std::string_view sql, const std::function<void(std::string_view)>& sink,
                         const Deadline& deadline, std::stop_token stop) override
  {
    Copy copy{link_, deadline, stop};
    copy.start(sql, PGRES_COPY_OUT);
    int size = 0;
    for (auto row = copy.take(size); size > 0; row = copy.take(size)) {
      sink({row.get(), static_cast<std::size_t>(size)});
    }
    return copy.finish();
  }

 private:
  Link link_;
};

}  // namespace

std::unique_ptr<CopySession> connect_copy(const Endpoint& endpoint, const Deadline& deadline,
                                          std::stop_token stop)
{
  return std::make_unique<PqCopySession>(endpoint, deadline, stop);
}

}  // namespace pecanctl::postgres
