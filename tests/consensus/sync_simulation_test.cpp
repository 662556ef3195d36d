// Hundreds of seeded worlds: whatever the peers do, the node ends at the best honest head.
#include <gtest/gtest.h>

#include "core/log.hpp"
#include "sync_simulator.hpp"

namespace quarry::test {
namespace {

class SyncSimulationTest : public testing::Test {
 protected:
  void SetUp() override { set_log_level(std::getenv("QUARRY_SIM_LOG") ? LogLevel::debug : LogLevel::error); }
  void TearDown() override { set_log_level(LogLevel::info); }

  static const SimChain& main_chain() {
    static const SimChain chain = grow(sim_genesis(), 1, 900, 0);
    return chain;
  }
  /// The honest chain up to `height`.
  static SimChain prefix(BlockNum height) { return grow(main_chain(), height + 1, height, 0); }

  static std::string story(Simulation& world) {
    std::string out = fmt::format("at {} ms: block {} header {} fast {} broken '{}'\n", world.now().count(),
                                  world.disk().heads().block.number, world.disk().heads().header.number,
                                  world.disk().heads().fast_block.number, world.broken);
    for (const auto& peer : world.peers())
      out += fmt::format("  {} height {} asked {} lies {} dropped {} {}\n", to_string(peer->manner),
                         peer->height, peer->asked, peer->lies, peer->dropped, peer->why);
    return out;
  }

  /// An answer that comes when its cycle is over is not looked at.
  static std::size_t told_in_vain(const SimPeer& peer) {
    return peer.manner == Manner::wrong_total_difficulty ? 0 : 1;
  }

  static void expect_liars_dropped(Simulation& world) {
    for (const auto& peer : world.peers()) {
      if (peer->manner < kFirstLiar) continue;
      if (peer->manner == Manner::silent) continue;  // only if it was asked again: see below
      EXPECT_TRUE(peer->dropped || peer->lies <= told_in_vain(*peer)) << to_string(peer->manner) << "\n"
                                                                      << story(world);
    }
  }

