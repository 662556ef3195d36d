#pragma once
/// \file
/// Hashes of blocks that were refused, the latest ones.

#include <deque>
#include <unordered_set>

#include "core/fixed_bytes.hpp"

namespace quarry {

/// Bounded: the oldest is forgotten first. One thread.
class BadBlocks {
 public:
  explicit BadBlocks(std::size_t most) : most_(most) {}

  void add(const BlockHash& hash) {
    if (!hashes_.insert(hash).second) return;
    order_.push_back(hash);
    if (order_.size() <= most_) return;
    hashes_.erase(order_.front());
    order_.pop_front();
  }
  bool contains(const BlockHash& hash) const { return hashes_.contains(hash); }

 private:
  std::size_t most_;
  std::unordered_set<BlockHash> hashes_;
  std::deque<BlockHash> order_;
};

}  // namespace quarry
