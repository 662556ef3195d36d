#include "consensus/merge_engine.hpp"

namespace quarry {

void MergeEngine::verify_seals(std::span<const Header* const> headers, std::span<Verdict> verdicts) {
  if (seals_ == SealPolicy::none_if_merging) return;
  std::vector<const Header*> sealed;
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < headers.size(); ++i) {
    if (headers[i]->difficulty.is_zero()) continue;
    sealed.push_back(headers[i]);
    places.push_back(i);
  }
  if (sealed.empty()) return;
  std::vector<Verdict> found(sealed.size());
  before_->verify_seals(sealed, found);
  for (std::size_t i = 0; i < places.size(); ++i) verdicts[places[i]] = std::move(found[i]);
}

Verdict MergeEngine::check_lineage(const SealedHeader& header, const HeaderSource& headers) {
  if (header->difficulty.is_zero() || seals_ == SealPolicy::none_if_merging) return {};
  return before_->check_lineage(header, headers);
}

Address MergeEngine::author(const Header& header) const {
  return header.difficulty.is_zero() ? header.beneficiary : before_->author(header);
}

}  // namespace quarry
