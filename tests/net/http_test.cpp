#include "net/http.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <atomic>
#include <future>
#include <thread>

#include "raw_client.hpp"

using namespace quarry;
using namespace quarry::net;
using quarry::test::RawClient;
using namespace std::chrono_literals;

namespace {

/// A server on a thread of its own, which answers with the body it got.
class Served {
 public:
  explicit Served(HttpLimits limits = {}, HttpServer::Handler handler = echo, bool allow_upgrade = false) {
    server_ = std::move(
        *HttpServer::listen(loop_, {"127.0.0.1", 0, "--rpcport"}, limits, std::move(handler), allow_upgrade));
    port = server_->port();
    thread_ = std::thread([this] { loop_.run(); });
  }
  ~Served() {
    loop_.stop();
    thread_.join();
    server_.reset();
  }
  static void echo(HttpRequest& request, const HttpConnectionPtr& connection) {
    connection->respond({200, "text/plain", SharedBuffer(std::move(request.body))});
  }
  template <class F>
  auto on_loop(F work) {
    std::promise<decltype(work(*server_))> done;
    loop_.post([&] { done.set_value(work(*server_)); });
    return done.get_future().get();
  }
  std::uint16_t port = 0;
  Loop& loop() { return loop_; }

 private:
  Loop loop_;
  std::unique_ptr<HttpServer> server_;
  std::thread thread_;
};

std::string post_text(std::string_view body) {
  return "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
         std::string(body);
}

}  // namespace

TEST(Http, KeepsAliveAndAnswersInOrder) {
  Served served;
  RawClient client(served.port);
  for (int i = 0; i < 5; ++i)
    EXPECT_EQ(client.post("body " + std::to_string(i)).body, "body " + std::to_string(i));
  std::string many;
  for (int i = 0; i < 200; ++i) many += post_text(std::to_string(i));
  client.send(many);
  for (int i = 0; i < 200; ++i) ASSERT_EQ(client.answer().body, std::to_string(i));
}

