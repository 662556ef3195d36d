#include "core/secp256k1.hpp"

#include <openssl/rand.h>
#include <secp256k1.h>
#include <secp256k1_ecdh.h>
#include <secp256k1_recovery.h>

#include "core/check.hpp"
#include "core/keccak.hpp"

namespace quarry {
namespace {
/// Made once, then only read: libsecp256k1 allows that from any thread.
const secp256k1_context* context() {
  static const secp256k1_context* const made = [] {
    auto* fresh = secp256k1_context_create(SECP256K1_CONTEXT_NONE);
    std::uint8_t seed[32];
    QUARRY_CHECK(RAND_bytes(seed, sizeof seed) == 1);
    QUARRY_CHECK(secp256k1_context_randomize(fresh, seed) == 1);
    return fresh;
  }();
  return made;
}

NodeId serialize(const secp256k1_pubkey& key) {
  std::uint8_t out[65];
  std::size_t length = sizeof out;
  secp256k1_ec_pubkey_serialize(context(), out, &length, &key, SECP256K1_EC_UNCOMPRESSED);
  return *NodeId::from(ByteView{out}.subspan(1));
}

int copy_x(unsigned char* output, const unsigned char* x32, const unsigned char*, void*) {
  std::copy_n(x32, 32, output);
  return 1;
}
}  // namespace

bool is_valid(const PrivateKey& key) {
  return secp256k1_ec_seckey_verify(context(), key.data()) == 1;
}

PrivateKey random_private_key() {
  PrivateKey key;
  do QUARRY_CHECK(RAND_priv_bytes(key.data(), static_cast<int>(key.size())) == 1);
  while (!is_valid(key));
  return key;
}

NodeId public_key(const PrivateKey& key) {
  secp256k1_pubkey point;
  QUARRY_CHECK(secp256k1_ec_pubkey_create(context(), &point, key.data()) == 1);
  return serialize(point);
}

Address address_of(const NodeId& public_key) {
  return *Address::from(keccak256(public_key).view().last(20));
}

RecoverableSignature sign(const PrivateKey& key, const Hash256& message) {
  secp256k1_ecdsa_recoverable_signature signature;
  QUARRY_CHECK(secp256k1_ecdsa_sign_recoverable(context(), &signature, message.data(), key.data(), nullptr,
                                                nullptr) == 1);
  RecoverableSignature out;
  int recovery_id = 0;
  secp256k1_ecdsa_recoverable_signature_serialize_compact(context(), out.data(), &recovery_id, &signature);
  out.bytes[64] = static_cast<std::uint8_t>(recovery_id);
  return out;
}

std::optional<NodeId> recover(const RecoverableSignature& signature, const Hash256& message) {
  if (signature.bytes[64] > 3) return std::nullopt;
  secp256k1_ecdsa_recoverable_signature parsed;
  if (secp256k1_ecdsa_recoverable_signature_parse_compact(context(), &parsed, signature.data(),
                                                          signature.bytes[64]) != 1)
    return std::nullopt;
  secp256k1_pubkey point;
  if (secp256k1_ecdsa_recover(context(), &point, &parsed, message.data()) != 1) return std::nullopt;
  return serialize(point);
}

std::optional<Hash256> ecdh_x(const PrivateKey& key, const NodeId& point) {
  std::uint8_t encoded[65] = {0x04};
  std::copy(point.begin(), point.end(), encoded + 1);
  secp256k1_pubkey parsed;
  if (secp256k1_ec_pubkey_parse(context(), &parsed, encoded, sizeof encoded) != 1) return std::nullopt;
  Hash256 out;
  if (secp256k1_ecdh(context(), out.data(), &parsed, key.data(), copy_x, nullptr) != 1) return std::nullopt;
  return out;
}
}  // namespace quarry
