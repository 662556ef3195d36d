#pragma once
/// \file
/// Accounts and slots that blocks read, kept from block to block.

#include <memory>
#include <unordered_map>

#include "core/state_diff.hpp"
#include "evm/journal.hpp"

namespace quarry {

/// Stands before the view of the state that the chain writes, which hashes an address for each read and asks
/// the database for what is not pending. Chain thread only.
class StateCache final : public StateView {
 public:
  /// Some 150 bytes each, of accounts and slots; when there are more it starts anew.
  static constexpr std::size_t kMostEntries = std::size_t{1} << 18;

  /// `base` outlives this.
  explicit StateCache(const StateView& base) : base_(base) {}

  std::optional<Account> account(const Address& address) const override;
  SlotValue slot(const Address& address, const SlotKey& key) const override;
  Bytes code(const CodeHash& hash) const override { return base_.code(hash); }

  /// `base` moved on by `diff`.
  void apply(const StateDiff& diff);
  /// `base` moved in another way.
  void clear();

 private:
  struct SlotHash {
    std::size_t operator()(const SlotKey& key) const noexcept { return evm::KeyHash{}(U256::from_be(key)); }
  };
  struct Entry {
    bool known = false;  ///< `account` is
    std::optional<Account> account;
    std::unordered_map<SlotKey, SlotValue, SlotHash> slots;
  };
  Entry& entry(const Address& address) const;
  void make_room() const;

  const StateView& base_;
  mutable std::unordered_map<Address, Entry, evm::KeyHash> accounts_;
  mutable std::size_t entries_ = 0;
};

}  // namespace quarry
