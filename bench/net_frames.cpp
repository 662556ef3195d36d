// RLPx: handshakes, frames, and messages between two nodes over loopback on one thread.
#include <benchmark/benchmark.h>

#include "core/check.hpp"
#include "net/frame.hpp"
#include "net/peer_set.hpp"

using namespace quarry;
using namespace quarry::net;

namespace {

void handshake(benchmark::State& state) {
  const PrivateKey a = random_private_key(), b = random_private_key();
  const NodeId id = public_key(b);
  for (auto _ : state) {
    Bytes auth, ack, none;
    auto initiator = Handshake::initiate(a, id, auth);
    auto responder = Handshake::respond(b);
    QUARRY_CHECK(*responder.advance(auth, ack) && *initiator.advance(ack, none));
  }
}
BENCHMARK(handshake)->Unit(benchmark::kMicrosecond);

/// One message written and read; bytes of payload.
void frame(benchmark::State& state) {
  FrameSecrets secrets;
  secrets.egress_seed = secrets.ingress_seed = Bytes(32, 3);
  FrameCodec out(secrets), in(secrets);
  out.set_snappy(state.range(1) != 0);
  in.set_snappy(state.range(1) != 0);
  in.set_max_message(kMaxMessageBytes);
  Bytes payload(static_cast<std::size_t>(state.range(0)));
  std::uint32_t x = 1;
  // Half noise, half zeros, about as compressible as headers.
  for (std::size_t i = 0; i < payload.size(); ++i)
    if (i / 32 % 2 == 0) payload[i] = static_cast<std::uint8_t>((x = x * 1664525 + 1013904223) >> 24);
  for (auto _ : state) {
    Bytes wire;
    out.write(20, payload, wire);
    std::size_t used = 0;
    auto message = in.read(wire, used);
    // A header and its body are two steps.
    QUARRY_CHECK(message && *message && used == wire.size());
  }
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(frame)->ArgNames({"bytes", "snappy"})->ArgsProduct({{64, 1 << 10, 64 << 10, 1 << 20}, {0, 1}});

struct Side : PeerEvents {
  Loop& loop;
  PeerSet set;
  PeerId peer = 0;
  std::function<void(EthCode, const Bytes&)> on;
  explicit Side(Loop& on_loop)
      : loop(on_loop),
        set(on_loop,
            {.key = random_private_key(), .client = "bench", .listen_host = "127.0.0.1", .listen_port = 0},
            *this) {
    QUARRY_CHECK(set.start().has_value());
  }
  LocalStatus local_status() override { return {}; }
  void on_peer_up(const PeerInfo& info) override {
    peer = info.id;
    loop.stop();
  }
  void on_peer_down(PeerId, const std::string&) override {}
  void on_message(PeerId, EthMessage message) override { on(message.code, message.payload); }
  bool needs_node_data() override { return false; }
  void on_report(const PeerReport&) override {}
};

/// A request and an answer of so many bytes, one after the other.
void round_trip(benchmark::State& state) {
  Loop loop;
  Side a(loop), b(loop);
  b.set.add_peer({.id = a.set.node_id(), .host = "127.0.0.1", .tcp_port = a.set.listening_port()});
  while (a.peer == 0 || b.peer == 0) loop.run();
  const Bytes answer =
      encode_node_data(std::vector<Bytes>{Bytes(static_cast<std::size_t>(state.range(0)), 7)});
  const Bytes request = encode(GetBlockHeaders{BlockNum{0}, 192});
  a.on = [&](EthCode, const Bytes&) { a.set.send(a.peer, EthCode::node_data, answer); };
  b.on = [&](EthCode, const Bytes&) { loop.stop(); };
  for (auto _ : state) {
    QUARRY_CHECK(b.set.send(b.peer, EthCode::get_block_headers, request));
    loop.run();
  }
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(round_trip)->Arg(100)->Arg(100 << 10)->Arg(2 << 20)->Unit(benchmark::kMicrosecond);

}  // namespace
