#include "net/websocket.hpp"

#include <gtest/gtest.h>

#include <thread>
#include <utility>
#include <vector>

#include "ws_client.hpp"

using namespace quarry;
using namespace quarry::net;
using quarry::test::RawClient;
using quarry::test::WsTestClient;

namespace {

/// Sends every message back.
class Served {
 public:
  explicit Served(WebSocketLimits limits = {}, WebSocketTimes times = {}) {
    auto made = HttpServer::listen(
        loop_, {"127.0.0.1", 0, "--wsport"}, {},
        [this, limits, times](HttpRequest& request, const HttpConnectionPtr& connection) {
          if (!request.wants_upgrade)
            return connection->respond({200, "text/plain", SharedBuffer(std::string("http"))});
          if (auto refusal = WebSocket::check(request)) return connection->respond(std::move(*refusal));
          const auto held = std::make_shared<std::weak_ptr<WebSocket>>();
          WebSocket::Events events;
          events.on_message = [held](std::string text) {
            if (const auto socket = held->lock()) socket->send(SharedBuffer(std::move(text)));
          };
          events.on_closed = [this](const Closed&) { ++closed; };
          *held = WebSocket::accept(request, connection, limits, times, std::move(events));
        },
        true);
    EXPECT_TRUE(made);
    server_ = std::move(*made);
    port = server_->port();
    thread_ = std::thread([this] { loop_.run(); });
  }
  ~Served() {
    loop_.stop();
    thread_.join();
    server_.reset();
  }
  std::uint16_t port = 0;
  std::atomic<int> closed{0};

 private:
  Loop loop_;
  std::unique_ptr<HttpServer> server_;
  std::thread thread_;
};

/// The code of the close frame that answers these bytes; -1 when none comes.
int closed_with(std::string_view bytes, WebSocketLimits limits = {}) {
  Served served(limits);
  WsTestClient client(served.port);
  EXPECT_TRUE(client.open());
  client.send_raw(bytes);
  for (;;) {
    const auto frame = client.read();
    if (frame.opcode == -1) return -1;
    if (frame.opcode == 8) return frame.code();
  }
}

}  // namespace

TEST(WebSocket, HandshakeOfTheStandardAndItsRefusals) {
  Served served;
  WsTestClient client(served.port);
  EXPECT_TRUE(client.open());
  EXPECT_NE(client.handshake.head.find("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"),
            std::string::npos);
  RawClient old(served.port);
  old.send("GET / HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 8\r\n\r\n");
  const auto refused = old.answer();
  EXPECT_EQ(refused.status, 426);
  EXPECT_NE(refused.head.find("Sec-WebSocket-Version: 13"), std::string::npos);
  old.send(
      "GET / HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
      "Sec-WebSocket-Key: short\r\n\r\n");
  EXPECT_EQ(old.answer().status, 400);
  old.send("GET / HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n");
  EXPECT_EQ(old.answer().body, "http") << "other upgrades are not taken up";
}

TEST(WebSocket, MessagesOfAllLengthsAndPieces) {
  Served served;
  WsTestClient client(served.port);
  for (const std::size_t size : {0, 1, 125, 126, 65535, 65536, 5'000'000}) {
    const std::string text(size, 'x');
    client.send(text);
    const auto back = client.read();
    EXPECT_EQ(back.opcode, 1) << size;
    EXPECT_EQ(back.payload.size(), size);
  }
  client.send_raw(WsTestClient::frame(0x01, "one ") + WsTestClient::frame(0x89, "ping!") +
                  WsTestClient::frame(0x00, "two ") + WsTestClient::frame(0x80, "three"));
  // In either order: it hangs on how the pieces arrive.
  auto message = client.read(), pong = client.read();
  if (message.opcode == 10) std::swap(message, pong);
  EXPECT_EQ(pong.opcode, 10);
  EXPECT_EQ(pong.payload, "ping!");
  EXPECT_EQ(message.payload, "one two three");
  for (const char byte : WsTestClient::frame(0x82, "bytewise")) client.send_raw(std::string(1, byte));
  EXPECT_EQ(client.read().payload, "bytewise");
}

/// The asking side, against the answering one: masked one way, plain the other, pings answered.
TEST(WebSocket, AClientAndAServerUnderstandEachOther) {
  std::vector<std::string> at_server, at_client;
  std::string to_server, to_client;
  int pongs = 0;
  WebSocketCodec server({}, {.on_message = [&](std::string text) { at_server.push_back(std::move(text)); },
                             .on_send = [&](ByteView bytes) { to_client += as_text(bytes); },
                             .on_pong = [&] { ++pongs; }});
  WebSocketCodec client({},
                        {.on_message = [&](std::string text) { at_client.push_back(std::move(text)); },
                         .on_send = [&](ByteView bytes) { to_server += as_text(bytes); },
                         .on_pong = nullptr},
                        WebSocketCodec::Role::client);
  for (const std::size_t size : {0, 1, 125, 126, 65535, 65536, 5'000'000}) {
    const std::string text(size, 'x');
    client.send_text(text);
    server.feed(as_bytes(std::exchange(to_server, {})));
    EXPECT_EQ(at_server.back(), text);
    client.feed(as_bytes(WebSocketCodec::text_head(size) + text));
    EXPECT_EQ(at_client.back(), text);
  }
  server.ping();
  client.feed(as_bytes(std::exchange(to_client, {})));
  server.feed(as_bytes(std::exchange(to_server, {})));
  EXPECT_EQ(pongs, 1);
  server.close(WebSocketStatus::going_away, "");
  client.feed(as_bytes(std::exchange(to_client, {})));
  EXPECT_TRUE(client.closing()) << "a goodbye is answered";
  server.feed(as_bytes(std::exchange(to_server, {})));
  EXPECT_TRUE(server.done());
}

