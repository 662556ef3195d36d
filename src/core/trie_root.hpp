#pragma once
/// \file
/// Roots of tries that are built once from all their entries (Yellow Paper, appendix D).

#include <utility>
#include <vector>

#include "core/block.hpp"
#include "core/receipt.hpp"

namespace quarry {

/// The root over entries sorted by key, keys unique.
RootHash trie_root(std::span<const std::pair<Bytes, Bytes>> sorted_entries);
/// The root of a list: keys are the RLP of the index (0, 1, …).
RootHash ordered_trie_root(std::span<const Bytes> values);

RootHash transactions_root(const std::vector<Transaction>& transactions);
RootHash receipts_root(const std::vector<Receipt>& receipts);
RootHash withdrawals_root(const std::vector<Withdrawal>& withdrawals);

/// Hex-prefix encoding (appendix C) of nibbles, one a byte.
Bytes hex_prefix(ByteView nibbles, bool is_leaf);

}  // namespace quarry
