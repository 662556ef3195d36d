#include "consensus/ancestor.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace quarry::sync {
namespace {
constexpr BlockNum kSpanStep = 16;
constexpr BlockNum kSpanSteps = 12;
}  // namespace

AncestorSearch::AncestorSearch(const ChainReader& chain, BlockNum our_top, BlockNum their_top)
    : chain_(chain), our_top_(our_top) {
  const BlockNum top = std::min(our_top, their_top);
  low_ = {0, chain.canonical_hash(0).value_or(BlockHash{})};
  high_ = top + 1;
  const BlockNum steps = std::min(kSpanSteps, top / kSpanStep);
  from_ = top - steps * kSpanStep;
  count_ = steps + 1;
  if (top == 0) found_ = low_;
}

HeaderQuery AncestorSearch::question() const {
  return {from_, count_, step_ - 1, false};
}

bool AncestorSearch::shared(const SealedHeader& header) const {
  return chain_.canonical_hash(header->number) == header.hash();
}

std::optional<std::string> AncestorSearch::on_headers(std::span<const SealedHeader> headers) {
  if (headers.size() != count_)
    return fmt::format("sent {} BlockHeaders where {} from block {} on were asked for and lie below its head",
                       headers.size(), count_, from_);
  for (std::size_t i = 0; i < headers.size(); ++i) {
    const BlockNum wanted = from_ + i * step_;
    if (headers[i]->number != wanted)
      return fmt::format("sent header number {} where number {} was asked for", headers[i]->number, wanted);
    if (wanted >= high_) continue;
    if (shared(headers[i])) {
      low_ = {wanted, headers[i].hash()};
    } else {
      high_ = wanted;
    }
  }
  settle();
  if (found_ && our_top_ - found_->number > kMostForkDepth)
    return fmt::format(
        "invalid ancestor: its chain leaves ours at block {}, {} blocks below our head {}; at most {} are "
        "switched",
        found_->number, our_top_ - found_->number, our_top_, kMostForkDepth);
  return std::nullopt;
}

/// Chooses the next question, or ends the search.
void AncestorSearch::settle() {
  const BlockNum between = high_ - low_.number - 1;
  if (between == 0) {
    found_ = low_;
  } else if (between < kSpanStep) {
    from_ = low_.number + 1, count_ = between, step_ = 1;
  } else {
    from_ = low_.number + (between + 1) / 2, count_ = 1, step_ = 1;
  }
}

}  // namespace quarry::sync
