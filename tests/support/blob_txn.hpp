#pragma once
/// \file
/// A chain under a beacon chain from its genesis on, and blob transactions whose blobs are all zero: their
/// commitments and proofs are the point at infinity.

#include "core/blob_sidecar.hpp"
#include "core/chain_spec.hpp"
#include "evm/blob_proofs.hpp"
#include "signed_txn.hpp"

namespace quarry::test {

inline constexpr std::uint64_t kBlobChainId = 7;

/// Cancun in force; key_of(1) and key_of(2) have ten ether each.
inline Genesis blob_genesis() {
  Genesis genesis;
  genesis.spec.chain_id = kBlobChainId;
  for (auto fork = Fork::homestead; fork <= Fork::london;
       fork = static_cast<Fork>(static_cast<int>(fork) + 1))
    if (fork != Fork::dao) genesis.spec.forks[fork] = Activation{};
  for (const Fork fork : {Fork::shanghai, Fork::cancun})
    genesis.spec.forks[fork] = Activation{Activation::By::time, 0};
  genesis.spec.terminal_total_difficulty = TotalDifficulty{};
  genesis.header.gas_limit = 30'000'000;
  genesis.header.base_fee_per_gas = 7;
  for (const std::uint64_t key : {1, 2})
    genesis.alloc.push_back({address_of(key_of(key)), Wei{10'000'000'000'000'000'000U}, 0, {}, {}});
  return genesis;
}

inline Bytes point_at_infinity() {
  Bytes out(kKzgBytes);
  out[0] = 0xc0;
  return out;
}

/// All three prices are `price`.
inline CarriedTransaction blob_txn(std::uint64_t key, std::uint64_t nonce, std::size_t blobs = 1,
                                   std::uint64_t price = 100) {
  CarriedTransaction out;
  auto& txn = out.txn;
  txn.type = TxnType::blob;
  txn.chain_id = kBlobChainId;
  txn.nonce = nonce;
  txn.max_fee_per_gas = txn.max_priority_fee_per_gas = txn.max_fee_per_blob_gas = price;
  txn.gas_limit = 21000;
  txn.to = Address{};
  for (std::size_t i = 0; i < blobs; ++i) {
    out.sidecar.blobs.emplace_back(kBlobBytes);
    out.sidecar.commitments.push_back(point_at_infinity());
    out.sidecar.proofs.push_back(point_at_infinity());
    txn.blob_hashes.push_back(evm::versioned_hash(out.sidecar.commitments.back()));
  }
  txn = signed_by(key_of(key), txn, kBlobChainId);
  return out;
}

}  // namespace quarry::test
