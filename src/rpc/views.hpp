#pragma once
/// \file
/// Chain values as JSON: field for field as geth 1.7.3, with what later forks and today's specification
/// (ethereum/execution-apis) add.

#include "core/block.hpp"
#include "core/receipt.hpp"
#include "rpc/json_rpc.hpp"
#include "rpc/json_text.hpp"

namespace quarry::rpc {

/// Where a transaction stands.
struct TxnPlace {
  BlockHash block_hash;
  BlockNum block_num = 0;
  std::size_t index = 0;
};

/// A whole block; `full` gives transactions rather than their hashes. baseFeePerGas and what came after it
/// are there only where the header has them.
std::string block_view(const Block& block, const std::optional<TotalDifficulty>& total_difficulty, bool full);
/// An ommer as a block without a body.
std::string ommer_view(const SealedHeader& ommer);
std::string transaction_view(const Transaction& txn, const TxnPlace& place);

/// What a receipt's view needs beyond the receipt.
struct ReceiptPlace {
  TxnPlace place;
  TxnHash txn_hash;
  Gas gas_used = 0;
  std::size_t first_log = 0;  ///< logs of the block before this transaction's
  std::optional<U256> base_fee;
};
std::string receipt_view(const Receipt& receipt, const Transaction& txn, const ReceiptPlace& at);

/// A JSON number where geth has a big.Int: exact up to 2^64, the nearest double above.
Json big_number(const U256& value);
inline Json quantity(std::uint64_t value) {
  return U256{value}.to_quantity();
}
inline Json quantity(const U256& value) {
  return value.to_quantity();
}

}  // namespace quarry::rpc
