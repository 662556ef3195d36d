#pragma once
/// \file
/// What a block that is being made consists of, wherever it is made: for a miner on the chain thread
/// (candidate.cpp), or for those who only want to see it (pending_block.hpp).

#include <vector>

#include "consensus/block_executor.hpp"
#include "consensus/chain.hpp"

namespace quarry {

/// The header of `parent`'s child as far as it is known before its transactions run. `headers`: those before
/// it. `now`: our clock.
Header candidate_header(const ChainSpec& spec, const Engine& engine, const SealedHeader& parent,
                        const HeaderSource& headers, const CandidateRequest& request, Timestamp now);

/// Runs as many of the pool's transactions as the block's gas takes, those that pay best first; gives those
/// that stand in it. One that cannot run is left out.
std::vector<Transaction> take_txns(BlockBuilder& builder, const TxPool& pool);

/// Fills in what the body and its execution say of the block.
void complete_header(Header& header, const Body& body, const Execution& execution,
                     const RootHash& state_root);

}  // namespace quarry
