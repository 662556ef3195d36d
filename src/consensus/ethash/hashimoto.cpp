#include "consensus/ethash/hashimoto.hpp"

#include <cstring>

#include "core/check.hpp"
#include "core/keccak.hpp"

namespace quarry::ethash {
namespace {
constexpr std::size_t kMostHashes = std::max(kLightBatch, kFullBatch);

/// What a batch of hashes is made in: seeds (64 bytes) and mixes (128 bytes, later 32).
struct Workspace {
  std::array<Hash512, kMostHashes> seeds;
  std::array<std::uint32_t, kMostHashes> heads;
  alignas(64) std::array<std::uint32_t, kMostHashes * kPageWords> mixes;
};

/// Keccak-512 of seal hash and nonce, and the mix that starts as the seed twice.
void begin(std::span<const HashInput> inputs, Workspace& space) {
  std::array<std::array<std::uint8_t, 40>, kMostHashes> texts;
  std::array<ByteView, kMostHashes> views;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    std::memcpy(texts[i].data(), inputs[i].seal_hash.data(), 32);
    std::memcpy(texts[i].data() + 32, &inputs[i].nonce, 8);
    views[i] = texts[i];
  }
  keccak512_batch(std::span(views).first(inputs.size()), std::span(space.seeds).first(inputs.size()));
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    std::uint32_t* mix = space.mixes.data() + kPageWords * i;
    std::memcpy(mix, space.seeds[i].data(), kRowBytes);
    std::memcpy(mix + kRowWords, space.seeds[i].data(), kRowBytes);
    space.heads[i] = mix[0];
  }
}

/// Folds each mix to 32 bytes; the result is Keccak-256 of the seed and that.
void end(std::size_t count, const Workspace& space, HashOutput* outputs) {
  std::array<std::array<std::uint8_t, 96>, kMostHashes> texts;
  std::array<ByteView, kMostHashes> views;
  std::array<Hash256, kMostHashes> results;
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint32_t* mix = space.mixes.data() + kPageWords * i;
    std::array<std::uint32_t, 8> folded;
    for (std::size_t w = 0; w < folded.size(); ++w) {
      std::uint32_t word = mix[4 * w];
      for (std::size_t k = 1; k < 4; ++k) word = (word * kFnvPrime) ^ mix[4 * w + k];
      folded[w] = word;
    }
    std::memcpy(outputs[i].mix.data(), folded.data(), 32);
    std::memcpy(texts[i].data(), space.seeds[i].data(), 64);
    std::memcpy(texts[i].data() + 64, folded.data(), 32);
    views[i] = texts[i];
  }
  keccak256_batch(std::span(views).first(count), std::span(results).first(count));
  for (std::size_t i = 0; i < count; ++i) outputs[i].result = results[i];
}
}  // namespace

void hash_light(const Cache& cache, std::span<const HashInput> inputs, HashOutput* outputs,
                const Kernel& with) {
  QUARRY_CHECK(inputs.size() <= kLightBatch);
  Workspace space;
  begin(inputs, space);
  with.light(cache.view(), cache.pages(), space.heads.data(), space.mixes.data(), inputs.size());
  end(inputs.size(), space, outputs);
}

void hash_full(const Dataset& dataset, std::span<const HashInput> inputs, HashOutput* outputs,
               const Kernel& with) {
  QUARRY_CHECK(inputs.size() <= kFullBatch);
  Workspace space;
  begin(inputs, space);
  with.full(dataset.view(), space.heads.data(), space.mixes.data(), inputs.size());
  end(inputs.size(), space, outputs);
}

}  // namespace quarry::ethash
