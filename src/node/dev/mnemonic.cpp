#include "node/dev/mnemonic.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <limits>

#include "core/check.hpp"
#include "core/u256.hpp"

namespace quarry {
namespace {

constexpr int kSeedRounds = 2048;  // BIP-39
constexpr std::uint32_t kHardened = std::uint32_t{1} << 31;
using Sha512 = std::array<std::uint8_t, 64>;

/// The order of secp256k1's group.
constexpr U256 kOrder{0xffffffffffffffff, 0xfffffffffffffffe, 0xbaaedce6af48a03b, 0xbfd25e8cd0364141};

struct ExtendedKey {
  PrivateKey key;
  std::array<std::uint8_t, 32> chain_code;
};

Sha512 hmac(ByteView key, ByteView text) {
  Sha512 out;
  unsigned length = 0;
  QUARRY_CHECK(HMAC(EVP_sha512(), key.data(), static_cast<int>(key.size()), text.data(), text.size(),
                    out.data(), &length) != nullptr);
  return out;
}

ExtendedKey split(const Sha512& hash) {
  ExtendedKey out;
  std::copy(hash.begin(), hash.begin() + 32, out.key.bytes.begin());
  std::copy(hash.begin() + 32, hash.end(), out.chain_code.begin());
  return out;
}

PrivateKey sum(const PrivateKey& a, const PrivateKey& b) {
  const U256 one = U256::from_be(a), other = U256::from_be(b);
  U256 total = one + other;
  if (total < one || total >= kOrder) total = total - kOrder;
  return PrivateKey{total.to_be()};
}

/// BIP-32's CKDpriv. That a child is no key happens once in 2^127.
ExtendedKey child(const ExtendedKey& parent, std::uint32_t index) {
  Bytes text;
  if (index & kHardened) {
    text.push_back(0);
    append(text, parent.key);
  } else {
    const NodeId point = public_key(parent.key);  // x and y
    text.push_back(point.bytes[63] % 2 == 0 ? 2 : 3);
    append(text, point.view().first(32));
  }
  for (int shift = 24; shift >= 0; shift -= 8) text.push_back(static_cast<std::uint8_t>(index >> shift));
  ExtendedKey out = split(hmac(parent.chain_code, text));
  out.key = sum(out.key, parent.key);
  return out;
}

}  // namespace

std::vector<PrivateKey> derive_keys(std::string_view mnemonic, std::size_t count) {
  constexpr std::string_view kSalt = "mnemonic";
  Sha512 seed;
  QUARRY_CHECK(PKCS5_PBKDF2_HMAC(mnemonic.data(), static_cast<int>(mnemonic.size()),
                                 reinterpret_cast<const unsigned char*>(kSalt.data()),
                                 static_cast<int>(kSalt.size()), kSeedRounds, EVP_sha512(),
                                 static_cast<int>(seed.size()), seed.data()) == 1);
  ExtendedKey at = split(hmac(as_bytes("Bitcoin seed"), seed));
  for (const std::uint32_t step : {44 | kHardened, 60 | kHardened, 0 | kHardened, std::uint32_t{0}})
    at = child(at, step);
  std::vector<PrivateKey> out;
  for (std::size_t i = 0; i < count; ++i) out.push_back(child(at, static_cast<std::uint32_t>(i)).key);
  return out;
}

}  // namespace quarry
