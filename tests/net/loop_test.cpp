#include "net/loop.hpp"

#include <gtest/gtest.h>

#include "net/timer.hpp"

using namespace quarry::net;
using namespace std::chrono_literals;

TEST(Loop, RunsWhatOtherThreadsPostInTheirOrder) {
  Loop loop;
  std::vector<int> seen[2];
  std::thread posters[2];
  for (int p = 0; p < 2; ++p) {
    posters[p] = std::thread([&, p] {
      for (int i = 0; i < 1000; ++i) {
        loop.post([&, p, i] {
          EXPECT_TRUE(loop.on_loop_thread());
          seen[p].push_back(i);
          if (seen[0].size() + seen[1].size() == 2000) loop.stop();
        });
      }
    });
  }
  loop.run();
  for (auto& poster : posters) poster.join();
  for (const auto& list : seen) {
    ASSERT_EQ(list.size(), 1000U);
    EXPECT_TRUE(std::is_sorted(list.begin(), list.end()));
  }
}

TEST(Loop, KnowsItsThread) {
  Loop loop;
  EXPECT_TRUE(loop.on_loop_thread());
  bool elsewhere = true;
  loop.post([&] {
    std::thread([&] { elsewhere = loop.on_loop_thread(); }).join();
    loop.stop();
  });
  loop.run();
  EXPECT_FALSE(elsewhere);
}

TEST(Loop, StopBeforeRunCounts) {
  Loop loop;
  loop.stop();
  loop.run();
}

TEST(Loop, DropsWhatWasPostedAfterTheEnd) {
  auto token = std::make_shared<int>();
  {
    Loop loop;
    loop.post([token] { FAIL(); });
  }
  EXPECT_EQ(token.use_count(), 1);
}

TEST(Timer, OnceAndAgainAndStopped) {
  Loop loop;
  int once = 0, again = 0;
  Timer first(loop, [&] { ++once; });
  Timer stopped(loop, [] { FAIL(); });
  Timer second(loop, [&] {
    if (++again == 5) loop.stop();
  });
  first.start(1ms);
  stopped.start(1ms);
  stopped.stop();
  second.start_repeating(2ms);
  EXPECT_TRUE(second.active());
  loop.run();
  EXPECT_EQ(once, 1);
  EXPECT_EQ(again, 5);
  EXPECT_FALSE(first.active());
}

TEST(Timer, MayEndItselfAndOutliveItsLoop) {
  auto loop = std::make_unique<Loop>();
  std::unique_ptr<Timer> self;
  self = std::make_unique<Timer>(*loop, [&] {
    auto* keep = loop.get();
    self.reset();
    keep->stop();
  });
  Timer other(*loop, [] {});
  other.start_repeating(1h);
  self->start(1ms);
  loop->run();
  EXPECT_EQ(self, nullptr);
  loop.reset();
  EXPECT_FALSE(other.active());
  other.start(1ms);
}
