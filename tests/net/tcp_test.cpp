#include "net/tcp.hpp"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <filesystem>
#include <thread>

#include "net/pipe.hpp"
#include "net/timer.hpp"

using namespace quarry;
using namespace quarry::net;
using namespace std::chrono_literals;

namespace {

/// A loop with a server that greets and then echoes.
struct Echo {
  Loop loop;
  std::vector<StreamPtr> streams;
  std::unique_ptr<TcpListener> listener;

  void serve(StreamPtr stream) {
    auto* raw = stream.get();
    stream->start([raw](ByteView bytes) { raw->write(bytes); }, [](const Closed&) {});
    streams.push_back(std::move(stream));
  }
  std::uint16_t listen(const std::string& host = "127.0.0.1") {
    auto made = TcpListener::listen(loop, {host, 0, "--port"}, [this](StreamPtr s) { serve(std::move(s)); });
    EXPECT_TRUE(made) << made.error().what;
    listener = std::move(*made);
    return listener->port();
  }
  Expected<StreamPtr, ConnectError> connect(const std::string& host, std::uint16_t port,
                                            std::chrono::milliseconds timeout = 5s) {
    Expected<StreamPtr, ConnectError> out;
    const auto attempt = tcp_connect(loop, host, port, timeout, [&](auto result) {
      out = std::move(result);
      loop.stop();
    });
    loop.run();
    return out;
  }
};

}  // namespace

TEST(Tcp, EchoesMoreThanTheSocketBuffersHold) {
  Echo echo;
  auto stream = echo.connect("127.0.0.1", echo.listen());
  ASSERT_TRUE(stream);
  Bytes sent(8 << 20), got;
  for (std::size_t i = 0; i < sent.size(); ++i) sent[i] = static_cast<std::uint8_t>(i * 7 + i / 251);
  (*stream)->start(
      [&](ByteView bytes) {
        append(got, bytes);
        if (got.size() >= sent.size()) echo.loop.stop();
      },
      [&](const Closed&) { echo.loop.stop(); });
  {
    const auto head = to_bytes(ByteView(sent).first(100));
    (*stream)->write(head, SharedBuffer(to_bytes(ByteView(sent).subspan(100))));
  }
  EXPECT_GT((*stream)->pending(), 0U);
  echo.loop.run();
  EXPECT_EQ(got, sent);
}

TEST(Tcp, ListensOnBothFamilies) {
  Echo echo;
  const auto port = echo.listen("");
  ASSERT_TRUE(echo.connect("127.0.0.1", port));
  EXPECT_EQ(echo.streams.at(0)->remote_ip(), "127.0.0.1");
  if (echo.listener->address().starts_with("[::]")) {
    ASSERT_TRUE(echo.connect("::1", port));
    EXPECT_EQ(echo.streams.at(1)->remote_ip(), "::1");
  }
  ASSERT_TRUE(echo.connect("localhost", port));
}

TEST(Tcp, TakenPortIsNamedWithAFreeOne) {
  Echo echo;
  const auto port = echo.listen();
  const auto second = TcpListener::listen(echo.loop, {"127.0.0.1", port, "--rpcport"}, [](StreamPtr) {});
  ASSERT_FALSE(second);
  EXPECT_NE(second.error().what.find("127.0.0.1:" + std::to_string(port)), std::string::npos)
      << second.error().what;
  EXPECT_NE(second.error().what.find("--rpcport"), std::string::npos);
  EXPECT_NE(second.error().remedy.find("--rpcport "), std::string::npos) << second.error().remedy;
}

TEST(Tcp, FailuresToConnectSayWhy) {
  Echo echo;
  auto port = echo.listen();
  echo.listener.reset();
  const auto refused = echo.connect("127.0.0.1", port);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().failure, ConnectFailure::refused);
  EXPECT_EQ(refused.error().error.what, "connection to 127.0.0.1:" + std::to_string(port) + " refused");
  const auto unknown = echo.connect("no-such-host.invalid", 1, 60s);
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().failure, ConnectFailure::unknown_host);
}

TEST(Tcp, SilentHostTimesOut) {
  // A full backlog: the kernel drops further connections' packets.
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  ASSERT_EQ(bind(fd, reinterpret_cast<sockaddr*>(&address), length), 0);
  ASSERT_EQ(::listen(fd, 0), 0);
  getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length);
  Echo echo;
  std::vector<StreamPtr> fill;
  for (int i = 0; i < 8; ++i) {
    auto result = echo.connect("127.0.0.1", ntohs(address.sin_port), 200ms);
    if (result) {
      fill.push_back(*result);
      continue;
    }
    EXPECT_EQ(result.error().failure, ConnectFailure::timed_out) << result.error().error.what;
    close(fd);
    return;
  }
  close(fd);
  FAIL() << "eight connections went into a backlog of none";
}

TEST(Tcp, DroppedAttemptStaysSilent) {
  Echo echo;
  const auto port = echo.listen();
  auto attempt = tcp_connect(echo.loop, "127.0.0.1", port, 5s, [](auto) { FAIL() << "was given up"; });
  echo.loop.post([&] { attempt.reset(); });
  Timer end(echo.loop, [&] { echo.loop.stop(); });
  end.start(50ms);
  echo.loop.run();
}

