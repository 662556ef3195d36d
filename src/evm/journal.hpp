#pragma once
/// \file
/// The state while a block runs: read through a view of what was before, changed in memory, taken back at
/// will. One thread at a time.

#include <deque>
#include <unordered_map>
#include <vector>

#include "core/receipt.hpp"
#include "core/state_diff.hpp"
#include "evm/code.hpp"

namespace quarry::evm {

/// Spreads keys that an attacker may choose: seeded once a process.
struct KeyHash {
  std::size_t operator()(const Address& key) const noexcept;
  std::size_t operator()(const U256& key) const noexcept;
};

/// A storage slot that was looked at in this block.
struct Slot {
  U256 current;
  U256 original;  ///< at the transaction's start: what SSTORE's gas asks (EIP-2200); see Journal::slot
  U256 before;    ///< at the block's start
  std::uint32_t txn = 0;  ///< the transaction that `original` and `warm` are of
  bool warm = false;      ///< EIP-2929
};

/// An account that was looked at in this block. Stays at its place in memory as long as the journal lives.
struct AccountState {
  Address address;
  bool exists = false;  ///< is in the state, be it empty
  std::uint64_t nonce = 0;
  Wei balance;
  CodeHash code_hash;
  CodeRef code;           ///< once asked for, or set
  bool new_code = false;  ///< was set in this block
  std::unordered_map<U256, Slot, KeyHash> slots;

  bool storage_cleared = false;   ///< slots that were not written in this block are zero
  bool has_old_storage = false;   ///< had storage when it was read first
  bool changed = false;           ///< differs, perhaps, from the block's start
  bool existed = false;           ///< at the block's start
  std::uint32_t warm_txn = 0;     ///< warm in this transaction; precompiles always are
  std::uint32_t touched_txn = 0;  ///< to be removed at the end of this transaction if empty (EIP-161)
  std::uint32_t created_txn = 0;  ///< a contract made in this transaction (EIP-6780)
  std::uint32_t destructed_txn = 0;

  bool is_empty() const { return nonce == 0 && balance.is_zero() && code_hash == kEmptyCodeHash; }
};

class Journal {
 public:
  /// `base` and `codes` outlive this. `base` is the state before the block; it says of each account whether
  /// it has storage (Account::storage_root).
  Journal(const StateView& base, const Rules& rules, CodeCache& codes = shared_code_cache());
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  // Accounts. A reference stays valid; read its fields, change them through the journal only.
  AccountState& account(const Address& address);
  /// EIP-161's "dead", before that rule: not in the state.
  bool is_dead(const AccountState& account) const;
  /// The code as analysed, nullptr when there is none.
  const Code* code(AccountState& account);
  ByteView code_bytes(AccountState& account);

  void set_balance(AccountState& account, const Wei& balance);
  void add_balance(AccountState& account, const Wei& amount) {
    set_balance(account, account.balance + amount);
  }
  /// The balance suffices. By value: the amount may be a balance that changes on the way.
  void transfer(AccountState& from, AccountState& to, Wei amount);
  void set_nonce(AccountState& account, std::uint64_t nonce);
  void set_code(AccountState& account, Bytes code);
  /// A call reaches the account: it is made before EIP-161, and removed after the transaction if empty from
  /// then on.
  void touch(AccountState& account);
  /// A contract is being made here: the account exists, without storage, with a nonce of 1 from EIP-161 on,
  /// and keeps its balance.
  void create_contract(AccountState& account);
  /// Marks the account to be removed at the transaction's end, its balance taken; from Cancun on only if the
  /// transaction made it (EIP-6780). False when it was marked before.
  bool selfdestruct(AccountState& account, AccountState& beneficiary);

  // Storage.
  Slot& slot(AccountState& account, const U256& key);
  void set_slot(AccountState& account, Slot& slot, const U256& value);
  U256 transient(const AccountState& account, const U256& key) const;
  void set_transient(const AccountState& account, const U256& key, const U256& value);

  // Access (EIP-2929). True when it was cold.
  bool warm_up(AccountState& account) {
    if (account.warm_txn >= txn_) return false;
    return warm_up_cold(account);
  }
  bool warm_up(Slot& slot) {
    if (slot.warm) return false;
    return warm_up_cold(slot);
  }

  // Logs and refund of the transaction.
  void add_log(Log log);
  const std::vector<Log>& logs() const { return logs_; }
  std::uint64_t refund() const { return refund_; }
  void add_refund(std::uint64_t amount);
  void sub_refund(std::uint64_t amount);

  // Taking back.
  using Mark = std::size_t;
  Mark mark() const { return undo_.size(); }
  void revert(Mark mark);

  // Transactions and the block.
  /// Removes what the transaction destroyed or left empty; warmth, transient storage, logs and refund are
  /// gone.
  void end_transaction();
  /// What changed since the block's start; between transactions only.
  StateDiff diff() const;
  const Rules& rules() const { return rules_; }
  const StateView& base() const { return base_; }

 private:
  struct Undo;
  bool warm_up_cold(AccountState& account);
  bool warm_up_cold(Slot& slot);
  void note(Undo undo) { undo_.push_back(std::move(undo)); }
  AccountState& load(const Address& address);
  void remove(AccountState& account);
  void take_back(Undo& undo);

  struct Undo {
    enum class What : std::uint8_t {
      balance,
      nonce,
      code,
      exists,
      slot,
      transient,
      warm_account,
      warm_slot,
      touched,
      created,
      destructed,
      log,
      refund,
    } what;
    AccountState* account = nullptr;
    Slot* slot = nullptr;
    U256 value = {};  ///< what was there, where it is a number
    CodeRef code = {};
    CodeHash code_hash = {};
  };
  struct TransientKey {
    Address address;
    U256 key;
    friend bool operator==(const TransientKey&, const TransientKey&) = default;
  };
  struct TransientHash {
    std::size_t operator()(const TransientKey& key) const noexcept;
  };

  const StateView& base_;
  const Rules rules_;
  CodeCache& codes_;
  std::unordered_map<Address, AccountState, KeyHash> accounts_;
  AccountState* last_ = nullptr;  ///< most lookups ask for the account of the one before
  std::unordered_map<TransientKey, U256, TransientHash> transient_;
  std::vector<std::pair<TransientKey, U256>> transient_undo_;
  std::vector<Undo> undo_;
  std::vector<AccountState*> touched_;  ///< in this transaction: may have to go at its end
  std::vector<Log> logs_;
  std::uint64_t refund_ = 0;
  std::uint32_t txn_ = 1;
};

}  // namespace quarry::evm
