#pragma once
/// \file
/// Chain values as JSON: field for field as geth 1.7.3, with what later forks and today's specification
/// (ethereum/execution-apis) add.

#include "core/block.hpp"
#include "core/block_id.hpp"
#include "core/receipt.hpp"
#include "rpc/json_rpc.hpp"
#include "rpc/json_text.hpp"

namespace quarry::rpc {

/// What views need to know of the block that a transaction or a log stands in.
struct BlockPlace {
  BlockId id;
  Timestamp timestamp = 0;
  std::optional<U256> base_fee;
  U256 blob_base_fee;  ///< zero before Cancun
};
BlockPlace place_of(const SealedHeader& header, const U256& blob_base_fee = {});

/// A whole block; `full` gives transactions rather than their hashes. baseFeePerGas and what came after it
/// are there only where the header has them.
std::string block_view(const Block& block, const std::optional<TotalDifficulty>& total_difficulty, bool full);
/// The fields of a whole block, into an object that is open. `senders`: of each transaction, where signatures
/// do not tell (a simulation); nullptr: they do.
void write_block_fields(JsonText& out, const Block& block,
                        const std::optional<TotalDifficulty>& total_difficulty, bool full,
                        const std::vector<Address>* senders = nullptr);
/// A header's fields and no more, as eth_getHeaderByNumber answers.
std::string header_view(const SealedHeader& header);
/// An ommer as a block without a body.
std::string ommer_view(const SealedHeader& ommer);
/// A header alone, as a newHeads subscription tells it.
std::string header_event_view(const SealedHeader& header);
std::string transaction_view(const Transaction& txn, const BlockPlace& block, std::size_t index);
/// One that is in no block: its place is null.
std::string pending_view(const Transaction& txn);
void write_pending(JsonText& out, const Transaction& txn);
/// A transaction without a place in the fields that geth's eth_signTransaction shows.
std::string signed_view(const Transaction& txn);

void write_withdrawals(JsonText& out, const std::vector<Withdrawal>& withdrawals);
void write_access_list(JsonText& out, const std::vector<AccessListEntry>& list);

struct LogPlace {
  const BlockPlace& block;
  TxnHash txn_hash;
  std::size_t txn_index = 0;
  std::size_t log_index = 0;  ///< among the logs of the block
  bool removed = false;       ///< its block was canonical and is so no longer
};
void write_log(JsonText& out, const Log& log, const LogPlace& at);

/// A block's receipts; `receipts` are all of them, in order.
class ReceiptsView {
 public:
  /// All outlive this.
  ReceiptsView(const Block& block, const std::vector<Receipt>& receipts, const BlockPlace& place)
      : block_(block), receipts_(receipts), place_(place) {}
  std::string all() const;
  std::string one(std::size_t index) const;

 private:
  void write(JsonText& out, std::size_t index, std::size_t first_log) const;

  const Block& block_;
  const std::vector<Receipt>& receipts_;
  const BlockPlace& place_;
};

/// A JSON number where geth has a big.Int: exact up to 2^64, the nearest double above.
Json big_number(const U256& value);
inline Json quantity(std::uint64_t value) {
  return U256{value}.to_quantity();
}
inline Json quantity(const U256& value) {
  return value.to_quantity();
}

}  // namespace quarry::rpc
