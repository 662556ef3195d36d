#include "evm/precompiles/ripemd160.hpp"

#include <bit>
#include <cstring>

namespace quarry::evm::precompiles {
namespace {
// Dobbertin, Bosselaers, Preneel: "RIPEMD-160, a strengthened version of RIPEMD", 1996, appendix A.
struct Line {
  std::uint32_t added[5];
  std::uint8_t word[80];
  std::uint8_t shift[80];
};

constexpr Line kLeft = {
    {0x00000000, 0x5a827999, 0x6ed9eba1, 0x8f1bbcdc, 0xa953fd4e},
    {0,  1, 2,  3,  4, 5,  6,  7,  8, 9, 10, 11, 12, 13, 14, 15, 7, 4,  13, 1, 10, 6, 15, 3,  12, 0, 9,
     5,  2, 14, 11, 8, 3,  10, 14, 4, 9, 15, 8,  1,  2,  7,  0,  6, 13, 11, 5, 12, 1, 9,  11, 10, 0, 8,
     12, 4, 13, 3,  7, 15, 14, 5,  6, 2, 4,  0,  5,  9,  7,  12, 2, 10, 14, 1, 3,  8, 11, 6,  15, 13},
    {11, 14, 15, 12, 5,  8,  7,  9, 11, 13, 14, 15, 6,  7,  9, 8,  7,  6,  8,  13, 11, 9,  7,  15, 7,  12, 15,
     9,  11, 7,  13, 12, 11, 13, 6, 7,  14, 9,  13, 15, 14, 8, 13, 6,  5,  12, 7,  5,  11, 12, 14, 15, 14, 15,
     9,  8,  9,  14, 5,  6,  8,  6, 5,  12, 9,  15, 5,  11, 6, 8,  13, 12, 5,  12, 13, 14, 11, 8,  5,  6}};

constexpr Line kRight = {
    {0x50a28be6, 0x5c4dd124, 0x6d703ef3, 0x7a6d76e9, 0x00000000},
    {5,  14, 7, 0,  9, 2,  11, 4, 13, 6,  15, 8,  1,  10, 3, 12, 6, 11, 3, 7, 0,  13, 5, 10, 14, 15, 8,
     12, 4,  9, 1,  2, 15, 5,  1, 3,  7,  14, 6,  9,  11, 8, 12, 2, 10, 0, 4, 13, 8,  6, 4,  1,  3,  11,
     15, 0,  5, 12, 2, 13, 9,  7, 10, 14, 12, 15, 10, 4,  1, 5,  8, 7,  6, 2, 13, 14, 0, 3,  9,  11},
    {8, 9,  9,  11, 13, 15, 15, 5,  7,  7, 8, 11, 14, 14, 12, 6, 9,  13, 15, 7,  12, 8,  9,  11, 7,  7,  12,
     7, 6,  15, 13, 11, 9,  7,  15, 11, 8, 6, 6,  14, 12, 13, 5, 14, 13, 13, 7,  5,  15, 5,  8,  11, 14, 14,
     6, 14, 6,  9,  12, 9,  12, 5,  15, 8, 8, 5,  12, 9,  12, 5, 14, 6,  8,  13, 6,  5,  15, 13, 11, 11}};

using State = std::array<std::uint32_t, 5>;

template <int kKind>
constexpr std::uint32_t mix(std::uint32_t x, std::uint32_t y, std::uint32_t z) {
  if constexpr (kKind == 0) return x ^ y ^ z;
  if constexpr (kKind == 1) return (x & y) | (~x & z);
  if constexpr (kKind == 2) return (x | ~y) ^ z;
  if constexpr (kKind == 3) return (x & z) | (y & ~z);
  if constexpr (kKind == 4) return x ^ (y | ~z);
}

/// Sixteen steps of a line; `kRound` counts from 0.
template <int kRound, bool kIsLeft>
void round(State& s, const std::uint32_t (&words)[16]) {
  constexpr const Line& kLine = kIsLeft ? kLeft : kRight;
  for (int i = 16 * kRound; i < 16 * kRound + 16; ++i) {
    const std::uint32_t sum =
        s[0] + mix < kIsLeft ? kRound
                             : 4 - kRound > (s[1], s[2], s[3]) + words[kLine.word[i]] + kLine.added[kRound];
    const std::uint32_t next = std::rotl(sum, kLine.shift[i]) + s[4];
    s = {s[4], next, s[1], std::rotl(s[2], 10), s[3]};
  }
}

void compress(State& h, const std::uint8_t* block) {
  static_assert(std::endian::native == std::endian::little);
  std::uint32_t words[16];
  std::memcpy(words, block, sizeof words);
  State left = h, right = h;
  round<0, true>(left, words), round<0, false>(right, words);
  round<1, true>(left, words), round<1, false>(right, words);
  round<2, true>(left, words), round<2, false>(right, words);
  round<3, true>(left, words), round<3, false>(right, words);
  round<4, true>(left, words), round<4, false>(right, words);
  h = {h[1] + left[2] + right[3], h[2] + left[3] + right[4], h[3] + left[4] + right[0],
       h[4] + left[0] + right[1], h[0] + left[1] + right[2]};
}
}  // namespace

std::array<std::uint8_t, 20> ripemd160_digest(ByteView input) {
  State h = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
  const std::uint64_t bits = std::uint64_t{input.size()} * 8;
  for (; input.size() >= 64; input = input.subspan(64)) compress(h, input.data());

  std::uint8_t tail[128] = {};
  if (!input.empty()) std::memcpy(tail, input.data(), input.size());
  tail[input.size()] = 0x80;
  const std::size_t length = input.size() < 56 ? 64 : 128;
  std::memcpy(tail + length - 8, &bits, 8);
  for (std::size_t at = 0; at < length; at += 64) compress(h, tail + at);

  std::array<std::uint8_t, 20> out;
  std::memcpy(out.data(), h.data(), out.size());
  return out;
}

}  // namespace quarry::evm::precompiles
