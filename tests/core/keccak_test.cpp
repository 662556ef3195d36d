#include "core/keccak.hpp"

#include <gtest/gtest.h>

#include <random>

#include "core/keccak_kernel.hpp"

using namespace quarry;
using keccak_detail::Kernel;

namespace {
/// Each kernel this processor can run; the tests force every one of them.
std::vector<const Kernel*> kernels() {
  std::vector<const Kernel*> out;
  for (SimdLevel level : simd_levels()) out.push_back(&keccak_detail::kernel_of(level));
  return out;
}

Bytes random_bytes(std::mt19937_64& random, std::size_t length) {
  Bytes out(length);
  for (auto& byte : out) byte = static_cast<std::uint8_t>(random());
  return out;
}

/// Keccak as the specification puts it: bit by word, no tables but its own.
Hash256 by_the_book(Bytes input) {
  std::uint64_t a[5][5] = {};
  const std::size_t rate = 136;
  input.push_back(0x01);
  while (input.size() % rate != 0) input.push_back(0);
  input.back() |= 0x80;
  for (std::size_t at = 0; at < input.size(); at += rate) {
    for (std::size_t i = 0; i < rate; ++i)
      a[i / 8 % 5][i / 40] ^= std::uint64_t{input[at + i]} << 8 * (i % 8);
    std::uint8_t lfsr = 1;
    for (int round = 0; round < 24; ++round) {
      std::uint64_t c[5], b[5][5];
      for (int x = 0; x < 5; ++x) c[x] = a[x][0] ^ a[x][1] ^ a[x][2] ^ a[x][3] ^ a[x][4];
      for (int x = 0; x < 5; ++x)
        for (int y = 0; y < 5; ++y) a[x][y] ^= c[(x + 4) % 5] ^ std::rotl(c[(x + 1) % 5], 1);
      b[0][0] = a[0][0];
      for (int t = 0, x = 1, y = 0; t < 24; ++t) {
        b[y][(2 * x + 3 * y) % 5] = std::rotl(a[x][y], (t + 1) * (t + 2) / 2 % 64);
        const int old_x = x;
        x = y;
        y = (2 * old_x + 3 * y) % 5;
      }
      for (int x = 0; x < 5; ++x)
        for (int y = 0; y < 5; ++y) a[x][y] = b[x][y] ^ (~b[(x + 1) % 5][y] & b[(x + 2) % 5][y]);
      for (int j = 0; j <= 6; ++j) {
        if (lfsr & 1) a[0][0] ^= std::uint64_t{1} << ((1 << j) - 1);
        lfsr = static_cast<std::uint8_t>(lfsr << 1 ^ (lfsr >> 7) * 0x71);
      }
    }
  }
  Hash256 out;
  for (int i = 0; i < 4; ++i) std::memcpy(out.data() + 8 * i, &a[i][0], 8);
  return out;
}
}  // namespace

TEST(Keccak, KnownAnswersOnEachLevel) {
  for (const Kernel* kernel : kernels()) {
    SCOPED_TRACE(to_string(kernel->level));
    EXPECT_EQ(hash256(*kernel, {}).hex(),
              "0xc5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470");
    EXPECT_EQ(hash256(*kernel, as_bytes("abc")).hex(),
              "0x4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45");
    EXPECT_EQ(hash512(*kernel, {}).hex(),
              "0x0eab42de4c3ceb9235fc91acffe746b29c29a8c366b7c60e4e67c466f36a4304"
              "c00fa9caf9d87976ba469bcbe06713b435f091ef2769fb160cdab33d3670680e");
  }
}

TEST(Keccak, EachLevelFollowsTheSpecificationAtEveryLength) {
  std::mt19937_64 random(1);
  for (std::size_t length = 0; length <= 300; ++length) {
    const Bytes input = random_bytes(random, length);
    const Hash256 expected = by_the_book(input);
    for (const Kernel* kernel : kernels())
      ASSERT_EQ(hash256(*kernel, input), expected) << to_string(kernel->level) << ", " << length << " bytes";
    ASSERT_EQ(keccak256(input), expected);
  }
}

TEST(Keccak, BatchesOfMixedLengthsEqualOneByOne) {
  std::mt19937_64 random(2);
  for (int run = 0; run < 60; ++run) {
    std::vector<Bytes> inputs;
    for (std::size_t i = random() % 40; i > 0; --i)
      inputs.push_back(random_bytes(random, random() % (run % 2 == 0 ? 140 : 1000)));
    std::vector<ByteView> views(inputs.begin(), inputs.end());
    for (const Kernel* kernel : kernels()) {
      std::vector<Hash256> hashes(views.size());
      std::vector<Hash512> wide(views.size());
      hash256_batch(*kernel, views, hashes);
      hash512_batch(*kernel, views, wide);
      for (std::size_t i = 0; i < views.size(); ++i) {
        ASSERT_EQ(hashes[i], hash256(keccak_detail::kPortable, views[i])) << to_string(kernel->level);
        ASSERT_EQ(wide[i], hash512(keccak_detail::kPortable, views[i])) << to_string(kernel->level);
      }
    }
  }
}

TEST(Keccak, RowsEqualOneByOne) {
  std::mt19937_64 random(3);
  for (std::size_t count = 0; count <= 25; ++count) {
    const Bytes rows = random_bytes(random, 64 * count);
    for (const Kernel* kernel : kernels()) {
      Bytes out = rows;
      kernel->rows(out.data(), out.data(), count);
      for (std::size_t i = 0; i < count; ++i)
        ASSERT_TRUE(
            equal(ByteView(out).subspan(64 * i, 64), keccak512(ByteView(rows).subspan(64 * i, 64)).view()))
            << to_string(kernel->level) << ", row " << i << " of " << count;
    }
  }
}

TEST(Keccak, PiecesEqualTheWhole) {
  std::mt19937_64 random(4);
  for (int run = 0; run < 100; ++run) {
    const Bytes input = random_bytes(random, random() % 700);
    Keccak256 hasher;
    for (std::size_t at = 0; at < input.size();) {
      const std::size_t piece = std::min<std::size_t>(input.size() - at, random() % 200);
      hasher.update(ByteView(input).subspan(at, piece));
      at += piece;
    }
    ASSERT_EQ(hasher.digest(), keccak256(input));
    ASSERT_EQ(hasher.digest(), keccak256(input)) << "a digest changes nothing";
  }
}
