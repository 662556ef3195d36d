#include "net/http.hpp"

#include <sys/resource.h>

#include <array>
#include <charconv>
#include <ctime>

#include "core/check.hpp"
#include "net/tls.hpp"

namespace quarry::net {
namespace {

/// Waiting answers above this stop the reading of further requests of that client.
constexpr std::size_t kMaxUntakenBytes = 256 * 1024;
/// Bodies up to this are copied behind their head: one write instead of a gathered one.
constexpr std::size_t kCopiedBodyBytes = 8 * 1024;
/// What of each body is not counted in total, so that a few large ones that never end do not keep ordinary
/// requests out: with 4096 connections another 256 MiB.
constexpr std::size_t kFreeBodyBytes = 64 * 1024;
constexpr std::chrono::milliseconds kSweepInterval{500};

std::string_view status_text(int status) {
  switch (status) {
    case 100:
      return "Continue";
    case 200:
      return "OK";
    case 204:
      return "No Content";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 413:
      return "Payload Too Large";
    case 415:
      return "Unsupported Media Type";
    case 426:
      return "Upgrade Required";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 503:
      return "Service Unavailable";
    default:
      return "";
  }
}

std::string to_hex_number(std::size_t value) {
  std::array<char, 16> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value, 16).ptr;
  return {digits.data(), end};
}

std::size_t connection_bound(std::size_t wanted) {
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_cur == RLIM_INFINITY) return wanted;
  return std::max<std::size_t>(1, std::min<std::size_t>(wanted, files.rlim_cur / 2));
}

void append_head(std::string& to, const HttpResponse& response, std::string_view date,
                 std::string_view length, bool keep_alive) {
  to.append("HTTP/1.1 ")
      .append(std::to_string(response.status))
      .append(" ")
      .append(status_text(response.status));
  if (!response.content_type.empty()) to.append("\r\nContent-Type: ").append(response.content_type);
  to.append("\r\nDate: ").append(date);
  to.append(length).append("\r\n");
  to.append(response.headers);
  to.append(keep_alive ? "\r\n" : "Connection: close\r\n\r\n");
}

std::string_view decimal(std::size_t value, std::array<char, 20>& digits) {
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  return {digits.data(), static_cast<std::size_t>(end - digits.data())};
}

/// What almost every answer is.
bool is_usual(const HttpResponse& response) {
  return response.status == 200 && response.headers.empty() && response.content_type == "application/json";
}

}  // namespace

HttpConnection::HttpConnection(HttpServer& server, StreamPtr stream)
    : server_(&server),
      stream_(std::move(stream)),
      parser_(server.limits_.request, parser_events(), server.allow_upgrade_) {}

HttpRequestParser::Events HttpConnection::parser_events() {
  HttpRequestParser::Events events;
  events.on_expect_continue = [this](const HttpRequest&) {
    stream_->write(as_bytes("HTTP/1.1 100 Continue\r\n\r\n"));
  };
  events.on_request = [this](HttpRequest& request) {
    if (!request.same_head) head_note_ = 0;
    enter(Phase::working);
    server_->handler_(request, shared_from_this());
  };
  events.on_body_bytes = [this](std::size_t total) {
    if (total <= kFreeBodyBytes) return true;
    const auto more = total - kFreeBodyBytes - body_bytes_;
    if (server_->body_bytes_ + more > server_->limits_.total_body_bytes) return false;
    server_->body_bytes_ += more;
    body_bytes_ += more;
    return true;
  };
  return events;
}

void HttpConnection::start() {
  since_ = stream_->loop().now_ms();
  // The server owns the connection and may go before the stream, which others may hold.
  const auto weak = weak_from_this();
  stream_->set_on_drain([weak] {
    if (const auto self = weak.lock()) self->on_drain();
  });
  stream_->set_on_end([weak] {
    if (const auto self = weak.lock()) self->on_end();
  });
  stream_->start(
      [weak](ByteView bytes) {
        if (const auto self = weak.lock()) self->on_read(bytes);
      },
      [weak](const Closed& why) {
        if (const auto self = weak.lock()) self->on_closed(why);
      });
}

void HttpConnection::on_drain() {
  count_answer();
  if (phase_ == Phase::sending) after_response(true);
  if (phase_ == Phase::streaming) ask_for_more();
}

void HttpConnection::on_read(ByteView bytes) {
  if (phase_ == Phase::taken_over) return read_raw(bytes);
  if (phase_ != Phase::reading) {
    append(rest_, bytes);
    stream_->pause();
    return;
  }
  parse(bytes);
}

