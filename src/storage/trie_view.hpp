#pragma once
/// \file
/// The tries of one block's state in memory: proofs of what is in it and what is not (EIP-1186), and the
/// roots that changes to it would lead to.

#include <chrono>
#include <memory>
#include <optional>
#include <vector>

#include "core/expected.hpp"
#include "core/state_diff.hpp"

namespace quarry {

class Database;

/// The node table holds the head's tries. For an older block what changed since is laid back over them: the
/// work grows with the accounts and slots that changed, not with the state. One thread. The database outlives
/// this.
class TrieView {
 public:
  /// What laying back may cost.
  struct Bounds {
    /// Accounts and slots that changed since the block, some 100 bytes each while the view lives.
    std::size_t most_keys = 2'000'000;
    std::chrono::milliseconds most_time{5000};
  };

  /// The state after block `number` of the canonical chain. The error says which blocks can be had: above the
  /// head and below the oldest state there is none, and what lies too far back takes too long.
  [[nodiscard]] static Result<std::unique_ptr<TrieView>> at(const Database& database, BlockNum number,
                                                            const Bounds& bounds);
  TrieView(const TrieView&) = delete;
  TrieView& operator=(const TrieView&) = delete;
  ~TrieView();

  RootHash root() const;
  /// The account as the trie has it now; none when there is none.
  std::optional<Account> account(const Address& address) const;
  /// The nodes from the root towards the account (or slot), as RLP: where it is absent, up to the node that
  /// shows that. Nodes that lie inside others are not listed; an empty trie has none.
  std::vector<Bytes> prove(const Address& address);
  std::vector<Bytes> prove(const Address& address, const SlotKey& slot);

  /// Lays `diff` over: what root, account and prove tell from now on. Gives the new root.
  RootHash apply(const StateDiff& diff);

 private:
  struct Impl;
  explicit TrieView(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace quarry
