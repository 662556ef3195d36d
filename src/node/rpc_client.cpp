#include "node/rpc_client.hpp"

#include <fcntl.h>
#include <http_parser.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "core/bytes.hpp"
#include "net/websocket_codec.hpp"
#include "rpc/json_stream.hpp"

namespace quarry {
namespace {

using Clock = std::chrono::steady_clock;
using nlohmann::json;

/// The longest answer we hold: a trace or a long range of logs may be large, nothing honest is this large.
constexpr std::size_t kMostAnswerBytes = 256u << 20;
constexpr std::size_t kReadBytes = 64 * 1'024;
/// How soon Ctrl-C is noticed while we wait.
constexpr int kWaitStepMs = 100;

class Socket {
 public:
  Socket() = default;
  explicit Socket(int fd) : fd_(fd) {}
  Socket(Socket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Socket& operator=(Socket&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Socket() {
    if (fd_ >= 0) ::close(fd_);
  }
  int fd() const { return fd_; }
  bool open() const { return fd_ >= 0; }

 private:
  int fd_ = -1;
};

std::string errno_text(int error) {
  std::string text = std::strerror(error);
  if (!text.empty()) text.front() = static_cast<char>(std::tolower(text.front()));
  return text;
}

/// Waits for `events` until the deadline, in steps so that Ctrl-C is noticed.
Result<void> wait_for(int fd, short events, Clock::time_point deadline, const RpcClientOptions& options) {
  for (;;) {
    if (options.interrupted && options.interrupted->load()) return fail("interrupted");
    if (Clock::now() >= deadline)
      return fail("i/o timeout", "the node does not answer: is it stuck? See its log");
    pollfd waiting{fd, events, 0};
    if (::poll(&waiting, 1, kWaitStepMs) > 0) return {};
  }
}

Result<void> send_all(const Socket& socket, std::string_view text, const RpcClientOptions& options) {
  const auto deadline = Clock::now() + options.answer_timeout;
  while (!text.empty()) {
    const ssize_t n = ::send(socket.fd(), text.data(), text.size(), MSG_NOSIGNAL);
    if (n > 0) {
      text.remove_prefix(static_cast<std::size_t>(n));
    } else if (errno == EAGAIN || errno == EINTR) {
      if (auto ready = wait_for(socket.fd(), POLLOUT, deadline, options); !ready) return ready;
    } else {
      return fail("write: " + errno_text(errno));
    }
  }
  return {};
}

/// The next bytes; none at the end of the stream.
Result<std::string> receive_some(const Socket& socket, Clock::time_point deadline,
                                 const RpcClientOptions& options) {
  std::string chunk(kReadBytes, '\0');
  for (;;) {
    const ssize_t n = ::recv(socket.fd(), chunk.data(), chunk.size(), 0);
    if (n >= 0) {
      chunk.resize(static_cast<std::size_t>(n));
      return chunk;
    }
    if (errno != EAGAIN && errno != EINTR) return fail("read: " + errno_text(errno));
    if (auto ready = wait_for(socket.fd(), POLLIN, deadline, options); !ready)
      return tl::unexpected(ready.error());
  }
}

Result<Socket> connect_address(int family, const sockaddr* address, socklen_t length,
                               const RpcClientOptions& options) {
  Socket socket{::socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  if (!socket.open()) return fail("socket: " + errno_text(errno));
  if (::connect(socket.fd(), address, length) == 0) return socket;
  if (errno != EINPROGRESS && errno != EAGAIN) return fail("connect: " + errno_text(errno));
  const auto deadline = Clock::now() + options.connect_timeout;
  if (auto ready = wait_for(socket.fd(), POLLOUT, deadline, options); !ready)
    return tl::unexpected(ready.error());
  int error = 0;
  socklen_t size = sizeof error;
  ::getsockopt(socket.fd(), SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0) return fail("connect: " + errno_text(error));
  return socket;
}

class LocalClient final : public RpcClient {
 public:
  explicit LocalClient(std::function<std::string(const std::string&)> dispatcher)
      : dispatcher_(std::move(dispatcher)) {}
  Result<std::string> exchange(const std::string& request) override { return dispatcher_(request); }
  std::string endpoint() const override { return "in process"; }

 private:
  std::function<std::string(const std::string&)> dispatcher_;
};

class IpcClient final : public RpcClient {
 public:
  IpcClient(std::string path, Socket socket, RpcClientOptions options)
      : path_(std::move(path)), socket_(std::move(socket)), options_(options) {}

  Result<std::string> exchange(const std::string& request) override {
    if (broken_) return fail("the connection to " + path_ + " is lost", "did the node stop? Attach again");
    auto answer = ask(request);
    broken_ = !answer;  // an answer that comes late would be taken for the next one
    return answer;
  }
  std::string endpoint() const override { return path_; }

 private:
  Result<std::string> ask(const std::string& request) {
    if (auto sent = send_all(socket_, request + "\n", options_); !sent) return tl::unexpected(sent.error());
    const auto deadline = Clock::now() + options_.answer_timeout;
    rpc::JsonNesting nesting;  // answers on a socket have no length before them
    std::string answer;
    for (;;) {
      auto chunk = receive_some(socket_, deadline, options_);
      if (!chunk) return chunk;
      if (chunk->empty()) return fail("the node closed the connection", "did it stop? See its log");
      for (const char c : *chunk) {
        answer.push_back(c);
        if (nesting.take(c)) return answer;
      }
      if (answer.size() > kMostAnswerBytes) return fail("the answer is longer than 256 MiB");
    }
  }

  std::string path_;
  Socket socket_;
  RpcClientOptions options_;
  bool broken_ = false;
};

struct Url {
  std::string host;
  std::string port;
  std::string path;
};

std::optional<Url> parse_url(const std::string& text, std::string_view scheme, std::string_view port) {
  http_parser_url fields;
  http_parser_url_init(&fields);
  if (http_parser_parse_url(text.data(), text.size(), 0, &fields) != 0) return std::nullopt;
  const auto part = [&](http_parser_url_fields field) {
    const auto& at = fields.field_data[field];
    return (fields.field_set & (1u << field)) ? text.substr(at.off, at.len) : std::string{};
  };
  if (part(UF_SCHEMA) != scheme || part(UF_HOST).empty()) return std::nullopt;
  Url url{part(UF_HOST), part(UF_PORT), part(UF_PATH)};
  if (url.port.empty()) url.port = port;
  if (url.path.empty()) url.path = "/";
  return url;
}

std::string host_of(const Url& url) {
  const bool v6 = url.host.find(':') != std::string::npos;
  return (v6 ? "[" + url.host + "]" : url.host) + ":" + url.port;
}

Result<Socket> dial(const Url& url, const RpcClientOptions& options, const std::string& remedy) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int error = ::getaddrinfo(url.host.c_str(), url.port.c_str(), &hints, &found); error != 0)
    return fail("dial tcp: lookup " + url.host + ": " + ::gai_strerror(error));
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> all{found, &::freeaddrinfo};
  Error last{"no address"};
  for (const addrinfo* at = found; at; at = at->ai_next) {
    auto socket = connect_address(at->ai_family, at->ai_addr, at->ai_addrlen, options);
    if (socket) return socket;
    last = socket.error();
  }
  return fail("dial tcp " + url.host + ":" + url.port + ": " + last.what, remedy);
}

/// One HTTP answer as the parser hands it over.
struct HttpAnswer {
  std::string body;
  unsigned status = 0;
  bool done = false;
  bool keep_alive = false;

