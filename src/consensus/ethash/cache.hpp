#pragma once
/// \file
/// An epoch's cache: 16 MiB and growing, enough to compute any row of the dataset.

#include <memory>

#include "consensus/ethash/kernel.hpp"
#include "consensus/ethash/memory.hpp"
#include "consensus/ethash/params.hpp"

namespace quarry::ethash {

/// Immutable once built; shared by all threads.
class Cache {
 public:
  /// Takes over `memory`, which holds the rows already (read from a file).
  Cache(Epoch epoch, Mode mode, Memory memory, bool from_file);
  /// Computes the cache: 0.3 s for epoch 0, one thread. `epoch` is at most kLastEpoch.
  static std::shared_ptr<const Cache> build(Epoch epoch, Mode mode);

  Epoch epoch() const { return epoch_; }
  Mode mode() const { return mode_; }
  /// Read from a file, so that its contents are somebody's word.
  bool from_file() const { return from_file_; }
  ByteView bytes() const { return memory_.bytes(); }
  const CacheView& view() const { return view_; }
  std::uint64_t dataset_bytes() const { return dataset_bytes_; }
  std::uint32_t dataset_rows() const { return static_cast<std::uint32_t>(dataset_bytes_ / kRowBytes); }
  const Remainder& pages() const { return pages_; }

 private:
  Epoch epoch_;
  Mode mode_;
  bool from_file_;
  Memory memory_;
  std::uint64_t dataset_bytes_;
  CacheView view_;
  Remainder pages_;
};

}  // namespace quarry::ethash
