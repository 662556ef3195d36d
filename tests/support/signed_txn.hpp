#pragma once
/// \file
/// Accounts with keys, and transactions signed by them.

#include "core/keccak.hpp"
#include "core/secp256k1.hpp"
#include "core/sender.hpp"

namespace quarry::test {

/// The key that is `number` as 32 bytes.
inline PrivateKey key_of(std::uint64_t number) {
  PrivateKey key;
  const auto bytes = U256{number}.to_be();
  std::copy(bytes.begin(), bytes.end(), key.data());
  return key;
}
inline Address address_of(const PrivateKey& key) {
  return quarry::address_of(public_key(key));
}

/// Puts the signature into `txn`; a legacy one is bound to `chain_id` unless that is zero.
inline Transaction signed_by(const PrivateKey& key, Transaction txn, std::uint64_t chain_id) {
  const bool legacy = txn.type == TxnType::legacy;
  if (legacy && chain_id != 0) txn.v = U256{chain_id * 2 + 35};
  if (!legacy) txn.chain_id = U256{chain_id};
  const RecoverableSignature signature = sign(key, signing_hash(txn));
  const ByteView bytes = signature.bytes;
  txn.r = U256::from_be(bytes.first(32));
  txn.s = U256::from_be(bytes.subspan(32, 32));
  const std::uint64_t parity = signature.bytes[64];
  txn.v = !legacy ? U256{parity} : chain_id != 0 ? U256{chain_id * 2 + 35 + parity} : U256{27 + parity};
  return txn;
}

/// A payment of one wei to 0x…00aa.
inline Transaction payment(const PrivateKey& key, std::uint64_t nonce, const U256& gas_price,
                           std::uint64_t chain_id) {
  Transaction txn;
  txn.nonce = nonce;
  txn.max_fee_per_gas = txn.max_priority_fee_per_gas = gas_price;
  txn.gas_limit = 21000;
  txn.to = Address{};
  txn.to->bytes[19] = 0xaa;
  txn.value = 1;
  return signed_by(key, std::move(txn), chain_id);
}

}  // namespace quarry::test
