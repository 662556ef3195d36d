#pragma once
/// \file
/// The block after the head as it would be now, for whoever asks: made beside the chain, over a snapshot of
/// the database, so that nobody waits for it but the one who asked.

#include "consensus/candidate.hpp"

namespace quarry {

/// Complete but for its seal.
struct BuiltBlock {
  SealedHeader parent;
  Block block;
  std::vector<Receipt> receipts;
  StateDiff diff;  ///< of the state after `parent`
};

/// Executes all of the block; any thread. The request's ommers are left out. An error where no block can be
/// made here: the state is being downloaded, or blocks come from a beacon chain.
[[nodiscard]] Result<BuiltBlock> build_pending_block(const Database& database, const ChainSpec& spec,
                                                     const Engine& engine, const CandidateRequest& request,
                                                     Timestamp now);

}  // namespace quarry
