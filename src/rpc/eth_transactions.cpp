// The eth namespace: transactions and receipts of the chain, and those that wait.

#include <algorithm>

#include "core/sender.hpp"
#include "rpc/pending.hpp"
#include "rpc/views.hpp"

namespace quarry::rpc {
namespace {

/// A transaction with the block it stands in.
struct Found {
  Block block;
  std::size_t index = 0;
  bool pending = false;  ///< the block is not sealed
  const Transaction& txn() const { return block.body.transactions[index]; }
};

std::optional<Found> find_in_chain(const ChainReader& reader, const TxnHash& hash) {
  const auto at = reader.find_transaction(hash);
  auto block = at ? reader.block(at->block) : std::nullopt;
  if (!block || at->index >= block->body.transactions.size()) return std::nullopt;
  Found out{std::move(*block), at->index};
  // While branches are switched the index may be one step behind.
  if (hash_of(out.txn()) != hash) return std::nullopt;
  return out;
}

template <FirstParam first>
Expected<std::optional<Found>, RpcError> find_in_block(const Context& context, Params& params) {
  const auto id = first(context.backend.reader, params);
  const auto index = params.quantity(1);
  if (params.error()) return tl::unexpected(*params.error());
  if (first == by_number)
    if (const auto pending = pending_for(context, params, 0)) {
      if (index >= pending->block.body.transactions.size()) return std::nullopt;
      return Found{pending->block, static_cast<std::size_t>(index), true};
    }
  auto block = load(context.backend.reader, id);
  if (!block || index >= block->body.transactions.size()) return std::nullopt;
  return Found{std::move(*block), static_cast<std::size_t>(index)};
}

Answer get_transaction(const Context& context, Params& params) {
  const auto hash = params.fixed<TxnHash>(0, "common.Hash");
  if (params.error()) return tl::unexpected(*params.error());
  if (const auto found = find_in_chain(context.backend.reader, hash)) {
    return transaction_view(found->txn(), place_of(found->block.header), found->index);
  }
  const auto waiting = context.backend.pool.find(hash);
  return waiting ? pending_view(*waiting) : null_answer();
}

template <FirstParam first>
Answer get_transaction_of_block(const Context& context, Params& params) {
  const auto found = find_in_block<first>(context, params);
  if (!found) return tl::unexpected(found.error());
  if (!*found) return null_answer();
  if ((*found)->pending) return pending_view((*found)->txn());
  return transaction_view((*found)->txn(), place_of((*found)->block.header), (*found)->index);
}

template <FirstParam first>
Answer get_raw_transaction_of_block(const Context& context, Params& params) {
  const auto found = find_in_block<first>(context, params);
  if (!found) return tl::unexpected(found.error());
  return *found ? hex_answer(encode_transaction((*found)->txn())) : hex_answer({});
}

Answer get_block_receipts(const Context& context, Params& params) {
  const auto id = by_number(context.backend.reader, params);
  if (params.error()) return tl::unexpected(*params.error());
  const auto block = load(context.backend.reader, id);
  const auto receipts = block ? context.backend.reader.receipts(*id) : std::nullopt;
  if (!receipts || receipts->size() != block->body.transactions.size()) return null_answer();
  const auto place = place_in_chain(context, block->header);
  return ReceiptsView(*block, *receipts, place).all();
}

/// As geth: those that this node's own accounts sent.
Answer pending_transactions(const Context& context, Params&) {
  const auto own = context.backend.accounts.list();
  JsonText out;
  out.begin_array();
  for (const auto& txn : context.backend.pool.pending()) {
    const auto sender = sender_of(txn);
    if (sender && std::find(own.begin(), own.end(), *sender) != own.end()) write_pending(out, txn);
  }
  return out.end_array().take();
}

constexpr Method kMethods[] = {
    {"eth_getBlockReceipts", Where::worker, get_block_receipts, "block", "the receipts of a block",
     "[Receipt]|null"},
    {"eth_getRawTransactionByBlockHashAndIndex", Where::worker, get_raw_transaction_of_block<by_hash>,
     "hash, index", "a transaction's bytes", "Bytes"},
    {"eth_getRawTransactionByBlockNumberAndIndex", Where::worker, get_raw_transaction_of_block<by_number>,
     "block, index", "a transaction's bytes", "Bytes"},
    {"eth_getRawTransactionByHash", Where::worker, get_raw_transaction, "hash", "a transaction's bytes",
     "Bytes"},
    {"eth_getTransactionByBlockHashAndIndex", Where::worker, get_transaction_of_block<by_hash>, "hash, index",
     "a transaction of a block", "Transaction|null"},
    {"eth_getTransactionByBlockNumberAndIndex", Where::worker, get_transaction_of_block<by_number>,
     "block, index", "a transaction of a block", "Transaction|null"},
    {"eth_getTransactionByHash", Where::worker, get_transaction, "hash",
     "a transaction of the chain, or one that waits", "Transaction|null"},
    {"eth_getTransactionReceipt", Where::worker, get_receipt, "hash", "what a transaction of the chain gave",
     "Receipt|null"},
    {"eth_pendingTransactions", Where::worker, pending_transactions, "",
     "what this node's accounts sent and no block has yet", "[Transaction]"},
};

}  // namespace

Answer get_receipt(const Context& context, Params& params) {
  const auto hash = params.fixed<TxnHash>(0, "common.Hash");
  if (params.error()) return tl::unexpected(*params.error());
  const auto found = find_in_chain(context.backend.reader, hash);
  if (!found) return null_answer();
  const auto& header = found->block.header;
  const auto receipts = context.backend.reader.receipts({header->number, header.hash()});
  if (!receipts || found->index >= receipts->size()) return null_answer();
  const auto place = place_in_chain(context, header);
  return ReceiptsView(found->block, *receipts, place).one(found->index);
}

Answer get_raw_transaction(const Context& context, Params& params) {
  const auto hash = params.fixed<TxnHash>(0, "common.Hash");
  if (params.error()) return tl::unexpected(*params.error());
  if (const auto found = find_in_chain(context.backend.reader, hash)) {
    return hex_answer(encode_transaction(found->txn()));
  }
  const auto waiting = context.backend.pool.find(hash);
  return waiting ? hex_answer(encode_transaction(*waiting)) : hex_answer({});
}

std::span<const Method> eth_transaction_methods() {
  return kMethods;
}

}  // namespace quarry::rpc
