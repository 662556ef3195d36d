#pragma once
/// \file
/// How many messages of each address are in work.

#include <string>
#include <unordered_map>

namespace quarry::rpc {

/// Loop thread.
class InWork {
 public:
  explicit InWork(std::size_t most) : most_(most) {}
  /// False when the address has as many as it may.
  bool enter(const std::string& address) {
    auto& count = counts_[address];
    if (count >= most_) return false;
    ++count;
    return true;
  }
  void leave(const std::string& address) {
    const auto found = counts_.find(address);
    if (--found->second == 0) counts_.erase(found);
  }
  std::size_t most() const { return most_; }

 private:
  const std::size_t most_;
  std::unordered_map<std::string, std::size_t> counts_;
};

}  // namespace quarry::rpc
