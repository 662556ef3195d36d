#include "node/clique_recover.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "consensus/stored_headers.hpp"
#include "storage/codec.hpp"

namespace quarry {
namespace {
/// Branches that part further below the head are no deadlock's.
constexpr BlockNum kDeepestFork = 1024;

std::size_t count_present(const clique::Snapshot& at, std::span<const Address> present) {
  return static_cast<std::size_t>(
      std::count_if(present.begin(), present.end(), [&](const Address& each) { return at.is_signer(each); }));
}

/// The stored headers, off the canonical chain, that weigh what the head does.
std::vector<SealedHeader> tied_with(const Database& database, const SealedHeader& head) {
  const ChainStore store(database);
  const auto weight = store.total_difficulty({head->number, head.hash()});
  std::vector<SealedHeader> out;
  Cursor at = database.cursor(Table::header);
  const BlockNum from = head->number - std::min(head->number, kDeepestFork);
  for (at.seek(number_key(from)); at.valid(); at.next()) {
    const auto id = read_block_id(at.key());
    if (!id || store.canonical_hash(id->number) == id->hash || !store.has_body(*id)) continue;
    if (store.total_difficulty(*id) != weight) continue;
    if (auto header = store.header(*id)) out.push_back(std::move(*header));
  }
  return out;
}

/// The branch down to the canonical chain; nothing when a block of it is not whole here.
std::optional<Rival> branch_of(const ChainStore& store, const SealedHeader& tip) {
  Rival out;
  BlockId at{tip->number, tip.hash()};
  for (; at.number > 0 && store.canonical_hash(at.number) != at.hash;) {
    auto block = store.block(at);
    if (!block) return std::nullopt;
    at = {at.number - 1, block->header->parent_hash};
    out.blocks.push_back(std::move(*block));
  }
  std::reverse(out.blocks.begin(), out.blocks.end());
  out.ancestor = at;
  return out;
}
}  // namespace

bool can_go_on(const clique::Snapshot& at, std::span<const Address> present) {
  return count_present(at, present) >= at.window();
}

Result<std::optional<GoOnAt>> last_to_go_on(const Database& database, const clique::CliqueEngine& engine,
                                            std::span<const Address> present) {
  const ChainStore store(database);
  const StoredHeaders headers(database);
  std::optional<GoOnAt> out;
  // Upwards: each snapshot is one step from the one before it.
  for (BlockNum number = 0; number <= store.heads().block.number; ++number) {
    const auto id = store.canonical_id(number);
    if (!id) break;
    const auto at = engine.snapshot(*id, headers);
    if (!at) return fail(at.error().detail, "`quarry db verify` lists what is damaged.");
    if (can_go_on(**at, present))
      out = GoOnAt{*id, count_present(**at, present), (*at)->signers.size(), (*at)->window()};
  }
  return out;
}

Result<std::optional<Rival>> better_rival(const Database& database, const clique::CliqueEngine& engine) {
  const ChainStore store(database);
  const StoredHeaders headers(database);
  const auto head = store.header(store.heads().block);
  if (!head)
    return fail("the head's header is not in the database", "`quarry db verify` lists what is damaged.");
  std::optional<SealedHeader> best;
  for (const SealedHeader& tip : tied_with(database, *head))
    if (engine.preferred(tip, best ? *best : *head, headers)) best = tip;
  if (!best) return std::optional<Rival>{};
  return branch_of(store, *best);
}

}  // namespace quarry
