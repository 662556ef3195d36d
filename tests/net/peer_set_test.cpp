#include "net/peer_set.hpp"

#include "peers.hpp"

using namespace quarry;
using namespace quarry::net;
using quarry::test::Actor;
using quarry::test::Node;
using quarry::test::run_for;
using quarry::test::run_until;
using quarry::test::status_of_chain;
using namespace std::chrono_literals;

TEST(PeerSet, ConnectsAndCarriesMessages) {
  Loop loop;
  Node a(loop), b(loop);
  b.set->add_peer(a.enode());
  ASSERT_TRUE(run_until(loop, [&] { return a.ups.size() == 1 && b.ups.size() == 1; }));
  ASSERT_EQ(b.reports.size(), 1U);
  EXPECT_EQ(b.last().verdict.kind, VerdictKind::connected);
  EXPECT_TRUE(b.last().asked);
  EXPECT_TRUE(a.reports.empty());

  const auto& there = b.ups[0];
  EXPECT_EQ(there.node_id, a.set->node_id());
  EXPECT_EQ(there.client, "Quarry/test");
  EXPECT_EQ(list_of(there.caps), "eth/62, eth/63, eth/64, eth/65, eth/66, eth/67, eth/68");
  EXPECT_EQ(there.eth_version, 68U);
  EXPECT_EQ(there.network_id, 1999U);
  EXPECT_EQ(there.head, a.status.head);
  EXPECT_EQ(there.total_difficulty, a.status.total_difficulty);
  EXPECT_TRUE(there.is_static);
  EXPECT_FALSE(there.inbound);
  EXPECT_TRUE(a.ups[0].inbound);
  EXPECT_EQ(a.ups[0].remote_address, there.local_address);
  EXPECT_EQ(a.ups[0].enode.tcp_port, b.set->listening_port());

  const Bytes request = encode(GetBlockHeaders{.from = BlockNum{7}, .amount = 3});
  ASSERT_TRUE(b.set->send(there.id, EthCode::get_block_headers, request, 77));
  const Bytes big = encode_raw_list(std::vector<Bytes>{rlp::encode(Bytes(3 << 20, 0x5a))});
  ASSERT_TRUE(a.set->send(a.ups[0].id, EthCode::block_bodies, big, ~std::uint64_t{0}));
  ASSERT_TRUE(run_until(loop, [&] { return !a.arrived.empty() && !b.arrived.empty(); }));
  EXPECT_EQ(a.arrived[0].code, EthCode::get_block_headers);
  EXPECT_EQ(a.arrived[0].request_id, 77U);
  EXPECT_EQ(a.arrived[0].payload, request);
  EXPECT_EQ(b.arrived[0].request_id, ~std::uint64_t{0});
  EXPECT_EQ(b.arrived[0].payload, big);
  // eth/67 took state nodes out.
  EXPECT_FALSE(b.set->send(there.id, EthCode::get_node_data, kEmptyList));

  b.set->set_peer_head(there.id, BlockHash{}, 5);
  EXPECT_EQ(b.set->peers().at(0).total_difficulty, U256{5});

  b.set->remove_peer(a.set->node_id());
  ASSERT_TRUE(run_until(loop, [&] { return a.downs.size() == 1 && b.downs.size() == 1; }));
  EXPECT_EQ(b.downs[0], "removed by request");
  EXPECT_EQ(a.downs[0], "disconnect requested (the peer said so)");
  EXPECT_EQ(b.set->peer_count(), 0U);
  EXPECT_FALSE(b.set->send(there.id, EthCode::get_block_headers, request));
}

