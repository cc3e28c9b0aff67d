// SPDX-FileCopyrightText: the pecanctl authors
// SPDX-License-Identifier: BSD-3-Clause
#include "core/postgres/link.hpp"

#include <poll.h>
#include <sys/eventfd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "core/base/error.hpp"

namespace pecanctl::postgres {
namespace {

constexpr std::chrono::seconds k_cancel_limit{1};

// "FATAL:  28P01: password authentication failed": in verbose mode the SQLSTATE stands between two
// colons.
std::string sqlstate_in(const std::string& message)
{
  constexpr std::size_t k_length = 5;
  for (const std::string_view severity : {"FATAL:  ", "ERROR:  ", "PANIC:  "}) {
    const auto at = message.find(severity);
    const auto end = at == std::string::npos ? at : at + severity.size() + k_length;
    if (end < message.size() && message[end] == ':') {
      return message.substr(end - k_length, k_length);
    }
  }
  return {};
}

std::string field(const Result& result, int code)
{
  const char* const text = PQresultErrorField(result.get(), code);
  return text == nullptr ? std::string{} : text;
}

}  // namespace

Link::Link(Endpoint endpoint, const Deadline& deadline, const std::stop_token& stop)
    : endpoint_{std::move(endpoint)},
      wake_{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)}
{
  if (!wake_) {
    throw system_error("cannot create an eventfd", errno);
  }
  connect(deadline, stop);
}

Link::~Link() = default;

void Link::connect(const Deadline& deadline, const std::stop_token& stop)
{
  check_stop(stop);
  const auto options = connection_options(endpoint_, deadline);
  std::vector<const char*> names;
  std::vector<const char*> values;
  for (const auto& [name, value] : options) {
    names.push_back(name.c_str());
    values.push_back(value.c_str());
  }
  names.push_back(nullptr);
  values.push_back(nullptr);
  connection_.reset(PQconnectStartParams(names.data(), values.data(), 0));
  if (PQstatus(get()) == CONNECTION_BAD) {
    fail();
  }
  PQsetErrorVerbosity(get(), PQERRORS_VERBOSE);  // or the SQLSTATE of a refusal is lost
  PQsetNoticeProcessor(
      get(), [](void* /*unused*/, const char* /*text*/) {}, nullptr);
  for (auto state = PGRES_POLLING_WRITING; state != PGRES_POLLING_OK;
       state = PQconnectPoll(get())) {
    if (state == PGRES_POLLING_FAILED) {
      fail();
    }
    wait(state == PGRES_POLLING_READING ? POLLIN : POLLOUT, deadline, stop);
  }
  PQsetErrorVerbosity(get(), PQERRORS_DEFAULT);
  if (PQsetnonblocking(get(), 1) != 0) {
    fail();
  }
}

Link::Session Link::release()
{
  require_usable();
  if (PQsetnonblocking(get(), 0) != 0) {
    fail();
  }
  return std::move(connection_);
}

short Link::wait(short events, const Deadline& deadline, const std::stop_token& stop)
{
  const std::stop_callback on_stop{stop, [this] { ::eventfd_write(wake_.get(), 1); }};
  for (;;) {
    if (stop.stop_requested() || deadline.is_over()) {
      abandon();
      check_stop(stop);
      deadline.check(fmt::format("waiting for {}", describe(endpoint_)));
    }
    std::array<pollfd, 2> fds{{{.fd = PQsocket(get()), .events = events, .revents = 0},
                               {.fd = wake_.get(), .events = POLLIN, .revents = 0}}};
    if (::poll(fds.data(), fds.size(), deadline.left_ms()) < 0 && errno != EINTR) {
      throw system_error(fmt::format("cannot wait for {}", describe(endpoint_)), errno);
    }
    if (fds[0].revents != 0) {
      return fds[0].revents;
    }
  }
}

void Link::wait_for_input(short events, const Deadline& deadline, const std::stop_token& stop)
{
  const auto ready = wait(static_cast<short>(events | POLLIN), deadline, stop);
  const auto is_readable = (static_cast<unsigned>(ready) & ~static_cast<unsigned>(POLLOUT)) != 0;
  if (is_readable && PQconsumeInput(get()) == 0) {
    fail();
  }
}

