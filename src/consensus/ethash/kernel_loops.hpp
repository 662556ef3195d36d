#pragma once
/// \file
/// ethash's inner loops in plain C++, for the kernel_*.cpp files: each includes this once and gives
/// its own anonymous type for `Target`, so that code compiled for one processor never stands in for
/// another's. Hashes are interleaved to have many reads in flight: what a row waits for is memory.

#include "consensus/ethash/kernel.hpp"
#include "consensus/ethash/params.hpp"
#include "core/keccak.hpp"

namespace quarry::ethash {

template <class Target>
struct Loops {
  /// Hashes a call of full() takes at most.
  static constexpr std::size_t kMostFull = 64;

  static QUARRY_INLINE std::uint32_t fnv(std::uint32_t a, std::uint32_t b) { return (a * kFnvPrime) ^ b; }

  /// As wide as the registers: the compiler makes of it what there is.
#if defined(__AVX512F__)
  static constexpr std::size_t kVectorWords = 16;
#elif defined(__AVX2__)
  static constexpr std::size_t kVectorWords = 8;
#else
  static constexpr std::size_t kVectorWords = 4;
#endif
  using Vector __attribute__((vector_size(4 * kVectorWords), aligned(4), may_alias)) = std::uint32_t;

  template <std::size_t Words>
  static QUARRY_INLINE void fnv_all(std::uint32_t* mix, const std::uint32_t* with) {
    auto* to = reinterpret_cast<Vector*>(mix);
    const auto* from = reinterpret_cast<const Vector*>(with);
    for (std::size_t i = 0; i < Words / kVectorWords; ++i) to[i] = (to[i] * kFnvPrime) ^ from[i];
  }

  /// The first hash of a row: its cache row with the index put in.
  static void seed_rows(const CacheView& cache, const std::uint32_t* indices, std::size_t count,
                        std::uint32_t* mixes) {
    for (std::size_t r = 0; r < count; ++r) {
      const std::uint32_t* row = cache.words + kRowWords * cache.rows(indices[r]);
      for (std::size_t i = 0; i < kRowWords; ++i) mixes[kRowWords * r + i] = row[i];
      mixes[kRowWords * r] ^= indices[r];
    }
    auto* bytes = reinterpret_cast<std::uint8_t*>(mixes);
    keccak512_rows(bytes, bytes, count);
  }

  /// Mixes the 256 parents into `R` rows at once. The next parent is told by one word of the row as it
  /// will be: that word is computed by itself, as soon as it comes, before the whole row is.
  template <std::size_t R>
  static void mix_parents(const CacheView& cache, const std::uint32_t* indices, std::uint32_t* mixes) {
    const Remainder remainder = cache.rows;
    const std::uint32_t* parents[R];
    const auto ask = [&](std::size_t r, std::uint32_t j, std::uint32_t word) __attribute__((always_inline)) {
      parents[r] = cache.words + kRowWords * std::size_t{remainder(fnv(indices[r] ^ j, word))};
      __builtin_prefetch(parents[r]);
    };
    for (std::size_t r = 0; r < R; ++r) ask(r, 0, mixes[kRowWords * r]);
    for (std::uint32_t j = 1; j <= kParents; ++j)
      for (std::size_t r = 0; r < R; ++r) {
        const std::uint32_t* parent = parents[r];
        std::uint32_t* mix = mixes + kRowWords * r;
        const std::size_t named = j % kRowWords;
        // After the last step one more parent is asked for in vain: cheaper than a branch.
        ask(r, j, fnv(mix[named], parent[named]));
        fnv_all<kRowWords>(mix, parent);
      }
  }

