#pragma once
/// \file
/// SHA-256 (FIPS 180-4) of short texts, many times over: the JSON-file chain's hash. Cryptography on keys
/// and streams uses OpenSSL; what that lacks is a state to be kept and gone on from.

#include "core/bytes.hpp"
#include "core/fixed_bytes.hpp"

namespace quarry {

Hash256 sha256(ByteView bytes);

namespace sha256_parts {
inline constexpr std::size_t kBlockBytes = 64;
/// The eight words between two blocks (FIPS 180-4, 6.2).
using State = std::array<std::uint32_t, 8>;
/// Before the first block (5.3.3).
extern const State kInitial;
/// The constants K (4.2.2).
extern const std::array<std::uint32_t, 64> kRound;

/// One implementation of the compression function.
struct Kernel {
  const char* name;
  /// Takes `count` blocks of 64 bytes into `state`.
  void (*compress)(State& state, const std::uint8_t* blocks, std::size_t count);
  /// One block each into two states at once: the two chains of instructions hide each other's waits.
  void (*compress_pair)(State& a, State& b, const std::uint8_t* block_a, const std::uint8_t* block_b);
};
/// The quickest that this processor has.
const Kernel& kernel();
/// All that it has, the portable one first: for tests.
std::span<const Kernel* const> kernels();

/// Appends the padding of a message of `total` bytes whose last `tail.size()` bytes are `tail` (what is left
/// over from whole blocks): a whole number of blocks.
void pad(Bytes& tail, std::uint64_t total);
Hash256 digest(const State& state);

/// With SHA-NI; null where it was not compiled.
extern const Kernel* const kShaNi;
}  // namespace sha256_parts

}  // namespace quarry
