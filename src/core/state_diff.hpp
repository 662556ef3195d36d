#pragma once
/// \file
/// What executing a block asks of the state and what it changes: the words that execution and storage share.

#include <map>
#include <optional>

#include "core/account.hpp"

namespace quarry {

/// Read access to the state at one block. Implementations say their thread.
class StateView {
 public:
  virtual ~StateView() = default;
  virtual std::optional<Account> account(const Address& address) const = 0;
  /// Zero when the slot was never written.
  virtual SlotValue slot(const Address& address, const SlotKey& key) const = 0;
  virtual Bytes code(const CodeHash& hash) const = 0;
};

/// One account's change. The storage root inside `after` is not read: storage computes it.
struct AccountChange {
  std::optional<Account> after;  ///< none: the account is gone, and all its storage with it
  /// The account was removed and made anew in this block: its old storage goes before `slots` is applied.
  bool storage_cleared = false;
  std::map<SlotKey, SlotValue> slots;  ///< new values; zero removes
};

/// The changes of one block (or of the genesis), ordered so that equal diffs have equal forms.
struct StateDiff {
  std::map<Address, AccountChange> accounts;
  std::map<CodeHash, Bytes> codes;  ///< code deployed in this block
};

}  // namespace quarry
