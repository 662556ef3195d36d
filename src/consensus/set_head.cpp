// The head is taken back because somebody asked for it.
#include "consensus/chain_impl.hpp"
#include "core/log.hpp"
#include "storage/rewind.hpp"

namespace quarry {

namespace {
/// Blocks that are looked through for logs that subscribers have to be told of.
constexpr BlockNum kMostErasedLookedAt = 4096;
}  // namespace

Result<> ChainImpl::set_head(BlockNum number) {
  const ChainHead before = tip_;
  HeadEvent event;
  event.before = before;
  for (auto at = before.header->number; at > number && event.erased.size() < Chain::kMostErased; --at) {
    if (before.header->number - at >= kMostErasedLookedAt) break;
    const auto id = store_.canonical_id(at);
    auto loaded = id ? store_.block(*id) : std::nullopt;
    if (!loaded) continue;
    const auto block = std::make_shared<const Block>(std::move(*loaded));
    if (event.removed.size() < Chain::kMostEventBlocks) event.removed.push_back(block);
    if (block->header->logs_bloom.is_zero()) continue;
    if (auto receipts = store_.receipts(*id)) event.erased.push_back({block, std::move(*receipts)});
  }
  const auto report = rewind_chain(database_, number);
  // A long way is several batches: wherever it ended, that is where the chain is now.
  forget_pending();
  side_.clear();
  if (auto loaded = load(); !loaded) return loaded;
  if (tip_.header.hash() != before.header.hash()) {
    log_info("Took the head back", {{"from", before.header->number}, {"number", tip_.header->number}});
    event.after = tip_;
    event.removed_count = before.header->number - tip_.header->number;
    announce(std::move(event));
  }
  if (!report) return tl::unexpected(report.error());
  return {};
}

}  // namespace quarry
