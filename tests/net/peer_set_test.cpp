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
  EXPECT_EQ(list_of(there.caps), "eth/62, eth/63");
  EXPECT_EQ(there.eth_version, 63U);
  EXPECT_EQ(there.network_id, 1999U);
  EXPECT_EQ(there.head, a.status.head);
  EXPECT_EQ(there.total_difficulty, a.status.total_difficulty);
  EXPECT_TRUE(there.is_static);
  EXPECT_FALSE(there.inbound);
  EXPECT_TRUE(a.ups[0].inbound);
  EXPECT_EQ(a.ups[0].remote_address, there.local_address);
  EXPECT_EQ(a.ups[0].enode.tcp_port, b.set->listening_port());

  const Bytes request = encode(GetBlockHeaders{.from = BlockNum{7}, .amount = 3});
  ASSERT_TRUE(b.set->send(there.id, EthCode::get_block_headers, request));
  Bytes big = encode_node_data(std::vector<Bytes>{Bytes(3 << 20, 0x5a)});
  ASSERT_TRUE(a.set->send(a.ups[0].id, EthCode::node_data, big));
  ASSERT_TRUE(run_until(loop, [&] { return !a.arrived.empty() && !b.arrived.empty(); }));
  EXPECT_EQ(a.arrived[0].code, EthCode::get_block_headers);
  EXPECT_EQ(a.arrived[0].payload, request);
  EXPECT_EQ(b.arrived[0].payload, big);

  b.set->set_peer_head(there.id, BlockHash{}, 5);
  EXPECT_EQ(b.set->peers().at(0).total_difficulty, U256{5});

  b.set->remove_peer(a.set->node_id());
  ASSERT_TRUE(run_until(loop, [&] { return a.downs.size() == 1 && b.downs.size() == 1; }));
  EXPECT_EQ(b.downs[0], "removed by request");
  EXPECT_EQ(a.downs[0], "disconnect requested (the peer said so)");
  EXPECT_EQ(b.set->peer_count(), 0U);
  EXPECT_FALSE(b.set->send(there.id, EthCode::get_block_headers, request));
}
