#include "net/http_request.hpp"

#include <http_parser.h>

#include <algorithm>

namespace quarry::net {
namespace {

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return lower(x) == lower(y); });
}

/// Longer heads are parsed each time: what is kept is kept for each connection.
constexpr std::size_t kMostKeptHeadBytes = 2048;

}  // namespace

std::string_view HttpRequest::header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (key == name) return value;
  }
  return {};
}

struct HttpRequestParser::Callbacks {
  static HttpRequestParser& self(http_parser* parser) {
    return *static_cast<HttpRequestParser*>(parser->data);
  }

  static int on_message_begin(http_parser* parser) {
    auto& me = self(parser);
    me.clear_head();
    me.state_ = State::head;
    return 0;
  }
  static int on_url(http_parser* parser, const char* at, std::size_t length) {
    auto& me = self(parser);
    if (!me.count_header_bytes(length)) return 1;
    me.request_.target.append(at, length);
    return 0;
  }
  static int on_header_field(http_parser* parser, const char* at, std::size_t length) {
    auto& me = self(parser);
    auto& headers = me.request_.headers;
    if (!me.count_header_bytes(length)) return 1;
    if (me.in_value_ || headers.empty()) {
      if (headers.size() == me.limits_.header_count) {
        return me.refuse(431, "more than " + std::to_string(headers.size()) + " headers");
      }
      headers.emplace_back();
      me.in_value_ = false;
    }
    auto& name = headers.back().first;
    std::transform(at, at + length, std::back_inserter(name), lower);
    return 0;
  }
  static int on_header_value(http_parser* parser, const char* at, std::size_t length) {
    auto& me = self(parser);
    if (!me.count_header_bytes(length)) return 1;
    me.in_value_ = true;
    me.request_.headers.back().second.append(at, length);
    return 0;
  }
  static int on_headers_complete(http_parser* parser) { return self(parser).headers_complete(); }
  static int on_body(http_parser* parser, const char* at, std::size_t length) {
    return self(parser).body_bytes({at, length});
  }
  static int on_message_complete(http_parser* parser) {
    auto& me = self(parser);
    me.request_.keep_alive = http_should_keep_alive(parser) != 0;
    me.request_.takes_chunks = parser->http_major > 1 || (parser->http_major == 1 && parser->http_minor >= 1);
    me.state_ = State::complete;
    // The next request must not overwrite this one.
    http_parser_pause(parser, 1);
    return 0;
  }
  static const http_parser_settings* table() {
    static const http_parser_settings value = [] {
      http_parser_settings s;
      http_parser_settings_init(&s);
      s.on_message_begin = on_message_begin;
      s.on_url = on_url;
      s.on_header_field = on_header_field;
      s.on_header_value = on_header_value;
      s.on_headers_complete = on_headers_complete;
      s.on_body = on_body;
      s.on_message_complete = on_message_complete;
      return s;
    }();
    return &value;
  }
};

HttpRequestParser::HttpRequestParser(const HttpRequestLimits& limits, Events events, bool allow_upgrade)
    : limits_(limits), events_(std::move(events)), allow_upgrade_(allow_upgrade), parser_(new http_parser) {
  http_parser_init(parser_.get(), HTTP_REQUEST);
  parser_->data = this;
}
HttpRequestParser::~HttpRequestParser() = default;

int HttpRequestParser::refuse(int status, std::string text) {
  refusal_ = {status, std::move(text)};
  state_ = State::failed;
  return 1;
}

bool HttpRequestParser::count_header_bytes(std::size_t length) {
  header_bytes_ += length;
  if (header_bytes_ <= limits_.header_bytes) return true;
  refuse(431, "the request's headers have more than " + std::to_string(limits_.header_bytes) + " bytes");
  return false;
}

