#include <gtest/gtest.h>

#include "node/clique_watch.hpp"

namespace quarry {
namespace {
using namespace std::chrono_literals;

net::PeerInfo peer_with(net::PeerId id, std::uint64_t total_difficulty) {
  net::PeerInfo out;
  out.id = id;
  out.total_difficulty = total_difficulty;
  return out;
}

class StartHoldTest : public testing::Test {
 protected:
  /// May a signer whose chain weighs `own` sign, `after` the start?
  bool signs(std::chrono::milliseconds after, std::uint64_t own = 10, std::size_t signers = 3) {
    return !hold.reason(signers, own, start + after);
  }

  const clique::CliqueEngine engine{CliqueParams{}};
  SignerPeers peers{engine};
  StartHold hold{peers};
  const StartHold::Clock::time_point start = StartHold::Clock::now();
};

TEST_F(StartHoldTest, TheOnlySignerSignsAtOnce) {
  EXPECT_TRUE(signs(0ms, 10, 1));
}

TEST_F(StartHoldTest, WithoutPeersItWaitsAWhile) {
  EXPECT_FALSE(signs(0ms));
  EXPECT_FALSE(signs(StartHold::kHearPeers - 1ms));
  EXPECT_TRUE(signs(StartHold::kHearPeers));
  peers.on_peer_up(peer_with(1, 20));
  EXPECT_TRUE(signs(StartHold::kHearPeers + 1ms)) << "once it signs it is an ordinary signer";
}

TEST_F(StartHoldTest, PeersThatHaveNoMoreEndTheWait) {
  EXPECT_FALSE(signs(0ms, 10, 5));
  peers.on_peer_up(peer_with(1, 10));
  EXPECT_FALSE(signs(1ms, 10, 5)) << "one of the four others may not know what three have signed";
  peers.on_peer_up(peer_with(2, 9));
  EXPECT_TRUE(signs(2ms, 10, 5));
}

TEST_F(StartHoldTest, APeerThatIsAheadIsFollowedFirst) {
  peers.on_peer_up(peer_with(1, 20));
  EXPECT_FALSE(signs(0ms));
  EXPECT_FALSE(signs(StartHold::kHearPeers));
  EXPECT_FALSE(signs(50s, 15)) << "its blocks are coming";
  EXPECT_FALSE(signs(100s, 15)) << "the head moved less than a minute ago";
  EXPECT_TRUE(signs(101s, 20));
}

TEST_F(StartHoldTest, AClaimThatComesToNothingIsNotWaitedForForEver) {
  peers.on_peer_up(peer_with(1, 20));
  EXPECT_FALSE(signs(0ms));
  EXPECT_FALSE(signs(StartHold::kCatchUp - 1ms));
  EXPECT_TRUE(signs(StartHold::kCatchUp));
}

TEST_F(StartHoldTest, APeerThatIsGoneIsAheadNoMore) {
  peers.on_peer_up(peer_with(1, 20));
  EXPECT_FALSE(signs(StartHold::kHearPeers));
  peers.on_peer_down(1);
  EXPECT_TRUE(signs(2 * StartHold::kHearPeers));
}

class SignerPeersTest : public testing::Test {
 protected:
  /// Block `number` of a signer, which each of `peers` tells of in this order.
  void block(std::uint8_t signer, std::uint8_t number, std::initializer_list<net::PeerId> tellers) {
    BlockHash hash;
    hash.bytes[0] = signer;
    hash.bytes[1] = number;
    for (const net::PeerId peer : tellers) peers.on_announced(peer, hash);
    peers.on_block(address(signer), hash);
  }
  static Address address(std::uint8_t signer) {
    Address out;
    out.bytes[0] = signer;
    return out;
  }
  void up(net::PeerId id) {
    auto peer = peer_with(id, 1);
    peer.node_id.bytes[0] = static_cast<std::uint8_t>(id);
    peers.on_peer_up(peer);
  }
  std::string whereabouts(std::uint8_t signer) const { return peers.whereabouts(address(signer)); }

  const clique::CliqueEngine engine{CliqueParams{}};
  SignerPeers peers{engine};
};

TEST_F(SignerPeersTest, ASignerIsWhereItsBlocksComeFromFirst) {
  up(1);
  up(2);
  EXPECT_EQ(whereabouts(7), "unknown");
  block(7, 1, {1, 2});
  block(8, 2, {2, 1});
  EXPECT_EQ(whereabouts(7), "connected, peer 0100000000000000");
  EXPECT_EQ(whereabouts(8), "connected, peer 0200000000000000");
  peers.on_peer_down(2);
  EXPECT_EQ(whereabouts(8), "not connected");
}

TEST_F(SignerPeersTest, OneThatPassesABlockOnIsNotItsSigner) {
  up(1);
  up(2);
  block(7, 1, {1});
  block(7, 2, {1});
  block(8, 3, {1, 2});  // peer 1 was quicker, once
  EXPECT_EQ(whereabouts(8), "not connected");
  EXPECT_EQ(whereabouts(7), "connected, peer 0100000000000000");
  block(8, 4, {2});
  EXPECT_EQ(whereabouts(8), "connected, peer 0200000000000000");
  peers.on_peer_down(2);
  EXPECT_EQ(whereabouts(8), "not connected") << "and what peer 1 passed on does not make it here";
}

}  // namespace
}  // namespace quarry
