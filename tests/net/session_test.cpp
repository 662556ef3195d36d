// Peers that do it wrong, over real sockets: each is told why, and nobody else notices.
#include "net/session.hpp"

#include <fmt/format.h>

#include <mutex>
#include <thread>

#include "peers.hpp"

using namespace quarry;
using namespace quarry::net;
using quarry::test::Actor;
using quarry::test::Node;
using quarry::test::run_for;
using quarry::test::run_until;
using quarry::test::status_of_chain;
using namespace std::chrono_literals;

namespace {

constexpr std::uint64_t kEth = 16;  // the first message id of eth
std::uint64_t id_of(EthCode code) {
  return kEth + static_cast<std::uint64_t>(code);
}

/// Half a second for each step, so that tests of silence are short.
Timeouts quick() {
  return {.connect = 500ms, .handshake = 300ms, .ping = 100ms, .silence = 400ms, .verdict = 400ms};
}

/// A node under attack, with an honest peer that must not be bothered.
struct Scene {
  Loop loop;
  Node node;
  std::unique_ptr<Actor> honest;
  explicit Scene(Timeouts timeouts = {}) : node(loop, 25, timeouts) {}

  Actor actor() { return Actor(loop, node.enode()); }
  void add_honest() {
    honest = std::make_unique<Actor>(loop, node.enode());
    honest->connect(node.status);
  }
  /// The honest peer's message still arrives.
  void expect_others_unharmed() {
    if (!honest) add_honest();
    bool came = false;
    node.on_arrival = [&](const Node::Arrived& message) {
      came |= message.code == EthCode::get_block_headers;
    };
    honest->send(id_of(EthCode::get_block_headers), encode(GetBlockHeaders{BlockNum{1}, 1}));
    EXPECT_TRUE(run_until(
        loop, [&] { return came; }, 2s));
    node.on_arrival = nullptr;
  }
};

}  // namespace

TEST(Session, SilenceInEachPhaseEnds) {
  Scene scene(quick());
  auto silent = scene.actor();
  EXPECT_EQ(silent.goodbye(), std::nullopt);
  EXPECT_EQ(scene.node.last().verdict.reason, "read timeout: no answer to the handshake within 0.3 s");
  EXPECT_TRUE(scene.node.last().node_id.is_zero());

  auto no_hello = scene.actor();
  no_hello.shake_hands();
  EXPECT_EQ(no_hello.goodbye(), DisconnectReason::read_timeout);
  EXPECT_EQ(scene.node.last().verdict.reason, "read timeout: no Hello within 0.3 s");
  EXPECT_EQ(scene.node.last().node_id, public_key(no_hello.key));

  auto no_status = scene.actor();
  no_status.shake_hands();
  no_status.exchange_hellos();
  EXPECT_EQ(no_status.goodbye(), DisconnectReason::read_timeout);
  EXPECT_EQ(scene.node.last().verdict.reason, "read timeout: no Status within 0.3 s");

  auto no_pong = scene.actor();
  no_pong.connect(scene.node.status);
  EXPECT_EQ(no_pong.goodbye(), DisconnectReason::read_timeout);
  EXPECT_EQ(scene.node.last().verdict.reason, "read timeout: silent for 0.4 s");
  EXPECT_EQ(scene.node.downs.size(), 1U);
  const auto is_ping = [](const Message& m) { return m.code == 2; };
  EXPECT_GE(std::count_if(no_pong.messages.begin(), no_pong.messages.end(), is_ping), 1);
  EXPECT_EQ(scene.node.set->peer_errors().size(), 4U);
}

TEST(Session, PingsAreAnsweredAndPongsKeepAlive) {
  Scene scene(quick());
  auto peer = scene.actor();
  peer.connect(scene.node.status);
  for (int i = 0; i < 12; ++i) {
    peer.send(2, kEmptyList);
    run_for(scene.loop, 60ms);
  }
  EXPECT_FALSE(peer.closed);
  const auto is_pong = [](const Message& m) { return m.code == 3; };
  EXPECT_EQ(std::count_if(peer.messages.begin(), peer.messages.end(), is_pong), 12);
}

