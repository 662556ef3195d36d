#pragma once
/// \file
/// A block's state with the changes of simulated blocks laid over it.

#include <map>

#include "core/state_diff.hpp"
#include "storage/trie_view.hpp"

namespace quarry::rpc {

/// Follows what is applied. One thread.
class LayeredState final : public StateView {
 public:
  /// `base` and `tries` are of the same block, and outlive this.
  LayeredState(const StateView& base, TrieView& tries) : base_(base), tries_(tries) {}

  std::optional<Account> account(const Address& address) const override;
  SlotValue slot(const Address& address, const SlotKey& key) const override;
  Bytes code(const CodeHash& hash) const override;

  /// Gives the root after it.
  RootHash apply(const StateDiff& diff);

 private:
  struct Storage {
    bool cleared = false;  ///< nothing of the base is left
    std::map<SlotKey, SlotValue> slots;
  };
  const StateView& base_;
  TrieView& tries_;
  std::map<Address, std::optional<Account>> accounts_;
  std::map<Address, Storage> storages_;
  std::map<CodeHash, Bytes> codes_;
};

}  // namespace quarry::rpc
