#include "consensus/body_rules.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "consensus/blob_gas.hpp"
#include "consensus/header_rules.hpp"
#include "core/trie_root.hpp"

namespace quarry {
namespace {
template <class Hash>
Verdict compare(BlockRule rule, std::string_view field, const Hash& said, const Hash& computed) {
  if (said == computed) return {};
  return BlockError{rule, fmt::format("invalid {}: the header says {}, the body gives {}", field, said.hex(),
                                      computed.hex())};
}

Verdict ommer_error(BlockRule rule, const SealedHeader& ommer, std::string_view why) {
  return BlockError{rule,
                    fmt::format("invalid ommer {} (number {}): {}", ommer.hash().hex(), ommer->number, why)};
}

/// The ommer's own header and seal; its parent is among `recent`.
Verdict check_ommer_header(const ChainSpec& spec, Engine& engine, std::span<const Ancestry::Ancestor> recent,
                           const SealedHeader& ommer) {
  const auto parent = std::find_if(recent.begin(), recent.end(),
                                   [&](const auto& a) { return a.header.hash() == ommer->parent_hash; });
  const Rules rules = spec.forks.rules(ommer->number, ommer->timestamp);
  if (auto error = check_header_rules({spec, engine, *ommer, *parent->header, rules, std::nullopt}))
    return ommer_error(BlockRule::ommer_header, ommer, error->detail);
  const Header* header = &*ommer;
  Verdict seal;
  engine.verify_seals({&header, 1}, {&seal, 1});
  if (seal) return ommer_error(BlockRule::ommer_header, ommer, seal->detail);
  return {};
}
}  // namespace

Verdict check_body_roots(const Header& header, const Body& body) {
  if (auto bad = compare(BlockRule::transactions_root, "transactions root", header.transactions_root,
                         transactions_root(body.transactions)))
    return bad;
  if (auto bad = compare(BlockRule::ommers_hash, "ommers hash", header.ommers_hash, ommers_hash(body.ommers)))
    return bad;
  if (header.withdrawals_root.has_value() != body.withdrawals.has_value())
    return BlockError{BlockRule::withdrawals,
                      "invalid withdrawals: the header and the body do not both have them"};
  if (!body.withdrawals) return {};
  return compare(BlockRule::withdrawals, "withdrawals root", *header.withdrawals_root,
                 withdrawals_root(*body.withdrawals));
}

Verdict check_blob_gas(const Header& header, const Body& body) {
  if (!header.blob_gas_used) return {};
  Gas used = 0;
  for (const Transaction& txn : body.transactions) used += blob_gas_of(txn);
  if (used == *header.blob_gas_used) return {};
  return BlockError{BlockRule::blob_gas_used,
                    fmt::format("invalid blob gas used: the header says {}, the transactions' blobs take {}",
                                *header.blob_gas_used, used)};
}

Verdict check_block_size(const Block& block) {
  const std::size_t size = encode_block(block).size();
  if (size <= kMaxBlockRlpBytes) return {};
  return BlockError{BlockRule::block_size, fmt::format("block too large: its RLP has {} bytes, {} at most",
                                                       size, kMaxBlockRlpBytes)};
}

Verdict check_receipts_root(const Header& header, const std::vector<Receipt>& receipts) {
  const RootHash computed = receipts.empty() ? kEmptyRoot : receipts_root(receipts);
  return compare(BlockRule::receipts_root, "receipts root", header.receipts_root, computed);
}

Verdict check_packed_roots(const Header& header, const PackedBody& body, const PackedReceipts& receipts) {
  if (auto bad = compare(BlockRule::transactions_root, "transactions root", header.transactions_root,
                         body.transactions_root))
    return bad;
  if (auto bad = compare(BlockRule::ommers_hash, "ommers hash", header.ommers_hash, body.ommers_hash))
    return bad;
  if (header.withdrawals_root != body.withdrawals_root)
    return BlockError{BlockRule::withdrawals, "invalid withdrawals: the header's root is not the body's"};
  return compare(BlockRule::receipts_root, "receipts root", header.receipts_root, receipts.root);
}

std::vector<Ancestry::Ancestor> recent_ancestors(const Ancestry& ancestry, const BlockId& parent) {
  std::vector<Ancestry::Ancestor> recent;
  BlockId at = parent;
  while (recent.size() < kOmmerGenerations + 1) {
    auto ancestor = ancestry.ancestor(at);
    if (!ancestor) break;
    at = {at.number - 1, ancestor->header->parent_hash};
    const bool genesis = ancestor->header->number == 0;
    recent.push_back(std::move(*ancestor));
    if (genesis) break;
  }
  return recent;
}

Verdict check_ommer_place(std::span<const Ancestry::Ancestor> recent, const SealedHeader& ommer) {
  bool parent_known = false;
  for (std::size_t i = 0; i < recent.size(); ++i) {
    const auto& [header, ommers] = recent[i];
    if (header == ommer)
      return ommer_error(BlockRule::ommer_is_ancestor, ommer, "it is an ancestor of the block");
    if (std::find(ommers.begin(), ommers.end(), ommer) != ommers.end())
      return ommer_error(BlockRule::ommer_repeated, ommer,
                         fmt::format("block {} has it already", header->number));
    // A sibling of the block itself (a child of its parent) is no ommer yet.
    if (i != 0 && header.hash() == ommer->parent_hash) parent_known = true;
  }
  if (parent_known) return {};
  return ommer_error(BlockRule::ommer_parent, ommer,
                     fmt::format("its parent {} is none of the block's ancestors of generation 2 to {}",
                                 ommer->parent_hash.hex(), kOmmerGenerations + 1));
}

Verdict check_ommers(const ChainSpec& spec, Engine& engine, const Block& block, const Ancestry& ancestry) {
  const auto& ommers = block.body.ommers;
  if (ommers.empty()) return {};
  if (ommers.size() > engine.most_ommers())
    return BlockError{BlockRule::ommer_count, fmt::format("too many ommers: there are {}, {} at most",
                                                          ommers.size(), engine.most_ommers())};
  const auto recent = recent_ancestors(ancestry, {block.header->number - 1, block.header->parent_hash});
  for (auto ommer = ommers.begin(); ommer != ommers.end(); ++ommer) {
    if (*ommer == block.header || std::find(ommers.begin(), ommer, *ommer) != ommer)
      return ommer_error(BlockRule::ommer_repeated, *ommer, "the block has it twice");
    if (auto error = check_ommer_place(recent, *ommer)) return error;
    if (auto error = check_ommer_header(spec, engine, recent, *ommer)) return error;
  }
  return {};
}

}  // namespace quarry