TEST(PeerSet, ReportsWhyADialFails) {
  Loop loop;
  Node node(loop);
  // A port that nobody listens on: one that was just given back.
  std::uint16_t port = 0;
  {
    auto made = TcpListener::listen(loop, {"127.0.0.1", 0, "--port"}, [](StreamPtr) {});
    port = (*made)->port();
  }
  run_for(loop, 10ms);
  Enode nobody{.id = public_key(random_private_key()), .host = "127.0.0.1", .tcp_port = port};
  node.set->add_peer(nobody, PeerKind::plain);
  ASSERT_TRUE(run_until(loop, [&] { return node.reports.size() == 1; }));
  EXPECT_EQ(node.last().verdict.kind, VerdictKind::refused);
  EXPECT_TRUE(node.last().asked);
  EXPECT_EQ(node.last().node_id, nobody.id);

  nobody.host = "no-such-host.invalid";
  node.set->add_peer(nobody, PeerKind::plain);
  ASSERT_TRUE(run_until(loop, [&] { return node.reports.size() == 2; }));
  EXPECT_TRUE(node.last().verdict.kind == VerdictKind::unknown_host ||
              node.last().verdict.kind == VerdictKind::timed_out)
      << node.last().verdict.reason;

  Enode self = node.enode();
  node.set->add_peer(self);
  ASSERT_TRUE(run_until(loop, [&] { return node.last().verdict.kind == VerdictKind::self; }));
  EXPECT_TRUE(node.last().asked);
  // A plain node is dialled once, one's own never.
  const auto reports = node.reports.size();
  run_for(loop, 100ms);
  EXPECT_EQ(node.reports.size(), reports);
  const auto errors = node.set->peer_errors();
  ASSERT_EQ(errors.size(), 2U);
  EXPECT_EQ(errors[0].node_id, node.set->node_id());
  EXPECT_EQ(errors[1].node_id, nobody.id);
  EXPECT_GT(errors[1].time, 1600000000U);
}

TEST(PeerSet, TellsWithinTheTimeThatNobodyAnswers) {
  Loop loop;
  Node node(loop, 25, {.verdict = 200ms});
  // Takes connections and says nothing.
  std::vector<StreamPtr> kept;
  auto silent = TcpListener::listen(loop, {"127.0.0.1", 0, "--port"},
                                    [&](StreamPtr stream) { kept.push_back(std::move(stream)); });
  Enode enode{.id = public_key(random_private_key()), .host = "127.0.0.1", .tcp_port = (*silent)->port()};
  node.set->add_peer(enode);
  ASSERT_TRUE(run_until(
      loop, [&] { return node.reports.size() == 1; }, 2s));
  EXPECT_EQ(node.last().verdict.kind, VerdictKind::timed_out);
  EXPECT_TRUE(node.last().asked);
  EXPECT_EQ(node.last().verdict.remedy,
            "It takes connections but does not finish the handshakes: is it an Ethereum node?");
}

TEST(PeerSet, TriesLoopbackForAnUnspecifiedHostAndSaysSo) {
  Loop loop;
  Node a(loop), b(loop);
  auto enode = a.enode();
  enode.host = "::";
  enode.udp_port = 0;
  b.set->add_peer(enode);
  ASSERT_TRUE(run_until(loop, [&] { return b.reports.size() == 1; }));
  EXPECT_EQ(b.last().verdict.kind, VerdictKind::connected);
  EXPECT_NE(b.last().verdict.remedy.find("[::], which names no machine: 127.0.0.1 was dialled instead"),
            std::string::npos);
  EXPECT_EQ(b.set->peer_count(), 1U);
}

TEST(PeerSet, ResolvesNames) {
  Loop loop;
  Node a(loop), b(loop);
  auto enode = a.enode();
  enode.host = "localhost";
  b.set->add_peer(enode);
  ASSERT_TRUE(run_until(loop, [&] { return b.reports.size() == 1; }));
  EXPECT_EQ(b.last().verdict.kind, VerdictKind::connected) << b.last().verdict.reason;
}

TEST(PeerSet, BothSidesNameTheFieldThatDiffers) {
  Loop loop;
  Node a(loop), b(loop);
  b.status.network_id = 7;
  b.set->add_peer(a.enode());
  ASSERT_TRUE(run_until(loop, [&] { return !a.reports.empty() && !b.reports.empty(); }));
  EXPECT_EQ(a.last().verdict.reason, "NetworkId mismatch - 7 (!= 1999)");
  EXPECT_EQ(b.last().verdict.reason, "NetworkId mismatch - 1999 (!= 7)");
  EXPECT_TRUE(b.last().asked);
  EXPECT_TRUE(a.last().inbound);
  EXPECT_EQ(a.last().node_id, b.set->node_id());
  EXPECT_EQ(a.last().peer, b.enode().to_string());
  const auto errors = a.set->peer_errors();
  ASSERT_EQ(errors.size(), 1U);
  EXPECT_EQ(errors[0].field, "network id");
  EXPECT_EQ(errors[0].ours, "1999");
  EXPECT_EQ(errors[0].theirs, "7");
  // Static nodes are dialled again, first after a second; the same error is not news.
  ASSERT_TRUE(run_until(loop, [&] { return b.reports.size() == 2; }));
  EXPECT_TRUE(b.last().repeated);
  EXPECT_FALSE(b.last().asked);
  EXPECT_EQ(b.set->peer_errors().at(0).count, 2U);
  // Once the cause is gone, the next dial connects.
  b.status.network_id = 1999;
  EXPECT_TRUE(run_until(loop, [&] { return b.ups.size() == 1; }));
}

