#include <gtest/gtest.h>

#include <random>

#include "consensus/ethash/kernel.hpp"
#include "consensus/ethash/params.hpp"
#include "consensus/ethash/rate_meter.hpp"

using namespace quarry;
using namespace quarry::ethash;

TEST(EthashParams, SizesAreTheOnesTheSpecificationLists) {
  // The tables of the ethash wiki: epochs 0, 1, 2 and 2047.
  EXPECT_EQ(dataset_bytes(0), 1073739904u);
  EXPECT_EQ(dataset_bytes(1), 1082130304u);
  EXPECT_EQ(dataset_bytes(2), 1090514816u);
  EXPECT_EQ(dataset_bytes(2047), 18245220736u);
  EXPECT_EQ(cache_bytes(0), 16776896u);
  EXPECT_EQ(cache_bytes(1), 16907456u);
  EXPECT_EQ(cache_bytes(2), 17039296u);
  EXPECT_EQ(cache_bytes(2047), 285081536u);
}

TEST(EthashParams, EpochsAndNames) {
  EXPECT_EQ(epoch_of(29999), 0u);
  EXPECT_EQ(epoch_of(30000), 1u);
  EXPECT_EQ(epoch_of(~BlockNum{0}), kLastEpoch + 1);
  EXPECT_EQ(seed_hash(1).hex(), "0x290decd9548b62a8d60345a988386fc84ba6bc95484008f6362f93160ef3e563");
  EXPECT_EQ(dataset_file_name(0), "full-R23-0000000000000000");
  EXPECT_EQ(cache_file_name(1), "cache-R23-290decd9548b62a8");
}

TEST(EthashParams, BoundaryIsTheWholeQuotient) {
  EXPECT_EQ(boundary_of(U256{0}), U256::max());
  EXPECT_EQ(boundary_of(U256{1}), U256::max());
  EXPECT_EQ(boundary_of(U256{2}), U256{1} << 255);
  EXPECT_EQ(boundary_of(U256{131072}), U256{1} << 239);
  EXPECT_EQ(boundary_of(U256{3}), U256::max() / U256{3});
  EXPECT_EQ(boundary_of(U256::max()), U256{1});
}

TEST(EthashParams, RemainderNeedsNoDivision) {
  std::mt19937_64 random(1);
  for (std::uint32_t divisor :
       {2u, 3u, 16u, 256u, 262139u, 8388593u, 0x7fffffffu, 0x80000000u, 0xffffffffu}) {
    const Remainder remainder = Remainder::of(divisor);
    for (int i = 0; i < 20000; ++i) {
      const auto value = static_cast<std::uint32_t>(i < 100 ? 50 - i : static_cast<int>(random()));
      ASSERT_EQ(remainder(value), value % divisor) << value << " % " << divisor;
    }
    for (std::uint32_t k = 1; k < 3; ++k)
      for (std::uint32_t value : {divisor * k - 1, divisor * k, divisor * k + 1})
        ASSERT_EQ(remainder(value), value % divisor) << value << " % " << divisor;
  }
}

TEST(EthashRateMeter, CountsTheLastTenSeconds) {
  RateMeter meter;
  const auto start = RateMeter::Clock::time_point(std::chrono::seconds(1000));
  EXPECT_EQ(meter.per_second(start), 0);
  for (int i = 0; i < 100; ++i) meter.add(50, start + std::chrono::milliseconds(100 * i));
  EXPECT_NEAR(meter.per_second(start + std::chrono::seconds(10)), 500, 1);
  EXPECT_EQ(meter.per_second(start + std::chrono::seconds(60)), 0);
  EXPECT_EQ(meter.total(), 5000u);
}
