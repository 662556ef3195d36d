#include <gtest/gtest.h>

#include <future>

#include "consensus/ethash/miner.hpp"
#include "consensus/ethash/verify.hpp"
#include "core/keccak.hpp"

using namespace quarry;
using namespace quarry::ethash;

namespace {
Work work_of(std::uint64_t difficulty, BlockNum number = 1) {
  return {keccak256(as_bytes("work " + std::to_string(number))), boundary_of(U256{difficulty}), number};
}

SealVerdict verdict_on(Caches& caches, const Work& work, const Seal& seal) {
  return verify_seal(caches, {work.seal_hash, seal.mix, seal.nonce, work.boundary, work.number});
}

struct Mine {
  explicit Mine(Mode mode) : caches(Caches::Options{mode, {}, {}}) {}
  Caches caches;
  Datasets datasets{caches, {}};
  Miner miner{caches, datasets};
};

/// Mines one block.
Seal mined(Miner& miner, const Work& work) {
  std::promise<Seal> found;
  miner.set_work(work, [&](const Work& of, const Seal& seal) {
    EXPECT_EQ(of, work);
    found.set_value(seal);
  });
  return found.get_future().get();
}
}  // namespace

TEST(EthashMiner, FindsSealsThatVerifyBlockAfterBlock) {
  Mine mine(Mode::test);
  mine.miner.start(2);
  EXPECT_EQ(mine.miner.threads(), 2u);
  for (BlockNum number = 1; number <= 20; ++number) {
    const Work work = work_of(2000, number);
    EXPECT_EQ(verdict_on(mine.caches, work, mined(mine.miner, work)), SealVerdict::valid);
  }
  EXPECT_TRUE(mine.miner.uses_dataset());
  mine.miner.stop();
  EXPECT_FALSE(mine.miner.running());
  EXPECT_EQ(mine.miner.hashrate(), 0);
  EXPECT_GT(mine.miner.hashes(), 20u);
}

TEST(EthashMiner, MinesWithTheCacheAloneUntilTheDatasetIsThere) {
  Mine mine(Mode::normal);
  mine.miner.start(1);
  const Work work = work_of(20);
  EXPECT_EQ(verdict_on(mine.caches, work, mined(mine.miner, work)), SealVerdict::valid);
  EXPECT_FALSE(mine.miner.uses_dataset());
  mine.miner.stop();
  EXPECT_EQ(mine.datasets.wait(0), nullptr) << "stop gives up the dataset's generation too";
}

TEST(EthashMiner, LeavesTheCoresToTheDatasetWhereThatIsQuicker) {
  Mine mine(Mode::normal);
  mine.miner.start(1);
  mine.miner.set_work(work_of(std::uint64_t{1} << 50), [](const Work&, const Seal&) {});
  while (mine.miner.dataset_progress().fraction == 0)
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  EXPECT_EQ(mine.miner.hashes(), 0u);
}

TEST(EthashMiner, OnlyTheLatestWorkIsSealed) {
  Mine mine(Mode::test);
  mine.miner.start(2);
  mine.miner.set_work(work_of(std::uint64_t{1} << 60, 1),
                      [](const Work&, const Seal&) { FAIL() << "nobody finds this"; });
  const Work work = work_of(100, 2);
  EXPECT_EQ(verdict_on(mine.caches, work, mined(mine.miner, work)), SealVerdict::valid);
}

TEST(EthashMiner, ASealerMayAskForMoreWork) {
  Mine mine(Mode::test);
  std::promise<void> done;
  std::atomic<int> blocks{0};
  Miner::OnFound next = [&](const Work& work, const Seal& seal) {
    EXPECT_EQ(verdict_on(mine.caches, work, seal), SealVerdict::valid);
    if (++blocks == 10) return done.set_value();
    mine.miner.set_work(work_of(300, work.number + 1), next);
  };
  mine.miner.set_work(work_of(300), next);
  mine.miner.start(2);
  done.get_future().wait();
  mine.miner.stop();
  EXPECT_EQ(blocks, 10);
}

TEST(EthashMiner, StartsStopsAndChangesThreadsAtWill) {
  Mine mine(Mode::test);
  for (unsigned threads : {1u, 3u, 3u, 2u}) {
    mine.miner.start(threads);
    EXPECT_EQ(mine.miner.threads(), threads);
    const Work work = work_of(100, threads);
    EXPECT_EQ(verdict_on(mine.caches, work, mined(mine.miner, work)), SealVerdict::valid);
  }
  mine.miner.stop();
  mine.miner.stop();
  mine.miner.start(1);
  const Work work = work_of(100, 9);
  EXPECT_EQ(verdict_on(mine.caches, work, mined(mine.miner, work)), SealVerdict::valid);
}

TEST(EthashMiner, SealsAcrossAnEpochsEnd) {
  Mine mine(Mode::test);
  mine.miner.start(1);
  for (BlockNum number = 29990; number < 30010; ++number) {
    const Work work = work_of(50, number);
    EXPECT_EQ(verdict_on(mine.caches, work, mined(mine.miner, work)), SealVerdict::valid) << number;
  }
}
