#pragma once
/// \file
/// The transaction pool's inside, shared by the files that implement it: txpool.cpp (what comes and goes) and
/// txpool_keep.cpp (the journal, what waits too long).

#include <condition_variable>
#include <ctime>
#include <deque>
#include <map>
#include <mutex>
#include <set>
#include <thread>
#include <unordered_map>

#include "consensus/base_fee.hpp"
#include "consensus/pool_table.hpp"
#include "consensus/txpool.hpp"
#include "consensus/txpool_journal.hpp"
#include "core/check.hpp"
#include "evm/env.hpp"
#include "storage/chain_store.hpp"
#include "storage/state_store.hpp"

namespace quarry {

/// What is remembered of transactions that left the pool for a block, for when that block is executed or
/// abandoned: some 100 bytes each.
class Recent {
 public:
  static constexpr std::size_t kMost = 16384;
  struct Entry {
    Address sender;
    bool local = false;
  };
  void add(const PooledTxn& txn) {
    if (!entries_.emplace(txn.hash, Entry{txn.sender, txn.local}).second) return;
    order_.push_back(txn.hash);
    if (order_.size() <= kMost) return;
    entries_.erase(order_.front());
    order_.pop_front();
  }
  std::optional<Entry> find(const TxnHash& hash) const {
    const auto found = entries_.find(hash);
    return found == entries_.end() ? std::nullopt : std::optional(found->second);
  }

 private:
  std::unordered_map<TxnHash, Entry> entries_;
  std::deque<TxnHash> order_;
};

inline std::vector<TxnRef> flat(std::vector<std::vector<TxnRef>> lines) {
  std::vector<TxnRef> out;
  for (auto& line : lines) std::move(line.begin(), line.end(), std::back_inserter(out));
  return out;
}

struct TxPool::Impl {
  Impl(const Database& db, const ChainSpec& s, TxPoolOptions o)
      : states(db), spec(s), options(std::move(o)), table(options) {
    if (!options.now) options.now = [] { return static_cast<Timestamp>(std::time(nullptr)); };
    const ChainStore store(db);
    const auto header = store.header(store.heads().block);
    QUARRY_CHECK(header.has_value());
    head = **header;
    locals.insert(options.locals.begin(), options.locals.end());
    if (!options.journal.empty() && !options.no_locals) journal.emplace(options.journal);
  }

  /// The block that a transaction which comes now could be in.
  evm::BlockEnv next_block() const {
    evm::BlockEnv env;
    env.number = head.number + 1;
    env.timestamp = std::max(head.timestamp + 1, options.now());
    env.rules = spec.forks.rules(env.number, env.timestamp);
    env.gas_limit = head.gas_limit;
    env.chain_id = spec.chain_id;
    if (env.rules.has(Fork::london)) env.base_fee = next_base_fee(spec, head);
    return env;
  }
  Standing standing(const StateView& view, const Address& address) const {
    const auto account = view.account(address).value_or(Account{});
    return {account.nonce, account.balance, head.gas_limit};
  }

  Expected<TxnRef, PoolError> examine(Transaction txn, bool local, const evm::BlockEnv& env);
  std::optional<PoolError> check_price(const PooledTxn& txn) const;
  /// Under the lock.
  Added place(const StateView* view, TxnRef txn, std::vector<TxnRef>& ready);
  void settle_blocks(const HeadEvent& event, std::vector<TxnRef>& back);
  void tell(const std::vector<TxnRef>& ready) const;
  std::vector<Added> add_all(std::vector<Transaction> txns, bool local);

  bool is_favoured(const Address& address) const { return locals.contains(address); }
  /// Under the lock: from now on all of the account's transactions are local.
  void favour(const Address& address);
  void keep(const std::vector<TxnHash>& hashes);
  void rejournal();
  bool load_journal();
  /// Local transactions that have waited for a minute: nobody sees what they wait for unless told.
  void report_gaps();
  void run_ticks(const std::stop_token& stop);

  const StateStore states;
  const ChainSpec spec;
  TxPoolOptions options;
  std::vector<NewTxns> listeners;

  mutable std::mutex mutex;  ///< guards what follows, and options.price_floor
  Reserved reserved;         ///< none: there is no other pool
  Header head;
  PoolTable table;
  Recent recent;
  std::uint64_t arrived = 0;
  std::uint64_t generation = 0;
  std::set<Address> locals;
  std::map<Address, std::uint64_t> gaps_told;  ///< the missing nonce that the log has named

  std::mutex journal_mutex;  ///< taken before `mutex`, never after it; guards what follows
  std::optional<TxnJournal> journal;
  bool journal_loaded = false;

  std::mutex tick_mutex;
  std::condition_variable_any tick;
  std::jthread ticker;  ///< last, so that it stops first
};

}  // namespace quarry
