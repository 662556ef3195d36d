#pragma once
/// \file
/// ethash's inner loops in plain C++, for the kernel_*.cpp files: each includes this once and gives
/// its own anonymous type for `Target`, so that code compiled for one processor never stands in for
/// another's. Hashes are interleaved to have many reads in flight: what a row waits for is memory.

#include "consensus/ethash/kernel.hpp"
#include "consensus/ethash/params.hpp"
#include "core/keccak.hpp"

namespace quarry::ethash {

#define QUARRY_INLINE inline __attribute__((always_inline))

template <class Target>
struct Loops {
  static QUARRY_INLINE std::uint32_t fnv(std::uint32_t a, std::uint32_t b) { return (a * kFnvPrime) ^ b; }

  template <std::size_t Words>
  static QUARRY_INLINE void fnv_all(std::uint32_t* mix, const std::uint32_t* with) {
    for (std::size_t i = 0; i < Words; ++i) mix[i] = (mix[i] * kFnvPrime) ^ with[i];
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

  /// Mixes the 256 parents into `R` rows at once.
  template <std::size_t R>
  static void mix_parents(const CacheView& cache, const std::uint32_t* indices, std::uint32_t* mixes) {
    const Remainder rows = cache.rows;
    for (std::uint32_t j = 0; j < kParents; ++j) {
      const std::uint32_t* parents[R];
      for (std::size_t r = 0; r < R; ++r) {
        parents[r] =
            cache.words + kRowWords * rows(fnv(indices[r] ^ j, mixes[kRowWords * r + j % kRowWords]));
        __builtin_prefetch(parents[r]);
      }
      for (std::size_t r = 0; r < R; ++r) fnv_all<kRowWords>(mixes + kRowWords * r, parents[r]);
    }
  }

  /// Any number of rows, `Mixer::kMost` at a time, the rest padded to a width there is code for.
  template <class Mixer>
  static QUARRY_INLINE void rows_by(const CacheView& cache, const std::uint32_t* indices, std::size_t count,
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

  /// The 64 accesses by computed rows, `Mixer::kMost / 2` hashes at a time.
  template <class Mixer>
  static QUARRY_INLINE void light_by(const CacheView& cache, const Remainder& pages,
                                     const std::uint32_t* heads, std::uint32_t* mixes, std::size_t count) {
    constexpr std::size_t kMost = Mixer::kMost / 2;
    for (; count > 0;) {
      const std::size_t now = count < kMost ? count : kMost;
      for (std::uint32_t i = 0; i < kAccesses; ++i) {
        std::uint32_t indices[Mixer::kMost];
        alignas(64) std::uint32_t rows[Mixer::kMost * kRowWords];
        for (std::size_t n = 0; n < now; ++n) {
          const std::uint32_t page = pages(fnv(i ^ heads[n], mixes[kPageWords * n + i % kPageWords]));
          indices[2 * n] = 2 * page;
          indices[2 * n + 1] = 2 * page + 1;
        }
        rows_by<Mixer>(cache, indices, 2 * now, rows);
        for (std::size_t n = 0; n < now; ++n)
          fnv_all<kPageWords>(mixes + kPageWords * n, rows + kPageWords * n);
      }
      heads += now;
      mixes += kPageWords * now;
      count -= now;
    }
  }

  /// The 64 accesses in the dataset. A hash's next page is asked for as soon as its mix is known, and
  /// comes while the other hashes have their turn.
  static QUARRY_INLINE void full(const DatasetView& dataset, const std::uint32_t* heads, std::uint32_t* mixes,
                                 std::size_t count) {
    constexpr std::size_t kMost = 64;
    const std::uint32_t* pages[kMost];
    const auto ask = [&](std::size_t n, std::uint32_t i) __attribute__((always_inline)) {
      pages[n] =
          dataset.words +
          kPageWords * std::size_t{dataset.pages(fnv(i ^ heads[n], mixes[kPageWords * n + i % kPageWords]))};
      __builtin_prefetch(pages[n], 0, 2);
      __builtin_prefetch(pages[n] + kRowWords, 0, 2);
    };
    for (std::size_t n = 0; n < count; ++n) ask(n, 0);
    for (std::uint32_t i = 1; i < kAccesses; ++i)
      for (std::size_t n = 0; n < count; ++n) {
        fnv_all<kPageWords>(mixes + kPageWords * n, pages[n]);
        ask(n, i);
      }
    for (std::size_t n = 0; n < count; ++n) fnv_all<kPageWords>(mixes + kPageWords * n, pages[n]);
  }

  /// Rows in flight with mixes in memory.
  struct MemoryMixer {
    static constexpr std::size_t kMost = 24;
    static std::size_t width_for(std::size_t count) { return count <= 2 ? 2 : count <= 8 ? 8 : kMost; }
    static void mix(const CacheView& cache, const std::uint32_t* indices, std::uint32_t* mixes,
                    std::size_t width) {
      if (width == 2)
        mix_parents<2>(cache, indices, mixes);
      else if (width == 8)
        mix_parents<8>(cache, indices, mixes);
      else
        mix_parents<kMost>(cache, indices, mixes);
    }
  };
};

}  // namespace quarry::ethash
