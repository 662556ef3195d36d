#pragma once
/// \file
/// What code can ask about the block and the transaction that it runs in.

#include <map>
#include <vector>

#include "core/fixed_bytes.hpp"
#include "core/forks.hpp"

namespace quarry::evm {

/// Who answers BLOCKHASH.
class BlockHashes {
 public:
  virtual ~BlockHashes() = default;
  /// The hash of one of the 256 blocks before the one that runs; others are not asked for. Zero when unknown.
  virtual Hash256 block_hash(BlockNum number) const = 0;
};

/// When an execution is given up whatever gas it has left: every frame ends, out of gas, at its next call or
/// once it has jumped and used kGasALook since it last looked, and the outcome of the whole means nothing.
class Deadline {
 public:
  virtual ~Deadline() = default;
  /// Once true it stays so.
  virtual bool passed() const = 0;
};
/// A fraction of a millisecond: looking at a clock takes as long as a few instructions.
inline constexpr std::int64_t kGasALook = 100'000;

struct Precompile;
/// Which precompiles are where, when not where the rules have them (a call's overrides may move them).
using PrecompileMap = std::map<Address, const Precompile*>;

struct BlockEnv {
  Rules rules;
  BlockNum number = 0;
  Timestamp timestamp = 0;
  Address beneficiary;
  Gas gas_limit = 0;
  /// DIFFICULTY; on blocks without proof of work the same opcode is PREVRANDAO (EIP-4399) and this the mix
  /// hash.
  U256 difficulty;
  U256 base_fee;       ///< zero before London
  U256 blob_base_fee;  ///< EIP-7516; zero before Cancun, one on chains without blobs
  U256 chain_id;
  /// Most blobs a transaction of this block can have in all; zero: the chain has none (EIP-4844, EIP-7840).
  unsigned most_blobs = 0;
  const BlockHashes* hashes = nullptr;         ///< none: all hashes are zero
  const PrecompileMap* precompiles = nullptr;  ///< none: those of the rules
  const Deadline* deadline = nullptr;          ///< none: the gas is the only bound
};

struct TxnEnv {
  Address origin;
  U256 gas_price;  ///< what is paid, with the base fee
  std::vector<Hash256> blob_hashes;
};

}  // namespace quarry::evm