  static http_parser_settings settings() {
    http_parser_settings on;
    http_parser_settings_init(&on);
    on.on_body = [](http_parser* parser, const char* at, std::size_t length) {
      auto& self = *static_cast<HttpAnswer*>(parser->data);
      if (self.body.size() + length > kMostAnswerBytes) return 1;
      self.body.append(at, length);
      return 0;
    };
    on.on_message_complete = [](http_parser* parser) {
      auto& self = *static_cast<HttpAnswer*>(parser->data);
      self.done = true;
      self.status = parser->status_code;
      self.keep_alive = http_should_keep_alive(parser) != 0;
      return 0;
    };
    return on;
  }
};

class HttpClient final : public RpcClient {
 public:
  HttpClient(std::string text, Url url, RpcClientOptions options)
      : text_(std::move(text)), url_(std::move(url)), options_(options) {}

  std::string endpoint() const override { return text_; }

  Result<std::string> exchange(const std::string& request) override {
    const bool kept = socket_.open();
    auto answer = ask(request);
    // A kept connection may have been closed by the server since; a new one tells.
    if (!answer && kept && !answered_any_) {
      socket_ = Socket{};
      answer = ask(request);
    }
    if (!answer) socket_ = Socket{};
    return answer;
  }

  Result<void> connect() {
    auto socket = dial(url_, options_, "is the node running with --rpc (--http), on this address and port?");
    if (!socket) return tl::unexpected(socket.error());
    socket_ = std::move(*socket);
    return {};
  }

