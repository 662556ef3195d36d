#include "core/forks.hpp"

#include <gtest/gtest.h>

using namespace quarry;

TEST(Forks, TableIsInTheOrderOfTheEnum) {
  for (std::size_t i = 0; i < kForkCount; ++i) EXPECT_EQ(static_cast<std::size_t>(kForkTable[i].fork), i);
}

TEST(Forks, AreFlagsOfTheirOwn) {
  ForkSchedule schedule;
  schedule[Fork::eip158] = Activation{Activation::By::block, 5};
  schedule[Fork::shanghai] = Activation{Activation::By::time, 1000};
  EXPECT_FALSE(schedule.rules(4, 0).has(Fork::eip158));
  EXPECT_TRUE(schedule.rules(5, 0).has(Fork::eip158));
  EXPECT_FALSE(schedule.rules(5, 0).has(Fork::eip150));
  EXPECT_FALSE(schedule.rules(5, 999).has(Fork::shanghai));
  EXPECT_TRUE(schedule.rules(5, 1000).has(Fork::shanghai));
}

TEST(Forks, PetersburgComesWithConstantinopleWhenUnset) {
  ForkSchedule schedule;
  schedule[Fork::constantinople] = Activation{Activation::By::block, 3};
  EXPECT_TRUE(schedule.rules(3, 0).has(Fork::petersburg));
  schedule[Fork::petersburg] = Activation{Activation::By::block, 7};
  EXPECT_FALSE(schedule.rules(3, 0).has(Fork::petersburg));
}
