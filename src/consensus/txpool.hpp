#pragma once
/// \file
/// Transactions that wait for a block: checked against the head's state, ordered by nonce within an account
/// and by price among accounts. Kept in memory; those handed in here also in a journal, over restarts.

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/chain_spec.hpp"
#include "core/expected.hpp"
#include "core/transaction.hpp"

namespace quarry {

class Database;
struct HeadEvent;

/// A transaction in the pool, with what was found out once: who reads it need not hash or recover again.
struct PooledTxn {
  Transaction txn;
  TxnHash hash;
  Address sender;
  bool local = false;       ///< of a local account: no price floor, never evicted
  std::size_t bytes = 0;    ///< of its network form
  std::uint64_t order = 0;  ///< of arrival: between equal prices the first comes first
  std::chrono::steady_clock::time_point since;
};
using TxnRef = std::shared_ptr<const PooledTxn>;

/// Why the pool did not take a transaction.
enum class [[nodiscard]] PoolRule : std::uint8_t{
    already_known,
    invalid,         ///< a rule of transactions alone (evm/transition.hpp): "intrinsic gas too low", …
    invalid_sender,  ///< the signature is none
    type_not_pooled, oversized,          block_gas_limit, underpriced, replacement_underpriced,
    nonce_too_low,   insufficient_funds, account_full,    pool_full,
    no_state,  ///< a fast sync is under way
    reserved,  ///< by the pool of blob transactions
};
/// geth's first words: "nonce too low", "transaction underpriced".
std::string_view to_string(PoolRule rule);

/// `detail` starts with geth's words (to_string(rule), or for `invalid` those of the broken rule) and names
/// the values.
struct [[nodiscard]] PoolError {
  PoolRule rule;
  std::string detail;
};

struct TxPoolOptions {
  /// Transactions of others below this tip are refused (--gasprice, --txpool.pricelimit). Zero by default: on
  /// a private network a transaction that waits for ever is worse than a cheap one.
  U256 price_floor;
  /// A replacement pays at least so many percent more, in tip and in fee cap (geth: 10).
  unsigned price_bump_percent = 10;
  /// In all (geth: 4096 that can run and 1024 that cannot yet); the cheapest make room.
  std::size_t most_txns = 5120;
  /// Of these so many that wait for an earlier nonce.
  std::size_t most_queued = 1024;
  /// And so many of one account (geth: 64).
  std::size_t most_account_queued = 64;
  /// Bytes of their network forms, in all.
  std::size_t most_bytes = std::size_t{64} << 20;
  /// An account with more than this makes room for others when the pool is full (geth: 16).
  std::size_t fair_share = 16;
  /// What waits so long for an earlier nonce goes (geth: 3 h).
  std::chrono::seconds queued_lifetime = std::chrono::hours(3);
  /// Accounts that are local from the start. Others become so when a user of this node hands in one of
  /// their transactions.
  std::vector<Address> locals;
  /// What users of this node hand in is treated as everybody's, but for `locals`.
  bool no_locals = false;
  /// Where local transactions are kept over restarts, in geth's form; empty: nowhere.
  std::filesystem::path journal;
  /// The journal is written anew so often, without what is mined.
  std::chrono::seconds rejournal = std::chrono::hours(1);
  /// Seconds since 1970; none: the system's clock.
  std::function<Timestamp()> now = nullptr;
};

/// Transactions that can run, as a block takes them: the best tip first, each account's in order of nonce.
/// A copy of how the pool stood; one thread.
class TxnsByPrice {
 public:
  /// `accounts`: of each the transactions that can run, by nonce. Those that do not pay `base_fee` are left
  /// out, with what follows them.
  TxnsByPrice(std::vector<std::vector<TxnRef>> accounts, const U256& base_fee);
  /// The best one; nullptr when there is none left.
  const PooledTxn* best() const;
  /// It is in the block: on to the account's next.
  void take();
  /// It cannot be: the account's later ones cannot either.
  void skip_account();

 private:
  struct Line {
    std::vector<TxnRef> txns;
    std::size_t next = 0;
    U256 tip;
  };
  bool less(std::size_t a, std::size_t b) const;
  void push(std::size_t line);

  U256 base_fee_;
  std::vector<Line> lines_;
  std::vector<std::size_t> heap_;
};

/// Thread-safe.
class TxPool {
 public:
  /// The largest transaction it takes, in bytes of its network form (geth's txMaxSize today).
  static constexpr std::size_t kMostTxnBytes = std::size_t{128} << 10;
  using Added = Expected<TxnHash, PoolError>;

  /// Accounts that count as local, at most: each has sent something over RPC.
  static constexpr std::size_t kMostLocals = 65536;

  /// `database` outlives this; it holds a genesis. Takes in what the journal holds; one that cannot be read
  /// is reported in the log, and its readable part used.
  TxPool(const Database& database, const ChainSpec& spec, TxPoolOptions options = {});
  ~TxPool();
  TxPool(const TxPool&) = delete;
  TxPool& operator=(const TxPool&) = delete;

  /// Checks the transaction, recovers its sender (some 40 us, outside the lock) and keeps it. `local`: it was
  /// handed in by a user of this node.
  Added add(Transaction txn, bool local);
  /// The same for many at once, with one answer each, in order.
  std::vector<Added> add_all(std::vector<Transaction> txns, bool local);

  /// nullptr when it is not here.
  TxnRef get(const TxnHash& hash) const;
  /// The nonce that the account's next transaction should have: after those that can run.
  std::uint64_t pending_nonce(const Address& address) const;
  /// Has the account a transaction here with this nonce or a later one?
  bool holds(const Address& address, std::uint64_t nonce) const;
  /// Of accounts that are favoured: a user here handed in something of theirs, or the options name them.
  bool is_local(const Address& address) const;
  /// Moves on with every change of what can run, or of the head: what was made of the pool is old then.
  std::uint64_t generation() const;
  /// Those that can run in the next blocks, account by account, by nonce.
  std::vector<TxnRef> pending() const;
  /// Those that wait for an earlier nonce, likewise.
  std::vector<TxnRef> queued() const;
  struct Counts {
    std::size_t pending = 0, queued = 0;
  };
  Counts counts() const;
  /// What a block with this base fee (zero before London) takes.
  TxnsByPrice by_price(const U256& base_fee) const;
  /// The sender of a transaction that is or lately was in the pool: import need not recover it again.
  std::optional<Address> known_sender(const TxnHash& hash) const;

  U256 price_floor() const;
  /// Transactions of others that are cheaper go.
  void set_price_floor(const U256& floor);

  /// All go.
  void clear();

  /// The head moved: mined ones go, those of abandoned blocks come back, what became invalid is dropped. To
  /// be called from Chain::on_head's listener (chain thread).
  void on_head(const HeadEvent& event);

  using NewTxns = std::function<void(const std::vector<TxnRef>&)>;
  /// Called with those that can run now and could not before, outside the lock, on the thread that added
  /// them (after a head event the chain thread). Before the first add; several listeners may be set.
  void on_new(NewTxns listener);

  /// Does another pool have transactions of the account with this nonce or a later one? Then add() refuses
  /// the account's: it uses one pool at a time. Called under this pool's lock, so it takes none that is held
  /// while this pool is asked. nullptr: no other pool.
  using Reserved = std::function<bool(const Address&, std::uint64_t nonce)>;
  void set_reserved(Reserved reserved);

  /// Writes the journal anew, as happens every `rejournal`, at the start and at the end.
  void rejournal();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace quarry
