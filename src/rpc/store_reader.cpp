#include "rpc/store_reader.hpp"

#include <fmt/format.h>

#include "consensus/clique/engine.hpp"
#include "storage/log_index.hpp"

namespace quarry::rpc {

StoreReader::StoreReader(const Database& database, const Authority* authority)
    : database_(database), chain_(database), state_(database), authority_(authority) {}

BlockId StoreReader::head() const {
  return chain_.heads().block;
}
std::optional<BlockId> StoreReader::canonical(BlockNum number) const {
  return chain_.canonical_id(number);
}
std::optional<BlockId> StoreReader::find(const BlockHash& hash) const {
  return chain_.id_of(hash);
}
std::optional<SealedHeader> StoreReader::header(const BlockId& id) const {
  return chain_.header(id);
}
std::vector<BlockNum> StoreReader::blocks_with_logs(const LogTerms& terms, BlockNum first, BlockNum last,
                                                    std::size_t most) const {
  std::vector<BlockNum> out;
  LogWalk walk(database_, terms);
  for (BlockNum from = first; from <= last && out.size() < most; from = out.back() + 1) {
    const auto block = walk.next(from);
    if (!block || *block > last) break;
    out.push_back(*block);
  }
  return out;
}

std::optional<Block> StoreReader::block(const BlockId& id) const {
  return chain_.block(id);
}
std::optional<TotalDifficulty> StoreReader::total_difficulty(const BlockId& id) const {
  return chain_.total_difficulty(id);
}

std::optional<std::vector<Receipt>> StoreReader::receipts(const BlockId& id) const {
  // A block without transactions has none to keep.
  if (auto kept = chain_.receipts(id)) return kept;
  const auto body = chain_.body(id);
  if (!body || !body->transactions.empty()) return std::nullopt;
  return std::vector<Receipt>{};
}

std::optional<TxnLocation> StoreReader::find_transaction(const TxnHash& hash) const {
  const auto place = chain_.txn_place(hash);
  // Above the head block there are headers only.
  if (!place || place->number > head().number) return std::nullopt;
  const auto id = chain_.canonical_id(place->number);
  if (!id) return std::nullopt;
  return TxnLocation{*id, place->index};
}

/// More than half of the signers have signed on a block that lies so deep.
FinalityDepths StoreReader::finality() const {
  if (authority_ == nullptr) return depths_;
  const auto at = authority_->engine.snapshot(head(), authority_->headers);
  if (!at) return depths_;
  return {(*at)->window(), (*at)->window()};
}

BlockNum StoreReader::oldest_state() const {
  return state_.oldest_state().value_or(head().number);
}

Result<> StoreReader::check_canonical(const BlockId& id) const {
  if (chain_.canonical_id(id.number) == id) return {};
  return fail(fmt::format("the state of block {} ({}) is not kept: it is not on the canonical chain",
                          id.number, id.hash.hex()));
}

Result<std::unique_ptr<TrieView>> StoreReader::tries_at(const BlockId& id,
                                                        const TrieView::Bounds& bounds) const {
  if (auto known = check_canonical(id); !known) return tl::unexpected(known.error());
  return TrieView::at(database_, id.number, bounds);
}

Result<std::unique_ptr<StateView>> StoreReader::state_at(const BlockId& id) const {
  if (auto known = check_canonical(id); !known) return tl::unexpected(known.error());
  if (auto view = state_.at(id.number)) return view;
  const auto head = state_.head();
  const auto oldest = state_.oldest_state();
  if (!head || !oldest) {
    return fail("the state is not here yet: it is being downloaded", "eth.syncing tells how far it is.");
  }
  return fail(fmt::format("the state of block {} is not kept", id.number),
              fmt::format("States of the blocks {} to {} can be read.", *oldest, head->number));
}

}  // namespace quarry::rpc
