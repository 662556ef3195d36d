#pragma once
/// \file
/// What a jbc chain's first blocks say about the chain.

#include <span>

#include "core/chain_spec.hpp"
#include "core/jbc.hpp"
#include "storage/chain_store.hpp"

namespace quarry {

/// From so many blocks the zeros are inferred: one in sixteen has one more than it must.
inline constexpr std::size_t kInferBlocks = 64;
/// The zeros that most hashes begin with; of numbers as frequent, the least.
unsigned infer_zeros(std::span<const jbc::Block> blocks);
/// The genesis of the chain that begins with `first`.
Genesis jbc_genesis(const jbc::Block& first, unsigned zeros);
/// Is it block 0 of the chain that is stored, in all six fields? The hash is not enough: block 0 is taken as
/// it is, so that its hash need not be its text's.
bool is_jbc_genesis(const ChainStore& store, const jbc::Block& block);

}  // namespace quarry
