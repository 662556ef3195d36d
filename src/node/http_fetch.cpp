#include "node/http_fetch.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <http_parser.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstring>
#include <optional>
#include <vector>

namespace quarry {
namespace {
using Clock = std::chrono::steady_clock;
constexpr std::chrono::seconds kConnectTime{3};
constexpr std::chrono::seconds kQuietTime{20};
/// How soon `stopped` is noticed.
constexpr int kWaitStepMs = 100;
constexpr std::size_t kReadBytes = 64 * 1024;
/// Header lines and their bytes that are kept; Flask sends five.
constexpr std::size_t kMostHeaders = 64;
constexpr std::size_t kMostHeaderBytes = 16 * 1024;

struct Url {
  std::string host, port, path;
};
std::optional<Url> parse_url(const std::string& text) {
  http_parser_url parts{};
  if (http_parser_parse_url(text.data(), text.size(), 0, &parts) != 0) return std::nullopt;
  const auto part = [&](http_parser_url_fields field) {
    const auto& at = parts.field_data[field];
    return (parts.field_set >> field & 1) != 0 ? text.substr(at.off, at.len) : std::string{};
  };
  if (part(UF_SCHEMA) != "http" || part(UF_HOST).empty()) return std::nullopt;
  Url out{part(UF_HOST), part(UF_PORT), part(UF_PATH)};
  if (out.port.empty()) out.port = "80";
  if (out.path.empty()) out.path = "/";
  if (const std::string query = part(UF_QUERY); !query.empty()) out.path += "?" + query;
  return out;
}

class Socket {
 public:
  explicit Socket(const std::atomic<bool>* stopped) : stopped_(stopped) {}
  ~Socket() { close_it(); }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  Result<> connect_to(const Url& url) {
    addrinfo wanted{};
    wanted.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    if (const int error = getaddrinfo(url.host.c_str(), url.port.c_str(), &wanted, &found); error != 0)
      return fail(fmt::format("{}: {}", url.host, gai_strerror(error)));
    Result<> last = fail("no address");
    for (const addrinfo* at = found; at != nullptr; at = at->ai_next) {
      last = try_address(*at);
      if (last) break;
    }
    freeaddrinfo(found);
    return last;
  }
  Result<> send_all(std::string_view text) {
    while (!text.empty()) {
      const ssize_t sent = ::send(fd_, text.data(), text.size(), MSG_NOSIGNAL);
      if (sent > 0) {
        text.remove_prefix(static_cast<std::size_t>(sent));
        continue;
      }
      if (sent < 0 && errno != EAGAIN) return fail(std::strerror(errno));
      if (auto ready = wait(POLLOUT, kQuietTime); !ready) return ready;
    }
    return {};
  }
  /// 0: the peer has ended.
  Result<std::size_t> receive(std::vector<char>& into) {
    while (true) {
      const ssize_t got = ::recv(fd_, into.data(), into.size(), 0);
      if (got >= 0) return static_cast<std::size_t>(got);
      if (errno != EAGAIN) return fail(std::strerror(errno));
      if (auto ready = wait(POLLIN, kQuietTime); !ready) return tl::unexpected(ready.error());
    }
  }

 private:
  void close_it() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }
  Result<> try_address(const addrinfo& at) {
    close_it();
    fd_ = ::socket(at.ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd_ < 0) return fail(std::strerror(errno));
    if (::connect(fd_, at.ai_addr, at.ai_addrlen) == 0) return {};
    if (errno != EINPROGRESS) return fail(std::strerror(errno));
    if (auto ready = wait(POLLOUT, kConnectTime); !ready) return ready;
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) return fail(std::strerror(error));
    return {};
  }
  Result<> wait(short events, std::chrono::seconds most) {
    const auto deadline = Clock::now() + most;
    while (Clock::now() < deadline) {
      if (stopped_ != nullptr && *stopped_) return fail("stopped");
      pollfd waiting{fd_, events, 0};
      if (::poll(&waiting, 1, kWaitStepMs) > 0) return {};
    }
    return fail(fmt::format("no answer within {} s", most.count()));
  }

