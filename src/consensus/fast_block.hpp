#pragma once
/// \file
/// A block below the pivot of a fast sync.

#include <vector>

#include "core/block.hpp"
#include "core/block_id.hpp"
#include "core/receipt.hpp"

namespace quarry {

/// Body and receipts from a peer, to be put below the pivot without execution; the header is stored already.
struct FastBlock {
  BlockId id;
  Body body;
  std::vector<Receipt> receipts;
  /// Their roots were compared with those of the header `id` names: so the sync machine finds out which block
  /// an answer is for. Otherwise the chain does it.
  bool matched = false;
};

}  // namespace quarry
