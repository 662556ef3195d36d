#pragma once
/// \file
/// The last few hashes that were seen: a set with a bound that forgets the oldest.

#include <cstddef>
#include <deque>
#include <unordered_set>

#include "core/fixed_bytes.hpp"

namespace quarry {

/// Not thread-safe. O(1) a call.
template <class Hash>
class RecentHashes {
 public:
  explicit RecentHashes(std::size_t most) : most_(most) {}

  bool has(const Hash& hash) const { return set_.contains(hash); }
  /// False when it was there already.
  bool add(const Hash& hash) {
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
  std::unordered_set<Hash> set_;
  std::deque<Hash> order_;
};

namespace sync {
using HashMemory = RecentHashes<BlockHash>;
}  // namespace sync

}  // namespace quarry
