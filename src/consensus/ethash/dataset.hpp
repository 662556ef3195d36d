#pragma once
/// \file
/// An epoch's dataset (1 GiB and growing): what a miner reads at random places.

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <span>

#include "consensus/ethash/cache.hpp"

namespace quarry::ethash {

/// Immutable; shared by all sealers.
class Dataset {
 public:
  /// Takes over `memory`, which holds all rows.
  Dataset(Epoch epoch, Memory memory);

  Epoch epoch() const { return epoch_; }
  ByteView bytes() const { return memory_.bytes(); }
  const DatasetView& view() const { return view_; }

 private:
  Epoch epoch_;
  Memory memory_;
  DatasetView view_;
};

/// Computes `indices.size()` rows of the dataset of `cache` into `out`, 64 bytes each.
void compute_rows(const Cache& cache, std::span<const std::uint32_t> indices, std::uint8_t* out);

/// Generates a dataset on several threads. May be cancelled and run again: it goes on where it was.
class DatasetBuilder {
 public:
  /// Nothing when there is not enough memory.
  static std::unique_ptr<DatasetBuilder> create(std::shared_ptr<const Cache> cache);

  Epoch epoch() const { return cache_->epoch(); }
  /// Of the rows.
  double fraction_done() const;
  /// Blocks until all rows are there (true) or `cancelled` is set, which is looked at every
  /// millisecond or so (false). Runs `threads` threads of low priority; calls `on_tick` from the
  /// caller's own thread every `tick`.
  bool run(unsigned threads, const std::atomic<bool>& cancelled, std::chrono::milliseconds tick,
           const std::function<void()>& on_tick);
  /// The rows, after run() said true.
  std::shared_ptr<const Dataset> take();

 private:
  DatasetBuilder(std::shared_ptr<const Cache> cache, Memory memory);
  void work(const std::atomic<bool>& cancelled);

  /// Rows a thread takes at a time: about half a millisecond, all in flight together.
  static constexpr std::uint32_t kChunk = 480;
  std::shared_ptr<const Cache> cache_;
  Memory memory_;
  std::atomic<std::uint64_t> next_{0};  ///< first row nobody has taken
  std::atomic<std::uint64_t> done_{0};
};

}  // namespace quarry::ethash
