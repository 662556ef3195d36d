#include "node/rpc_client.hpp"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <nlohmann/json.hpp>
#include <thread>

#include "fixtures.hpp"

using namespace quarry;
using namespace std::chrono_literals;

namespace {

/// A server that plays a script on one connection after the other: reads something, sends its pieces with
/// pauses between, hangs up.
class ScriptedServer {
 public:
  using Pieces = std::vector<std::string>;

  ScriptedServer(int listener, std::vector<Pieces> connections)
      : listener_(listener), thread_([this, script = std::move(connections)] { play(script); }) {}
  ~ScriptedServer() {
    ::shutdown(listener_, SHUT_RDWR);
    thread_.join();
    ::close(listener_);
  }

 private:
  void play(const std::vector<Pieces>& connections) {
    for (const Pieces& pieces : connections) {
      const int fd = ::accept(listener_, nullptr, nullptr);
      char buffer[4096];
      if (fd < 0 || ::recv(fd, buffer, sizeof buffer, 0) < 0) return;
      for (const std::string& piece : pieces) {
        (void)!::send(fd, piece.data(), piece.size(), MSG_NOSIGNAL);
        std::this_thread::sleep_for(5ms);
      }
      ::close(fd);
    }
  }
  int listener_;
  std::thread thread_;
};

int listen_unix(const std::string& path) {
  const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strcpy(address.sun_path, path.c_str());
  EXPECT_EQ(::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  ::listen(fd, 4);
  return fd;
}

int listen_tcp(std::string& url) {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  EXPECT_EQ(::bind(fd, reinterpret_cast<sockaddr*>(&address), size), 0);
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  ::listen(fd, 4);
  url = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port));
  return fd;
}

const RpcClientOptions kQuick{.connect_timeout = 2s, .answer_timeout = 300ms};

struct RpcClientTest : testing::Test {
  test::TempDir temp;
  const std::string path = (temp.path() / "q.ipc").string();
};

}  // namespace

TEST(LocalClient, TellsResultsAndErrors) {
  auto client = make_local_client([](const std::string& request) {
    const auto asked = nlohmann::json::parse(request);
    if (asked["method"] == "bad")
      return std::string{R"({"id":1,"error":{"code":-1,"message":"no such thing"}})"};
    return R"({"id":1,"result":)" + asked["params"].dump() + "}";
  });
  EXPECT_EQ(*client->call("echo", {1, "a"}), (nlohmann::json{1, "a"}));
  EXPECT_EQ(client->call("bad", nlohmann::json::array()).error().what, "no such thing");
}

TEST_F(RpcClientTest, NoSocketIsGethsError) {
  const auto client = connect_rpc(path);
  ASSERT_FALSE(client);
  EXPECT_EQ(client.error().what, "dial unix " + path + ": connect: no such file or directory");
  EXPECT_FALSE(connect_ipc(std::string(200, 'a')));
  EXPECT_FALSE(connect_rpc("ws://127.0.0.1:1"));
  EXPECT_FALSE(connect_rpc("http://"));
}

TEST_F(RpcClientTest, IpcAnswersComeInPieces) {
  ScriptedServer server{listen_unix(path), {{R"({"result": "a}\")", R"(]", )", R"("x":[{}]})", "\n"}}};
  auto client = connect_ipc(path, kQuick);
  ASSERT_TRUE(client);
  const auto answer = (*client)->exchange("{}");
  ASSERT_TRUE(answer) << answer.error().what;
  EXPECT_EQ(nlohmann::json::parse(*answer)["x"].size(), 1u);
  EXPECT_EQ(answer->back(), '}');
}

TEST_F(RpcClientTest, SilenceAndHangupsAreErrors) {
  ScriptedServer server{listen_unix(path), {{"{\"res", "ult"}}};
  auto client = connect_ipc(path, kQuick);
  ASSERT_TRUE(client);
  EXPECT_EQ((*client)->exchange("{}").error().what, "the node closed the connection");
  EXPECT_NE((*client)->exchange("{}").error().what.find("is lost"), std::string::npos);
  auto waiting = connect_ipc(path, kQuick);  // accepted by the kernel, answered by nobody
  ASSERT_TRUE(waiting);
  EXPECT_EQ((*waiting)->exchange("{}").error().what, "i/o timeout");
}

TEST_F(RpcClientTest, CtrlCEndsTheWait) {
  const int listener = listen_unix(path);
  const std::atomic<bool> interrupted{true};
  auto client = connect_ipc(path, {.interrupted = &interrupted});
  ASSERT_TRUE(client);
  EXPECT_EQ((*client)->exchange("{}").error().what, "interrupted");
  ::close(listener);
}

TEST(HttpClient, ReadsLengthsChunksAndStatus) {
  std::string url;
  ScriptedServer server{
      listen_tcp(url),
      {{"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\n", "{}", "  "},
       {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "2\r\n[1\r\n", "1\r\n]\r\n0\r\n\r\n"},
       {"HTTP/1.1 403 Forbidden\r\nContent-Length: 22\r\n\r\ninvalid host specified"},
       {"this is not HTTP\r\n\r\n"}}};
  auto client = connect_http(url, kQuick);
  ASSERT_TRUE(client) << client.error().what;
  EXPECT_EQ(*(*client)->exchange("{}"), "{}  ");
  EXPECT_EQ(*(*client)->exchange("{}"), "[1]");
  // The server hung up on the kept connection meanwhile: the client connects again.
  std::this_thread::sleep_for(30ms);
  EXPECT_EQ((*client)->exchange("{}").error().what, "HTTP status 403: invalid host specified");
  std::this_thread::sleep_for(30ms);
  EXPECT_FALSE((*client)->exchange("{}"));
}