void HttpConnection::parse(ByteView bytes) {
  while (phase_ == Phase::reading && !bytes.empty()) {
    answering_ = true;
    bytes = bytes.subspan(parser_.feed(bytes));
    answering_ = false;
    if (parser_.state() == HttpRequestParser::State::failed) return refuse();
    update_waiting();
  }
  if (phase_ == Phase::finishing || bytes.empty()) return;
  if (phase_ == Phase::taken_over) return read_raw(bytes);
  rest_ = to_bytes(bytes);
  stream_->pause();
}

/// A request's time counts from its first byte, in two steps; an idle client's from its last answer.
void HttpConnection::update_waiting() {
  if (phase_ != Phase::reading || parser_.state() == timed_state_) return;
  if (timed_state_ == HttpRequestParser::State::idle) since_ = stream_->loop().now_ms();
  timed_state_ = parser_.state();
}

void HttpConnection::enter(Phase phase) {
  if (server_ == nullptr) return;
  phase_ = phase;
  since_ = stream_->loop().now_ms();
  timed_state_ = HttpRequestParser::State::idle;
  const bool waits = phase == Phase::reading || phase == Phase::finishing;
  server_->move_to(*this, !waits                    ? server_->busy_
                          : phase == Phase::reading ? server_->proven_
                                                    : server_->waiting_);
}

void HttpConnection::respond(HttpResponse response) {
  if (server_ == nullptr || !stream_->is_open() || phase_ != Phase::working) return;
  const auto self = shared_from_this();
  const bool full = response.body.size() > kCopiedBodyBytes &&
                    server_->answer_bytes_ + response.body.size() > server_->limits_.total_answer_bytes;
  if (full) {
    response = {503, "text/plain", SharedBuffer(std::string("too many large answers at once; try again\n")),
                "", true};
  }
  const bool failed = parser_.state() == HttpRequestParser::State::failed;
  const bool keep_alive = !response.close && !failed && !server_->winding_down_ &&
                          (!peer_ended_ || !rest_.empty()) && parser_.keep_alive();
  server_->body_bytes_ -= std::exchange(body_bytes_, 0);

  auto& head = server_->scratch_;
  head.clear();
  std::array<char, 20> digits{};
  const auto length = decimal(response.lead.size() + response.body.size(), digits);
  if (keep_alive && is_usual(response)) {
    head.append(server_->usual_head()).append(length).append("\r\n\r\n");
  } else {
    append_head(head, response, server_->date(), "\r\nContent-Length: " + std::string(length), keep_alive);
  }
  head.append(response.lead);
  if (response.body.size() <= kCopiedBodyBytes) {
    head.append(as_text(response.body.view()));
    stream_->write(as_bytes(head));
  } else {
    stream_->write(as_bytes(head), std::move(response.body));
  }
  after_response(keep_alive);
}

void HttpConnection::begin_stream(HttpResponse head, std::function<void()> more) {
  if (server_ == nullptr || !stream_->is_open() || phase_ != Phase::working) return;
  server_->body_bytes_ -= std::exchange(body_bytes_, 0);
  chunked_ = parser_.takes_chunks();
  piece_sent_ = false;
  more_ = std::move(more);
  enter(Phase::streaming);
  // Without chunks the end of the connection is the end of the body.
  std::string text;
  append_head(text, head, server_->date(), chunked_ ? "\r\nTransfer-Encoding: chunked" : "",
              chunked_ && parser_.keep_alive());
  stream_->write(as_bytes(text));
  if (stream_->pending() == 0) ask_for_more();
}

/// A source that has its pieces at hand sends them from within `more`: asked in turns, not ever deeper.
void HttpConnection::ask_for_more() {
  ask_again_ = true;
  if (asking_) return;
  const auto self = shared_from_this();
  asking_ = true;
  while (std::exchange(ask_again_, false) && phase_ == Phase::streaming && stream_->is_open()) {
    const auto more = more_;
    more();
  }
  asking_ = false;
}

void HttpConnection::send_piece(SharedBuffer piece) {
  if (server_ == nullptr || !stream_->is_open() || phase_ != Phase::streaming || piece.size() == 0) return;
  const auto self = shared_from_this();
  since_ = stream_->loop().now_ms();
  if (chunked_) {
    // A chunk's closing line end goes with the next chunk's head.
    std::string head = piece_sent_ ? "\r\n" : "";
    head += to_hex_number(piece.size()) + "\r\n";
    stream_->write(as_bytes(head), std::move(piece));
  } else {
    stream_->write(std::move(piece));
  }
  piece_sent_ = true;
  count_answer();
  if (last_pending_ == 0) ask_for_more();
}

