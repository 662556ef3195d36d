#pragma once
/// \file
/// The account trie and the storage tries under it, changed together. Private to storage; one thread.

#include <optional>
#include <unordered_map>
#include <vector>

#include "core/account.hpp"
#include "storage/trie_edit.hpp"

namespace quarry {

struct SlotDelta {
  SlotHash key;
  SlotValue before, after;  ///< zero: none
};
struct AccountDelta {
  AddressHash key;
  std::optional<Account> before, after;
  std::vector<SlotDelta> slots;  ///< sorted by key
};
/// How one state differs from another. Sorted by key.
using StateDelta = std::vector<AccountDelta>;

/// The same change taken back.
StateDelta inverse(StateDelta delta);

class StateTrie {
 public:
  /// A changed version, not taken over yet.
  struct Version {
    trie::NodePtr accounts;
    std::vector<std::pair<AddressHash, trie::NodePtr>> storages;  ///< those that changed
    trie::Paths emptied;
    std::vector<trie::Paths> storages_emptied;  ///< of each of `storages`
    RootHash root;
    /// What is gone has no storage: its slots went with it. False only when the delta was read from a
    /// damaged change set.
    bool sound = true;
  };

  /// Nodes come from `reader`; none for a state that is only built.
  StateTrie(const DatabaseReader* reader, const RootHash& root)
      : reader_(reader), accounts_{trie::root_node(root), {}}, root_(root) {}

  const RootHash& root() const { return root_; }

  /// The tries after `delta`; sets the storage roots in its `after`s.
  Version changed(StateDelta& delta) { return changed(delta, false); }
  /// The same, taken over at once: what stood before is gone. Was it sound?
  bool change(StateDelta& delta) {
    Version version = changed(delta, true);
    const bool sound = version.sound;
    take(std::move(version));
    return sound;
  }
  void take(Version version);

  /// Puts what changed since the last time into `batch`, and counts it as stored.
  void store(Batch& batch);
  /// Keeps about `most` nodes in memory, those last used. Only what is stored can go.
  void trim(std::size_t most);
  /// Nodes made or read since the last trim that did something.
  std::size_t grown() const { return grown_; }

  /// The RLP of the node at `path` of the account trie or of a storage trie, if a node of its own is there.
  std::optional<Bytes> node(const std::optional<AddressHash>& account, ByteView path);

 private:
  struct Trie {
    trie::NodePtr root;
    trie::Paths emptied;
  };
  Version changed(StateDelta& delta, bool in_place);
  trie::NodePtr changed_storage(AccountDelta& delta, trie::Paths& emptied, bool in_place);
  trie::NodePtr changed_accounts(const StateDelta& delta, trie::Paths& emptied, bool in_place);

  const DatabaseReader* reader_;
  Trie accounts_;
  std::unordered_map<AddressHash, Trie> storages_;
  RootHash root_;
  std::uint32_t now_ = 1;
  std::size_t grown_ = 0;
};

}  // namespace quarry
