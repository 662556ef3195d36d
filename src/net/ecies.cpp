#include "net/ecies.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include "core/check.hpp"

namespace quarry::net {
namespace {
constexpr std::size_t kPoint = 65;
constexpr std::size_t kIv = 16;
constexpr std::size_t kTag = 32;

using Sha256 = std::array<std::uint8_t, 32>;

Sha256 sha256(ByteView input) {
  Sha256 out;
  QUARRY_CHECK(EVP_Digest(input.data(), input.size(), out.data(), nullptr, EVP_sha256(), nullptr) == 1);
  return out;
}

struct Keys {
  std::array<std::uint8_t, 16> encryption;
  Sha256 mac;
};

/// One round of the KDF gives the 32 bytes that are needed.
Keys derive(const Hash256& secret) {
  Bytes input{0, 0, 0, 1};
  append(input, secret);
  const Sha256 material = sha256(input);
  Keys out;
  std::copy_n(material.begin(), 16, out.encryption.begin());
  out.mac = sha256(ByteView{material}.subspan(16));
  return out;
}

/// AES-128-CTR; encrypting and decrypting are the same.
Bytes aes_ctr(const Keys& keys, ByteView iv, ByteView text) {
  Bytes out(text.size());
  EVP_CIPHER_CTX* context = EVP_CIPHER_CTX_new();
  QUARRY_CHECK(context != nullptr);
  int written = 0;
  QUARRY_CHECK(EVP_EncryptInit_ex(context, EVP_aes_128_ctr(), nullptr, keys.encryption.data(), iv.data()) ==
               1);
  QUARRY_CHECK(EVP_EncryptUpdate(context, out.data(), &written, text.data(), static_cast<int>(text.size())) ==
               1);
  EVP_CIPHER_CTX_free(context);
  return out;
}

Sha256 tag_of(const Keys& keys, ByteView iv_and_text, ByteView mac_data) {
  Bytes input = to_bytes(iv_and_text);
  append(input, mac_data);
  Sha256 out;
  unsigned length = 0;
  QUARRY_CHECK(HMAC(EVP_sha256(), keys.mac.data(), static_cast<int>(keys.mac.size()), input.data(),
                    input.size(), out.data(), &length) != nullptr);
  return out;
}
}  // namespace

Bytes ecies_encrypt(const NodeId& to, ByteView text, ByteView mac_data) {
  const PrivateKey ephemeral = random_private_key();
  const auto secret = ecdh_x(ephemeral, to);
  QUARRY_CHECK(secret.has_value());  // an enode's id is checked to be a point when it is read
  const Keys keys = derive(*secret);

  Bytes out{0x04};
  out.reserve(text.size() + kEciesOverhead);
  append(out, public_key(ephemeral));
  std::array<std::uint8_t, kIv> iv;
  QUARRY_CHECK(RAND_bytes(iv.data(), static_cast<int>(iv.size())) == 1);
  append(out, iv);
  append(out, aes_ctr(keys, iv, text));
  const Sha256 tag = tag_of(keys, ByteView{out}.subspan(kPoint), mac_data);
  append(out, tag);
  return out;
}

std::optional<Bytes> ecies_decrypt(const PrivateKey& key, ByteView encrypted, ByteView mac_data) {
  if (encrypted.size() < kEciesOverhead || encrypted[0] != 0x04) return std::nullopt;
  const auto point = NodeId::from(encrypted.subspan(1, kPoint - 1));
  const auto secret = ecdh_x(key, *point);
  if (!secret) return std::nullopt;
  const Keys keys = derive(*secret);
  const ByteView iv_and_text = encrypted.subspan(kPoint, encrypted.size() - kPoint - kTag);
  const Sha256 tag = tag_of(keys, iv_and_text, mac_data);
  if (CRYPTO_memcmp(tag.data(), encrypted.last(kTag).data(), kTag) != 0) return std::nullopt;
  return aes_ctr(keys, iv_and_text.first(kIv), iv_and_text.subspan(kIv));
}

}  // namespace quarry::net
