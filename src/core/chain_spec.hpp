#pragma once
/// \file
/// What makes a chain this chain: its engine, forks and genesis. Files in geth's JSON form are read a floor
/// above (node/genesis_json.hpp).

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/block.hpp"
#include "core/forks.hpp"

namespace quarry {

enum class EngineKind : std::uint8_t { ethash, clique, jbc };

struct CliqueParams {
  std::uint64_t period = 0;     ///< seconds between blocks
  std::uint64_t epoch = 30000;  ///< blocks between checkpoints
  friend bool operator==(const CliqueParams&, const CliqueParams&) = default;
};
struct JbcParams {
  unsigned zeros = 5;  ///< leading hex zeros of a valid hash
  friend bool operator==(const JbcParams&, const JbcParams&) = default;
};

struct ChainSpec {
  U256 chain_id;
  EngineKind engine = EngineKind::ethash;
  CliqueParams clique;
  JbcParams jbc;
  ForkSchedule forks;
  bool dao_fork_support = false;
  std::optional<TotalDifficulty> terminal_total_difficulty;

  HeaderIdentity header_identity() const {
    return engine == EngineKind::jbc ? HeaderIdentity::jbc_sha256 : HeaderIdentity::keccak_rlp;
  }
  friend bool operator==(const ChainSpec&, const ChainSpec&) = default;
};

struct GenesisAccount {
  Address address;
  Wei balance;
  std::uint64_t nonce = 0;
  Bytes code;
  std::vector<std::pair<SlotKey, SlotValue>> storage;
  friend bool operator==(const GenesisAccount&, const GenesisAccount&) = default;
};

/// A chain's first block before its state root is known, and the accounts it starts with.
struct Genesis {
  ChainSpec spec;
  Header header;  ///< roots and ommers hash are filled in by `genesis_block`
  std::vector<GenesisAccount> alloc;
};

}  // namespace quarry
