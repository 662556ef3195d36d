// Headers ahead of their bodies.
#include "consensus/chain_impl.hpp"
#include "core/log.hpp"

namespace quarry {
namespace {
/// Headers that go into one batch.
constexpr std::size_t kMostBatchHeaders = 2048;
}  // namespace

ImportResult ChainImpl::insert_headers(std::span<const SealedHeader> headers) {
  const auto began = SteadyClock::now();
  ImportResult result;
  std::size_t first = 0;
  while (first < headers.size() && store_.header(id_of(headers[first]))) ++first;
  result.ignored = first;
  std::size_t end = check_headers(
      first, headers.size(), [&](std::size_t i) -> const SealedHeader& { return headers[i]; }, result);
  if (end == first) return report_headers(result, headers, began);

  auto total = store_.total_difficulty({headers[first]->number - 1, headers[first]->parent_hash});
  QUARRY_CHECK(total.has_value());  // stored with every header
  std::vector<const Header*> unsealed;
  for (std::size_t i = first; i < end; ++i) unsealed.push_back(&*headers[i]);
  SealCheck seals(validator_.engine(), workers_, std::move(unsealed));
  committed_ = 0;
  for (std::size_t at = first; at < end && !result.disk;) {
    const std::size_t chunk = std::min(end, at + kMostBatchHeaders);
    std::size_t good = at;
    Verdict wrong;
    while (good < chunk && !(wrong = check_author(seals, good - first, headers[good]))) ++good;
    if (wrong)
      note_failure({id_of(headers[good]), std::move(wrong), {}}, headers[good], good, result), end = good;
    result.disk = put_headers(headers.subspan(at, good - at), *total);
    at = good;
  }
  result.inserted = committed_;
  return report_headers(result, headers, began);
}

std::optional<Error> ChainImpl::put_headers(std::span<const SealedHeader> headers, TotalDifficulty& total) {
  if (headers.empty()) return {};
  ChainWriter writer(batch_);
  for (const SealedHeader& header : headers) {
    total = add_difficulty(total, *header);
    writer.put_header(header, total);
  }
  pending_.count = headers.size();
  if (is_better(headers.back(), total, header_tip_)) follow_headers(headers, total);
  return commit();
}

/// Moves the header head and the canonical index above the head block to the end of `headers`. A branch that
/// left the chain below the head block waits for its bodies: only executed blocks may take their place.
void ChainImpl::follow_headers(std::span<const SealedHeader> headers, const TotalDifficulty& total) {
  std::vector<BlockId> stored;
  BlockId at{headers.front()->number - 1, headers.front()->parent_hash};
  while (!is_canonical(at)) {
    const auto header = store_.header(at);
    if (!header || at.number <= tip_.header->number) return;
    stored.push_back(at);
    at = {at.number - 1, (*header)->parent_hash};
  }
  if (at.number < tip_.header->number) return;
  unindex_fast_blocks(at.number);
  ChainWriter writer(batch_);
  for (const BlockId& id : stored) writer.set_canonical(id);
  for (const SealedHeader& header : headers) writer.set_canonical(id_of(header));
  for (BlockNum number = headers.back()->number + 1; number <= header_tip_.header->number; ++number)
    writer.erase_canonical(number);
  // Bodies fetched for the branch that is left do not count any more.
  if (fast_tip_.number > at.number) fast_tip_ = at;
  header_tip_ = {headers.back(), total};
}

ImportResult ChainImpl::report_headers(ImportResult result, std::span<const SealedHeader> headers,
                                       SteadyClock::time_point began) {
  if (result.inserted > 0) {
    const SealedHeader& last = headers[result.ignored + result.inserted - 1];
    log_info("Imported new block headers", {{"count", result.inserted},
                                            {"elapsed", std::chrono::nanoseconds(SteadyClock::now() - began)},
                                            {"number", last->number},
                                            {"hash", last.hash()},
                                            {"ignored", result.ignored}});
  }
  if (result.bad) report_bad(*result.bad);
  return result;
}

}  // namespace quarry
