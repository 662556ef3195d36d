#pragma once
/// \file
/// Transactions of every type (EIP-2718): legacy, access list (EIP-2930), fee market (EIP-1559),
/// blob (EIP-4844, without its sidecar) and set-code (EIP-7702).

#include <optional>
#include <vector>

#include "core/quantities.hpp"
#include "core/rlp.hpp"

namespace quarry {

enum class TxnType : std::uint8_t { legacy = 0, access_list = 1, fee_market = 2, blob = 3, set_code = 4 };

struct AccessListEntry {
  Address address;
  std::vector<SlotKey> slots;
  friend bool operator==(const AccessListEntry&, const AccessListEntry&) = default;
};

/// EIP-7702: an account asks to run another's code.
struct Authorization {
  U256 chain_id;
  Address address;
  std::uint64_t nonce = 0;
  std::uint8_t y_parity = 0;
  U256 r, s;
  friend bool operator==(const Authorization&, const Authorization&) = default;
};

struct Transaction {
  TxnType type = TxnType::legacy;
  U256 chain_id;  ///< typed transactions only; a legacy one carries it in `v` (EIP-155)
  std::uint64_t nonce = 0;
  U256 max_priority_fee_per_gas;  ///< the gas price of legacy and access-list transactions
  U256 max_fee_per_gas;           ///< the same as max_priority_fee_per_gas there
  Gas gas_limit = 0;
  std::optional<Address> to;  ///< none: creates a contract
  Wei value;
  Bytes data;
  std::vector<AccessListEntry> access_list;
  U256 max_fee_per_blob_gas;
  std::vector<Hash256> blob_hashes;
  std::vector<Authorization> authorizations;
  U256 v;  ///< legacy: 27/28 or chain id * 2 + 35/36; typed: the y parity
  U256 r, s;

  friend bool operator==(const Transaction&, const Transaction&) = default;
};

/// Reads one transaction as it stands in a body: a list (legacy) or a string (typed).
[[nodiscard]] rlp::Decoded<Transaction> read_transaction(rlp::Reader& from);
/// The same from its network form: a list, or a type byte and a list.
[[nodiscard]] rlp::Decoded<Transaction> decode_transaction(ByteView encoded);
/// As it stands in a body.
void write_transaction(rlp::Writer& to, const Transaction& txn);
/// The network form, whose Keccak-256 is the transaction's hash and which the ordered trie holds.
Bytes encode_transaction(const Transaction& txn);
TxnHash hash_of(const Transaction& txn);

}  // namespace quarry
