#pragma once
/// \file
/// A block below the pivot of a fast sync.

#include "core/block_id.hpp"
#include "core/packed_block.hpp"

namespace quarry {

/// Body and receipts from a peer, to be put below the pivot without execution; the header is stored already.
struct FastBlock {
  BlockId id;
  PackedBody body;
  PackedReceipts receipts;
  /// Their roots were compared with those of the header `id` names: so the sync machine finds out which block
  /// an answer is for. Otherwise the chain does it.
  bool matched = false;
};

}  // namespace quarry
