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

std::vector<Row> to_rows(const Result& result)
{
  std::vector<Row> rows(static_cast<std::size_t>(PQntuples(result.get())));
  const int width = PQnfields(result.get());
  for (int row = 0; row < PQntuples(result.get()); ++row) {
    auto& values = rows[static_cast<std::size_t>(row)];
    values.reserve(static_cast<std::size_t>(width));
    for (int column = 0; column < width; ++column) {
      const auto size = static_cast<std::size_t>(PQgetlength(result.get(), row, column));
      values.push_back(PQgetisnull(result.get(), row, column) != 0
                           ? Value{}
                           : Value{std::in_place, PQgetvalue(result.get(), row, column), size});
    }
  }
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
      abort();
    }
  }

  void start(std::string_view sql, ExecStatusType expected)
  {
    const auto result = link_.execute(std::string{sql}, deadline_, stop_);
    link_.check(result);
    const auto status = PQresultStatus(result.get());
    is_in_ = status == PGRES_COPY_IN;
    is_open_ = is_in_ || status == PGRES_COPY_OUT;
    if (status != expected) {
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

  void put_end(const char* abort_text = nullptr)
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
  // A COPY IN that is aborted leaves a session that can roll back; a COPY OUT has no end but that
  // of the session.
  void abort() noexcept
  {
    try {
      if (is_in_ && link_.is_usable()) {
        put_end("the sender gave up");
        while (link_.next_result(deadline_, stop_)) {
        }
        return;
      }
    } catch (const std::exception&) {  // NOLINT(bugprone-empty-catch): given up below
    }
    link_.abandon();
  }

  Link& link_;
  const Deadline& deadline_;
  const std::stop_token& stop_;
  bool is_open_ = false;
  bool is_in_ = false;
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

  std::vector<Row> query(std::string_view sql, std::span<const Value> parameters,
                         const Deadline& deadline, std::stop_token stop) override
  {
    const auto result = link_.execute(std::string{sql}, parameters, deadline, stop);
    link_.check(result);
    return to_rows(result);
  }

  void commit(const Deadline& deadline, std::stop_token stop) override
  {
    try {
      link_.check(link_.execute("COMMIT", deadline, stop));
    } catch (const Error& error) {
      if (link_.is_usable()) {
        throw;  // the server said no
      }
      auto info = error.info();
      info.code = ErrorCode::failed;
      info.why = "unknown whether it happened: " + info.why;
      throw Error{std::move(info)};
    }
  }

  std::uint64_t copy_in(std::string_view sql, const std::function<std::string_view()>& source,
                        const Deadline& deadline, std::stop_token stop) override
  {
    Copy copy{link_, deadline, stop};
    copy.start(sql, PGRES_COPY_IN);
    for (auto block = source(); !block.empty(); block = source()) {
      copy.put(block);
    }
    copy.put_end();
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