void HttpConnection::end_stream() {
  if (server_ == nullptr || !stream_->is_open() || phase_ != Phase::streaming) return;
  const auto self = shared_from_this();
  more_ = nullptr;
  if (chunked_) stream_->write(as_bytes(piece_sent_ ? "\r\n0\r\n\r\n" : "0\r\n\r\n"));
  after_response(chunked_ && parser_.keep_alive() && (!peer_ended_ || !rest_.empty()));
}

/// Brings our part of the server's waiting answers up to date.
void HttpConnection::count_answer() {
  if (server_ == nullptr) return;
  last_pending_ = stream_->pending();
  server_->answer_bytes_ += last_pending_ - answer_bytes_;
  answer_bytes_ = last_pending_;
}

void HttpConnection::after_response(bool keep_alive) {
  if (server_ == nullptr || !stream_->is_open()) return;
  count_answer();
  if (!keep_alive || server_->winding_down_) return finish();
  if (last_pending_ > kMaxUntakenBytes || (last_pending_ != 0 && phase_ == Phase::sending)) {
    if (phase_ != Phase::sending) enter(Phase::sending);
    return;
  }
  parser_.resume();
  enter(Phase::reading);
  if (!answering_) go_on();
}

void HttpConnection::go_on() {
  const auto rest = std::exchange(rest_, {});
  if (!rest.empty()) parse(rest);
  if (phase_ != Phase::reading || !rest_.empty()) return;
  if (peer_ended_) return finish();
  stream_->resume();
}

/// The client has ended its side. What is in work is still answered.
void HttpConnection::on_end() {
  peer_ended_ = true;
  if (phase_ == Phase::reading) return finish();
  if (phase_ == Phase::taken_over) stream_->close(CloseReason::closed_by_peer);
}

void HttpConnection::refuse() {
  const auto& refusal = parser_.refusal();
  enter(Phase::working);
  respond({refusal.status, "text/plain; charset=utf-8", SharedBuffer(refusal.text + "\n"), "", true});
}

void HttpConnection::finish() {
  enter(Phase::finishing);
  stream_->finish();
}

void HttpConnection::take_over(std::string head, Stream::OnRead on_read, Stream::OnClose on_close) {
  if (server_ == nullptr || phase_ != Phase::working) return;
  const auto self = shared_from_this();
  raw_read_ = std::move(on_read);
  raw_close_ = std::move(on_close);
  enter(Phase::taken_over);
  stream_->write(as_bytes(head));
  if (answering_) return;
  const auto rest = std::exchange(rest_, {});
  if (!rest.empty()) read_raw(rest);
  stream_->resume();
}

void HttpConnection::read_raw(ByteView bytes) {
  const auto call = raw_read_;  // it may end the connection, and with it itself
  if (call) call(bytes);
}

void HttpConnection::on_closed(const Closed& why) {
  if (server_ != nullptr) server_->forget(*this);
  more_ = nullptr;
  raw_read_ = nullptr;
  const auto call = std::exchange(raw_close_, nullptr);
  if (call) call(why);
}

bool HttpConnection::overdue(std::uint64_t now, const HttpLimits& limits) const {
  const auto waited = std::chrono::milliseconds(now - since_);
  switch (phase_) {
    case Phase::working:
    case Phase::taken_over:
    case Phase::finishing:
      return false;  // ours to end; the stream's own linger time ends the last
    case Phase::sending:
      return waited > limits.send_time;
    case Phase::streaming:
      // With nothing waiting, the next piece is ours to make.
      return stream_->pending() > 0 && waited > limits.send_time;
    case Phase::reading:
      break;
  }
  switch (timed_state_) {
    case HttpRequestParser::State::idle:
      return waited > (list_ == &server_->waiting_ ? limits.head_time : limits.idle_time);
    case HttpRequestParser::State::head:
      return waited > limits.head_time;
    case HttpRequestParser::State::body:
    case HttpRequestParser::State::complete:
    case HttpRequestParser::State::upgraded:
    case HttpRequestParser::State::failed:
      return waited > limits.body_time;
  }
  return false;
}

HttpServer::HttpServer(Loop& loop, const HttpLimits& limits, Handler handler, bool allow_upgrade)
    : loop_(loop),
      limits_(limits),
      handler_(std::move(handler)),
      allow_upgrade_(allow_upgrade),
      sweeper_(loop, [this] { sweep(); }) {
  limits_.connections = connection_bound(limits.connections);
}

