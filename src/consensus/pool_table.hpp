#pragma once
/// \file
/// What the transaction pool keeps, and who makes room for whom. Private to the pool: no lock, no state of
/// its own; who calls says how the accounts stand.

#include <map>
#include <set>

#include "consensus/txpool.hpp"

namespace quarry {

/// How an account stands at the head, and what a block there takes.
struct Standing {
  std::uint64_t nonce = 0;
  Wei balance;
  Gas block_gas_limit = 0;
};

/// The most a transaction can cost its sender; nothing when that passes 2^256 - 1.
std::optional<Wei> most_cost(const Transaction& txn);

class PoolTable {
 public:
  explicit PoolTable(const TxPoolOptions& options) : options_(options) {}

  TxnRef find(const TxnHash& hash) const;
  /// Nothing when the account has none here.
  std::optional<std::uint64_t> next_nonce(const Address& address) const;
  /// Has the account one with this nonce or a later one?
  bool holds(const Address& address, std::uint64_t nonce) const;
  std::vector<Address> senders() const;
  TxPool::Counts counts() const { return {ready_, by_hash_.size() - ready_}; }
  /// Account by account: those that can run, or else those that cannot yet.
  std::vector<std::vector<TxnRef>> ready_lines() const;
  std::vector<std::vector<TxnRef>> queued_lines() const;

  /// Takes `txn` in; what can run now and could not before is put behind `ready`.
  std::optional<PoolError> place(const TxnRef& txn, const Standing& standing, std::vector<TxnRef>& ready);
  /// The account stands like this now: what is mined, too dear or too large goes.
  void update(const Address& address, const Standing& standing, std::vector<TxnRef>& ready);
  void erase(const TxnHash& hash);
  /// What the account has here counts as local from now on.
  void make_local(const Address& address);
  /// Others' transactions with a lower tip.
  void erase_below(const U256& price_floor);
  /// Others' transactions that came before `time` and still cannot run.
  void erase_stale(std::chrono::steady_clock::time_point time);

 private:
  struct Account {
    std::uint64_t nonce = 0;  ///< at the head
    std::map<std::uint64_t, TxnRef> txns;
    std::size_t ready = 0;  ///< so many, the first ones, follow the nonce and each other

    std::size_t queued() const { return txns.size() - ready; }
    std::uint64_t next_nonce() const { return nonce + ready; }
  };
  using Accounts = std::map<Address, Account>;
  /// The cheapest first, and of equal ones the last to come: the order in which room is made.
  struct Cheaper {
    bool operator()(const TxnRef& a, const TxnRef& b) const;
  };

  std::optional<PoolError> check(const PooledTxn& txn, const Standing& standing) const;
  std::optional<PoolError> check_replacement(const PooledTxn& old, const PooledTxn& txn) const;
  std::optional<PoolError> make_room(const PooledTxn& txn);
  std::optional<PoolError> make_queue_room(const PooledTxn& txn, std::uint64_t next_nonce);
  TxnRef crowded_out(const PooledTxn& txn) const;
  void insert(Account& account, const TxnRef& txn);
  void remove(const TxnRef& txn);
  void unlink(Account& account, const TxnRef& txn);
  /// Counts the ready ones anew.
  void settle(Account& account, std::vector<TxnRef>* ready);
  template <class Pick>
  std::vector<std::vector<TxnRef>> lines(Pick pick) const;
  template <class Drop>
  void erase_remote_if(Drop drop);

  const TxPoolOptions& options_;
  Accounts accounts_;
  std::map<TxnHash, TxnRef> by_hash_;
  std::set<TxnRef, Cheaper> remote_;
  std::size_t ready_ = 0;
  std::size_t bytes_ = 0;
};

}  // namespace quarry
