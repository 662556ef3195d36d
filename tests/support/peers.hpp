#pragma once
/// \file
/// Nodes for tests of the peer-to-peer network: whole ones, and one that does what a test wants.

#include <gtest/gtest.h>

#include <deque>

#include "net/frame.hpp"
#include "net/peer_set.hpp"
#include "net/session.hpp"
#include "net/tcp.hpp"
#include "net/timer.hpp"

namespace quarry::test {

using namespace std::chrono_literals;

/// Runs the loop until `done()` or for `most`; says whether it was done.
template <class Done>
bool run_until(net::Loop& loop, Done done, std::chrono::milliseconds most = 10s) {
  const auto end = std::chrono::steady_clock::now() + most;
  net::Timer timer(loop, [&] {
    if (done() || std::chrono::steady_clock::now() > end) loop.stop();
  });
  timer.start_repeating(2ms);
  loop.run();
  return done();
}
inline void run_for(net::Loop& loop, std::chrono::milliseconds time) {
  run_until(
      loop, [] { return false; }, time);
}

inline net::LocalStatus status_of_chain(std::uint64_t network_id = 1999, std::uint8_t genesis = 1) {
  net::LocalStatus out{.network_id = network_id, .total_difficulty = 131072};
  out.genesis.bytes.fill(genesis);
  out.head.bytes.fill(2);
  return out;
}

/// A whole node's network, which writes down what it is told.
class Node final : public net::PeerEvents {
 public:
  struct Arrived {
    net::PeerId peer;
    net::EthCode code;
    std::uint64_t request_id;
    Bytes payload;
  };
  explicit Node(net::Loop& loop, std::size_t max_peers = 25, net::Timeouts timeouts = {}, bool listen = true)
      : key(random_private_key()),
        set(std::make_unique<net::PeerSet>(loop,
                                           net::PeerSetConfig{.key = key,
                                                              .client = "Quarry/test",
                                                              .listen_host = "127.0.0.1",
                                                              .listen_port = 0,
                                                              .listen = listen,
                                                              .max_peers = max_peers,
                                                              .timeouts = timeouts},
                                           *this)) {
    const auto started = set->start();
    EXPECT_TRUE(started) << started.error().what;
  }
  net::LocalStatus local_status() override { return status; }
  bool needs_node_data() override { return wants_state; }
  void on_peer_up(const net::PeerInfo& peer) override { ups.push_back(peer); }
  void on_peer_down(net::PeerId, const std::string& reason) override { downs.push_back(reason); }
  void on_message(net::PeerId peer, net::EthMessage message) override {
    if (keep_holds) holds.push_back(std::move(message.hold));
    arrived.push_back({peer, message.code, message.request_id, std::move(message.payload)});
    if (on_arrival) on_arrival(arrived.back());
  }
  void on_report(const net::PeerReport& report) override { reports.push_back(report); }

  net::Enode enode() const {
    const auto port = set->listening_port();
    return {.id = set->node_id(), .host = "127.0.0.1", .tcp_port = port, .udp_port = port};
  }
  /// The last report about a failure; fails the test when there is none.
  net::PeerReport last() const {
    EXPECT_FALSE(reports.empty());
    return reports.empty() ? net::PeerReport{} : reports.back();
  }

  PrivateKey key;
  net::LocalStatus status = status_of_chain();
  std::vector<net::PeerInfo> ups;
  std::vector<std::string> downs;
  std::vector<net::PeerReport> reports;
  std::vector<Arrived> arrived;
  std::vector<net::Hold> holds;
  bool keep_holds = false;
  bool wants_state = false;
  std::function<void(const Arrived&)> on_arrival;
  std::unique_ptr<net::PeerSet> set;
};

/// A peer made of the parts, so that a test can do each step or leave it out or do it wrong.
class Actor {
 public:
  Actor(net::Loop& loop, const net::Enode& to) : loop_(loop), to_(to) {
    attempt_ = net::tcp_connect(loop, to.host, to.tcp_port, 5s, [this](auto result) {
      ASSERT_TRUE(result);
      stream = std::move(*result);
      stream->start([this](ByteView bytes) { on_bytes(bytes); },
                    [this](const net::Closed&) { closed = true; });
    });
    EXPECT_TRUE(run_until(loop, [this] { return stream != nullptr; }));
  }
  /// The handshake, both ways.
  void shake_hands() {
    Bytes auth;
    handshake_ = net::Handshake::initiate(key, to_.id, auth);
    stream->write(ByteView{auth});
    EXPECT_TRUE(run_until(loop_, [this] { return codec.has_value() || closed; }));
  }
  net::Hello hello() const {
    return {.client = "actor", .capabilities = {{"eth", 62}, {"eth", version}}, .id = public_key(key)};
  }
  /// Never compressed, even when theirs came first.
  void say_hello(const net::Hello& hello) {
    send(0, net::encode_hello(hello));
    said_hello_ = true;
  }
  /// Until their Hello came; from then on messages are compressed.
  void exchange_hellos() {
    say_hello(hello());
    EXPECT_TRUE(run_until(loop_, [this] { return !messages.empty() || closed; }));
    codec->set_max_message(net::kMaxMessageBytes);
  }
  net::Status status(const net::LocalStatus& of) const { return net::status_of(of, version); }
  void say_status(const net::Status& status) { send(16, net::encode(status)); }
  /// All the way up.
  void connect(const net::LocalStatus& of) {
    shake_hands();
    exchange_hellos();
    say_status(status(of));
    EXPECT_TRUE(run_until(loop_, [this] { return messages.size() >= 2; }));
  }
  void send(std::uint64_t code, ByteView payload) {
    Bytes frame = framed(code, payload);
    stream->write(ByteView{frame});
  }
  Bytes framed(std::uint64_t code, ByteView payload) {
    Bytes frame;
    codec->set_snappy(said_hello_ && heard_hello_ && compress);
    codec->write(code, payload, frame);
    return frame;
  }
  /// The reason of their Disconnect, once the connection is closed.
  std::optional<net::DisconnectReason> goodbye() {
    EXPECT_TRUE(run_until(loop_, [this] { return closed; }));
    if (messages.empty() || messages.back().code != 1) return std::nullopt;
    return net::disconnect_reason(*net::decode_disconnect(messages.back().payload));
  }

  PrivateKey key = random_private_key();
  unsigned version = 63;  ///< of eth, the highest that its Hello announces
  net::StreamPtr stream;
  std::optional<net::FrameCodec> codec;
  std::vector<net::Message> messages;
  bool closed = false;
  /// Whether messages after Hello are compressed, both ways.
  bool compress = true;

 private:
  void on_bytes(ByteView bytes) {
    append(input_, bytes);
    if (!codec && handshake_) {
      Bytes nothing;
      const auto done = handshake_->advance(input_, nothing);
      if (!done || !*done) return;
      codec.emplace(handshake_->secrets());
      codec->set_max_message(net::kMaxMessageBytes);
    }
    std::size_t used = 0;
    while (codec) {
      codec->set_snappy(heard_hello_ && compress);
      auto message = codec->read(input_, used);
      input_.erase(input_.begin(), input_.begin() + static_cast<std::ptrdiff_t>(used));
      if (!message || !*message) return;
      messages.push_back(std::move(**message));
      if (messages.back().code == 0) heard_hello_ = true;
    }
  }

  net::Loop& loop_;
  net::Enode to_;
  std::shared_ptr<net::ConnectAttempt> attempt_;
  std::optional<net::Handshake> handshake_;
  Bytes input_;
  bool said_hello_ = false;
  bool heard_hello_ = false;
};

}  // namespace quarry::test
