// Compiled with -msha -msse4.1 -mssse3: nothing here runs before the processor was asked.
#include <utility>

#include "core/sha256.hpp"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace quarry::sha256_parts {
#if defined(__x86_64__)
namespace {

/// The state as the instructions want it: words ABEF and CDGH.
struct Words {
  __m128i abef, cdgh;
};

__m128i load(const void* from) {
  return _mm_loadu_si128(static_cast<const __m128i*>(from));
}

Words pack(const State& state) {
  const __m128i dcba = _mm_shuffle_epi32(load(state.data()), 0xb1);
  const __m128i hgfe = _mm_shuffle_epi32(load(state.data() + 4), 0x1b);
  return {_mm_alignr_epi8(dcba, hgfe, 8), _mm_blend_epi16(hgfe, dcba, 0xf0)};
}

void unpack(const Words& words, State& state) {
  const __m128i feba = _mm_shuffle_epi32(words.abef, 0x1b);
  const __m128i dchg = _mm_shuffle_epi32(words.cdgh, 0xb1);
  _mm_storeu_si128(reinterpret_cast<__m128i*>(state.data()), _mm_blend_epi16(feba, dchg, 0xf0));
  _mm_storeu_si128(reinterpret_cast<__m128i*>(state.data() + 4), _mm_alignr_epi8(dchg, feba, 8));
}

/// One block on its way through the 64 rounds, four rounds a step.
struct Rounds {
  Words now;
  __m128i m[4];

  Rounds(const Words& from, const std::uint8_t* block) : now(from) {
    const __m128i swap = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
    for (int i = 0; i < 4; ++i) m[i] = _mm_shuffle_epi8(load(block + 16 * i), swap);
  }
  template <int Step>
  inline void step() {
    constexpr int kAt = Step % 4;
    const __m128i sum = _mm_add_epi32(m[kAt], load(kRound.data() + 4 * Step));
    now.cdgh = _mm_sha256rnds2_epu32(now.cdgh, now.abef, sum);
    now.abef = _mm_sha256rnds2_epu32(now.abef, now.cdgh, _mm_shuffle_epi32(sum, 0x0e));
    if constexpr (Step < 12) {
      // The four message words of step + 4, in the place of this step's.
      const __m128i s0 = _mm_sha256msg1_epu32(m[kAt], m[(kAt + 1) % 4]);
      const __m128i w9 = _mm_alignr_epi8(m[(kAt + 3) % 4], m[(kAt + 2) % 4], 4);
      m[kAt] = _mm_sha256msg2_epu32(_mm_add_epi32(s0, w9), m[(kAt + 3) % 4]);
    }
  }
};

Words add(const Words& a, const Words& b) {
  return {_mm_add_epi32(a.abef, b.abef), _mm_add_epi32(a.cdgh, b.cdgh)};
}

template <int... Steps>
inline void run(std::integer_sequence<int, Steps...>, auto&... blocks) {
  (
      [&] {
        constexpr int kStep = Steps;
        (blocks.template step<kStep>(), ...);
      }(),
      ...);
}

void compress(State& state, const std::uint8_t* blocks, std::size_t count) {
  Words words = pack(state);
  for (std::size_t i = 0; i < count; ++i) {
    Rounds rounds(words, blocks + i * kBlockBytes);
    run(std::make_integer_sequence<int, 16>{}, rounds);
    words = add(words, rounds.now);
  }
  unpack(words, state);
}

void compress_pair(State& a, State& b, const std::uint8_t* block_a, const std::uint8_t* block_b) {
  const Words before_a = pack(a), before_b = pack(b);
  Rounds rounds_a(before_a, block_a), rounds_b(before_b, block_b);
  run(std::make_integer_sequence<int, 16>{}, rounds_a, rounds_b);
  unpack(add(before_a, rounds_a.now), a);
  unpack(add(before_b, rounds_b.now), b);
}

constexpr Kernel kKernel{"sha-ni", compress, compress_pair};
}  // namespace
constinit const Kernel* const kShaNi = &kKernel;
#else
constinit const Kernel* const kShaNi = nullptr;
#endif
}  // namespace quarry::sha256_parts