  /// Any number of rows, `Mixer::kMost` at a time, the rest padded to a width there is code for.
  static QUARRY_INLINE void rows(const CacheView& cache, const std::uint32_t* indices, std::size_t count,
                                 std::uint32_t* out) {
    while (count > 0) {
      const std::size_t now = count < Mixer::kMost ? count : Mixer::kMost;
      const std::size_t width = Mixer::width_for(now);
      alignas(64) std::uint32_t mixes[Mixer::kMost * kRowWords];
      std::uint32_t padded[Mixer::kMost];
      for (std::size_t r = 0; r < width; ++r) padded[r] = indices[r < now ? r : now - 1];
      seed_rows(cache, indices, now, mixes);
      for (std::size_t r = now; r < width; ++r) __builtin_memcpy(mixes + kRowWords * r, mixes, kRowBytes);
      Mixer::mix(cache, padded, mixes, width);
      auto* bytes = reinterpret_cast<std::uint8_t*>(mixes);
      keccak512_rows(bytes, reinterpret_cast<std::uint8_t*>(out), now);
      indices += now;
      out += kRowWords * now;
      count -= now;
    }
  }

  /// The 64 accesses by computed rows, half of `Mixer::kMost` hashes at a time.
  static QUARRY_INLINE void light(const CacheView& cache, const Remainder& pages, const std::uint32_t* heads,
                                  std::uint32_t* mixes, std::size_t count) {
    constexpr std::size_t kMost = Mixer::kMost / 2;
    while (count > 0) {
      const std::size_t now = count < kMost ? count : kMost;
      for (std::uint32_t i = 0; i < kAccesses; ++i) {
        std::uint32_t indices[Mixer::kMost];
        alignas(64) std::uint32_t computed[Mixer::kMost * kRowWords];
        for (std::size_t n = 0; n < now; ++n) {
          const std::uint32_t page = pages(fnv(i ^ heads[n], mixes[kPageWords * n + i % kPageWords]));
          indices[2 * n] = 2 * page;
          indices[2 * n + 1] = 2 * page + 1;
        }
        rows(cache, indices, 2 * now, computed);
        for (std::size_t n = 0; n < now; ++n)
          fnv_all<kPageWords>(mixes + kPageWords * n, computed + kPageWords * n);
      }
      heads += now;
      mixes += kPageWords * now;
      count -= now;
    }
  }

  /// The 64 accesses in the dataset, told ahead in the same way; a page comes while the other hashes
  /// have their turn.
  static QUARRY_INLINE void full(const DatasetView& dataset, const std::uint32_t* heads, std::uint32_t* mixes,
                                 std::size_t count) {
    const Remainder remainder = dataset.pages;
    const std::uint32_t* pages[kMostFull];
    const auto ask = [&](std::size_t n, std::uint32_t i, std::uint32_t word) __attribute__((always_inline)) {
      pages[n] = dataset.words + kPageWords * std::size_t{remainder(fnv(i ^ heads[n], word))};
      __builtin_prefetch(pages[n], 0, 2);
      __builtin_prefetch(pages[n] + kRowWords, 0, 2);
    };
    for (std::size_t n = 0; n < count; ++n) ask(n, 0, mixes[kPageWords * n]);
    for (std::uint32_t i = 1; i <= kAccesses; ++i)
      for (std::size_t n = 0; n < count; ++n) {
        const std::uint32_t* page = pages[n];
        std::uint32_t* mix = mixes + kPageWords * n;
        const std::size_t named = i % kPageWords;
        // After the last access one more page is asked for in vain: cheaper than a branch.
        ask(n, i, fnv(mix[named], page[named]));
        fnv_all<kPageWords>(mix, page);
      }
  }

  /// The widths there is code for.
  struct Mixer {
    static constexpr std::size_t kMost = 24;
    static std::size_t width_for(std::size_t count) {
      return count <= 2 ? 2 : count <= 8 ? 8 : count <= 16 ? 16 : kMost;
    }
    static void mix(const CacheView& cache, const std::uint32_t* indices, std::uint32_t* mixes,
                    std::size_t width) {
      if (width == 2) return mix_parents<2>(cache, indices, mixes);
      if (width == 8) return mix_parents<8>(cache, indices, mixes);
      if (width == 16) return mix_parents<16>(cache, indices, mixes);
      mix_parents<kMost>(cache, indices, mixes);
    }
  };
};

}  // namespace quarry::ethash
