#pragma once
/// \file
/// Keccak-f[1600] over a lane type: one 64-bit word, or a vector of the same word of several states.
/// Only the keccak_*.cpp files include this, each with a lane type of its own in an anonymous
/// namespace, so that code compiled for one processor never stands in for another's.

#include <cstddef>
#include <cstdint>
#include <utility>

namespace quarry::keccak_detail {

#define QUARRY_INLINE inline __attribute__((always_inline))

inline constexpr std::uint64_t kRoundConstants[24] = {
    0x0000000000000001, 0x0000000000008082, 0x800000000000808a, 0x8000000080008000, 0x000000000000808b,
    0x0000000080000001, 0x8000000080008081, 0x8000000000008009, 0x000000000000008a, 0x0000000000000088,
    0x0000000080008009, 0x000000008000000a, 0x000000008000808b, 0x800000000000008b, 0x8000000000008089,
    0x8000000000008003, 0x8000000000008002, 0x8000000000000080, 0x000000000000800a, 0x800000008000000a,
    0x8000000080008081, 0x8000000000008080, 0x0000000080000001, 0x8000000080008008};

/// Rotation of the word at column x, row y: [x + 5y].
inline constexpr int kRotations[25] = {0,  1,  62, 28, 27, 36, 44, 6,  55, 20, 3,  10, 43,
                                       25, 39, 41, 45, 15, 21, 8,  18, 2,  61, 56, 14};

/// The word that step pi brings to column x, row y.
constexpr std::size_t pi_source(std::size_t x, std::size_t y) {
  return (x + 3 * y) % 5 + 5 * x;
}

template <std::size_t... I, class Body>
QUARRY_INLINE void each(std::index_sequence<I...>, Body&& body) {
  (body(std::integral_constant<std::size_t, I>{}), ...);
}

/// One round from `a` to `e`. A row of `e` needs five words of `a` that nothing else needs after, so
/// 25 words, five of theta and a few more are alive at a time: they fit 32 registers.
template <class L>
QUARRY_INLINE void keccak_round(const typename L::Word* a, typename L::Word* e, std::uint64_t constant) {
  constexpr auto five = std::make_index_sequence<5>{};
  typename L::Word c[5], d[5];
  each(
      five, [&](auto x) __attribute__((always_inline)) {
        c[x] = L::xor5(a[x], a[x + 5], a[x + 10], a[x + 15], a[x + 20]);
      });
  each(
      five, [&](auto x) __attribute__((always_inline)) {
        d[x] = L::xor2(c[(x + 4) % 5], L::template rotl<1>(c[(x + 1) % 5]));
      });
  each(
      five, [&](auto y) __attribute__((always_inline)) {
        typename L::Word b[5];
        each(
            five, [&](auto x) __attribute__((always_inline)) {
              constexpr std::size_t from = pi_source(decltype(x)::value, decltype(y)::value);
              b[x] = L::template rotl<kRotations[from]>(L::xor2(a[from], d[from % 5]));
            });
        each(
            five, [&](auto x) __attribute__((always_inline)) {
              e[5 * y + x] = L::chi(b[x], b[(x + 1) % 5], b[(x + 2) % 5]);
            });
      });
  e[0] = L::xor2(e[0], L::broadcast(constant));
}

template <class L>
QUARRY_INLINE void permute_words(typename L::Word* a) {
  typename L::Word e[25];
  for (int round = 0; round < 24; round += 2) {
    keccak_round<L>(a, e, kRoundConstants[round]);
    keccak_round<L>(e, a, kRoundConstants[round + 1]);
  }
}

/// The permutation of L::kLanes states that lie interleaved in memory: word w of state s at
/// [w * kLanes + s].
template <class L>
QUARRY_INLINE void permute_memory(std::uint64_t* states) {
  typename L::Word a[25];
  each(
      std::make_index_sequence<25>{}, [&](auto i) __attribute__((always_inline)) {
        a[i] = L::load(states + i * L::kLanes);
      });
  permute_words<L>(a);
  each(
      std::make_index_sequence<25>{}, [&](auto i) __attribute__((always_inline)) {
        L::store(states + i * L::kLanes, a[i]);
      });
}

/// Keccak-256 of `blocks` blocks of 136 bytes and then the last one, which is padded. The state stays where
/// it is from block to block.
template <class L>
QUARRY_INLINE void hash_blocks(const std::uint8_t* input, std::size_t blocks, const std::uint8_t* last,
                               std::uint8_t* output) {
  typename L::Word a[25];
  each(
      std::make_index_sequence<25>{}, [&](auto i) __attribute__((always_inline)) { a[i] = L::broadcast(0); });
  const auto absorb = [&](const std::uint8_t* block) __attribute__((always_inline)) {
    each(
        std::make_index_sequence<17>{}, [&](auto i) __attribute__((always_inline)) {
          a[i] = L::xor2(a[i], L::read(block + 8 * i));
        });
    permute_words<L>(a);
  };
  for (; blocks > 0; --blocks, input += 136) absorb(input);
  absorb(last);
  each(
      std::make_index_sequence<4>{}, [&](auto i)
                                         __attribute__((always_inline)) { L::write(output + 8 * i, a[i]); });
}

/// Keccak-512 of 64-byte rows whose eight words lie in words[0..8), in place.
template <class L>
QUARRY_INLINE void hash_row_words(typename L::Word* words) {
  typename L::Word a[25];
  each(
      std::make_index_sequence<25>{}, [&](auto i) __attribute__((always_inline)) {
        if constexpr (i < 8)
          a[i] = words[i];
        else  // The rate is 72 bytes: word 8 is all padding, its first and its last bit.
          a[i] = L::broadcast(i == 8 ? 0x8000000000000001 : 0);
      });
  permute_words<L>(a);
  each(
      std::make_index_sequence<8>{}, [&](auto i) __attribute__((always_inline)) { words[i] = a[i]; });
}

}  // namespace quarry::keccak_detail
