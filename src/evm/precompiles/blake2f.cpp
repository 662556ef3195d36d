// The compression function of BLAKE2b with a free number of rounds (EIP-152, RFC 7693).
#include <bit>
#include <cstring>

#include "evm/precompiles.hpp"
#include "evm/precompiles/contracts.hpp"

namespace quarry::evm::precompiles {
namespace {
constexpr std::size_t kInputBytes = 213;

// RFC 7693, 2.6 and 2.7
constexpr std::uint64_t kIv[8] = {0x6a09e667f3bcc908, 0xbb67ae8584caa73b, 0x3c6ef372fe94f82b,
                                  0xa54ff53a5f1d36f1, 0x510e527fade682d1, 0x9b05688c2b3e6c1f,
                                  0x1f83d9abfb41bd6b, 0x5be0cd19137e2179};
constexpr std::uint8_t kSigma[10][16] = {{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
                                         {14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3},
                                         {11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4},
                                         {7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8},
                                         {9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13},
                                         {2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9},
                                         {12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11},
                                         {13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10},
                                         {6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5},
                                         {10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0}};

inline void mix(std::uint64_t& a, std::uint64_t& b, std::uint64_t& c, std::uint64_t& d, std::uint64_t x,
                std::uint64_t y) {
  a += b + x;
  d = std::rotr(d ^ a, 32);
  c += d;
  b = std::rotr(b ^ c, 24);
  a += b + y;
  d = std::rotr(d ^ a, 16);
  c += d;
  b = std::rotr(b ^ c, 63);
}

template <int kRow>
inline void round(std::uint64_t (&v)[16], const std::uint64_t (&m)[16]) {
  constexpr const std::uint8_t(&s)[16] = kSigma[kRow];
  mix(v[0], v[4], v[8], v[12], m[s[0]], m[s[1]]);
  mix(v[1], v[5], v[9], v[13], m[s[2]], m[s[3]]);
  mix(v[2], v[6], v[10], v[14], m[s[4]], m[s[5]]);
  mix(v[3], v[7], v[11], v[15], m[s[6]], m[s[7]]);
  mix(v[0], v[5], v[10], v[15], m[s[8]], m[s[9]]);
  mix(v[1], v[6], v[11], v[12], m[s[10]], m[s[11]]);
  mix(v[2], v[7], v[8], v[13], m[s[12]], m[s[13]]);
  mix(v[3], v[4], v[9], v[14], m[s[14]], m[s[15]]);
}

/// Rounds are taken ten at a time so that each knows its permutation when compiled.
void rounds(std::uint64_t (&v)[16], const std::uint64_t (&m)[16], std::uint32_t count) {
  for (; count >= 10; count -= 10) {
    round<0>(v, m), round<1>(v, m), round<2>(v, m), round<3>(v, m), round<4>(v, m);
    round<5>(v, m), round<6>(v, m), round<7>(v, m), round<8>(v, m), round<9>(v, m);
  }
  if (count > 0) round<0>(v, m);
  if (count > 1) round<1>(v, m);
  if (count > 2) round<2>(v, m);
  if (count > 3) round<3>(v, m);
  if (count > 4) round<4>(v, m);
  if (count > 5) round<5>(v, m);
  if (count > 6) round<6>(v, m);
  if (count > 7) round<7>(v, m);
  if (count > 8) round<8>(v, m);
}

std::uint32_t round_count(ByteView input) {
  return std::uint32_t{input[0]} << 24 | std::uint32_t{input[1]} << 16 | std::uint32_t{input[2]} << 8 |
         input[3];
}
bool well_formed(ByteView input) {
  return input.size() == kInputBytes && input[kInputBytes - 1] <= 1;
}
}  // namespace

Gas blake2f_gas(ByteView input, const Rules&) {
  // What is refused takes all gas anyhow.
  return well_formed(input) ? round_count(input) : kUnpayableGas;
}

bool blake2f(ByteView input, const Rules&, Bytes& output) {
  static_assert(std::endian::native == std::endian::little);
  output.clear();
  if (!well_formed(input)) return false;
  std::uint64_t h[8], m[16], t[2], v[16];
  std::memcpy(h, input.data() + 4, sizeof h);
  std::memcpy(m, input.data() + 68, sizeof m);
  std::memcpy(t, input.data() + 196, sizeof t);
  std::memcpy(v, h, sizeof h);
  std::memcpy(v + 8, kIv, sizeof kIv);
  v[12] ^= t[0];
  v[13] ^= t[1];
  if (input[kInputBytes - 1] == 1) v[14] = ~v[14];
  rounds(v, m, round_count(input));
  for (int i = 0; i < 8; ++i) h[i] ^= v[i] ^ v[i + 8];
  output.resize(sizeof h);
  std::memcpy(output.data(), h, sizeof h);
  return true;
}

}  // namespace quarry::evm::precompiles