TEST(WebSocket, BrokenFramesAreAnsweredWithTheRightCode) {
  using Ws = WsTestClient;
  EXPECT_EQ(closed_with(Ws::frame(0x81, "unmasked", false)), 1002);
  EXPECT_EQ(closed_with(Ws::frame(0xc1, "reserved bit")), 1002);
  EXPECT_EQ(closed_with(Ws::frame(0x83, "unknown opcode")), 1002);
  EXPECT_EQ(closed_with(Ws::frame(0x80, "continues nothing")), 1002);
  EXPECT_EQ(closed_with(Ws::frame(0x01, "a") + Ws::frame(0x81, "within another")), 1002);
  // For these libwslay's close frame names no code.
  EXPECT_EQ(closed_with(Ws::frame(0x09, "cut ping")), 0);
  EXPECT_EQ(closed_with(Ws::frame(0x89, std::string(126, 'p'))), 0);
  EXPECT_EQ(closed_with(Ws::frame(0x81, "\xff\xfe")), 1007);
  EXPECT_EQ(closed_with(Ws::frame(0x88, std::string("\x03\xe8") + "bye")), 1000);
  EXPECT_EQ(closed_with(Ws::frame(0x81, std::string(1001, 'x')), {.message_bytes = 1000}), 1009);
  EXPECT_EQ(closed_with(Ws::frame(0x01, std::string(600, 'x')) + Ws::frame(0x80, std::string(600, 'x')),
                        {.message_bytes = 1000}),
            1009);
  std::string pieces = Ws::frame(0x01, "");
  for (int i = 0; i < 20; ++i) pieces += Ws::frame(0x00, "");
  EXPECT_EQ(closed_with(pieces, {.frames = 16}), 1008);
}

TEST(WebSocket, AnnouncedBytesCostNothingBeforeTheyCome) {
  Served served;
  std::vector<WsTestClient> clients;
  for (int i = 0; i < 50; ++i) {
    clients.emplace_back(served.port);
    clients.back().send_raw(WsTestClient::frame(0x81, std::string(5'000'000, 'x')).substr(0, 100));
  }
  WsTestClient other(served.port);
  other.send("works");
  EXPECT_EQ(other.read().payload, "works");
}

TEST(WebSocket, GoesWithItsServerEvenWhenTheLoopStands) {
  std::weak_ptr<WebSocket> socket;
  std::weak_ptr<HttpConnection> connection;
  Loop loop;
  auto made = HttpServer::listen(
      loop, {"127.0.0.1", 0, "--wsport"}, {},
      [&](HttpRequest& request, const HttpConnectionPtr& from) {
        connection = from;
        socket =
            WebSocket::accept(request, from, {}, {}, {.on_message = [](std::string) {}, .on_closed = {}});
      },
      true);
  ASSERT_TRUE(made);
  auto server = std::move(*made);
  std::thread thread([&] { loop.run(); });
  WsTestClient client(server->port());
  ASSERT_TRUE(client.open());
  loop.stop();
  thread.join();
  ASSERT_FALSE(socket.expired());
  // Who still holds the stream, as a subscriber does, keeps neither.
  const auto stream = socket.lock()->stream();
  server.reset();
  EXPECT_TRUE(socket.expired());
  EXPECT_TRUE(connection.expired());
  EXPECT_FALSE(stream->is_open());
  // The stream's end is heard by nobody any more.
  loop.stop();
  loop.run();
}

TEST(WebSocket, SilentClientsArePingedAndThenGone) {
  Served served({}, {.ping = std::chrono::milliseconds(40), .silence = std::chrono::milliseconds(200)});
  WsTestClient client(served.port);
  EXPECT_EQ(client.read().opcode, 9);
  EXPECT_TRUE(client.raw().closed_by_peer());
  // The server is told in a later turn of its loop.
  for (int i = 0; i < 1000 && served.closed == 0; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  EXPECT_EQ(served.closed, 1);
}

TEST(WebSocket, ManyPingsWithoutReadingThePongsEndTheConnection) {
  Served served;
  WsTestClient client(served.port);
  std::string pings;
  for (int i = 0; i < 500; ++i) pings += WsTestClient::frame(0x89, std::string(125, 'p'));
  bool sent = true;
  // The kernel's buffers and our bound of 32 MiB are full long before this ends.
  for (int i = 0; i < 4000 && sent; ++i) sent = client.send_raw(pings);
  EXPECT_FALSE(sent);
}
