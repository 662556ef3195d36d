#pragma once
/// \file
/// The last few hashes that were seen: a set with a bound that forgets the oldest.

#include <cstddef>
#include <deque>
#include <unordered_set>

#include "core/fixed_bytes.hpp"

namespace quarry::sync {

/// Not thread-safe. O(1) a call.
class HashMemory {
 public:
  explicit HashMemory(std::size_t most) : most_(most) {}

  bool has(const BlockHash& hash) const { return set_.contains(hash); }
  /// False when it was there already.
  bool add(const BlockHash& hash) {
    if (!set_.insert(hash).second) return false;
    order_.push_back(hash);
    if (order_.size() > most_) {
      set_.erase(order_.front());
      order_.pop_front();
    }
    return true;
  }
  std::size_t size() const { return order_.size(); }

 private:
  std::size_t most_;
  std::unordered_set<BlockHash> set_;
  std::deque<BlockHash> order_;
};

}  // namespace quarry::sync
