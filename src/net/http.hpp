#pragma once
/// \file
/// An HTTP/1.1 server on the loop: keep-alive, pipelining, every buffer and wait bounded.

#include <list>
#include <memory>
#include <string>

#include "core/expected.hpp"
#include "net/http_request.hpp"
#include "net/tcp.hpp"
#include "net/timer.hpp"

namespace quarry::net {

class TlsContext;

struct HttpLimits {
  HttpRequestLimits request;
  /// Connections at once; half the process's file limit when that is less. One more makes the one
  /// that has waited longest without a request in work leave.
  std::size_t connections = 4096;
  /// From the first byte of a request to its last header.
  std::chrono::milliseconds head_time{10'000};
  /// From the first byte of a request to its last: 5 MB at 1 Mbit/s.
  std::chrono::milliseconds body_time{60'000};
  /// Between requests.
  std::chrono::milliseconds idle_time{120'000};
  /// How long a client may leave an answer waiting without taking a byte.
  std::chrono::milliseconds send_time{60'000};
  /// Bytes of bodies beyond the first 64 KiB of each, of all connections together; 503.
  std::size_t total_body_bytes = 256 * 1024 * 1024;
  /// Bytes of answers that clients have not taken yet, of all connections together.
  std::size_t total_answer_bytes = 256 * 1024 * 1024;
};

struct HttpResponse {
  int status = 200;
  std::string_view content_type = "application/json";  ///< a literal
  SharedBuffer body;
  std::string headers = {};  ///< further ones, each ended by "\r\n"
  bool close = false;
  std::string_view lead = {};  ///< what the body begins with: copied, `body` follows
};

class HttpServer;

/// One client. Loop thread. The server owns it until its stream is closed. Whoever answers later keeps the
/// pointer; when the client is gone the answer is dropped.
class HttpConnection : public std::enable_shared_from_this<HttpConnection> {
 public:
  HttpConnection(HttpServer& server, StreamPtr stream);

  /// Answers the request in work: once for each.
  void respond(HttpResponse response);
  /// Answers with a body that comes in pieces: `head` has none. `more` is called, now and whenever the client
  /// has taken all that was sent; send_piece() or end_stream() answers it, at once or later.
  void begin_stream(HttpResponse head, std::function<void()> more);
  void send_piece(SharedBuffer piece);
  void end_stream();
  /// After a request with wants_upgrade: sends `head` as it is and from now on hands over all bytes.
  /// The idle times above no longer apply. The callbacks may own who takes over; they must not own this
  /// connection. They go with it, uncalled, when the server goes.
  void take_over(std::string head, Stream::OnRead on_read, Stream::OnClose on_close);
  bool is_open() const { return stream_->is_open(); }
  /// The handler's note on the head of the request in work, which stays as long as requests come with that
  /// same head; 0 for another one.
  std::uint64_t head_note() const { return head_note_; }
  void set_head_note(std::uint64_t note) { head_note_ = note; }
  const StreamPtr& stream() const { return stream_; }

 private:
  friend class HttpServer;
  using List = std::list<std::shared_ptr<HttpConnection>>;
  enum class Phase : std::uint8_t { reading, working, sending, streaming, taken_over, finishing };

  HttpRequestParser::Events parser_events();
  void start();
  void on_drain();
  void on_read(ByteView bytes);
  void on_end();
  void read_raw(ByteView bytes);
  void on_closed(const Closed& why);
  void parse(ByteView bytes);
  void ask_for_more();
  void count_answer();
  void after_response(bool keep_alive);
  void go_on();
  void refuse();
  void finish();
  void enter(Phase phase);
  void update_waiting();
  bool overdue(std::uint64_t now, const HttpLimits& limits) const;

  HttpServer* server_;
  StreamPtr stream_;
  HttpRequestParser parser_;
  Phase phase_ = Phase::reading;
  std::uint64_t head_note_ = 0;
  bool peer_ended_ = false;
  bool answering_ = false;   ///< inside the handler: go_on() is left to parse()
  std::uint64_t since_ = 0;  ///< when this phase began, or this request within it
  HttpRequestParser::State timed_state_ = HttpRequestParser::State::idle;
  std::size_t body_bytes_ = 0;  ///< our part of the server's total
  std::size_t answer_bytes_ = 0;
  std::size_t last_pending_ = 0;
  Bytes rest_;                  ///< read, but after the request in work: at most one read's worth
  std::function<void()> more_;  ///< asks for the next piece
  bool chunked_ = false;
  bool piece_sent_ = false;
  bool asking_ = false, ask_again_ = false;  ///< within more_(), and it is wanted once more
  Stream::OnRead raw_read_;
  Stream::OnClose raw_close_;
  List* list_ = nullptr;
  List::iterator place_;
};
using HttpConnectionPtr = std::shared_ptr<HttpConnection>;

/// Listens and keeps the connections. Loop thread. Connections that others still hold are closed
/// when it goes.
class HttpServer {
 public:
  /// Gets each whole request; `request` is valid until respond(), and its parts may be moved out.
  using Handler = std::function<void(HttpRequest& request, const HttpConnectionPtr& connection)>;

  static Result<std::unique_ptr<HttpServer>> listen(Loop& loop, const ListenOptions& options,
                                                    const HttpLimits& limits, Handler handler,
                                                    bool allow_upgrade = false,
                                                    std::shared_ptr<TlsContext> tls = nullptr);
  ~HttpServer();

  /// Listens no longer. Who has no request in work is disconnected, the others when they have its answer;
  /// connections that were taken over are left to who has them. It may go when connections() is 0, and
  /// before that as ever.
  void wind_down();

  /// Not after wind_down(), and neither is address().
  std::uint16_t port() const { return listener_->port(); }
  const std::string& address() const { return listener_->address(); }
  std::size_t connections() const { return waiting_.size() + proven_.size() + busy_.size(); }
  /// HttpLimits::connections, or what the process's file limit leaves of it.
  std::size_t most_connections() const { return limits_.connections; }
  /// Bytes of request bodies that count against HttpLimits::total_body_bytes now.
  std::size_t held_body_bytes() const { return body_bytes_; }
  /// Connections closed to make room for new ones.
  std::uint64_t evicted() const { return evicted_; }

 private:
  friend class HttpConnection;
  HttpServer(Loop& loop, const HttpLimits& limits, Handler handler, bool allow_upgrade);
  void accept(StreamPtr stream);
  void make_room();
  void sweep();
  std::string_view date();
  std::string_view usual_head();
  void move_to(HttpConnection& connection, HttpConnection::List& list);
  void forget(HttpConnection& connection);

  Loop& loop_;
  HttpLimits limits_;
  Handler handler_;
  const bool allow_upgrade_;
  bool winding_down_ = false;
  std::shared_ptr<TlsContext> tls_;  ///< none: plain HTTP
  std::unique_ptr<TcpListener> listener_;
  Timer sweeper_;
  // Each in the order of waiting, longest first.
  HttpConnection::List waiting_;  ///< that have not made a whole request yet: the first to go
  HttpConnection::List proven_;   ///< between requests, after at least one
  HttpConnection::List busy_;     ///< a request in work, an answer on its way, or taken over: stay
  std::size_t body_bytes_ = 0;
  std::size_t answer_bytes_ = 0;
  std::uint64_t evicted_ = 0;
  std::uint64_t date_at_ = 0;
  std::string date_;
  std::string usual_head_;  ///< of an answer without headers of its own, up to its length
  std::string scratch_;     ///< where heads and short answers are put together
};

}  // namespace quarry::net