  /// A liar's chain: one that looks better than the honest one, where the lie needs that.
  static SimChain chain_of(Manner manner, std::uint64_t seed, const SimChain& honest) {
    const BlockNum height = honest.height();
    if (manner == Manner::bad_difficulty || manner == Manner::bad_seal) {
      const BlockNum flawed = 1 + seed % height;
      return grow(honest, std::max<BlockNum>(1, flawed - std::min<BlockNum>(flawed - 1, seed % 30)),
                  height + 20, 7 + seed, manner == Manner::bad_seal ? Flaw::seal : Flaw::difficulty, flawed);
    }
    return honest;
  }
};

TEST_F(SyncSimulationTest, TutorialTwelveBlocks) {
  Simulation world({.seed = 3});
  world.add(Manner::honest, prefix(12), 12);
  EXPECT_TRUE(world.run(main_chain().hash(12))) << story(world);
  EXPECT_FALSE(world.machine().fast_sync_pending());
}

TEST_F(SyncSimulationTest, TheFirstSyncIsToldFromBeginningToEnd) {
  for (const auto mode : {sync::Mode::full, sync::Mode::fast}) {
    SCOPED_TRACE(fmt::format("mode {}", static_cast<int>(mode)));
    Simulation world({.seed = 5, .mode = mode});
    auto& peer = world.add(Manner::honest, prefix(400), 300);
    std::vector<std::pair<BlockNum, bool>> seen;
    for (int at = 1; at < 20'000; ++at)
      world.later(milliseconds{at}, [&] {
        const bool running = world.machine().first_sync_running();
        if (seen.empty() || seen.back().second != running)
          seen.emplace_back(world.disk().heads().block.number, running);
      });
    world.mine(peer, 100, milliseconds{1'000});
    ASSERT_TRUE(world.run(main_chain().hash(400))) << story(world);
    // Once: it begins with nothing, and ends with all that the peer had; what is mined later is no sync.
    ASSERT_EQ(seen.size(), 3u);
    EXPECT_EQ(seen[1], std::pair(BlockNum{0}, true));
    EXPECT_FALSE(seen[2].second);
    EXPECT_GE(seen[2].first, 300u);
  }
}

TEST_F(SyncSimulationTest, AFirstSyncThatFailsHoldsNoMinerUp) {
  Simulation world({.seed = 6, .mode = sync::Mode::full});
  world.add(Manner::silent, prefix(30), 30);
  bool began = false, over = false;
  for (int at = 1; at < 120'000; at += 100)
    world.later(milliseconds{at}, [&] {
      began = began || world.machine().first_sync_running();
      over = began && !world.machine().first_sync_running();
    });
  EXPECT_FALSE(world.run(main_chain().hash(30)));
  EXPECT_TRUE(began);
  EXPECT_TRUE(over);
}

TEST_F(SyncSimulationTest, OneHonestPeerAnyHeight) {
  for (const BlockNum height : {1, 2, 15, 16, 17, 63, 64, 65, 66, 191, 192, 193, 194, 384, 385, 577, 900}) {
    for (const auto mode : {sync::Mode::full, sync::Mode::fast}) {
      SCOPED_TRACE(fmt::format("height {} mode {}", height, static_cast<int>(mode)));
      Simulation world({.seed = height, .mode = mode});
      world.add(Manner::honest, prefix(height), height);
      ASSERT_TRUE(world.run(main_chain().hash(height))) << story(world);
      EXPECT_EQ(world.disk().heads().header, world.disk().heads().block);
    }
  }
}

TEST_F(SyncSimulationTest, EachLiarIsFoundOutBesideAnHonestPeer) {
  for (std::size_t manner = static_cast<std::size_t>(kFirstLiar); manner < kManners; ++manner)
    for (std::uint64_t seed = 1; seed <= 6; ++seed)
      for (const auto mode : {sync::Mode::full, sync::Mode::fast}) {
        SCOPED_TRACE(fmt::format("{} seed {} mode {}", to_string(static_cast<Manner>(manner)), seed,
                                 static_cast<int>(mode)));
        const BlockNum height = 100 + seed * 90;
        // In fast mode a flawed header is all there is to see; bodies and blocks come after it.
        Simulation world({.seed = seed, .mode = mode});
        const SimChain honest = prefix(height);
        world.add(static_cast<Manner>(manner), chain_of(static_cast<Manner>(manner), seed, honest), height);
        world.add(Manner::honest, honest, height);
        ASSERT_TRUE(world.run(honest.hash(height))) << story(world);
        expect_liars_dropped(world);
        EXPECT_FALSE(world.peers()[1]->dropped);
        EXPECT_TRUE(world.peers()[1]->why.empty()) << story(world);
      }
}

TEST_F(SyncSimulationTest, CrowdsOfPeers) {
  for (std::uint64_t seed = 1; seed <= 120; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed * 7919);
    const BlockNum height = 1 + random() % 700;
    const std::size_t mined = random() % 100;
    Simulation world(
        {.seed = seed, .mode = random() % 2 ? sync::Mode::fast : sync::Mode::full, .kills = random() % 4});
    const SimChain honest = prefix(height + mined);
    SimPeer& miner = world.add(Manner::honest, honest, height);
    world.mine(miner, mined, milliseconds{50 + random() % 150});
    for (std::size_t i = random() % 5; i-- > 0;) {
      const auto manner = static_cast<Manner>(random() % kManners);
      SimChain chain = chain_of(manner, random() % 1'000, prefix(height));
      const BlockNum top = manner == Manner::bad_difficulty || manner == Manner::bad_seal
                               ? chain.height()
                               : random() % (height + 1);
      world.add(manner, std::move(chain), top);
    }
    ASSERT_TRUE(world.run(honest.hash(height + mined))) << story(world);
    expect_liars_dropped(world);
    EXPECT_LE(world.most_jobs, 8u);
  }
}

TEST_F(SyncSimulationTest, KilledAgainAndAgain) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE(seed);
    const BlockNum height = 65 + seed * 10;
    Simulation world({.seed = seed, .mode = seed % 3 ? sync::Mode::fast : sync::Mode::full, .kills = 12});
    const SimChain honest = prefix(height);
    world.add(Manner::honest, honest, height);
    ASSERT_TRUE(world.run(honest.hash(height))) << story(world);
    EXPECT_FALSE(world.disk().record());
  }
}

TEST_F(SyncSimulationTest, SwitchesToTheHeavierBranch) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE(seed);
    const BlockNum height = 20 + seed * 13, fork = 1 + seed * 7 % height;
    Simulation world({.seed = seed, .mode = sync::Mode::full});
    const SimChain lighter = prefix(height);
    const SimChain heavier = grow(lighter, fork, height + 1 + seed % 50, 1);
    world.add(Manner::honest, lighter, height);
    SimPeer& late = world.add(Manner::honest, heavier, fork);
    world.mine(late, heavier.height() - fork, milliseconds{15});
    ASSERT_TRUE(world.run(heavier.hash(heavier.height()))) << story(world);
  }
}

/// While the state is fetched the chain grows past what peers serve: the pivot has to move.
TEST_F(SyncSimulationTest, ThePivotMovesWhenItBecomesStale) {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    SCOPED_TRACE(seed);
    Simulation world({.seed = seed});
    const SimChain honest = prefix(200 + 400);
    SimPeer& peer = world.add(Manner::slow, honest, 200);
    world.mine(peer, 400, milliseconds{40});
    ASSERT_TRUE(world.run(honest.hash(600))) << story(world);
  }
}

TEST_F(SyncSimulationTest, ImportsAnnouncedBlocksAndTellsOthers) {
  Simulation world({.seed = 11, .mode = sync::Mode::full});
  const SimChain honest = prefix(60);
  SimPeer& miner = world.add(Manner::honest, honest, 10);
  for (int i = 0; i < 8; ++i) world.add(Manner::honest, prefix(10), 10);
  world.mine(miner, 50, milliseconds{200});
  ASSERT_TRUE(world.run(honest.hash(60))) << story(world);
  // Eight others get every block once, whole or by hash; fewer where two blocks came in one import.
  EXPECT_GE(world.announced, 8u * 40);
  EXPECT_LE(world.announced, 9u * 52);
  EXPECT_LT(miner.asked, 250u) << "a synchronisation for every block?";
}

/// With a clock that is far behind, every block seems to come from the future. Nobody is dropped for it, and
/// when the clock is set right the node catches up.
TEST_F(SyncSimulationTest, AWrongClockIsNotThePeersFault) {
  Simulation world({.seed = 5, .mode = sync::Mode::full});
  world.clock_error = milliseconds{-100'000'000'000 - 60'000};
  const SimChain honest = prefix(300);
  world.add(Manner::honest, honest, 300);
  world.add(Manner::honest, honest, 300);
  world.later(milliseconds{120'000}, [&world] { world.clock_error = milliseconds{0}; });
  EXPECT_TRUE(world.run(honest.hash(300))) << story(world);
  EXPECT_GT(world.now(), milliseconds{120'000});
  for (const auto& peer : world.peers()) EXPECT_TRUE(peer->why.empty()) << peer->why;
}

}  // namespace
}  // namespace quarry::test