TEST(PeerSet, KeepsStaticNodesUp) {
  Loop loop;
  Node a(loop, 25, {.first_redial = 50ms});
  auto b = std::make_unique<Node>(loop);
  a.set->add_peer(b->enode(), PeerKind::static_node, false);
  ASSERT_TRUE(run_until(loop, [&] { return a.ups.size() == 1; }));
  EXPECT_TRUE(a.reports.empty());  // nobody asked
  for (unsigned round = 2; round <= 4; ++round) {
    b->set->disconnect(b->ups.back().id, DisconnectReason::too_many_peers, "test");
    ASSERT_TRUE(run_until(loop, [&] { return a.ups.size() == round; })) << round;
  }
  EXPECT_EQ(a.downs, std::vector<std::string>(3, "too many peers (the peer said so)"));
  // Removed: not dialled any more.
  a.set->remove_peer(b->set->node_id());
  ASSERT_TRUE(run_until(loop, [&] { return a.downs.size() == 4; }));
  run_for(loop, 300ms);
  EXPECT_EQ(a.ups.size(), 4U);
}

TEST(PeerSet, HoldsToItsLimitExceptForStaticAndTrustedNodes) {
  Loop loop;
  Node hub(loop, 1);
  Node first(loop), second(loop), wanted(loop), trusted(loop);
  first.set->add_peer(hub.enode(), PeerKind::plain);
  ASSERT_TRUE(run_until(loop, [&] { return hub.ups.size() == 1; }));
  second.set->add_peer(hub.enode(), PeerKind::plain);
  ASSERT_TRUE(run_until(loop, [&] { return !second.reports.empty() && !hub.reports.empty(); }));
  EXPECT_EQ(second.last().verdict.kind, VerdictKind::too_many_peers);
  EXPECT_TRUE(second.last().verdict.by_peer);
  EXPECT_EQ(hub.last().verdict.reason, "too many peers: 1 of 1 places are taken here");
  // The hub itself does not dial past its limit either …
  hub.set->add_peer(second.enode(), PeerKind::plain);
  ASSERT_TRUE(run_until(loop, [&] { return hub.last().asked; }));
  EXPECT_EQ(hub.last().verdict.kind, VerdictKind::too_many_peers);
  // … but for a static node, and lets trusted ones in.
  hub.set->add_peer(wanted.enode(), PeerKind::static_node);
  ASSERT_TRUE(run_until(loop, [&] { return hub.ups.size() == 2; }));
  auto nowhere = trusted.enode();
  hub.set->add_peer(nowhere, PeerKind::trusted_node, false);
  ASSERT_TRUE(run_until(loop, [&] { return hub.ups.size() == 3; }));
  EXPECT_TRUE(hub.ups[2].trusted);
  trusted.set->add_peer(hub.enode());
  ASSERT_TRUE(run_until(loop, [&] { return !trusted.reports.empty(); }));
  EXPECT_EQ(trusted.last().verdict.kind, VerdictKind::already_connected);
}

