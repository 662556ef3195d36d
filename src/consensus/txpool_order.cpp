// The order in which a block takes transactions.
#include <algorithm>

#include "consensus/txpool.hpp"

namespace quarry {

TxnsByPrice::TxnsByPrice(std::vector<std::vector<TxnRef>> accounts, const U256& base_fee)
    : base_fee_(base_fee) {
  for (auto& txns : accounts) {
    lines_.push_back({std::move(txns), 0, {}});
    push(lines_.size() - 1);
  }
}

/// For the heap, whose top is the greatest.
bool TxnsByPrice::less(std::size_t a, std::size_t b) const {
  const Line &one = lines_[a], &other = lines_[b];
  if (one.tip != other.tip) return one.tip < other.tip;
  return one.txns[one.next]->order > other.txns[other.next]->order;
}

/// The line takes part again, unless it is at its end or does not pay the base fee.
void TxnsByPrice::push(std::size_t at) {
  Line& line = lines_[at];
  if (line.next == line.txns.size()) return;
  const Transaction& txn = line.txns[line.next]->txn;
  if (txn.max_fee_per_gas < base_fee_) return;
  line.tip = std::min(txn.max_priority_fee_per_gas, txn.max_fee_per_gas - base_fee_);
  heap_.push_back(at);
  std::push_heap(heap_.begin(), heap_.end(), [this](std::size_t a, std::size_t b) { return less(a, b); });
}

const PooledTxn* TxnsByPrice::best() const {
  if (heap_.empty()) return nullptr;
  const Line& line = lines_[heap_.front()];
  return line.txns[line.next].get();
}

void TxnsByPrice::take() {
  const std::size_t at = heap_.front();
  skip_account();
  ++lines_[at].next;
  push(at);
}

void TxnsByPrice::skip_account() {
  std::pop_heap(heap_.begin(), heap_.end(), [this](std::size_t a, std::size_t b) { return less(a, b); });
  heap_.pop_back();
}

}  // namespace quarry
