#pragma once
/// \file
/// A body against its header and its ancestors (Yellow Paper 4.3.2 and 11.1).

#include "consensus/engine.hpp"
#include "core/block_id.hpp"
#include "core/packed_block.hpp"

namespace quarry {

/// An ommer is a child of one of so many ancestors, counted from the block's grandparent on.
inline constexpr std::size_t kOmmerGenerations = 6;

/// What the ommer rules ask of a block's past.
class Ancestry {
 public:
  struct Ancestor {
    SealedHeader header;
    std::vector<SealedHeader> ommers;
  };
  virtual ~Ancestry() = default;
  /// A block that is stored, or that comes before in the span being imported.
  virtual std::optional<Ancestor> ancestor(const BlockId& id) const = 0;
};

/// The body's roots and hashes are the header's.
Verdict check_body_roots(const Header& header, const Body& body);

/// EIP-7934: bytes of a block's RLP, 10 MiB less what the beacon chain adds.
inline constexpr std::size_t kMaxBlockRlpBytes = (std::size_t{10} << 20) - (std::size_t{2} << 20);

/// The blobs that the transactions have are those that the header says, where it says any.
Verdict check_blob_gas(const Header& header, const Body& body);
Verdict check_block_size(const Block& block);

/// Receipts' root is the header's.
Verdict check_receipts_root(const Header& header, const std::vector<Receipt>& receipts);
/// Both, of what was packed.
Verdict check_packed_roots(const Header& header, const PackedBody& body, const PackedReceipts& receipts);

/// Ommers: how many, of whose line, each once, with valid headers and seals.
Verdict check_ommers(const ChainSpec& spec, Engine& engine, const Block& block, const Ancestry& ancestry);

/// The ancestors that a child of `parent` may not name as ommers but whose children it may: the last
/// kOmmerGenerations + 1 blocks, the parent first.
std::vector<Ancestry::Ancestor> recent_ancestors(const Ancestry& ancestry, const BlockId& parent);

/// May a child of recent.front() (see recent_ancestors) have this ommer, its header and seal aside?
Verdict check_ommer_place(std::span<const Ancestry::Ancestor> recent, const SealedHeader& ommer);

}  // namespace quarry