HttpServer::~HttpServer() {
  for (auto* list : {&waiting_, &proven_, &busy_}) {
    for (auto& connection : *list) {
      connection->server_ = nullptr;
      connection->list_ = nullptr;
      connection->stream_->close();
    }
  }
}

Result<std::unique_ptr<HttpServer>> HttpServer::listen(Loop& loop, const ListenOptions& options,
                                                       const HttpLimits& limits, Handler handler,
                                                       bool allow_upgrade, std::shared_ptr<TlsContext> tls) {
  std::unique_ptr<HttpServer> out(new HttpServer(loop, limits, std::move(handler), allow_upgrade));
  out->tls_ = std::move(tls);
  auto listener = TcpListener::listen(
      loop, options, [server = out.get()](StreamPtr stream) { server->accept(std::move(stream)); });
  if (!listener) return tl::unexpected(listener.error());
  out->listener_ = std::move(*listener);
  return out;
}

void HttpServer::wind_down() {
  winding_down_ = true;
  listener_.reset();
  std::vector<HttpConnectionPtr> answered;
  for (auto* list : {&waiting_, &proven_, &busy_})
    for (auto& connection : *list)
      if (connection->phase_ == HttpConnection::Phase::reading ||
          connection->phase_ == HttpConnection::Phase::sending)
        answered.push_back(connection);
  for (auto& connection : answered) connection->finish();
}

void HttpServer::accept(StreamPtr stream) {
  if (connections() >= limits_.connections) make_room();
  if (connections() >= limits_.connections) return;  // all at work: the new one is refused
  // Its handshake has the time that a first request has.
  if (tls_ != nullptr) stream->set_codec(tls_->accept());
  auto connection = std::make_shared<HttpConnection>(*this, std::move(stream));
  connection->list_ = &waiting_;
  connection->place_ = waiting_.insert(waiting_.end(), connection);
  connection->start();
  if (!sweeper_.active()) sweeper_.start_repeating(kSweepInterval);
}

/// Who never made a request goes before who did; among these, who has waited longest.
void HttpServer::make_room() {
  auto& list = waiting_.empty() ? proven_ : waiting_;
  if (list.empty()) return;
  const auto oldest = list.front();
  ++evicted_;
  oldest->stream_->close();
  forget(*oldest);
}

void HttpServer::sweep() {
  const auto now = loop_.now_ms();
  std::vector<HttpConnectionPtr> late;
  for (auto* list : {&waiting_, &proven_, &busy_}) {
    for (auto& connection : *list) {
      const auto pending = connection->stream_->pending();
      if (pending < connection->last_pending_) connection->since_ = now;  // an answer moves on
      connection->last_pending_ = pending;
      if (connection->overdue(now, limits_)) late.push_back(connection);
    }
  }
  for (auto& connection : late) {
    const bool half_request = connection->phase_ == HttpConnection::Phase::reading &&
                              connection->timed_state_ != HttpRequestParser::State::idle;
    if (!half_request) {
      connection->stream_->close();
      continue;
    }
    connection->enter(HttpConnection::Phase::working);
    connection->respond({408, "text/plain",
                         SharedBuffer(std::string("the request did not come to its end in time\n")), "",
                         true});
  }
  if (connections() == 0) sweeper_.stop();
}

std::string_view HttpServer::date() {
  const auto now = loop_.now_ms() / 1000;
  if (now != date_at_ || date_.empty()) {
    date_at_ = now;
    const std::time_t clock = std::time(nullptr);
    std::tm parts{};
    gmtime_r(&clock, &parts);
    char text[40];
    const auto length = std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts);
    date_.assign(text, length);
    usual_head_ =
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nDate: " + date_ + "\r\nContent-Length: ";
  }
  return date_;
}

std::string_view HttpServer::usual_head() {
  (void)date();
  return usual_head_;
}

void HttpServer::move_to(HttpConnection& connection, HttpConnection::List& list) {
  QUARRY_CHECK(connection.list_ != nullptr);
  list.splice(list.end(), *connection.list_, connection.place_);
  connection.list_ = &list;
}

void HttpServer::forget(HttpConnection& connection) {
  if (connection.list_ == nullptr) return;
  body_bytes_ -= std::exchange(connection.body_bytes_, 0);
  answer_bytes_ -= std::exchange(connection.answer_bytes_, 0);
  auto* list = std::exchange(connection.list_, nullptr);
  connection.server_ = nullptr;
  const auto keep = *connection.place_;
  list->erase(connection.place_);
}

}  // namespace quarry::net