TEST(Session, GarbageInsteadOfAHandshakeEnds) {
  Scene scene;
  scene.add_honest();
  for (const std::string_view garbage : {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", "\xff\xff", "\x04"}) {
    auto actor = scene.actor();
    actor.stream->write(as_bytes(garbage));
    if (garbage.front() == 4) actor.stream->write(Bytes(1100, 7));
    EXPECT_EQ(actor.goodbye(), std::nullopt);
    EXPECT_EQ(scene.node.last().verdict.kind, VerdictKind::not_rlpx);
  }
  auto half = scene.actor();
  half.stream->write(Bytes{0x01, 0x90, 1, 2, 3});
  run_for(scene.loop, 20ms);
  half.stream->close();
  const auto reports = scene.node.reports.size();
  EXPECT_TRUE(run_until(scene.loop, [&] { return scene.node.reports.size() > reports; }));
  EXPECT_EQ(scene.node.last().verdict.kind, VerdictKind::closed);
  scene.expect_others_unharmed();
}

TEST(Session, AWrongMacEnds) {
  Scene scene;
  scene.add_honest();
  for (const std::size_t at : {std::size_t{0}, std::size_t{20}, std::size_t{40}, std::size_t{60}}) {
    auto actor = scene.actor();
    actor.connect(scene.node.status);
    Bytes frame = actor.framed(2, Bytes(20, 0xc0));
    frame[at] ^= 1;
    actor.stream->write(ByteView{frame});
    EXPECT_EQ(actor.goodbye(), DisconnectReason::subprotocol_error);
    EXPECT_EQ(scene.node.last().verdict.reason,
              at < 32 ? "breach of protocol: bad frame header MAC" : "breach of protocol: bad frame MAC");
  }
  scene.expect_others_unharmed();
}

TEST(Session, AnOversizedHelloEnds) {
  Scene scene;
  auto actor = scene.actor();
  actor.shake_hands();
  actor.send(0, Bytes(kMaxHelloBytes * 2, 0xc0));
  EXPECT_EQ(actor.goodbye(), DisconnectReason::protocol_error);
  EXPECT_EQ(scene.node.last().verdict.reason, "breach of protocol: frame larger than allowed");
}

TEST(Session, AMessageBeforeHelloEnds) {
  Scene scene;
  auto actor = scene.actor();
  actor.shake_hands();
  actor.send(16, encode(actor.status(scene.node.status)));
  EXPECT_EQ(actor.goodbye(), DisconnectReason::protocol_error);
  EXPECT_EQ(scene.node.last().verdict.reason, "breach of protocol: expected handshake, got message 0x10");
}

TEST(Session, ASnappyBombEnds) {
  Scene scene;
  scene.add_honest();
  for (const char* bomb : {"80808008fe0000", "ffffffff0ffe0000", "ffffff07fe0000", "0a"}) {
    auto actor = scene.actor();
    actor.connect(scene.node.status);
    actor.compress = false;  // goes out as it is
    actor.send(id_of(EthCode::node_data), *from_hex(bomb));
    actor.compress = true;
    EXPECT_EQ(actor.goodbye(), DisconnectReason::subprotocol_error);
    EXPECT_EQ(scene.node.last().verdict.kind, VerdictKind::protocol_error);
  }
  scene.expect_others_unharmed();
}

TEST(Session, MessagesOverTheirBoundEnd) {
  Scene scene;
  const std::tuple<EthCode, std::size_t, std::string> cases[] = {
      {EthCode::get_block_headers, 1025, "Message too long - GetBlockHeaders of 1025 bytes (> 1024)"},
      {EthCode::get_node_data, 160 * 1024 + 1, "Message too long - GetNodeData of 163841 bytes (> 163840)"},
      {EthCode::new_block, kMaxEthMessageBytes + 1, "message larger than allowed"}};
  for (const auto& [code, size, why] : cases) {
    auto actor = scene.actor();
    actor.connect(scene.node.status);
    actor.send(id_of(code), Bytes(size, 0));
    EXPECT_EQ(actor.goodbye(), DisconnectReason::subprotocol_error);
    EXPECT_EQ(scene.node.last().verdict.reason, "breach of protocol: " + why);
  }
  EXPECT_TRUE(scene.node.arrived.empty());
}

TEST(Session, CodesThatAreNoneEnd) {
  Scene scene;
  for (const std::uint64_t code : {kEth + 0x08, kEth + 0x11, kEth + 1000, ~std::uint64_t{0}}) {
    auto actor = scene.actor();
    actor.connect(scene.node.status);
    actor.send(code, kEmptyList);
    EXPECT_EQ(actor.goodbye(), DisconnectReason::subprotocol_error);
    EXPECT_TRUE(scene.node.last().verdict.reason.starts_with("breach of protocol: Invalid message code - "));
  }
  auto twice = scene.actor();
  twice.connect(scene.node.status);
  twice.say_status(twice.status(scene.node.status));
  EXPECT_EQ(twice.goodbye(), DisconnectReason::subprotocol_error);
  EXPECT_EQ(scene.node.last().verdict.reason, "breach of protocol: Extra status message");
  auto hello_again = scene.actor();
  hello_again.connect(scene.node.status);
  hello_again.say_hello(hello_again.hello());
  EXPECT_EQ(hello_again.goodbye(), DisconnectReason::subprotocol_error);
}

TEST(Session, AnOversizedStatusEndsBeforeItIsHere) {
  Scene scene;
  auto actor = scene.actor();
  actor.shake_hands();
  actor.exchange_hellos();
  // Only the header of a frame of megabytes: nothing of it is waited for.
  actor.compress = false;
  const Bytes frame = actor.framed(kEth, Bytes(8 << 20, 1));
  actor.compress = true;
  actor.stream->write(ByteView{frame}.first(32));
  EXPECT_EQ(actor.goodbye(), DisconnectReason::subprotocol_error);
  EXPECT_EQ(scene.node.last().verdict.reason, "breach of protocol: frame larger than allowed");
}

TEST(Session, SomethingElseThanAStatusEnds) {
  Scene scene;
  auto actor = scene.actor();
  actor.shake_hands();
  actor.exchange_hellos();
  actor.send(id_of(EthCode::get_block_headers), encode(GetBlockHeaders{BlockNum{0}, 1}));
  EXPECT_EQ(actor.goodbye(), DisconnectReason::subprotocol_error);
  EXPECT_EQ(scene.node.last().verdict.reason,
            "breach of protocol: No status message - first msg has code 0x13");
  auto malformed = scene.actor();
  malformed.shake_hands();
  malformed.exchange_hellos();
  malformed.send(kEth, Bytes{0xc1, 0x3f});
  EXPECT_EQ(malformed.goodbye(), DisconnectReason::subprotocol_error);
  EXPECT_EQ(scene.node.last().verdict.reason, "breach of protocol: malformed Status: input too short");
  EXPECT_TRUE(scene.node.ups.empty());
}

TEST(Session, EachFieldOfTheStatusThatDiffersIsNamed) {
  Scene scene;
  struct Case {
    Status status;
    const char *field, *ours, *theirs, *reason;
  };
  const Status good = status_of(scene.node.status, 63);
  auto network = good, genesis = good, version = good, all = good;
  network.network_id = 1;
  genesis.genesis.bytes.fill(0x77);
  version.protocol_version = 62;
  all = genesis, all.network_id = 5;
  const std::string one(64, '1');
  const Case cases[] = {{network, "network id", "1999", "1", "NetworkId mismatch - 1 (!= 1999)"},
                        {version, "protocol version", "63", "62", "Protocol version mismatch - 62 (!= 63)"},
                        {genesis, "genesis block", "0x0101", "0x7777",
                         "Genesis block mismatch - 7777777777777777 (!= 0101010101010101)"},
                        {all, "genesis block", "0x0101", "0x7777",
                         "Genesis block mismatch - 7777777777777777 (!= 0101010101010101)"}};
  for (const auto& expected : cases) {
    auto actor = scene.actor();
    actor.shake_hands();
    actor.exchange_hellos();
    actor.say_status(expected.status);
    EXPECT_EQ(actor.goodbye(), DisconnectReason::subprotocol_error);
    // The node's own Status came before its goodbye: the other side can name the field as well.
    ASSERT_EQ(actor.messages.size(), 3U);
    EXPECT_EQ(*decode_status(actor.messages[1].payload), good);
    const auto& verdict = scene.node.last().verdict;
    EXPECT_EQ(verdict.kind, VerdictKind::status_mismatch);
    EXPECT_EQ(verdict.reason, expected.reason);
    EXPECT_EQ(verdict.field, expected.field);
    EXPECT_TRUE(verdict.ours.starts_with(expected.ours));
    EXPECT_TRUE(verdict.theirs.starts_with(expected.theirs));
  }
  EXPECT_TRUE(scene.node.ups.empty());
}

namespace {
ForkSchedule at_blocks(std::initializer_list<std::pair<Fork, BlockNum>> forks) {
  ForkSchedule out;
  for (const auto& [fork, number] : forks) out[fork] = Activation{Activation::By::block, number};
  return out;
}
/// A chain of the test's genesis with these forks and a head.
LocalStatus chain_with(const ForkSchedule& schedule, BlockNum head) {
  LocalStatus out = status_of_chain();
  out.head_number = head;
  out.forks = ForkIds(schedule, out.genesis, 0);
  return out;
}
}  // namespace

TEST(Session, AForkIdThatDoesNotFitIsNamedOnBothSides) {
  Scene scene;
  const auto here = chain_with(at_blocks({{Fork::byzantium, 4}, {Fork::istanbul, 9}}), 20);
  const auto there = chain_with(at_blocks({{Fork::byzantium, 4}}), 20);
  scene.node.status = here;
  Node other(scene.loop);
  other.status = there;
  other.set->add_peer(scene.node.enode());
  ASSERT_TRUE(run_until(scene.loop, [&] { return !other.reports.empty() && !scene.node.reports.empty(); }));
  const std::string ours = here.forks.at(20, 0).to_string(), theirs = there.forks.at(20, 0).to_string();
  const auto& verdict = scene.node.last().verdict;
  EXPECT_EQ(verdict.kind, VerdictKind::status_mismatch);
  EXPECT_EQ(verdict.reason, "Fork ID rejected - " + theirs + " (!= " + ours + "): remote needs update");
  EXPECT_EQ(verdict.field, "fork id");
  EXPECT_EQ(verdict.ours, ours);
  EXPECT_EQ(verdict.theirs, theirs);
  EXPECT_NE(verdict.remedy.find("then that node expects none, and this one has Istanbul at block 9."),
            std::string::npos)
      << verdict.remedy;
  EXPECT_NE(verdict.remedy.find("Here: network id 1999, genesis block 010101…010101, fork id " + ours),
            std::string::npos)
      << verdict.remedy;
  EXPECT_NE(verdict.remedy.find("There: network id 1999, genesis block 010101…010101, fork id " + theirs),
            std::string::npos)
      << verdict.remedy;
  const auto errors = scene.node.set->peer_errors();
  ASSERT_EQ(errors.size(), 1U);
  EXPECT_EQ(errors[0].field, "fork id");
  // Who lacks the fork judges too, by its own forks: it is the one that needs an update.
  EXPECT_EQ(other.last().verdict.reason,
            "Fork ID rejected - " + ours + " (!= " + theirs + "): local incompatible or needs update");
  EXPECT_TRUE(scene.node.ups.empty());
}

TEST(Session, AForkIdFromBeforeOrAheadFits) {
  const auto forks = at_blocks({{Fork::byzantium, 4}, {Fork::istanbul, 9}});
  for (const auto& [number, schedule] :
       {std::pair{BlockNum{0}, forks},
        {BlockNum{5}, forks},
        {BlockNum{50}, forks},
        {BlockNum{50}, at_blocks({{Fork::byzantium, 4}, {Fork::istanbul, 9}, {Fork::berlin, 40}})}}) {
    Scene scene;
    scene.node.status = chain_with(forks, 20);
    Node other(scene.loop);
    other.status = chain_with(schedule, number);
    other.set->add_peer(scene.node.enode());
    // A fork that only the other knows of: refused by who has passed the others and is told of one behind it.
    const bool fits = schedule == forks;
    ASSERT_TRUE(run_until(scene.loop, [&] { return !other.reports.empty(); }));
    EXPECT_EQ(other.last().verdict.ok(), fits) << other.last().verdict.reason;
  }
}

TEST(Session, AStatusHasAForkIdFromEth64OnAndNotBefore) {
  for (const unsigned version : {63U, 64U, 68U}) {
    Scene scene;
    auto wrong = scene.actor();
    wrong.version = version;
    wrong.shake_hands();
    wrong.exchange_hellos();
    auto status = wrong.status(scene.node.status);
    EXPECT_EQ(status.fork_id.has_value(), version >= 64);
    if (status.fork_id)
      status.fork_id.reset();
    else
      status.fork_id = scene.node.status.forks.at(0, 0);
    wrong.say_status(status);
    EXPECT_EQ(wrong.goodbye(), DisconnectReason::subprotocol_error);
    EXPECT_EQ(scene.node.last().verdict.reason,
              fmt::format("breach of protocol: malformed Status: eth/{} has {} fork id", version,
                          version >= 64 ? "a" : "no"));
    auto right = scene.actor();
    right.version = version;
    right.connect(scene.node.status);
    ASSERT_EQ(scene.node.ups.size(), 1U);
    EXPECT_EQ(scene.node.ups[0].eth_version, version);
    EXPECT_EQ(*decode_status(right.messages.at(1).payload), right.status(scene.node.status));
  }
}

TEST(Session, RequestsAndAnswersAreNumberedFromEth66On) {
  const Bytes request = encode(GetBlockHeaders{BlockNum{1}, 3});
  for (const unsigned version : {65U, 66U, 67U, 68U}) {
    Scene scene;
    auto peer = scene.actor();
    peer.version = version;
    peer.connect(scene.node.status);
    const bool numbered = version >= 66;
    peer.send(id_of(EthCode::get_block_headers), numbered ? with_request_id(4711, request) : request);
    ASSERT_TRUE(run_until(scene.loop, [&] { return !scene.node.arrived.empty(); }));
    EXPECT_EQ(scene.node.arrived[0].request_id, numbered ? 4711U : 0U);
    EXPECT_EQ(scene.node.arrived[0].payload, request);
    ASSERT_TRUE(scene.node.set->send(scene.node.ups[0].id, EthCode::block_headers, kEmptyList, 4711));
    ASSERT_TRUE(run_until(scene.loop, [&] { return peer.messages.size() >= 3; }));
    EXPECT_EQ(to_hex(peer.messages[2].payload), numbered ? "c4821267c0" : "c0");
    // Announcements never are.
    ASSERT_TRUE(
        scene.node.set->send(scene.node.ups[0].id, EthCode::new_pooled_transaction_hashes, kEmptyList, 9));
    ASSERT_TRUE(run_until(scene.loop, [&] { return peer.messages.size() >= 4; }));
    EXPECT_EQ(to_hex(peer.messages[3].payload), "c0");
    // State nodes are gone from eth/67 on.
    EXPECT_EQ(scene.node.set->send(scene.node.ups[0].id, EthCode::node_data, kEmptyList), version <= 66);
    // Who leaves the number out does not speak this version.
    if (!numbered) continue;
    peer.send(id_of(EthCode::get_block_headers), request);
    EXPECT_EQ(peer.goodbye(), DisconnectReason::subprotocol_error);
    EXPECT_EQ(scene.node.last().verdict.reason,
              "breach of protocol: malformed GetBlockHeaders: trailing bytes");
  }
}

TEST(Session, WhoHasAStateToDownloadAnnouncesUpToEth66) {
  Scene scene;
  scene.node.wants_state = true;
  Node other(scene.loop);
  other.set->add_peer(scene.node.enode());
  ASSERT_TRUE(run_until(scene.loop, [&] { return !other.ups.empty(); }));
  EXPECT_EQ(list_of(other.ups[0].caps), "eth/62, eth/63, eth/64, eth/65, eth/66");
  EXPECT_EQ(other.ups[0].eth_version, 66U);
  auto late = scene.actor();
  late.shake_hands();
  auto hello = late.hello();
  hello.capabilities = {{"eth", 67}, {"eth", 68}};
  late.say_hello(hello);
  EXPECT_EQ(late.goodbye(), DisconnectReason::useless_peer);
  EXPECT_NE(scene.node.last().verdict.remedy.find("--syncmode full"), std::string::npos);
}

TEST(Session, HellosThatDoNotFitEnd) {
  Scene scene;
  auto stranger = scene.actor();
  stranger.shake_hands();
  auto hello = stranger.hello();
  hello.capabilities = {{"les", 2}, {"eth", 61}, {"e\x01h", 1}};
  stranger.say_hello(hello);
  EXPECT_EQ(stranger.goodbye(), DisconnectReason::useless_peer);
  const auto verdict = scene.node.last().verdict;
  EXPECT_EQ(verdict.kind, VerdictKind::incompatible);
  EXPECT_EQ(verdict.reason,
            "useless peer: no version of eth in common (ours eth/62, eth/63, eth/64, eth/65, eth/66, eth/67, "
            "eth/68; "
            "theirs les/2, eth/61, e?h/1)");

  auto liar = scene.actor();
  liar.shake_hands();
  auto lie = liar.hello();
  lie.id = public_key(random_private_key());
  liar.say_hello(lie);
  EXPECT_EQ(liar.goodbye(), DisconnectReason::unexpected_identity);
  EXPECT_EQ(scene.node.last().verdict.kind, VerdictKind::wrong_identity);

  auto broken = scene.actor();
  broken.shake_hands();
  broken.send(0, Bytes{0xc2, 0x05});
  EXPECT_EQ(broken.goodbye(), DisconnectReason::protocol_error);
  EXPECT_EQ(scene.node.last().verdict.reason, "breach of protocol: malformed Hello: input too short");
}

TEST(Session, SpeaksVersionFourWithoutSnappyAndEth62) {
  Scene scene;
  auto old = scene.actor();
  old.compress = false;
  old.shake_hands();
  auto hello = old.hello();
  hello.version = 4;
  hello.capabilities = {{"eth", 61}, {"eth", 62}};
  hello.client = "old\nclient\xff";
  old.say_hello(hello);
  ASSERT_TRUE(run_until(scene.loop, [&] { return !old.messages.empty(); }));
  const Status status = status_of(scene.node.status, 62);
  old.say_status(status);
  ASSERT_TRUE(run_until(scene.loop, [&] { return scene.node.ups.size() == 1 && old.messages.size() >= 2; }));
  EXPECT_EQ(decode_status(old.messages[1].payload)->protocol_version, 62U);
  const auto& info = scene.node.ups[0];
  EXPECT_EQ(info.eth_version, 62U);
  EXPECT_EQ(info.client, "old?client?");
  EXPECT_FALSE(scene.node.set->send(info.id, EthCode::get_node_data, kEmptyList));
  EXPECT_TRUE(scene.node.set->send(info.id, EthCode::get_block_bodies, kEmptyList));
  ASSERT_TRUE(run_until(scene.loop, [&] { return old.messages.size() >= 3; }));
  EXPECT_EQ(old.messages[2].payload, Bytes{0xc0});
}

TEST(Session, EveryReasonOfAGoodbyeIsTold) {
  Scene scene;
  for (std::uint64_t number = 0; number <= 0x11; ++number) {
    auto actor = scene.actor();
    actor.connect(scene.node.status);
    rlp::Writer payload;
    const auto mark = payload.begin_list();
    payload.write(number).end_list(mark);
    actor.send(1, payload.bytes());
    EXPECT_TRUE(run_until(scene.loop, [&] { return actor.closed; }));
    const auto reason = disconnect_reason(number);
    const auto& verdict = scene.node.last().verdict;
    EXPECT_TRUE(verdict.by_peer);
    EXPECT_EQ(verdict.reason, reason
                                  ? std::string(to_string(*reason)) + " (the peer said so)"
                                  : fmt::format("unknown disconnect reason {} (the peer said so)", number));
  }
  // Some clients never compress it and send no list.
  auto foreign = scene.actor();
  foreign.connect(scene.node.status);
  foreign.compress = false;
  foreign.send(1, Bytes{0x04});
  EXPECT_TRUE(run_until(scene.loop, [&] { return foreign.closed; }));
  EXPECT_EQ(scene.node.last().verdict.kind, VerdictKind::too_many_peers);
}

TEST(Session, AFloodOfSmallMessagesIsSlowedDown) {
  Scene scene;
  scene.add_honest();
  auto flooder = scene.actor();
  flooder.connect(scene.node.status);
  const auto before = scene.node.arrived.size();
  // Four times the burst, at once.
  const auto flood = static_cast<std::size_t>(4 * kMessageBurst);
  const Bytes small = encode_new_block_hashes({});
  const auto begun = std::chrono::steady_clock::now();
  for (std::size_t i = 0; i < flood; ++i) flooder.send(id_of(EthCode::new_block_hashes), small);
  scene.expect_others_unharmed();
  // What is above the burst takes its time: three more bursts at kMessagesPerSecond.
  EXPECT_FALSE(run_until(
      scene.loop, [&] { return scene.node.arrived.size() >= before + flood; }, 500ms));
  const double elapsed = std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
  EXPECT_LE(static_cast<double>(scene.node.arrived.size() - before),
            kMessageBurst + kMessagesPerSecond * elapsed + 2);
  EXPECT_FALSE(flooder.closed);
}

TEST(Session, WhatIsNotDealtWithYetHoldsThePeerBack) {
  Scene scene;
  scene.node.keep_holds = true;
  auto peer = scene.actor();
  peer.connect(scene.node.status);
  const std::size_t sent = 3 * kMaxInboundMessagesPerPeer;
  for (std::size_t i = 0; i < sent; ++i)
    peer.send(id_of(EthCode::get_block_headers), encode(GetBlockHeaders{BlockNum{i}, 1}));
  EXPECT_TRUE(run_until(scene.loop, [&] { return scene.node.arrived.size() == kMaxInboundMessagesPerPeer; }));
  EXPECT_FALSE(run_until(
      scene.loop, [&] { return scene.node.arrived.size() > kMaxInboundMessagesPerPeer; }, 100ms));
  scene.node.holds.clear();
  EXPECT_TRUE(
      run_until(scene.loop, [&] { return scene.node.arrived.size() == 2 * kMaxInboundMessagesPerPeer; }));
  scene.node.holds.clear();
  EXPECT_TRUE(run_until(scene.loop, [&] { return scene.node.arrived.size() == sent; }));
}

TEST(Session, MessagesDealtWithOnAnotherThreadMakeRoom) {
  Scene scene;
  scene.node.keep_holds = true;
  std::mutex mutex;
  std::vector<Hold> given;
  std::size_t most = 0;
  bool stop = false;
  scene.node.on_arrival = [&](const Node::Arrived&) {
    const std::lock_guard lock(mutex);
    given.push_back(std::move(scene.node.holds.back()));
    scene.node.holds.clear();
    most = std::max(most, given.size());
  };
  std::thread worker([&] {
    for (bool more = true; more;) {
      std::vector<Hold> mine;
      {
        const std::lock_guard lock(mutex);
        mine.swap(given);
        more = !stop;
      }
      mine.clear();
      std::this_thread::yield();
    }
  });
  auto peer = scene.actor();
  peer.connect(scene.node.status);
  const std::size_t sent = 50 * kMaxInboundMessagesPerPeer;
  for (std::size_t i = 0; i < sent; ++i)
    peer.send(id_of(EthCode::get_block_headers), encode(GetBlockHeaders{BlockNum{i}, 1}));
  EXPECT_TRUE(run_until(scene.loop, [&] { return scene.node.arrived.size() == sent; }));
  {
    const std::lock_guard lock(mutex);
    stop = true;
  }
  worker.join();
  EXPECT_LE(most, kMaxInboundMessagesPerPeer);
  for (std::size_t i = 0; i < sent; ++i)
    EXPECT_EQ(std::get<BlockNum>(decode_get_block_headers(scene.node.arrived[i].payload)->from), i);
}

TEST(Session, APeerThatDoesNotReadIsNotWrittenTo) {
  Scene scene;
  auto peer = scene.actor();
  peer.connect(scene.node.status);
  peer.stream->pause();
  const auto id = scene.node.ups.at(0).id;
  Bytes noise(1 << 20);
  std::uint32_t x = 1;
  for (auto& byte : noise) byte = static_cast<std::uint8_t>((x = x * 1664525 + 1013904223) >> 24);
  const Bytes payload = encode_node_data(std::vector<Bytes>{noise});
  std::size_t taken = 0;
  while (taken < 100 && scene.node.set->send(id, EthCode::node_data, payload)) ++taken;
  EXPECT_GE(taken, 8U);
  EXPECT_LT(taken, 100U);
  EXPECT_EQ(scene.node.set->peer_count(), 1U);
  // Once it reads again, so can be written again, and nothing was lost.
  peer.stream->resume();
  EXPECT_TRUE(run_until(scene.loop, [&] { return peer.messages.size() == 2 + taken; }));
  EXPECT_TRUE(scene.node.set->send(id, EthCode::node_data, payload));
}

TEST(Session, SilentConnectionsKeepNobodyOut) {
  Scene scene;
  std::vector<std::unique_ptr<Actor>> silent;
  for (std::size_t i = 0; i < kMaxPendingInbound + 10; ++i)
    silent.push_back(std::make_unique<Actor>(scene.loop, scene.node.enode()));
  auto good = scene.actor();
  good.connect(scene.node.status);
  EXPECT_EQ(scene.node.set->peer_count(), 1U);
  const auto closed = std::count_if(silent.begin(), silent.end(), [](const auto& s) { return s->closed; });
  EXPECT_GE(closed, 10);
  EXPECT_LE(closed, 12);
}