 private:
  Result<std::string> ask(const std::string& request) {
    answered_any_ = false;
    if (!socket_.open()) {
      if (auto connected = connect(); !connected) return tl::unexpected(connected.error());
    }
    const std::string head =
        "POST " + url_.path + " HTTP/1.1\r\nHost: " + host_of(url_) +
        "\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(request.size()) +
        "\r\n\r\n";
    if (auto sent = send_all(socket_, head + request, options_); !sent) return tl::unexpected(sent.error());
    return read_answer();
  }

  Result<std::string> read_answer() {
    HttpAnswer answer;
    http_parser parser;
    http_parser_init(&parser, HTTP_RESPONSE);
    parser.data = &answer;
    const http_parser_settings settings = HttpAnswer::settings();
    const auto deadline = Clock::now() + options_.answer_timeout;
    while (!answer.done) {
      auto chunk = receive_some(socket_, deadline, options_);
      if (!chunk) return chunk;
      answered_any_ = answered_any_ || !chunk->empty();
      // An empty chunk tells the parser of the stream's end, which ends bodies that have no length.
      const std::size_t used = http_parser_execute(&parser, &settings, chunk->data(), chunk->size());
      if (used != chunk->size() && !answer.done)
        return fail("the answer is not HTTP, or longer than 256 MiB");
      if (chunk->empty() && !answer.done) return fail("the node closed the connection");
    }
    if (!answer.keep_alive) socket_ = Socket{};
    if (answer.status == 200) return std::move(answer.body);
    return fail("HTTP status " + std::to_string(answer.status) + ": " + answer.body.substr(0, 500),
                "does a node's JSON-RPC listen on " + text_ + "?");
  }

  std::string text_;
  Url url_;
  RpcClientOptions options_;
  Socket socket_;
  bool answered_any_ = false;
};

/// A WebSocket, one answer for each question.
class WsClient final : public RpcClient {
 public:
  WsClient(std::string text, Url url, RpcClientOptions options)
      : text_(std::move(text)), url_(std::move(url)), options_(options) {}

  std::string endpoint() const override { return text_; }

  Result<std::string> exchange(const std::string& request) override {
    if (broken_) return fail("the connection to " + text_ + " is lost", "did the node stop? Attach again");
    answer_.reset();
    codec_.send_text(request);
    auto come = await_answer(Clock::now() + options_.answer_timeout);
    broken_ = !come;  // an answer that comes late would be taken for the next one
    if (!come) return tl::unexpected(come.error());
    return *std::move(answer_);
  }

  Result<void> connect() {
    const std::string remedy = "is the node running with --ws, on this address and port?";
    auto socket = dial(url_, options_, remedy);
    if (!socket) return tl::unexpected(socket.error());
    socket_ = std::move(*socket);
    // The key guards against servers that speak no WebSocket; any 16 bytes in base64 do.
    const std::string hello = "GET " + url_.path + " HTTP/1.1\r\nHost: " + host_of(url_) +
                              "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: "
                              "cXVhcnJ5J3MgY29uc29sZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
    if (auto sent = send_all(socket_, hello, options_); !sent) return sent;
    const auto deadline = Clock::now() + options_.connect_timeout;
    std::string head;
    std::size_t end;
    while ((end = head.find("\r\n\r\n")) == std::string::npos) {
      if (head.size() > kReadBytes) return fail("websocket: bad handshake", remedy);
      auto chunk = receive(deadline);
      if (!chunk) return fail(chunk.error().what, remedy);
      head += *chunk;
    }
    if (!head.starts_with("HTTP/1.1 101"))
      return fail("websocket: bad handshake: " + head.substr(0, head.find('\r')), remedy);
    codec_.feed(as_bytes(std::string_view(head).substr(end + 4)));
    return {};
  }

 private:
  Result<std::string> receive(Clock::time_point deadline) {
    auto chunk = receive_some(socket_, deadline, options_);
    if (chunk && chunk->empty()) return fail("the node closed the connection", "did it stop? See its log");
    return chunk;
  }