TEST(PeerSet, OneConnectionSurvivesWhenBothDial) {
  for (int round = 0; round < 10; ++round) {
    Loop loop;
    const Timeouts fast{.first_redial = 50ms};
    Node a(loop, 25, fast), b(loop, 25, fast);
    a.set->add_peer(b.enode());
    b.set->add_peer(a.enode());
    ASSERT_TRUE(run_until(loop, [&] {
      return a.set->peer_count() == 1 && b.set->peer_count() == 1 && !a.reports.empty() && !b.reports.empty();
    }));
    run_for(loop, 30ms);
    EXPECT_EQ(a.set->peer_count(), 1U);
    EXPECT_EQ(b.set->peer_count(), 1U);
    EXPECT_TRUE(a.reports[0].verdict.ok()) << a.reports[0].verdict.reason;
    EXPECT_TRUE(b.reports[0].verdict.ok()) << b.reports[0].verdict.reason;
    EXPECT_TRUE(a.set->peer_errors().empty());
  }
}

TEST(PeerSet, ASecondConnectionOfTheSamePeerIsRefused) {
  Loop loop;
  Node node(loop);
  Actor first(loop, node.enode());
  first.connect(node.status);
  Actor second(loop, node.enode());
  second.key = first.key;
  second.shake_hands();
  EXPECT_EQ(second.goodbye(), DisconnectReason::already_connected);
  EXPECT_EQ(node.set->peer_count(), 1U);
  EXPECT_FALSE(first.closed);
}

TEST(PeerSet, TellsADialledPeerOfTheWrongIdentity) {
  Loop loop;
  Node a(loop), b(loop);
  auto enode = a.enode();
  enode.id = public_key(random_private_key());
  b.set->add_peer(enode);
  ASSERT_TRUE(run_until(loop, [&] { return !b.reports.empty(); }));
  EXPECT_EQ(b.last().verdict.kind, VerdictKind::not_rlpx);
  EXPECT_NE(b.last().verdict.remedy.find("another key"), std::string::npos);
}

TEST(PeerSet, SaysGoodbyeWhenItCloses) {
  Loop loop;
  Node a(loop), b(loop), c(loop);
  a.set->add_peer(b.enode());
  c.set->add_peer(a.enode());
  ASSERT_TRUE(run_until(loop, [&] { return a.set->peer_count() == 2; }));
  bool done = false;
  a.set->close([&] { done = true; });
  ASSERT_TRUE(run_until(
      loop, [&] { return done && b.downs.size() == 1 && c.downs.size() == 1; }, 5s));
  EXPECT_EQ(b.downs[0], "client quitting (the peer said so)");
  EXPECT_EQ(a.set->peer_count(), 0U);
  EXPECT_FALSE(a.set->listening());
}

TEST(PeerSet, MayGoAwayAtAnyMoment) {
  Loop loop;
  auto a = std::make_unique<Node>(loop);
  auto b = std::make_unique<Node>(loop);
  a->keep_holds = true;
  std::vector<Hold> holds;
  b->set->add_peer(a->enode());
  ASSERT_TRUE(run_until(loop, [&] { return a->ups.size() == 1 && b->ups.size() == 1; }));
  b->set->send(b->ups[0].id, EthCode::get_block_headers, encode(GetBlockHeaders{BlockNum{1}, 1}));
  ASSERT_TRUE(run_until(loop, [&] { return !a->holds.empty(); }));
  std::swap(holds, a->holds);
  a.reset();
  holds.clear();  // a message that outlives the set gives its bytes back to nobody
  ASSERT_TRUE(run_until(loop, [&] { return b->downs.size() == 1; }));
  b->set->add_peer({.id = public_key(random_private_key()), .host = "127.0.0.1", .tcp_port = 1});
  b.reset();  // in the middle of a dial
  run_for(loop, 50ms);
}

TEST(PeerSet, RefusesAPortThatIsTaken) {
  Loop loop;
  Node a(loop);
  struct Quiet : PeerEvents {
    LocalStatus local_status() override { return {}; }
    void on_peer_up(const PeerInfo&) override {}
    void on_peer_down(PeerId, const std::string&) override {}
    bool needs_node_data() override { return false; }
    void on_message(PeerId, EthMessage) override {}
    void on_report(const PeerReport&) override {}
  } quiet;
  PeerSet second(loop,
                 {.key = random_private_key(),
                  .client = "x",
                  .listen_host = "127.0.0.1",
                  .listen_port = a.set->listening_port()},
                 quiet);
  const auto started = second.start();
  ASSERT_FALSE(started);
  EXPECT_NE(started.error().what.find("--port"), std::string::npos);
}
