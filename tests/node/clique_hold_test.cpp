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

}  // namespace
}  // namespace quarry
