// Compiled with -mavx512f and friends: nothing here runs before the processor was asked.
#if defined(__x86_64__)
#include <immintrin.h>

#include "core/keccak_kernel.hpp"
#include "core/keccak_lanes.hpp"

namespace quarry::keccak_detail {
namespace {
constexpr int kXor3 = 0x96;  ///< a ^ b ^ c
constexpr int kChi = 0xd2;   ///< a ^ (~b & c)

/// One state, a word a register: 32 of them hold it, and chi is one instruction. On general registers it goes
/// through memory, and takes a fifth longer.
struct One {
  using Word = __m128i;
  static constexpr std::size_t kLanes = 1;
  static QUARRY_INLINE Word load(const std::uint64_t* from) { return _mm_loadl_epi64((const __m128i*)from); }
  static QUARRY_INLINE void store(std::uint64_t* to, Word word) { _mm_storel_epi64((__m128i*)to, word); }
  static QUARRY_INLINE Word read(const std::uint8_t* from) { return _mm_loadl_epi64((const __m128i*)from); }
  static QUARRY_INLINE void write(std::uint8_t* to, Word word) { _mm_storel_epi64((__m128i*)to, word); }
  static QUARRY_INLINE Word broadcast(std::uint64_t word) {
    return _mm_cvtsi64_si128(static_cast<long long>(word));
  }
  static QUARRY_INLINE Word xor2(Word a, Word b) { return _mm_xor_si128(a, b); }
  static QUARRY_INLINE Word xor5(Word a, Word b, Word c, Word d, Word e) {
    return xor2(xor2(xor2(a, b), xor2(c, d)), e);
  }
  static QUARRY_INLINE Word chi(Word a, Word b, Word c) { return _mm_ternarylogic_epi64(a, b, c, kChi); }
  template <int N>
  static QUARRY_INLINE Word rotl(Word word) {
    return _mm_rol_epi64(word, N);
  }
};

struct Four {
  using Word = __m256i;
  static constexpr std::size_t kLanes = 4;
  static QUARRY_INLINE Word load(const std::uint64_t* from) {
    return _mm256_load_si256((const __m256i*)from);
  }
  static QUARRY_INLINE void store(std::uint64_t* to, Word word) { _mm256_store_si256((__m256i*)to, word); }
  static QUARRY_INLINE Word broadcast(std::uint64_t word) {
    return _mm256_set1_epi64x(static_cast<long long>(word));
  }
  static QUARRY_INLINE Word xor2(Word a, Word b) { return _mm256_xor_si256(a, b); }
  static QUARRY_INLINE Word xor5(Word a, Word b, Word c, Word d, Word e) {
    return _mm256_ternarylogic_epi64(_mm256_ternarylogic_epi64(a, b, c, kXor3), d, e, kXor3);
  }
  static QUARRY_INLINE Word chi(Word a, Word b, Word c) { return _mm256_ternarylogic_epi64(a, b, c, kChi); }
  template <int N>
  static QUARRY_INLINE Word rotl(Word word) {
    return _mm256_rol_epi64(word, N);
  }
};

struct Eight {
  using Word = __m512i;
  static constexpr std::size_t kLanes = 8;
  static QUARRY_INLINE Word load(const std::uint64_t* from) { return _mm512_load_si512(from); }
  static QUARRY_INLINE void store(std::uint64_t* to, Word word) { _mm512_store_si512(to, word); }
  static QUARRY_INLINE Word broadcast(std::uint64_t word) {
    return _mm512_set1_epi64(static_cast<long long>(word));
  }
  static QUARRY_INLINE Word xor2(Word a, Word b) { return _mm512_xor_si512(a, b); }
  static QUARRY_INLINE Word xor5(Word a, Word b, Word c, Word d, Word e) {
    return _mm512_ternarylogic_epi64(_mm512_ternarylogic_epi64(a, b, c, kXor3), d, e, kXor3);
  }
  static QUARRY_INLINE Word chi(Word a, Word b, Word c) { return _mm512_ternarylogic_epi64(a, b, c, kChi); }
  template <int N>
  static QUARRY_INLINE Word rotl(Word word) {
    return _mm512_rol_epi64(word, N);
  }
};

/// Columns become rows: word w of eight rows to vector w.
QUARRY_INLINE void transpose(__m512i* v) {
  __m512i a[8], b[8];
  each(
      std::make_index_sequence<4>{}, [&](auto i) __attribute__((always_inline)) {
        a[2 * i] = _mm512_unpacklo_epi64(v[2 * i], v[2 * i + 1]);
        a[2 * i + 1] = _mm512_unpackhi_epi64(v[2 * i], v[2 * i + 1]);
      });
  each(
      std::make_index_sequence<2>{}, [&](auto odd) __attribute__((always_inline)) {
        b[odd] = _mm512_shuffle_i64x2(a[odd], a[odd + 2], 0x88);
        b[odd + 2] = _mm512_shuffle_i64x2(a[odd], a[odd + 2], 0xdd);
        b[odd + 4] = _mm512_shuffle_i64x2(a[odd + 4], a[odd + 6], 0x88);
        b[odd + 6] = _mm512_shuffle_i64x2(a[odd + 4], a[odd + 6], 0xdd);
      });
  each(
      std::make_index_sequence<4>{}, [&](auto i) __attribute__((always_inline)) {
        v[i] = _mm512_shuffle_i64x2(b[i], b[i + 4], 0x88);
        v[i + 4] = _mm512_shuffle_i64x2(b[i], b[i + 4], 0xdd);
      });
}

void rows_eight(const std::uint8_t* input, std::uint8_t* output) {
  constexpr auto eight = std::make_index_sequence<8>{};
  __m512i v[8];
  each(
      eight, [&](auto row) __attribute__((always_inline)) { v[row] = _mm512_loadu_si512(input + 64 * row); });
  transpose(v);
  hash_row_words<Eight>(v);
  transpose(v);
  each(
      eight, [&](auto row)
                 __attribute__((always_inline)) { _mm512_storeu_si512(output + 64 * row, v[row]); });
}

void hash256(const std::uint8_t* input, std::size_t blocks, const std::uint8_t* last, std::uint8_t* output) {
  hash_blocks<One>(input, blocks, last, output);
}

void row_one(const std::uint8_t* input, std::uint8_t* output) {
  constexpr auto eight = std::make_index_sequence<8>{};
  One::Word words[8];
  each(
      eight, [&](auto i) __attribute__((always_inline)) { words[i] = One::read(input + 8 * i); });
  hash_row_words<One>(words);
  each(
      eight, [&](auto i) __attribute__((always_inline)) { One::write(output + 8 * i, words[i]); });
}

void permute_one(std::uint64_t* state) {
  permute_memory<One>(state);
}
void permute4(std::uint64_t* states) {
  permute_memory<Four>(states);
}
void permute8(std::uint64_t* states) {
  permute_memory<Eight>(states);
}

void rows(const std::uint8_t* inputs, std::uint8_t* outputs, std::size_t count) {
  for (; count >= 8; count -= 8, inputs += 512, outputs += 512) rows_eight(inputs, outputs);
  if (count == 0) return;
  if (count == 1) return row_one(inputs, outputs);
  alignas(64) std::uint8_t padded[512] = {};
  __builtin_memcpy(padded, inputs, 64 * count);
  rows_eight(padded, padded);
  __builtin_memcpy(outputs, padded, 64 * count);
}
}  // namespace

const Kernel kAvx512 = {SimdLevel::avx512, hash256, permute_one, permute4, permute8, rows};

}  // namespace quarry::keccak_detail
#endif
