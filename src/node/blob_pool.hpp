#pragma once
/// \file
/// Blob transactions that wait for a block, whole with their blobs (EIP-4844, EIP-7594). A pool of its own:
/// they are some hundred kilobytes each, and other rules hold for them (as in geth's blob pool).

#include <deque>
#include <filesystem>
#include <map>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <vector>

#include "consensus/engine.hpp"
#include "consensus/txpool.hpp"
#include "core/blob_sidecar.hpp"
#include "evm/env.hpp"
#include "node/blob_store.hpp"

namespace quarry {

class Database;
class StateView;

/// Why the pool did not take a blob transaction.
struct [[nodiscard]] BlobError {
  /// The blobs are not the transaction's: whoever sent them lies.
  bool is_forged = false;
  Error error;
};

struct BlobPoolOptions {
  /// Where transactions are kept over restarts (node/blob_store.hpp); empty: nowhere.
  std::filesystem::path folder = {};
  /// Blobs in all, 128 KiB each: 128 MiB. When it is full the worst make room for one that pays more.
  std::size_t most_blobs = 1024;
  /// What a block has is kept with its blobs for so many blocks more, should the block be abandoned: a beacon
  /// chain makes blocks final within three epochs of 32 …
  std::size_t limbo_blocks = 96;
  /// … and at most so many bytes of it, the latest.
  std::size_t limbo_bytes = std::size_t{64} << 20;
};

/// Thread-safe. Nobody makes blocks of these here: a beacon chain orders them. They are held, shown and
/// handed on until a block has them, and then kept for a while (geth's "limbo").
class BlobPool {
 public:
  /// Transactions of one account (geth: 16).
  static constexpr std::size_t kMostAccountTxns = 16;
  /// A replacement pays so many percent more in all three prices (geth: 100): it makes peers fetch blobs
  /// anew.
  static constexpr unsigned kPriceBumpPercent = 100;
  /// Of a transaction with its blobs, in its network form (geth: 1 MiB).
  static constexpr std::size_t kMostTxnBytes = std::size_t{1} << 20;

  /// All outlive this. `others` is the pool of the other types, which is told to refuse accounts that have
  /// transactions here: an account uses one of the two at a time. Takes in what the folder holds.
  BlobPool(const Database& database, const ChainSpec& spec, const Engine& engine, TxPool& others,
           BlobPoolOptions options = {});
  ~BlobPool();
  BlobPool(const BlobPool&) = delete;
  BlobPool& operator=(const BlobPool&) = delete;

  /// Can the chain have blobs? Only under a beacon chain: for others no pool is needed.
  static bool is_for(const ChainSpec& spec) { return spec.terminal_total_difficulty.has_value(); }

  /// Checks the transaction against the head and then its blobs against it, which takes some milliseconds a
  /// blob: not for the loop thread. Errors start with geth's words.
  Expected<TxnHash, BlobError> add(const CarriedTransaction& carried, bool local);
  /// nullptr when it is not here; `bytes` is that of the network form.
  TxnRef get(const TxnHash& hash);
  /// As it travels: type byte, then the list of the transaction and its blobs.
  std::optional<Bytes> network_form(const TxnHash& hash);
  /// Those that no block has yet, each sender's by nonce.
  std::vector<TxnRef> pending();
  /// The nonce after those that wait here; nothing when none of the account's does.
  std::optional<std::uint64_t> next_nonce(const Address& sender);

  /// The head moved: what the new blocks have goes into the limbo, and what abandoned ones had comes back
  /// from there. To be called from Chain::on_head's listener (chain thread).
  void on_head(const HeadEvent& event);

  /// Called with what is new, outside the lock, on the thread that added it (after a head event the chain
  /// thread). Set before the first add.
  void on_new(TxPool::NewTxns listener) { on_new_ = std::move(listener); }

 private:
  struct Held {
    TxnRef txn;
    Bytes network;
    U256 cost;  ///< at most
  };
  using Account = std::map<std::uint64_t, Held>;
  /// One that a block has, or another with its nonce.
  struct Mined {
    Held held;
    BlockNum since = 0;
  };
  /// How an account stands at the head.
  struct Standing {
    std::uint64_t nonce = 0;
    Wei balance;
  };
  using Hashes = std::vector<TxnHash>;

  Result<evm::BlockEnv> next_block() const;
  Expected<Held, BlobError> examine(const CarriedTransaction& carried, bool local,
                                    const evm::BlockEnv& env) const;
  std::optional<Error> place(Held& held, const evm::BlockEnv& env, bool keep_it);

  // Under the lock.
  Expected<Hashes, Error> check_place(const Held& held, const Standing& standing,
                                      const evm::BlockEnv& env) const;
  Expected<Hashes, Error> room_for(const Held& held, const evm::BlockEnv& env) const;
  /// Its file is written by who calls, or there already.
  void keep(Held held, const Hashes& crowded_out);
  Held take_out(const TxnHash& hash);
  void erase(const TxnHash& hash);
  void drop_mined();
  void add_to_limbo(Held held);
  void trim_limbo();
  std::vector<TxnRef> bring_back(const StateView& state, const evm::BlockEnv& env);

  void load();
  void put_in(std::vector<Held> found, const evm::BlockEnv& env);
  void note_reserved(const Address& sender);
  bool is_reserved(const Address& sender, std::uint64_t nonce) const;

  const Database& database_;
  const ChainSpec& spec_;
  const Engine& engine_;
  TxPool& others_;
  const BlobPoolOptions options_;
  TxPool::NewTxns on_new_;
  bool loaded_ = false;  ///< at the start, or where there was no state then on the chain thread

  std::mutex mutex_;  ///< guards what follows; the other pool's is taken after it
  std::optional<BlobStore> store_;
  std::map<Address, Account> accounts_;
  std::unordered_map<TxnHash, std::pair<Address, std::uint64_t>> places_;
  std::size_t blobs_ = 0;
  std::deque<Mined> limbo_;  ///< the oldest first
  std::size_t limbo_bytes_ = 0;
  BlockNum head_ = 0;

  /// Taken last: the other pool asks under its own lock.
  mutable std::mutex reserved_mutex_;
  std::map<Address, std::uint64_t> reserved_;  ///< the last nonce of each account that has some here
};

}  // namespace quarry
