#include "node/scrypt.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <array>
#include <bit>
#include <cstring>
#include <memory>
#include <new>

namespace quarry {
namespace {

static_assert(std::endian::native == std::endian::little, "blocks are read as little-endian words");

using Word = std::uint32_t;
constexpr std::size_t kBlockWords = 16;

/// Salsa20 with 8 rounds (RFC 7914, section 3): column rounds, then row rounds.
void salsa20_8(Word* block) {
  static constexpr std::array<std::array<int, 4>, 8> kQuarters{{{{0, 4, 8, 12}},
                                                                {{5, 9, 13, 1}},
                                                                {{10, 14, 2, 6}},
                                                                {{15, 3, 7, 11}},
                                                                {{0, 1, 2, 3}},
                                                                {{5, 6, 7, 4}},
                                                                {{10, 11, 8, 9}},
                                                                {{15, 12, 13, 14}}}};
  std::array<Word, kBlockWords> x;
  std::memcpy(x.data(), block, sizeof x);
  for (int round = 0; round < 4; ++round) {
    for (const auto& [a, b, c, d] : kQuarters) {
      x[b] ^= std::rotl(x[a] + x[d], 7);
      x[c] ^= std::rotl(x[b] + x[a], 9);
      x[d] ^= std::rotl(x[c] + x[b], 13);
      x[a] ^= std::rotl(x[d] + x[c], 18);
    }
  }
  for (std::size_t i = 0; i < kBlockWords; ++i) block[i] += x[i];
}

/// scryptBlockMix (section 4): `in` has 2r blocks; even results go to the first half of `out`, odd to the
/// second.
void block_mix(const Word* in, Word* out, std::size_t r) {
  std::array<Word, kBlockWords> x;
  std::memcpy(x.data(), in + (2 * r - 1) * kBlockWords, sizeof x);
  for (std::size_t i = 0; i < 2 * r; ++i) {
    for (std::size_t k = 0; k < kBlockWords; ++k) x[k] ^= in[i * kBlockWords + k];
    salsa20_8(x.data());
    std::memcpy(out + (i / 2 + (i % 2) * r) * kBlockWords, x.data(), sizeof x);
  }
}

/// scryptROMix (section 5). `table` holds n copies of a chunk, `spare` one.
void ro_mix(Word* chunk, Word* table, Word* spare, std::uint64_t n, std::size_t r) {
  const std::size_t words = 2 * r * kBlockWords;
  for (std::uint64_t i = 0; i < n; ++i) {
    std::memcpy(table + i * words, chunk, words * sizeof(Word));
    block_mix(table + i * words, chunk, r);
  }
  for (std::uint64_t i = 0; i < n; ++i) {
    const Word* last = chunk + (2 * r - 1) * kBlockWords;
    const std::uint64_t pick = (std::uint64_t{last[1]} << 32 | last[0]) & (n - 1);
    for (std::size_t k = 0; k < words; ++k) spare[k] = chunk[k] ^ table[pick * words + k];
    block_mix(spare, chunk, r);
  }
}

bool pbkdf2_once(ByteView passphrase, ByteView salt, std::span<std::uint8_t> out) {
  return PKCS5_PBKDF2_HMAC(as_text(passphrase).data(), static_cast<int>(passphrase.size()), salt.data(),
                           static_cast<int>(salt.size()), 1, EVP_sha256(), static_cast<int>(out.size()),
                           out.data()) == 1;
}

}  // namespace

bool scrypt_plain(ByteView passphrase, ByteView salt, std::uint64_t n, std::uint32_t r, std::uint32_t p,
                  std::span<std::uint8_t> out) {
  const std::size_t words = std::size_t{2} * r * kBlockWords;
  const std::unique_ptr<Word[]> table{new (std::nothrow) Word[n * words]};
  const std::unique_ptr<Word[]> spare{new (std::nothrow) Word[words]};
  const std::unique_ptr<Word[]> chunks{new (std::nothrow) Word[p * words]};
  if (!table || !spare || !chunks) return false;
  const std::span<std::uint8_t> all{reinterpret_cast<std::uint8_t*>(chunks.get()), p * words * sizeof(Word)};
  bool ok = pbkdf2_once(passphrase, salt, all);
  for (std::uint32_t i = 0; ok && i < p; ++i)
    ro_mix(chunks.get() + i * words, table.get(), spare.get(), n, r);
  ok = ok && pbkdf2_once(passphrase, all, out);
  OPENSSL_cleanse(all.data(), all.size());
  OPENSSL_cleanse(table.get(), n * words * sizeof(Word));
  return ok;
}

}  // namespace quarry
