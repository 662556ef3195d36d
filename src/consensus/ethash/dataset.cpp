#include "consensus/ethash/dataset.hpp"

#include <array>
#include <condition_variable>
#include <mutex>
#include <numeric>
#include <thread>
#include <vector>

#include "consensus/ethash/priority.hpp"
#include "core/check.hpp"

namespace quarry::ethash {

Dataset::Dataset(Epoch epoch, Memory memory) : epoch_(epoch), memory_(std::move(memory)) {
  view_.words = reinterpret_cast<const std::uint32_t*>(memory_.data());
  view_.pages = Remainder::of(static_cast<std::uint32_t>(memory_.size() / kPageBytes));
}

void compute_rows(const Cache& cache, std::span<const std::uint32_t> indices, std::uint8_t* out) {
  kernel().rows(cache.view(), indices.data(), indices.size(), reinterpret_cast<std::uint32_t*>(out));
}

DatasetBuilder::DatasetBuilder(std::shared_ptr<const Cache> cache, Memory memory)
    : cache_(std::move(cache)), memory_(std::move(memory)) {}

std::unique_ptr<DatasetBuilder> DatasetBuilder::create(std::shared_ptr<const Cache> cache) {
  const std::uint64_t bytes = cache->dataset_bytes();
  if (available_memory() < bytes) return nullptr;
  Memory memory = Memory::anonymous(bytes);
  if (!memory) return nullptr;
  return std::unique_ptr<DatasetBuilder>(new DatasetBuilder(std::move(cache), std::move(memory)));
}

double DatasetBuilder::fraction_done() const {
  return static_cast<double>(done_.load()) / cache_->dataset_rows();
}

void DatasetBuilder::work(const std::atomic<bool>& cancelled) {
  const std::uint64_t rows = cache_->dataset_rows();
  std::array<std::uint32_t, kChunk> indices;
  while (!cancelled) {
    // A chunk once taken is finished, so that after a cancelled run all rows before next_ are there.
    const std::uint64_t first = next_.fetch_add(kChunk);
    if (first >= rows) return;
    const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(kChunk, rows - first));
    std::iota(indices.begin(), indices.end(), static_cast<std::uint32_t>(first));
    compute_rows(*cache_, std::span(indices).first(count), memory_.data() + kRowBytes * first);
    done_ += count;
  }
}

bool DatasetBuilder::run(unsigned threads, const std::atomic<bool>& cancelled, std::chrono::milliseconds tick,
                         const std::function<void()>& on_tick) {
  std::mutex mutex;
  std::condition_variable ended;
  unsigned working = threads;
  {
    std::vector<std::jthread> workers;
    for (unsigned i = 0; i < threads; ++i)
      workers.emplace_back([&] {
        give_way();
        work(cancelled);
        const std::lock_guard lock(mutex);
        if (--working == 0) ended.notify_one();
      });
    std::unique_lock lock(mutex);
    while (!ended.wait_for(lock, tick, [&] { return working == 0; })) {
      lock.unlock();
      on_tick();
      lock.lock();
    }
  }
  return done_ == cache_->dataset_rows();
}

std::shared_ptr<const Dataset> DatasetBuilder::take() {
  QUARRY_CHECK(done_ == cache_->dataset_rows());
  return std::make_shared<const Dataset>(cache_->epoch(), std::move(memory_));
}

}  // namespace quarry::ethash
