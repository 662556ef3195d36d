#pragma once
/// \file
/// Reading HTTP/1.1 requests (RFC 9112) out of a byte stream, without sockets.

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/bytes.hpp"

struct http_parser;

namespace quarry::net {

/// What one request may bring. A request over a limit is answered with the status named here.
struct HttpRequestLimits {
  std::size_t header_bytes = 16 * 1024;      ///< target and headers together; 431. Browsers send 1-4 KiB.
  std::size_t header_count = 64;             ///< 431
  std::size_t body_bytes = 5 * 1024 * 1024;  ///< 413. geth's bound: a batch of a thousand calls has 200 KB.
};

struct HttpRequest {
  std::string method;  ///< "POST"
  std::string target;  ///< "/": as sent
  /// Names in lower case.
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  bool keep_alive = true;
  bool wants_upgrade = false;  ///< GET with "Upgrade: websocket", where that is allowed
  bool takes_chunks = false;   ///< HTTP/1.1 and later: answers may come in chunks
  /// All but the body is, byte for byte, what the request before it on this connection had.
  bool same_head = false;

  /// The first header of that (lower-case) name; empty when there is none.
  std::string_view header(std::string_view name) const;
};

/// Why a request cannot be served: the connection ends after this answer.
struct HttpRefusal {
  int status = 400;
  std::string text;
};

/// Reads requests one after the other. The owner is told through `Events`, from within feed().
class HttpRequestParser {
 public:
  struct Events {
    /// The headers are here, and the client waits for a word before it sends the body.
    std::function<void(const HttpRequest&)> on_expect_continue;
    /// A whole request. The parser stops until resume(): the request stays valid until then, and its
    /// body may be moved out.
    std::function<void(HttpRequest&)> on_request;
    /// The body is about to have so many bytes: false when the server has no room; the refusal is then 503.
    std::function<bool(std::size_t)> on_body_bytes;
  };
  enum class State : std::uint8_t {
    idle,      ///< between requests
    head,      ///< within a request line or headers
    body,      ///< within a body
    complete,  ///< on_request was called, resume() not yet
    upgraded,  ///< complete, and what follows is another protocol
    failed,    ///< refusal() says why
  };

  HttpRequestParser(const HttpRequestLimits& limits, Events events, bool allow_upgrade);
  ~HttpRequestParser();
  HttpRequestParser(const HttpRequestParser&) = delete;
  HttpRequestParser& operator=(const HttpRequestParser&) = delete;

  /// Reads on; returns how many bytes were used: fewer than given when a request is complete or the
  /// parser has failed.
  std::size_t feed(ByteView bytes);
  /// Makes ready for the next request.
  void resume();

  State state() const { return state_; }
  const HttpRefusal& refusal() const { return refusal_; }
  /// Whether the request in work lets the connection go on.
  bool keep_alive() const { return request_.keep_alive; }
  bool takes_chunks() const { return request_.takes_chunks; }

 private:
  struct Callbacks;
  bool feed_same_head(std::string_view text);
  void keep_head(std::string_view text);
  void clear_head();
  int refuse(int status, std::string text);
  bool count_header_bytes(std::size_t length);
  int headers_complete();
  int body_bytes(std::string_view bytes);

  const HttpRequestLimits limits_;
  Events events_;
  const bool allow_upgrade_;
  std::unique_ptr<http_parser> parser_;
  HttpRequest request_;
  /// The last request's, when another like it need not be parsed; request_ then still has what it says.
  std::string last_head_;
  std::size_t last_body_bytes_ = 0;
  std::size_t header_bytes_ = 0;
  bool in_value_ = false;
  State state_ = State::idle;
  HttpRefusal refusal_;
};

}  // namespace quarry::net