TEST(Tcp, SlowReaderPassesTheBoundAndIsClosed) {
  Loop loop;
  StreamPtr server;
  std::optional<Closed> closed;
  auto listener = TcpListener::listen(loop, {"127.0.0.1", 0, "--port"}, [&](StreamPtr stream) {
    server = std::move(stream);
    server->start([](ByteView) {}, [&](const Closed& why) { closed = why, loop.stop(); });
    const Bytes chunk(1 << 20);
    while (server->write(chunk)) {
    }
  });
  StreamPtr client;  // never started: it does not read
  const auto attempt = tcp_connect(loop, "127.0.0.1", (*listener)->port(), 5s, [&](auto s) { client = *s; });
  loop.run();
  ASSERT_TRUE(closed);
  EXPECT_EQ(closed->reason, CloseReason::write_limit);
}

TEST(Tcp, PauseHoldsBytesBack) {
  Echo echo;
  auto stream = *echo.connect("127.0.0.1", echo.listen());
  std::string got;
  stream->start([&](ByteView bytes) { got += as_text(bytes), echo.loop.stop(); }, [](const Closed&) {});
  stream->pause();
  stream->write(as_bytes("hello"));
  Timer later(echo.loop, [&] { echo.loop.stop(); });
  later.start(50ms);
  echo.loop.run();
  EXPECT_EQ(got, "");
  stream->resume();
  echo.loop.run();
  EXPECT_EQ(got, "hello");
}

TEST(Tcp, FinishDeliversTheLastMessageWhileThePeerStillSends) {
  Loop loop;
  StreamPtr server, client;
  auto listener = TcpListener::listen(loop, {"127.0.0.1", 0, "--port"}, [&](StreamPtr stream) {
    server = std::move(stream);
    server->start([&](ByteView) { server->write(as_bytes("too much")), server->finish(); },
                  [](const Closed&) {});
  });
  std::string got;
  std::optional<Closed> closed;
  const auto attempt = tcp_connect(loop, "127.0.0.1", (*listener)->port(), 5s, [&](auto s) {
    client = *s;
    client->start([&](ByteView b) { got += as_text(b); },
                  [&](const Closed& why) { closed = why, loop.stop(); });
    client->write(SharedBuffer(Bytes(16 << 20)));
  });
  loop.run();
  EXPECT_EQ(got, "too much");
  EXPECT_EQ(closed->reason, CloseReason::closed_by_peer);
}

TEST(Tcp, CallbackMayDropItsStream) {
  Echo echo;
  auto stream = *echo.connect("127.0.0.1", echo.listen());
  bool read = false;
  stream->start(
      [&](ByteView) {
        stream.reset();
        read = true;
        echo.loop.stop();
      },
      [](const Closed&) { FAIL() << "the stream was dropped"; });
  stream->write(as_bytes("x"));
  echo.loop.run();
  EXPECT_TRUE(read);
}

namespace {
std::string temp_path() {
  char name[] = "/tmp/quarry-pipe-XXXXXX";
  return std::string(mkdtemp(name)) + "/test.ipc";
}
}  // namespace

TEST(Pipe, ServesItsOwnerOnlyAndRemovesItsFile) {
  const auto path = temp_path();
  Loop loop;
  StreamPtr server;
  {
    auto listener = PipeListener::listen(loop, path, [&](StreamPtr stream) {
      server = std::move(stream);
      server->start([&](ByteView bytes) { server->write(bytes); }, [](const Closed&) {});
    });
    ASSERT_TRUE(listener) << listener.error().what;
    struct stat info {};
    ASSERT_EQ(stat(path.c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777, 0600U);
    auto client = pipe_connect(loop, path);
    ASSERT_TRUE(client) << client.error().what;
    std::string got;
    (*client)->start([&](ByteView bytes) { got += as_text(bytes), loop.stop(); }, [](const Closed&) {});
    (*client)->write(as_bytes("over the pipe"));
    loop.run();
    EXPECT_EQ(got, "over the pipe");
    const auto second = PipeListener::listen(loop, path, [](StreamPtr) {});
    ASSERT_FALSE(second);
    EXPECT_NE(second.error().what.find("another process answers"), std::string::npos) << second.error().what;
  }
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(Pipe, ReplacesADeadSocketButNoOtherFile) {
  const auto path = temp_path();
  const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::copy(path.begin(), path.end(), address.sun_path);
  ASSERT_EQ(bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  close(fd);
  Loop loop;
  EXPECT_TRUE(PipeListener::listen(loop, path, [](StreamPtr) {}));
  std::filesystem::remove(path);
  fclose(fopen(path.c_str(), "w"));
  const auto refused = PipeListener::listen(loop, path, [](StreamPtr) {});
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().what.find("no socket"), std::string::npos);
  EXPECT_FALSE(PipeListener::listen(loop, "/tmp/" + std::string(200, 'x'), [](StreamPtr) {}));
}
