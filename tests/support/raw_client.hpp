#pragma once
/// \file
/// A blocking socket for tests: sends any bytes, reads HTTP answers or until the peer closes.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace quarry::test {

struct HttpAnswer {
  int status = 0;  ///< 0: the connection closed, or nothing came within the time
  std::string head;
  std::string body;
};

class RawClient {
 public:
  explicit RawClient(std::uint16_t port, int seconds = 10) {
    fd_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connect_to(reinterpret_cast<sockaddr*>(&address), sizeof address, seconds);
  }
  explicit RawClient(const std::string& path, int seconds = 10) {
    fd_ = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    connect_to(reinterpret_cast<sockaddr*>(&address), sizeof address, seconds);
  }
  RawClient(RawClient&& other) noexcept : fd_(other.fd_), connected_(other.connected_) { other.fd_ = -1; }
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;
  RawClient& operator=(RawClient&&) = delete;
  ~RawClient() {
    if (fd_ >= 0) close(fd_);
  }

  bool connected() const { return connected_; }
  int fd() const { return fd_; }
  /// False when the peer is gone.
  bool send(std::string_view text) {
    while (!text.empty()) {
      const auto sent = ::send(fd_, text.data(), text.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      text.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }
  void end() { shutdown(fd_, SHUT_WR); }

  /// One answer with Content-Length.
  HttpAnswer answer() {
    HttpAnswer out;
    std::size_t end = 0;
    while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) {
      if (!more()) return out;
    }
    out.head = buffer_.substr(0, end + 4);
    buffer_.erase(0, end + 4);
    std::size_t length = 0;
    if (const auto at = out.head.find("Content-Length: "); at != std::string::npos) {
      length = std::stoul(out.head.substr(at + 16));
    }
    while (buffer_.size() < length) {
      if (!more()) return out;
    }
    out.body = buffer_.substr(0, length);
    buffer_.erase(0, length);
    out.status = std::stoi(out.head.substr(9, 3));
    return out;
  }
  HttpAnswer post(std::string_view body, std::string_view headers = "Content-Type: application/json\r\n") {
    send("POST / HTTP/1.1\r\nHost: localhost\r\n" + std::string(headers) +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body));
    return answer();
  }
  /// What comes until `length` bytes are here, or the peer closes.
  std::string read(std::size_t length) {
    while (buffer_.size() < length && more()) {
    }
    auto out = buffer_.substr(0, length);
    buffer_.erase(0, length);
    return out;
  }
  std::string read_to_end() {
    while (more()) {
    }
    return std::move(buffer_);
  }
  /// True when the peer closed before the time was over.
  bool closed_by_peer() {
    char byte;
    ssize_t got;
    while ((got = recv(fd_, &byte, 1, 0)) > 0) {
    }
    return got == 0 || errno == ECONNRESET;
  }

 private:
  void connect_to(const sockaddr* address, socklen_t length, int seconds) {
    const timeval time{seconds, 0};
    setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time);
    setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &time, sizeof time);
    connected_ = connect(fd_, address, length) == 0;
  }
  bool more() {
    char chunk[65536];
    const auto got = recv(fd_, chunk, sizeof chunk, 0);
    if (got <= 0) return false;
    buffer_.append(chunk, static_cast<std::size_t>(got));
    return true;
  }

  int fd_ = -1;
  bool connected_ = false;
  std::string buffer_;
};

}  // namespace quarry::test
