#pragma once
/// \file
/// How many of something each address has: messages in work, WebSockets.

#include <string>
#include <unordered_map>

namespace quarry::rpc {

/// Loop thread.
class PerAddress {
 public:
  explicit PerAddress(std::size_t most) : most_(most) {}
  /// False when the address has as many as it may.
  bool enter(const std::string& address) {
    auto& count = counts_[address];
    if (count >= most_) return false;
    ++count;
    return true;
  }
  bool has_room(const std::string& address) const {
    const auto found = counts_.find(address);
    return found == counts_.end() || found->second < most_;
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
