#pragma once
/// \file
/// What makes a chain this chain: its engine, forks and genesis. Files in geth's JSON form are read a floor
/// above (node/genesis_json.hpp).

#include <map>
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
  /// Of two branches of the same total difficulty all take the same one (EIP-3436), not the first seen.
  bool eip3436 = false;
  friend bool operator==(const CliqueParams&, const CliqueParams&) = default;
};
struct JbcParams {
  unsigned zeros = 5;  ///< leading hex zeros of a valid hash
  friend bool operator==(const JbcParams&, const JbcParams&) = default;
};

/// How many blobs a block aims at and takes, and how fast their price moves (EIP-7840).
struct BlobParams {
  std::uint64_t target = 0;
  std::uint64_t max = 0;
  std::uint64_t update_fraction = 0;  ///< EIP-4844, BLOB_BASE_FEE_UPDATE_FRACTION
  friend bool operator==(const BlobParams&, const BlobParams&) = default;
};

/// The deposit contract of the public chain (EIP-6110).
inline constexpr Address kMainnetDepositContract{{0x00, 0x00, 0x00, 0x00, 0x21, 0x9a, 0xb5,
                                                  0x40, 0x35, 0x6c, 0xbb, 0x83, 0x9c, 0xbe,
                                                  0x05, 0x30, 0x3d, 0x77, 0x05, 0xfa}};

struct ChainSpec {
  U256 chain_id;
  EngineKind engine = EngineKind::ethash;
  CliqueParams clique;
  JbcParams jbc;
  ForkSchedule forks;
  bool dao_fork_support = false;
  /// From London on every block's base fee is zero: on networks without gas prices EIP-1559's would rise from
  /// zero by a wei a full block (Besu's zeroBaseFee).
  bool zero_base_fee = false;
  /// Blocks whose parent's total difficulty has reached it come from a beacon chain (EIP-3675): no seals, no
  /// rewards, and with the fields and system contracts of the later forks. Without it those forks change the
  /// EVM only.
  std::optional<TotalDifficulty> terminal_total_difficulty;
  std::map<Fork, BlobParams> blob_schedule;  ///< what the genesis file says; see blob_params
  Address deposit_contract = kMainnetDepositContract;

  HeaderIdentity header_identity() const {
    return engine == EngineKind::jbc ? HeaderIdentity::jbc_sha256 : HeaderIdentity::keccak_rlp;
  }
  friend bool operator==(const ChainSpec&, const ChainSpec&) = default;
};

/// Does a beacon chain stand above this block? `header` is a valid one of the chain: proof of work and
/// authority have no difficulty of 0.
inline bool is_merged(const ChainSpec& spec, const Header& header) {
  return spec.terminal_total_difficulty && header.difficulty.is_zero();
}

/// The blob schedule under `rules`: the latest fork's in force that has one, in the genesis file or else as
/// EIP-4844, 7691 and 7892 set it for the public chain. Nothing before Cancun.
std::optional<BlobParams> blob_params(const ChainSpec& spec, const Rules& rules);

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