int HttpRequestParser::headers_complete() {
  request_.method = http_method_str(static_cast<http_method>(parser_->method));
  request_.wants_upgrade = allow_upgrade_ && parser_->upgrade != 0 && parser_->method == HTTP_GET &&
                           equal_ignoring_case(request_.header("upgrade"), "websocket");
  // Without this http-parser takes all that follows for the other protocol.
  if (!request_.wants_upgrade) parser_->upgrade = 0;
  const bool has_length = (parser_->flags & F_CONTENTLENGTH) != 0;
  if (has_length && parser_->content_length > limits_.body_bytes) {
    refuse(413, "the request's body has " + std::to_string(parser_->content_length) + " bytes, at most " +
                    std::to_string(limits_.body_bytes) + " are taken");
    return -1;
  }
  state_ = State::body;
  if (equal_ignoring_case(request_.header("expect"), "100-continue") && events_.on_expect_continue) {
    events_.on_expect_continue(request_);
  }
  return 0;
}

int HttpRequestParser::body_bytes(std::string_view bytes) {
  if (request_.body.size() + bytes.size() > limits_.body_bytes) {
    return refuse(413, "the request's body has more than " + std::to_string(limits_.body_bytes) + " bytes");
  }
  if (events_.on_body_bytes && !events_.on_body_bytes(request_.body.size() + bytes.size())) {
    return refuse(503, "too many large requests at once; try again");
  }
  request_.body.append(bytes);
  return 0;
}

/// A client that keeps its connection sends the same head over and over, as long as its bodies have one
/// length: what it says is known, and the parser is where a request begins.
bool HttpRequestParser::feed_same_head(std::string_view text) {
  if (state_ != State::idle || last_head_.empty()) return false;
  if (text.size() < last_head_.size() + last_body_bytes_ || !text.starts_with(last_head_)) return false;
  state_ = State::body;
  request_.same_head = true;
  if (body_bytes(text.substr(last_head_.size(), last_body_bytes_)) != 0) return true;
  state_ = State::complete;
  if (events_.on_request) events_.on_request(request_);
  return true;
}

/// `text`: a whole request.
void HttpRequestParser::keep_head(std::string_view text) {
  const bool by_length = (parser_->flags & F_CHUNKED) == 0 && (parser_->flags & F_CONTENTLENGTH) != 0;
  if (!by_length || !request_.keep_alive || request_.wants_upgrade || !request_.header("expect").empty())
    return;
  last_body_bytes_ = request_.body.size();
  const auto head_bytes = text.size() - last_body_bytes_;
  if (head_bytes <= kMostKeptHeadBytes) last_head_ = text.substr(0, head_bytes);
}

void HttpRequestParser::clear_head() {
  request_.method.clear();
  request_.target.clear();
  request_.headers.clear();
  request_.same_head = false;
  last_head_.clear();
}

std::size_t HttpRequestParser::feed(ByteView bytes) {
  if (state_ == State::complete || state_ == State::upgraded || state_ == State::failed) return 0;
  const auto text = as_text(bytes);
  const auto same = last_head_.size() + last_body_bytes_;
  if (feed_same_head(text)) return same;
  const bool from_begin = state_ == State::idle;
  std::size_t used = http_parser_execute(parser_.get(), Callbacks::table(), text.data(), text.size());
  const auto error = HTTP_PARSER_ERRNO(parser_.get());
  if (state_ == State::failed) return used;
  if (state_ == State::complete) {
    // Paused inside the last byte of the message when that byte was part of a body: it was used.
    http_parser_pause(parser_.get(), 0);
    if (request_.wants_upgrade) state_ = State::upgraded;
    if (from_begin) keep_head(text.substr(0, used));
    if (events_.on_request) events_.on_request(request_);
    return used;
  }
  if (error != HPE_OK) {
    const bool too_long = error == HPE_HEADER_OVERFLOW;
    refuse(too_long ? 431 : 400, std::string("malformed HTTP request: ") + http_errno_description(error));
  }
  return used;
}

void HttpRequestParser::resume() {
  if (state_ != State::complete && state_ != State::upgraded) return;
  // Nor must long headers stay.
  if (last_head_.empty()) clear_head();
  request_.body.clear();
  // A body of megabytes must not stay with an idle connection.
  if (request_.body.capacity() > 64 * 1024) request_.body.shrink_to_fit();
  request_.wants_upgrade = false;
  header_bytes_ = 0;
  in_value_ = false;
  state_ = State::idle;
}

}  // namespace quarry::net