  const std::atomic<bool>* stopped_;
  int fd_ = -1;
};

/// Reads one answer.
class AnswerReader {
 public:
  explicit AnswerReader(const HttpFetch& fetch) : fetch_(fetch) {
    http_parser_init(&parser_, HTTP_RESPONSE);
    parser_.data = this;
    http_parser_settings_init(&events_);
    events_.on_header_field = [](http_parser* p, const char* at, std::size_t size) {
      return self(p).header_name({at, size});
    };
    events_.on_header_value = [](http_parser* p, const char* at, std::size_t size) {
      return self(p).header_value({at, size});
    };
    events_.on_headers_complete = [](http_parser* p) {
      self(p).answer_.status = static_cast<int>(p->status_code);
      return self(p).fetch_.method == "HEAD" ? 1 : 0;  // 1: no body follows
    };
    events_.on_body = [](http_parser* p, const char* at, std::size_t size) {
      return self(p).body({at, size});
    };
    events_.on_message_complete = [](http_parser* p) {
      self(p).whole_ = true;
      http_parser_pause(p, 1);
      return 0;
    };
  }

  Result<HttpAnswer> run(Socket& socket) {
    std::vector<char> buffer(kReadBytes);
    while (!whole_ && !enough_) {
      const auto got = socket.receive(buffer);
      if (!got) return tl::unexpected(got.error());
      http_parser_execute(&parser_, &events_, buffer.data(), *got);
      const auto error = HTTP_PARSER_ERRNO(&parser_);
      if (error != HPE_OK && !whole_ && !enough_)
        return fail(fmt::format("no HTTP answer: {}", http_errno_description(error)));
      if (*got == 0 && !whole_) return fail("the connection ended in the middle of the answer");
    }
    return std::move(answer_);
  }

 private:
  static AnswerReader& self(http_parser* parser) { return *static_cast<AnswerReader*>(parser->data); }
  int header_name(std::string_view text) {
    if (std::exchange(in_value_, false)) name_.clear();
    for (const char c : text) name_ += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    return count(text);
  }
  int header_value(std::string_view text) {
    in_value_ = true;
    answer_.headers[name_].append(text);
    return count(text);
  }
  int count(std::string_view text) {
    header_bytes_ += text.size();
    return header_bytes_ > kMostHeaderBytes || answer_.headers.size() > kMostHeaders ? 1 : 0;
  }
  int body(std::string_view text) {
    enough_ = answer_.status == 200 && fetch_.on_body && !fetch_.on_body(text);
    return enough_ ? 1 : 0;
  }

  const HttpFetch& fetch_;
  http_parser parser_{};
  http_parser_settings events_{};
  HttpAnswer answer_;
  std::string name_;
  std::size_t header_bytes_ = 0;
  bool in_value_ = false, whole_ = false, enough_ = false;
};
}  // namespace

std::optional<std::uint64_t> HttpAnswer::length() const {
  const auto found = headers.find("content-length");
  std::uint64_t out = 0;
  if (found == headers.end()) return std::nullopt;
  const std::string& text = found->second;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc{} ? std::optional(out) : std::nullopt;
}

Result<HttpAnswer> http_fetch(const HttpFetch& fetch) {
  const auto url = parse_url(fetch.url);
  if (!url)
    return fail(fmt::format("\"{}\" is no URL of a peer", fetch.url), "Write it as http://localhost:5000/");
  Socket socket(fetch.stopped);
  if (auto connected = socket.connect_to(*url); !connected) return tl::unexpected(connected.error());
  std::string head =
      fmt::format("{} {} HTTP/1.1\r\nHost: {}:{}\r\nUser-Agent: Quarry\r\nConnection: close\r\n",
                  fetch.method, url->path, url->host, url->port);
  if (fetch.method == "POST")
    head += fmt::format("Content-Type: application/json\r\nContent-Length: {}\r\n", fetch.body.size());
  if (auto sent = socket.send_all(head + "\r\n" + fetch.body); !sent) return tl::unexpected(sent.error());
  return AnswerReader(fetch).run(socket);
}

}  // namespace quarry
