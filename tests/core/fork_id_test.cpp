#include "core/fork_id.hpp"

#include <gtest/gtest.h>

using namespace quarry;

namespace {

constexpr std::uint64_t kMost = ~std::uint64_t{0};

BlockHash public_genesis() {
  return *BlockHash::from_hex("d4e56740f876aef8c010b86a40d5f56745a118d0906a34e69aec8c0db1cb8fa3");
}
Activation block(std::uint64_t at) {
  return {Activation::By::block, at};
}
Activation time(std::uint64_t at) {
  return {Activation::By::time, at};
}

/// The public chain up to Gray Glacier.
ForkSchedule legacy() {
  ForkSchedule out;
  out[Fork::homestead] = block(1150000);
  out[Fork::dao] = block(1920000);
  out[Fork::eip150] = block(2463000);
  out[Fork::eip155] = out[Fork::eip158] = block(2675000);
  out[Fork::byzantium] = block(4370000);
  out[Fork::constantinople] = out[Fork::petersburg] = block(7280000);
  out[Fork::istanbul] = block(9069000);
  out[Fork::muir_glacier] = block(9200000);
  out[Fork::berlin] = block(12244000);
  out[Fork::london] = block(12965000);
  out[Fork::arrow_glacier] = block(13773000);
  out[Fork::gray_glacier] = block(15050000);
  return out;
}
ForkSchedule with_times() {
  ForkSchedule out = legacy();
  out[Fork::shanghai] = time(1681338455);
  out[Fork::cancun] = time(1710338135);
  return out;
}
ForkIds public_chain(const ForkSchedule& schedule) {
  return {schedule, public_genesis(), 0};
}
ForkId id(std::uint32_t hash, std::uint64_t next) {
  ForkId out{.hash = {}, .next = next};
  for (std::size_t i = 0; i < 4; ++i) out.hash.bytes[i] = static_cast<std::uint8_t>(hash >> (24 - 8 * i));
  return out;
}

}  // namespace

TEST(ForkId, ChecksumIsCrc32) {
  EXPECT_EQ(crc32(as_bytes("123456789")), 0xcbf43926U);
  EXPECT_EQ(crc32(as_bytes("6789"), crc32(as_bytes("12345"))), 0xcbf43926U);
}

// EIP-2124's test vectors of the public chain, and those that go on with forks by time.
TEST(ForkId, IsAsTheEipHasItAtEachFork) {
  struct Case {
    std::uint64_t number, time;
    ForkId id;
  };
  const Case cases[] = {{0, 0, id(0xfc64ec04, 1150000)},
                        {1149999, 0, id(0xfc64ec04, 1150000)},
                        {1150000, 0, id(0x97c2c34c, 1920000)},
                        {1919999, 0, id(0x97c2c34c, 1920000)},
                        {1920000, 0, id(0x91d1f948, 2463000)},
                        {2463000, 0, id(0x7a64da13, 2675000)},
                        {2674999, 0, id(0x7a64da13, 2675000)},
                        {2675000, 0, id(0x3edd5b10, 4370000)},
                        {4370000, 0, id(0xa00bc324, 7280000)},
                        {7280000, 0, id(0x668db0af, 9069000)},
                        {9069000, 0, id(0x879d6e30, 9200000)},
                        {9200000, 0, id(0xe029e991, 12244000)},
                        {12244000, 0, id(0x0eb440f6, 12965000)},
                        {12965000, 0, id(0xb715077d, 13773000)},
                        {13773000, 0, id(0x20c327fc, 15050000)},
                        {15050000, 0, id(0xf0afd0e3, 1681338455)},
                        {20000000, 1681338454, id(0xf0afd0e3, 1681338455)},
                        {20000000, 1681338455, id(0xdce96c2d, 1710338135)},
                        {30000000, 1710338134, id(0xdce96c2d, 1710338135)},
                        {40000000, 1710338135, id(0x9f3d2254, 0)}};
  const ForkIds ids = public_chain(with_times());
  for (const Case& one : cases)
    EXPECT_EQ(ids.at(one.number, one.time), one.id)
        << one.number << " " << ids.at(one.number, one.time).to_string();
}