  Result<void> await_answer(Clock::time_point deadline) {
    for (;;) {
      if (auto sent = send_all(socket_, std::exchange(outbox_, {}), options_); !sent) return sent;
      if (answer_) return {};
      if (codec_.done()) return fail("the node closed the connection", "see its log");
      const auto chunk = receive(deadline);
      if (!chunk) return tl::unexpected(chunk.error());
      codec_.feed(as_bytes(*chunk));
    }
  }

  std::string text_;
  Url url_;
  RpcClientOptions options_;
  Socket socket_;
  std::string outbox_;
  std::optional<std::string> answer_;
  bool broken_ = false;
  net::WebSocketCodec codec_{{.message_bytes = kMostAnswerBytes},
                             {.on_message = [this](std::string text) { answer_ = std::move(text); },
                              .on_send = [this](ByteView bytes) { outbox_ += as_text(bytes); },
                              .on_pong = nullptr},
                             net::WebSocketCodec::Role::client};
};

}  // namespace

Result<json> RpcClient::call(std::string_view method, const json& params) {
  const json request{{"jsonrpc", "2.0"}, {"id", ++last_id_}, {"method", method}, {"params", params}};
  const auto text = exchange(request.dump(-1, ' ', false, json::error_handler_t::replace));
  if (!text) return tl::unexpected(text.error());
  json answer = json::parse(*text, nullptr, false);
  if (!answer.is_object()) return fail("the node's answer is not JSON-RPC: " + text->substr(0, 200));
  if (const auto error = answer.find("error"); error != answer.end() && error->is_object()) {
    return fail(error->value("message", std::string{"unknown error"}));
  }
  const auto result = answer.find("result");
  return result == answer.end() ? json{} : std::move(*result);
}

std::unique_ptr<RpcClient> make_local_client(std::function<std::string(const std::string&)> dispatcher) {
  return std::make_unique<LocalClient>(std::move(dispatcher));
}

Result<std::unique_ptr<RpcClient>> connect_ipc(const std::string& path, const RpcClientOptions& options) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) {
    return fail("dial unix " + path + ": the path is longer than the " +
                std::to_string(sizeof address.sun_path - 1) + " bytes a socket's name may have");
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  auto socket =
      connect_address(AF_UNIX, reinterpret_cast<const sockaddr*>(&address), sizeof address, options);
  if (!socket) return fail("dial unix " + path + ": " + socket.error().what);
  return std::make_unique<IpcClient>(path, std::move(*socket), options);
}

Result<std::unique_ptr<RpcClient>> connect_http(const std::string& url, const RpcClientOptions& options) {
  auto parsed = parse_url(url, "http", "8545");
  if (!parsed) return fail("not an http:// URL: " + url, "as in http://127.0.0.1:8545");
  auto client = std::make_unique<HttpClient>(url, std::move(*parsed), options);
  if (auto connected = client->connect(); !connected) return tl::unexpected(connected.error());
  return client;
}

Result<std::unique_ptr<RpcClient>> connect_ws(const std::string& url, const RpcClientOptions& options) {
  auto parsed = parse_url(url, "ws", "8546");
  if (!parsed) return fail("not a ws:// URL: " + url, "as in ws://127.0.0.1:8546");
  auto client = std::make_unique<WsClient>(url, std::move(*parsed), options);
  if (auto connected = client->connect(); !connected) return tl::unexpected(connected.error());
  return client;
}

Result<std::unique_ptr<RpcClient>> connect_rpc(const std::string& endpoint, const RpcClientOptions& options) {
  std::string_view rest = endpoint;
  for (const std::string_view prefix : {"ipc:", "rpc:"}) {
    if (rest.starts_with(prefix)) rest.remove_prefix(prefix.size());
  }
  if (rest.starts_with("http://")) return connect_http(std::string{rest}, options);
  if (rest.starts_with("ws://")) return connect_ws(std::string{rest}, options);
  const auto scheme = rest.find("://");
  if (scheme == std::string_view::npos) return connect_ipc(std::string{rest}, options);
  return fail("no known transport for URL scheme \"" + std::string{rest.substr(0, scheme)} + "\"",
              "give http://HOST:PORT, ws://HOST:PORT or the path of a quarry.ipc socket");
}

}  // namespace quarry
