#include "core/worker_pool.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <future>

using namespace quarry;

TEST(WorkerPool, ParallelForVisitsEachIndexOnce) {
  WorkerPool pool("test", 3, 10);
  for (std::size_t count : {0u, 1u, 2u, 1000u}) {
    std::vector<std::atomic<int>> visits(count);
    pool.parallel_for(count, [&](std::size_t i) { ++visits[i]; });
    for (const auto& one : visits) EXPECT_EQ(one, 1);
  }
}

TEST(WorkerPool, ParallelForFromItsOwnThreadsDoesNotWaitForever) {
  std::promise<int> done;
  WorkerPool pool("test", 1, 10);
  pool.submit([&] {
    std::atomic<int> sum{0};
    pool.parallel_for(100, [&](std::size_t i) { sum += static_cast<int>(i); });
    done.set_value(sum);
  });
  EXPECT_EQ(done.get_future().get(), 4950);
}

TEST(WorkerPool, AFullQueueRefuses) {
  std::promise<void> go;  // outlives the pool, whose thread waits for it
  std::promise<void> begun;
  WorkerPool pool("test", 1, 2);
  pool.submit([&] {
    begun.set_value();
    go.get_future().wait();
  });
  begun.get_future().wait();
  EXPECT_TRUE(pool.try_submit([] {}));
  EXPECT_TRUE(pool.try_submit([] {}));
  EXPECT_FALSE(pool.try_submit([] {}));
  go.set_value();
}

TEST(WorkerPool, OneThreadKeepsOrder) {
  std::vector<int> order;
  {
    std::promise<void> done;
    WorkerPool strand("strand", 1, 1000);
    for (int i = 0; i < 100; ++i) strand.submit([&order, i] { order.push_back(i); });
    strand.submit([&] { done.set_value(); });
    done.get_future().wait();
  }
  ASSERT_EQ(order.size(), 100u);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(order[static_cast<std::size_t>(i)], i);
}
