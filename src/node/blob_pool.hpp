#pragma once
/// \file
/// Blob transactions that wait for a block, whole with their blobs (EIP-4844, EIP-7594). A pool of its own:
/// they are some hundred kilobytes each, and other rules hold for them (as in geth's blob pool).

#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <vector>

#include "consensus/engine.hpp"
#include "consensus/txpool.hpp"
#include "core/blob_sidecar.hpp"

namespace quarry {

class Database;

/// Why the pool did not take a blob transaction.
struct [[nodiscard]] BlobError {
  /// The blobs are not the transaction's: whoever sent them lies.
  bool is_forged = false;
  Error error;
};

/// Thread-safe. Nobody makes blocks of these here: a beacon chain orders them. They are held, shown and
/// handed on until a block has them.
class BlobPool {
 public:
  /// Blobs in all, 128 KiB each: 128 MiB. When it is full no more are taken.
  static constexpr std::size_t kMostBlobsHeld = 1024;
  /// Transactions of one account (geth: 16).
  static constexpr std::size_t kMostAccountTxns = 16;
  /// A replacement pays so many percent more in all three prices (geth: 100): it makes peers fetch blobs
  /// anew.
  static constexpr unsigned kPriceBumpPercent = 100;
  /// Of a transaction with its blobs, in its network form (geth: 1 MiB).
  static constexpr std::size_t kMostTxnBytes = std::size_t{1} << 20;

  /// All outlive this. `others` is the pool of the other types: an account uses one of the two at a time.
  BlobPool(const Database& database, const ChainSpec& spec, const Engine& engine, const TxPool& others)
      : database_(database), spec_(spec), engine_(engine), others_(others) {}

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

  /// Called with what is new, outside the lock, on the thread that added it. Set before the first add.
  void on_new(TxPool::NewTxns listener) { on_new_ = std::move(listener); }

 private:
  struct Held {
    TxnRef txn;
    Bytes network;
    U256 cost;  ///< at most
  };
  using Account = std::map<std::uint64_t, Held>;

  Expected<Held, BlobError> examine(const CarriedTransaction& carried, bool local) const;
  std::optional<Error> check_place(const Held& held, const Wei& balance, std::uint64_t next) const;
  void keep(Held held);
  void drop_mined();

  const Database& database_;
  const ChainSpec& spec_;
  const Engine& engine_;
  const TxPool& others_;
  TxPool::NewTxns on_new_;

  std::mutex mutex_;
  std::map<Address, Account> accounts_;
  std::unordered_map<TxnHash, std::pair<Address, std::uint64_t>> places_;
  std::size_t blobs_ = 0;
};

}  // namespace quarry
