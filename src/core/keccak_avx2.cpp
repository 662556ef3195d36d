// Compiled with -mavx2 -mbmi -mbmi2: nothing here runs before the processor was asked.
#if defined(__x86_64__)
#include <immintrin.h>

#include "core/keccak_kernel.hpp"
#include "core/keccak_lanes.hpp"

namespace quarry::keccak_detail {
namespace {
#include "core/keccak_scalar.inc"

struct Four {
  using Word = __m256i;
  static constexpr std::size_t kLanes = 4;
  static QUARRY_INLINE Word load(const std::uint64_t* from) {
    return _mm256_load_si256(reinterpret_cast<const __m256i*>(from));
  }
  static QUARRY_INLINE void store(std::uint64_t* to, Word word) {
    _mm256_store_si256(reinterpret_cast<__m256i*>(to), word);
  }
  static QUARRY_INLINE Word broadcast(std::uint64_t word) {
    return _mm256_set1_epi64x(static_cast<long long>(word));
  }
  static QUARRY_INLINE Word xor2(Word a, Word b) { return _mm256_xor_si256(a, b); }
  static QUARRY_INLINE Word xor5(Word a, Word b, Word c, Word d, Word e) {
    return xor2(xor2(xor2(a, b), xor2(c, d)), e);
  }
  static QUARRY_INLINE Word chi(Word a, Word b, Word c) { return xor2(a, _mm256_andnot_si256(b, c)); }
  template <int N>
  static QUARRY_INLINE Word rotl(Word word) {
    if constexpr (N == 0)
      return word;
    else if constexpr (N == 8 || N == 56)  // Whole bytes move with one shuffle.
      return _mm256_shuffle_epi8(word, bytes_moved<N / 8>());
    else
      return _mm256_or_si256(_mm256_slli_epi64(word, N), _mm256_srli_epi64(word, 64 - N));
  }

 private:
  template <int N>
  static QUARRY_INLINE Word bytes_moved() {
    constexpr auto at = [](int i) { return static_cast<long long>((i - N + 8) % 8); };
    constexpr long long low = at(0) | at(1) << 8 | at(2) << 16 | at(3) << 24 | at(4) << 32 | at(5) << 40 |
                              at(6) << 48 | at(7) << 56;
    constexpr long long high = low + 0x0808080808080808;
    return _mm256_set_epi64x(high, low, high, low);
  }
};

/// Columns become rows: word w of four rows to vector w.
QUARRY_INLINE void transpose(__m256i* v) {
  const __m256i a = _mm256_unpacklo_epi64(v[0], v[1]), b = _mm256_unpackhi_epi64(v[0], v[1]);
  const __m256i c = _mm256_unpacklo_epi64(v[2], v[3]), d = _mm256_unpackhi_epi64(v[2], v[3]);
  v[0] = _mm256_permute2x128_si256(a, c, 0x20);
  v[1] = _mm256_permute2x128_si256(b, d, 0x20);
  v[2] = _mm256_permute2x128_si256(a, c, 0x31);
  v[3] = _mm256_permute2x128_si256(b, d, 0x31);
}

void rows_four(const std::uint8_t* input, std::uint8_t* output) {
  constexpr auto four = std::make_index_sequence<4>{};
  __m256i v[8];
  each(
      four, [&](auto row) __attribute__((always_inline)) {
        v[row] = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(input + 64 * row));
        v[row + 4] = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(input + 64 * row + 32));
      });
  transpose(v);
  transpose(v + 4);
  hash_row_words<Four>(v);
  transpose(v);
  transpose(v + 4);
  each(
      four, [&](auto row) __attribute__((always_inline)) {
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(output + 64 * row), v[row]);
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(output + 64 * row + 32), v[row + 4]);
      });
}

void permute4(std::uint64_t* states) {
  permute_memory<Four>(states);
}

void rows(const std::uint8_t* inputs, std::uint8_t* outputs, std::size_t count) {
  std::size_t i = 0;
  for (; i + 4 <= count; i += 4) rows_four(inputs + 64 * i, outputs + 64 * i);
  for (; i < count; ++i) row_one(inputs + 64 * i, outputs + 64 * i);
}
}  // namespace

const Kernel kAvx2 = {SimdLevel::avx2, hash256, permute_one, permute4, nullptr, rows};

}  // namespace quarry::keccak_detail
#endif
