#include <gtest/gtest.h>

#include "net/dial_schedule.hpp"
#include "net/peer_errors.hpp"

using namespace quarry;
using namespace quarry::net;

namespace {

NodeId id_of(std::uint32_t number) {
  NodeId out;
  for (int i = 0; i < 4; ++i) out.bytes[i] = static_cast<std::uint8_t>(number >> (8 * i));
  out.bytes[63] = 1;
  return out;
}
Enode enode_of(std::uint32_t number) {
  return {.id = id_of(number), .host = "127.0.0.1"};
}
Verdict refused(const std::string& why) {
  return {.kind = VerdictKind::refused, .reason = why};
}

}  // namespace

TEST(DialSchedule, WaitsLongerEachTimeUpToABound) {
  DialSchedule schedule{Timeouts{}};
  schedule.want(enode_of(1), PeerKind::static_node);
  const std::uint64_t expected[] = {1000, 2000, 4000, 8000, 16000, 30000, 30000, 30000};
  for (const auto delay : expected) {
    schedule.retry(id_of(1), 100);
    const auto at = *schedule.find(id_of(1))->dial_at_ms - 100;
    EXPECT_GE(at, delay * 4 / 5);
    EXPECT_LE(at, delay * 6 / 5);
    EXPECT_EQ(schedule.next_ms(), at + 100);
    EXPECT_TRUE(schedule.due(at + 99).empty());
    EXPECT_EQ(schedule.due(at + 100), std::vector<NodeId>{id_of(1)});
  }
  schedule.succeeded(id_of(1));
  schedule.retry(id_of(1), 0);
  EXPECT_LE(*schedule.find(id_of(1))->dial_at_ms, 1200U);
}

TEST(DialSchedule, DialsAPlainNodeOnce) {
  DialSchedule schedule{Timeouts{}};
  schedule.want(enode_of(1), PeerKind::plain);
  schedule.retry(id_of(1), 0);
  EXPECT_EQ(schedule.find(id_of(1)), nullptr);
  EXPECT_EQ(schedule.next_ms(), std::nullopt);
}

TEST(DialSchedule, KeepsTheStrongestWishAndTheNewestAddress) {
  DialSchedule schedule{Timeouts{}};
  schedule.want(enode_of(1), PeerKind::trusted_node);
  auto moved = enode_of(1);
  moved.host = "10.0.0.2";
  schedule.want(moved, PeerKind::static_node);
  EXPECT_TRUE(schedule.is_trusted(id_of(1)));
  EXPECT_EQ(schedule.find(id_of(1))->enode.host, "10.0.0.2");
  schedule.forget(id_of(1));
  EXPECT_FALSE(schedule.is_trusted(id_of(1)));
}

TEST(DialSchedule, IsBounded) {
  DialSchedule schedule{Timeouts{}};
  for (std::uint32_t i = 0; i < kMaxKnownNodes; ++i)
    ASSERT_NE(schedule.want(enode_of(i), PeerKind::static_node), nullptr);
  EXPECT_EQ(schedule.want(enode_of(kMaxKnownNodes), PeerKind::static_node), nullptr);
  EXPECT_NE(schedule.want(enode_of(0), PeerKind::static_node), nullptr);
}

TEST(PeerErrors, KeepTheLastOfEachPeer) {
  PeerErrors errors;
  EXPECT_FALSE(errors.add(id_of(1), "a", false, refused("x"), 10));
  EXPECT_TRUE(errors.add(id_of(1), "a", false, refused("x"), 11));
  EXPECT_FALSE(errors.add(id_of(2), "b", true, refused("x"), 12));
  EXPECT_FALSE(errors.add(id_of(1), "a", false, refused("y"), 13));
  const auto list = errors.list();
  ASSERT_EQ(list.size(), 2U);
  EXPECT_EQ(list[0].node_id, id_of(1));
  EXPECT_EQ(list[0].reason, "y");
  EXPECT_EQ(list[0].time, 13U);
  EXPECT_EQ(list[0].count, 1U);
  EXPECT_TRUE(list[1].inbound);
  // After a success the same error is news again.
  errors.clear(id_of(1));
  EXPECT_FALSE(errors.add(id_of(1), "a", false, refused("y"), 14));
  // Peers without a name differ by address.
  EXPECT_FALSE(errors.add({}, "10.0.0.1", true, refused("z"), 15));
  EXPECT_FALSE(errors.add({}, "10.0.0.2", true, refused("z"), 16));
  EXPECT_TRUE(errors.add({}, "10.0.0.1", true, refused("z"), 17));
  EXPECT_EQ(errors.list().size(), 4U);
}

TEST(PeerErrors, WhatDiffersIsSaidAgainWhenThePeerOnlySaysSubprotocolError) {
  PeerErrors errors;
  const Verdict differs{.kind = VerdictKind::status_mismatch,
                        .reason = "NetworkId mismatch - 2000 (!= 1999)"};
  const Verdict vague = verdict_of(DisconnectReason::subprotocol_error);
  EXPECT_EQ(errors.telling(id_of(1), vague).reason, vague.reason);
  errors.add(id_of(1), "a", false, differs, 10);
  EXPECT_EQ(errors.telling(id_of(1), vague).reason, differs.reason);
  EXPECT_EQ(errors.telling(id_of(2), vague).reason, vague.reason) << "another peer";
  const Verdict full = verdict_of(DisconnectReason::too_many_peers);
  EXPECT_EQ(errors.telling(id_of(1), full).reason, full.reason) << "another error";
  EXPECT_TRUE(errors.add(id_of(1), "a", false, errors.telling(id_of(1), vague), 11)) << "the same as before";
  EXPECT_EQ(errors.list().at(0).count, 2U);
  errors.clear(id_of(1));  // it fitted meanwhile
  EXPECT_EQ(errors.telling(id_of(1), vague).reason, vague.reason);
}

TEST(PeerErrors, AreBoundedAndForgetTheOldest) {
  PeerErrors errors;
  for (std::uint32_t i = 0; i <= kMaxPeerErrors; ++i) errors.add(id_of(i), "a", true, refused("x"), i);
  const auto list = errors.list();
  ASSERT_EQ(list.size(), kMaxPeerErrors);
  EXPECT_EQ(list.front().node_id, id_of(kMaxPeerErrors));
  EXPECT_EQ(list.back().node_id, id_of(1));
}