TEST(ForkId, JudgesPeersAsTheEipSays) {
  using Verdict = ForkIdVerdict;
  struct Case {
    std::uint64_t number;
    ForkId theirs;
    Verdict verdict;
  };
  const Case cases[] = {// As many forks passed; the next unknown, known, or far away.
                        {7987396, id(0x668db0af, 0), Verdict::compatible},
                        {7987396, id(0x668db0af, kMost), Verdict::compatible},
                        {7279999, id(0xa00bc324, 0), Verdict::compatible},
                        {7279999, id(0xa00bc324, 7280000), Verdict::compatible},
                        {7279999, id(0xa00bc324, kMost), Verdict::compatible},
                        // The peer is behind and knows of the next fork.
                        {7987396, id(0xa00bc324, 7280000), Verdict::compatible},
                        {7987396, id(0x3edd5b10, 4370000), Verdict::compatible},
                        // We are behind.
                        {7279999, id(0x668db0af, 0), Verdict::compatible},
                        {4369999, id(0xa00bc324, 0), Verdict::compatible},
                        // The peer is behind and does not know of the next.
                        {7987396, id(0xa00bc324, 0), Verdict::remote_stale},
                        {7987396, id(0x3edd5b10, 4370001), Verdict::remote_stale},
                        // Another chain.
                        {7987396, id(0x5cddc0e1, 0), Verdict::incompatible},
                        {7279999, id(0x5cddc0e1, 0), Verdict::incompatible},
                        {7987396, id(0xafec6b27, 0), Verdict::incompatible},
                        // The peer has taken a fork where we have passed without it.
                        {88888888, id(0xf0afd0e3, 88888888), Verdict::incompatible},
                        {7279999, id(0xa00bc324, 7279999), Verdict::incompatible}};
  const ForkIds ids = public_chain(legacy());
  for (const Case& one : cases)
    EXPECT_EQ(ids.check(one.theirs, one.number, 0), one.verdict)
        << one.number << " " << one.theirs.to_string();
}

TEST(ForkId, JudgesForksByTimeByTheClock) {
  using Verdict = ForkIdVerdict;
  struct Case {
    std::uint64_t number, time;
    ForkId theirs;
    Verdict verdict;
  };
  const Case cases[] = {{20000000, 1668000000, id(0xf0afd0e3, 0), Verdict::compatible},
                        {20000000, 1668000000, id(0xf0afd0e3, kMost), Verdict::compatible},
                        {20000000, 1668000000, id(0xf0afd0e3, 1681338455), Verdict::compatible},
                        {20000000, 1668000000, id(0xdce96c2d, 1710338135), Verdict::compatible},
                        {20000000, 1681338455, id(0xf0afd0e3, 1681338455), Verdict::compatible},
                        {20000000, 1681338455, id(0xf0afd0e3, 0), Verdict::remote_stale},
                        {20000000, 1681338455, id(0xdce96c2d, 1681338455), Verdict::incompatible},
                        {20000000, 1681338455, id(0xdce96c2d, 1681338456), Verdict::compatible},
                        // A time that has passed, seen while our next fork is still a block.
                        {15049999, 1681338456, id(0x20c327fc, 1681338456), Verdict::incompatible},
                        {15049999, 1681338455, id(0x20c327fc, 1681338456), Verdict::compatible}};
  const ForkIds ids = public_chain(with_times());
  for (const Case& one : cases)
    EXPECT_EQ(ids.check(one.theirs, one.number, one.time), one.verdict)
        << one.number << " " << one.theirs.to_string();
}

TEST(ForkId, ForksOfTheGenesisAreNone) {
  ForkSchedule schedule;
  schedule[Fork::homestead] = block(0);
  schedule[Fork::byzantium] = block(0);
  schedule[Fork::shanghai] = time(1000);
  schedule[Fork::cancun] = time(1001);
  const ForkIds ids(schedule, public_genesis(), 1000);
  EXPECT_EQ(ids.at(0, 1000), id(0xfc64ec04, 1001));
  EXPECT_EQ(ids.at(5, 1001).next, 0U);
  EXPECT_EQ(ForkIds({}, public_genesis(), 0).at(99, 99), id(0xfc64ec04, 0));
}

TEST(ForkId, SaysWhatDiffers) {
  const ForkIds ids = public_chain(legacy());
  EXPECT_EQ(
      ids.explain(id(0xa00bc324, 0), 7987396, 0),
      "Both nodes share the first 5 forks; then that node expects none, and this one has Constantinople, "
      "Petersburg at block 7280000.");
  ForkSchedule without = legacy();
  without[Fork::byzantium].reset();
  EXPECT_EQ(ids.explain(public_chain(without).at(15050000, 0), 15050000, 0),
            "That node lacks Byzantium at block 4370000.");
  without[Fork::istanbul].reset();
  without[Fork::constantinople].reset();
  without[Fork::petersburg].reset();
  EXPECT_EQ(
      ids.explain(public_chain(without).at(15050000, 0), 15050000, 0),
      "That node lacks Byzantium at block 4370000; Constantinople, Petersburg at block 7280000; Istanbul at "
      "block 9069000.");
  EXPECT_EQ(
      ids.explain(id(0xafec6b27, 7), 15050000, 0),
      "That node's forks are others than this one's, which has passed 12 of 12 and expects none; that node "
      "expects its next at 7.");
}
