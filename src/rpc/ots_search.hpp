#pragma once
/// \file
/// Searches through the chain for what touched an account.

#include <vector>

#include "rpc/trace/call_frames.hpp"
#include "rpc/trace/replay.hpp"

namespace quarry::rpc {

/// A page of an account's transactions, newest first.
struct TxnPage {
  struct Entry {
    std::shared_ptr<const Block> block;
    std::size_t index = 0;
  };
  std::vector<Entry> entries;  ///< all of a block's or none
  bool more = false;           ///< there may be others further on
};

/// The account's transactions, sent, received or touched in a call, in blocks from `from` on in that
/// direction: about `most` of them. Looks at the blocks that changed the account.
Expected<TxnPage, RpcError> search_transactions(const Context& context, const Address& address, BlockNum from,
                                                Direction direction, std::size_t most);

/// The transaction of `sender` with that nonce; nothing when there is none.
Expected<std::optional<TxnLocation>, RpcError> find_by_nonce(const Context& context, const Address& sender,
                                                             std::uint64_t nonce);

/// Who made a contract that is there now, and in which transaction; nothing when it has no code, or had it in
/// the genesis block.
struct Creation {
  TxnHash txn;
  Address creator;
};
Expected<std::optional<Creation>, RpcError> find_creation(const Context& context, const Address& address);

}  // namespace quarry::rpc
