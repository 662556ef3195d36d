#pragma once
/// \file
/// An epoch's dataset (1 GiB and growing): what a miner reads at random places.

#include <atomic>
#include <functional>
#include <memory>

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
  explicit DatasetBuilder(std::shared_ptr<const Cache> cache);

  Epoch epoch() const { return cache_->epoch(); }
  /// Of the rows.
  double fraction_done() const;
  /// Blocks until all rows are there (true) or `cancelled` is set, which is looked at every
  /// millisecond or so (false). Runs `threads` threads of low priority.
  bool run(unsigned threads, const std::atomic<bool>& cancelled);
  /// The rows, after run() said true.
  Dataset take();

 private:
  void work(const std::atomic<bool>& cancelled);

  std::shared_ptr<const Cache> cache_;
  Memory memory_;
  std::vector<std::atomic<std::uint8_t>> done_;  ///< a flag a chunk: not begun, claimed, done
  std::atomic<std::size_t> next_{0};
  std::atomic<std::size_t> chunks_done_{0};
};

}  // namespace quarry::ethash
