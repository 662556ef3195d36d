#pragma once
/// \file
/// The hash of ethash: from seal hash and nonce to mix and result, with the cache alone (light) or
/// the dataset (full). Both give the same.

#include <span>

#include "consensus/ethash/cache.hpp"
#include "consensus/ethash/dataset.hpp"

namespace quarry::ethash {

struct HashInput {
  Hash256 seal_hash;
  std::uint64_t nonce = 0;
};
struct HashOutput {
  MixHash mix;
  Hash256 result;  ///< compared with the boundary as a big-endian number
};

/// Hashes a call takes at most; the more, the better memory's latency is hidden.
inline constexpr std::size_t kLightBatch = 12;
inline constexpr std::size_t kFullBatch = 48;

/// Up to kLightBatch hashes at once.
void hash_light(const Cache& cache, std::span<const HashInput> inputs, HashOutput* outputs,
                const Kernel& with = kernel());
/// Up to kFullBatch hashes at once.
void hash_full(const Dataset& dataset, std::span<const HashInput> inputs, HashOutput* outputs,
               const Kernel& with = kernel());

}  // namespace quarry::ethash