/// What stands before a body is read once as long as it stays the same: what it says must not stay longer.
TEST(Http, HeadsThatRepeatAndHeadsThatChange) {
  std::atomic<int> notes_kept{0};
  Served served({}, [&](HttpRequest& request, const HttpConnectionPtr& connection) {
    if (connection->head_note() == 5) ++notes_kept;
    connection->set_head_note(5);
    const auto text = request.method + " " + request.target + " " + std::string(request.header("x-name")) +
                      " " + std::to_string(request.headers.size()) + (request.same_head ? " same " : " new ");
    connection->respond({200, "application/json", SharedBuffer(std::move(request.body)), "", false, text});
  });
  RawClient client(served.port);
  const auto ask = [&](std::string_view target, std::string_view name, std::string_view body) {
    client.send("POST " + std::string(target) + " HTTP/1.1\r\nX-Name: " + std::string(name) +
                "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body));
    return client.answer().body;
  };
  EXPECT_EQ(ask("/", "a", "one"), "POST / a 2 new one");
  EXPECT_EQ(ask("/", "a", "two"), "POST / a 2 same two");
  EXPECT_EQ(ask("/", "a", "six"), "POST / a 2 same six");
  EXPECT_EQ(notes_kept, 2);
  EXPECT_EQ(ask("/", "b", "six"), "POST / b 2 new six");
  EXPECT_EQ(ask("/x", "b", "six"), "POST /x b 2 new six");
  EXPECT_EQ(ask("/x", "b", "seven"), "POST /x b 2 new seven");
  EXPECT_EQ(notes_kept, 2);
  client.send("GET /y HTTP/1.1\r\n\r\n");
  EXPECT_EQ(client.answer().body, "GET /y  0 new ");
  EXPECT_EQ(ask("/x", "b", "seven"), "POST /x b 2 new seven");
  // In pieces, the head whole and the body not, and the other way round.
  const std::string again = "POST /x HTTP/1.1\r\nX-Name: b\r\nContent-Length: 5\r\n\r\n";
  client.send(again + "ni");
  client.send("nes" + again);
  EXPECT_EQ(client.answer().body.substr(0, 10), "POST /x b ");
  client.send("eight" + again + "other" + again + "third");
  for (const auto* body : {"eight", "other", "third"}) {
    const auto answer = client.answer().body;
    EXPECT_TRUE(answer.starts_with("POST /x b 2 ") && answer.ends_with(body)) << answer;
  }
}

TEST(Http, LongHeadsAreReadEachTime) {
  Served served({}, [](HttpRequest& request, const HttpConnectionPtr& connection) {
    connection->respond({200, "text/plain", SharedBuffer(std::string(request.same_head ? "same" : "new"))});
  });
  RawClient client(served.port);
  const std::string request =
      "POST / HTTP/1.1\r\nX: " + std::string(4000, 'x') + "\r\nContent-Length: 1\r\n\r\n1";
  for (int i = 0; i < 3; ++i) {
    client.send(request);
    EXPECT_EQ(client.answer().body, "new");
  }
}

TEST(Http, RequestsInAnyPieces) {
  Served served;
  RawClient client(served.port);
  for (const char c :
       post_text("slowly") +
           "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n4;x=y\r\ndefg\r\n0\r\n\r\n") {
    ASSERT_TRUE(client.send({&c, 1}));
  }
  EXPECT_EQ(client.answer().body, "slowly");
  EXPECT_EQ(client.answer().body, "abcdefg");
}

TEST(Http, AnswersLaterFromAnotherThreadInOrder) {
  std::atomic<int> in_work{0};
  Loop* loop = nullptr;
  std::vector<std::thread> threads;
  Served served({}, [&](HttpRequest& request, const HttpConnectionPtr& connection) {
    EXPECT_EQ(++in_work, 1) << "the next request must wait";
    threads.emplace_back([&, body = request.body, weak = std::weak_ptr(connection)] {
      std::this_thread::sleep_for(5ms);
      loop->post([&, body, weak] {
        --in_work;
        if (const auto client = weak.lock())
          client->respond({200, "text/plain", SharedBuffer(std::string(body))});
      });
    });
  });
  loop = &served.loop();
  RawClient client(served.port);
  client.send(post_text("one") + post_text("two") + post_text("three"));
  client.end();  // half a close: what was asked is answered
  for (const char* want : {"one", "two", "three"}) EXPECT_EQ(client.answer().body, want);
  EXPECT_TRUE(client.closed_by_peer());
  for (auto& thread : threads) thread.join();
}

TEST(Http, LargeAnswersLeaveWholeAndSlowReadersHoldTheirOwnRequestsBack) {
  Served served({}, [](HttpRequest&, const HttpConnectionPtr& connection) {
    connection->respond({200, "text/plain", SharedBuffer(std::string(4 << 20, 'x'))});
  });
  RawClient client(served.port);
  std::string many;
  for (int i = 0; i < 10; ++i) many += post_text("");
  client.send(many);
  std::this_thread::sleep_for(50ms);
  for (int i = 0; i < 10; ++i) ASSERT_EQ(client.answer().body.size(), 4U << 20);
}

TEST(Http, RefusesBodiesOverTheLimitBeforeAndWhileTheyCome) {
  Served served;
  RawClient announced(served.port);
  announced.send("POST / HTTP/1.1\r\nContent-Length: 10485760\r\n\r\n");
  auto answer = announced.answer();
  EXPECT_EQ(answer.status, 413);
  EXPECT_NE(answer.body.find("10485760 bytes, at most 5242880"), std::string::npos) << answer.body;
  EXPECT_TRUE(announced.closed_by_peer());

  RawClient whole(served.port);  // all ten megabytes are pushed before the answer is read
  EXPECT_EQ(whole.post(std::string(10 << 20, 'x')).status, 413);
  RawClient chunked(served.port);
  chunked.send("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n");
  const std::string chunk = "100000\r\n" + std::string(1 << 20, 'x') + "\r\n";
  for (int i = 0; i < 10 && chunked.send(chunk); ++i) {
  }
  EXPECT_EQ(chunked.answer().status, 413);
  RawClient waiting(served.port);
  waiting.send("POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 10485760\r\n\r\n");
  EXPECT_EQ(waiting.answer().status, 413);
  EXPECT_EQ(served.on_loop([](HttpServer&) { return 1; }), 1);
  EXPECT_EQ(RawClient(served.port).post("still here").body, "still here");
}

TEST(Http, SaysContinueToThoseWhoWait) {
  Served served;
  RawClient client(served.port);
  client.send("POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
  EXPECT_EQ(client.read(25), "HTTP/1.1 100 Continue\r\n\r\n");
  client.send("hello");
  EXPECT_EQ(client.answer().body, "hello");
}

TEST(Http, BoundsHeaders) {
  Served served;
  RawClient many(served.port);
  std::string text = "GET / HTTP/1.1\r\n";
  for (int i = 0; i < 65; ++i) text += "h" + std::to_string(i) + ": v\r\n";
  many.send(text + "\r\n");
  EXPECT_EQ(many.answer().status, 431);
  RawClient longer(served.port);
  longer.send("GET /" + std::string(17000, 'a'));
  EXPECT_EQ(longer.answer().status, 431);
}

TEST(Http, MalformedRequestsAreNamedSo) {
  Served served;
  for (const char* text :
       {"nonsense\r\n\r\n", "GET / HTTP/9.9.9\r\n\r\n", "POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        "POST / HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx",
        "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"}) {
    RawClient client(served.port);
    client.send(text);
    const auto answer = client.answer();
    EXPECT_EQ(answer.status, 400) << text;
    EXPECT_NE(answer.body.find("malformed HTTP request"), std::string::npos) << answer.body;
    EXPECT_TRUE(client.closed_by_peer());
  }
}

TEST(Http, HalfARequestEndsInTime) {
  HttpLimits limits;
  limits.head_time = 1s;
  limits.body_time = 1500ms;
  limits.idle_time = 1s;
  Served served(limits);
  RawClient idle(served.port);
  EXPECT_EQ(idle.post("x").body, "x");
  RawClient head(served.port), body(served.port), silent(served.port);
  head.send("POST / HTTP/1.1\r\nHos");
  body.send("POST / HTTP/1.1\r\nContent-Length: 100\r\n\r\nhalf");
  EXPECT_EQ(head.answer().status, 408);
  EXPECT_EQ(body.answer().status, 408);
  EXPECT_TRUE(silent.closed_by_peer());
  EXPECT_TRUE(idle.closed_by_peer());
  EXPECT_EQ(served.on_loop([](HttpServer& server) { return server.evicted(); }), 0U);
}

TEST(Http, TenThousandHalfRequestsDoNotHurtOthers) {
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  // Both ends are in this process: a half request takes a file here, and one there while it lasts.
  const std::size_t wanted = 10'000;
  const std::size_t count = std::min<std::size_t>(wanted, (files.rlim_cur - 200) / 2);
  if (count < wanted) std::printf("the limit on open files allows %zu connections of %zu\n", count, wanted);
  Served served;
  RawClient other(served.port);
  ASSERT_EQ(other.post("before").body, "before");
  std::vector<std::unique_ptr<RawClient>> half;
  for (std::size_t i = 0; i < count; ++i) {
    half.push_back(std::make_unique<RawClient>(served.port));
    ASSERT_TRUE(half.back()->connected()) << i;
    half.back()->send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{\"jsonrpc\":");
    if (i % 100 == 0) {
      ASSERT_EQ(other.post("while " + std::to_string(i)).body, "while " + std::to_string(i));
    }
  }
  EXPECT_EQ(other.post("after").body, "after");
  EXPECT_EQ(RawClient(served.port).post("new").body, "new");
  const auto [now, evicted] =
      served.on_loop([](HttpServer& s) { return std::pair(s.connections(), s.evicted()); });
  EXPECT_LE(now, HttpLimits{}.connections);
  EXPECT_GE(evicted + HttpLimits{}.connections, count);
}

TEST(Http, LargeBodiesThatNeverEndLeaveRoomForOthers) {
  constexpr std::size_t kPart = 3 << 20;
  HttpLimits limits;
  limits.total_body_bytes = 4 << 20;
  Served served(limits);
  const auto wait_until_held = [&](std::size_t bytes) {
    while (served.on_loop([](HttpServer& server) { return server.held_body_bytes(); }) != bytes)
      std::this_thread::sleep_for(1ms);
  };
  const std::string part(kPart, 'x');
  const std::string begun = "POST / HTTP/1.1\r\nContent-Length: 5000000\r\n\r\n" + part;
  std::vector<std::unique_ptr<RawClient>> half;
  half.push_back(std::make_unique<RawClient>(served.port));
  half.back()->send(begun);
  wait_until_held(kPart - (64 << 10));  // a body's first 64 KiB are free
  for (int i = 0; i < 3; ++i) {
    half.push_back(std::make_unique<RawClient>(served.port));
    half.back()->send(begun);
    EXPECT_EQ(half.back()->answer().status, 503);
  }
  EXPECT_EQ(RawClient(served.port).post(std::string(60'000, 'y')).body.size(), 60'000U);
  half.clear();
  wait_until_held(0);
  RawClient later(served.port);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(later.post(part).body.size(), kPart) << "what was held is free again";
}

TEST(Http, AConnectionThatWorksIsNotEvicted) {
  HttpLimits limits;
  limits.connections = 8;
  HttpConnectionPtr held;
  Served served(limits, [&](HttpRequest& request, const HttpConnectionPtr& connection) {
    if (request.body == "hold") {
      held = connection;
    } else {
      Served::echo(request, connection);
    }
  });
  RawClient worker(served.port);
  worker.send(post_text("hold"));
  while (!served.on_loop([&](HttpServer&) { return held != nullptr; })) std::this_thread::yield();
  std::vector<std::unique_ptr<RawClient>> idle;
  for (int i = 0; i < 20; ++i) idle.push_back(std::make_unique<RawClient>(served.port));
  EXPECT_EQ(idle.back()->post("last").body, "last");
  served.on_loop([&](HttpServer&) {
    held->respond({200, "text/plain", SharedBuffer(std::string("kept"))});
    held.reset();
    return 0;
  });
  EXPECT_EQ(worker.answer().body, "kept");
}

TEST(Http, HandsAnUpgradeOver) {
  Served served(
      {},
      [](HttpRequest& request, const HttpConnectionPtr& connection) {
        if (!request.wants_upgrade) return Served::echo(request, connection);
        connection->take_over("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n\r\n",
                              [raw = connection.get()](ByteView bytes) { raw->stream()->write(bytes); }, {});
      },
      true);
  RawClient client(served.port);
  client.send("GET / HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nraw");
  EXPECT_EQ(client.answer().status, 101);
  EXPECT_EQ(client.read(3), "raw");
  client.send("more");
  EXPECT_EQ(client.read(4), "more");
  Served plain;
  RawClient ignored(plain.port);
  ignored.send("GET / HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n" + post_text("next"));
  EXPECT_EQ(ignored.answer().status, 200);
  EXPECT_EQ(ignored.answer().body, "next");
}

namespace {
/// Answers with `pieces` pieces of `size` letters each, from within the question or in a later turn.
HttpServer::Handler pieces_of(int pieces, std::size_t size, bool later) {
  return [=](HttpRequest&, const HttpConnectionPtr& connection) {
    auto left = std::make_shared<int>(pieces);
    const auto give = [=, weak = std::weak_ptr(connection)] {
      const auto client = weak.lock();
      if (!client) return;
      if (*left == 0) return client->end_stream();
      client->send_piece(SharedBuffer(std::string(size, static_cast<char>('a' + --*left % 26))));
    };
    connection->begin_stream({200, "text/plain"}, [=, weak = std::weak_ptr(connection)] {
      const auto client = weak.lock();
      if (!later) return give();
      client->stream()->loop().post(give);
    });
  };
}
/// The chunks of a body put together; empty when they are no chunks.
std::string unchunked(std::string_view text) {
  std::string out;
  while (true) {
    const auto line = text.find("\r\n");
    if (line == text.npos) return {};
    const std::size_t length = std::stoul(std::string(text.substr(0, line)), nullptr, 16);
    text.remove_prefix(line + 2);
    out.append(text.substr(0, length));
    text.remove_prefix(length + 2);
    if (length == 0) return text.empty() ? out : std::string{};
  }
}
}  // namespace

TEST(Http, StreamsInChunksAndGoesOn) {
  for (const bool later : {false, true}) {
    Served served({}, pieces_of(3, 5, later));
    RawClient client(served.port);
    const std::string body = "5\r\nccccc\r\n5\r\nbbbbb\r\n5\r\naaaaa\r\n0\r\n\r\n";
    for (int i = 0; i < 2; ++i) {
      client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
      const auto head = client.answer().head;  // no length: no body is read
      EXPECT_NE(head.find("Transfer-Encoding: chunked"), std::string::npos) << head;
      EXPECT_EQ(client.read(body.size()), body);
    }
    client.send("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    const auto all = client.read_to_end();
    EXPECT_EQ(unchunked(std::string_view(all).substr(all.find("\r\n\r\n") + 4)), "cccccbbbbbaaaaa");
    // An old client gets the bytes as they are, until the end of the connection.
    RawClient old(served.port);
    old.send("GET / HTTP/1.0\r\n\r\n");
    const auto plain = old.read_to_end();
    EXPECT_EQ(plain.substr(plain.find("\r\n\r\n") + 4), "cccccbbbbbaaaaa");
    EXPECT_EQ(plain.find("chunked"), std::string::npos);
  }
}

TEST(Http, StreamKeepsPaceWithItsClient) {
  // 60 MB in all: what is not taken is not made, or the bound on waiting bytes would end the connection.
  constexpr std::size_t kPieces = 60, kBytes = 1'000'000;
  for (const bool later : {false, true}) {
    Served served({}, pieces_of(kPieces, kBytes, later));
    RawClient client(served.port);
    client.send("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    std::this_thread::sleep_for(100ms);
    const auto all = client.read_to_end();
    EXPECT_EQ(unchunked(std::string_view(all).substr(all.find("\r\n\r\n") + 4)).size(), kPieces * kBytes);
  }
}

TEST(Http, StreamOfAClientThatTakesNothingIsEnded) {
  HttpLimits limits;
  limits.send_time = 300ms;
  Served served(limits, pieces_of(1000, 1'000'000, true));
  RawClient client(served.port);
  client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(client.read(8), "HTTP/1.1");
  for (int i = 0; i < 100 && served.on_loop([](HttpServer& s) { return s.connections(); }) > 0; ++i)
    std::this_thread::sleep_for(100ms);
  EXPECT_EQ(served.on_loop([](HttpServer& s) { return s.connections(); }), 0u);
}
