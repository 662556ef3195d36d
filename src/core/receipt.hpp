#pragma once
/// \file
/// Transaction receipts (Yellow Paper 4.3.1; EIP-658 status; EIP-2718 types) and log blooms.

#include <variant>
#include <vector>

#include "core/transaction.hpp"

namespace quarry {

struct Log {
  Address address;
  std::vector<Hash256> topics;  ///< at most four
  Bytes data;
  friend bool operator==(const Log&, const Log&) = default;
};

struct Receipt {
  TxnType type = TxnType::legacy;
  /// Before Byzantium the state root after the transaction, from then on whether it succeeded.
  std::variant<bool, RootHash> outcome = true;
  Gas cumulative_gas_used = 0;
  Bloom logs_bloom;
  std::vector<Log> logs;
  friend bool operator==(const Receipt&, const Receipt&) = default;
};

/// Sets the three bits of `what` (Yellow Paper 4.3.1, M3:2048).
void add_to_bloom(Bloom& bloom, ByteView what);
Bloom bloom_of(const std::vector<Log>& logs);

/// As it stands in a Receipts message: a list (legacy) or a string (typed).
[[nodiscard]] rlp::Decoded<Receipt> read_receipt(rlp::Reader& from);
void write_receipt(rlp::Writer& to, const Receipt& receipt);
/// The form the ordered trie holds: a list, or a type byte and a list.
Bytes encode_receipt(const Receipt& receipt);

}  // namespace quarry