void Link::flush(const Deadline& deadline, const std::stop_token& stop)
{
  for (int left = PQflush(get()); left != 0; left = PQflush(get())) {
    if (left < 0) {
      fail();
    }
    wait_for_input(POLLOUT, deadline, stop);
  }
}

Result Link::next_result(const Deadline& deadline, const std::stop_token& stop)
{
  while (PQisBusy(get()) != 0) {
    wait_for_input(POLLIN, deadline, stop);
  }
  return Result{PQgetResult(get())};
}

Result Link::execute(const std::string& sql, const Deadline& deadline, const std::stop_token& stop)
{
  require_usable();
  check_stop(stop);
  if (PQsendQuery(get(), sql.c_str()) == 0) {
    fail();
  }
  return take_results(deadline, stop);
}

Result Link::execute(const std::string& sql, std::span<const Value> parameters,
                     const Deadline& deadline, const std::stop_token& stop)
{
  require_usable();
  check_stop(stop);
  std::vector<const char*> values;
  values.reserve(parameters.size());
  for (const auto& value : parameters) {
    values.push_back(value ? value->c_str() : nullptr);
  }
  if (PQsendQueryParams(get(), sql.c_str(), static_cast<int>(values.size()), nullptr, values.data(),
                        nullptr, nullptr, 0) == 0) {
    fail();
  }
  return take_results(deadline, stop);
}

Result Link::take_results(const Deadline& deadline, const std::stop_token& stop)
{
  flush(deadline, stop);
  Result last;
  while (auto result = next_result(deadline, stop)) {
    const auto status = PQresultStatus(result.get());
    if (status == PGRES_COPY_IN || status == PGRES_COPY_OUT) {
      return result;
    }
    if (!last || PQresultStatus(last.get()) != PGRES_FATAL_ERROR) {
      last = std::move(result);
    }
  }
  return last;
}

void Link::abandon() noexcept
{
  const auto connection = std::move(connection_);
  if (connection && PQtransactionStatus(connection.get()) == PQTRANS_ACTIVE) {
    cancel_backend(endpoint_, PQbackendPID(connection.get()));
  }
}

void Link::require_usable() const
{
  if (!is_usable()) {
    throw Error{{.code = ErrorCode::unreachable,
                 .what = fmt::format("cannot use {}", describe(endpoint_)),
                 .why = "the session has ended"}};
  }
}

void Link::check(const Result& result) const
{
  if (!result) {
    fail();
  }
  if (PQresultStatus(result.get()) != PGRES_FATAL_ERROR &&
      PQresultStatus(result.get()) != PGRES_BAD_RESPONSE) {
    return;
  }
  const auto sqlstate = field(result, PG_DIAG_SQLSTATE);
  if (sqlstate.empty()) {
    fail();  // from libpq itself: the connection broke
  }
  auto message = field(result, PG_DIAG_MESSAGE_PRIMARY);
  // libpq's codes are letters that it takes as int.
  for (const auto code : {int{PG_DIAG_MESSAGE_DETAIL}, int{PG_DIAG_CONTEXT}}) {
    if (const auto text = field(result, code); !text.empty()) {
      message += "\n" + text;
    }
  }
  throw server_error(endpoint_, message, sqlstate, code_of(sqlstate));
}

void Link::fail() const
{
  const std::string message = connection_ ? PQerrorMessage(get()) : "out of memory";
  const auto sqlstate = sqlstate_in(message);
  throw server_error(endpoint_, message, {},
                     sqlstate.empty() ? ErrorCode::unreachable : code_of(sqlstate));
}

void cancel_backend(const Endpoint& endpoint, int pid) noexcept
{
  try {
    const auto deadline = Deadline::in(k_cancel_limit);
    Link link{endpoint, deadline, {}};
    link.execute(fmt::format("SELECT pg_cancel_backend({})", pid), deadline, {});
  } catch (const std::exception&) {  // NOLINT(bugprone-empty-catch): documented as silent
  }
}

}  // namespace pecanctl::postgres
