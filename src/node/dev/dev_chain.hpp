#pragma once
/// \file
/// The chain that `quarry dev` makes: an authority chain (EIP-225) of one signer and no period, whose blocks
/// come when somebody wants them, with every fork on and accounts that everybody has the keys of.

#include <atomic>
#include <mutex>
#include <optional>

#include "core/chain_spec.hpp"
#include "core/secp256k1.hpp"

namespace quarry {

class Database;
struct NodeOptions;

/// Who is who on a development chain.
struct DevKeys {
  PrivateKey signer;  ///< of the blocks; gets the fees
  std::vector<PrivateKey> accounts;
};
DevKeys dev_keys(const NodeOptions& options);

/// Writes block 0 into a database that has none; an error when it holds another kind of chain.
Result<> ensure_dev_chain(Database& database, const NodeOptions& options, const DevKeys& keys);

/// `options` give the balance, the chain id and the accounts' number; `now` is block 0's time.
Result<Genesis> dev_genesis(const NodeOptions& options, const DevKeys& keys, Timestamp now);

/// The chain's clock: the system's, moved as tests ask for. Thread-safe.
class DevClock {
 public:
  Timestamp now() const;
  /// Moves all later times; gives how far they are moved in all.
  std::int64_t advance(std::int64_t seconds);
  std::int64_t offset() const;
  void set_offset(std::int64_t seconds);
  /// The next block has this time, and the clock goes on from there.
  void set_next(Timestamp time);
  /// It stands at `time` until go_on() with what this gave.
  struct Kept {
    std::int64_t offset = 0;
    std::optional<Timestamp> next;
  };
  Kept stop_at(Timestamp time);
  void go_on(const Kept& kept);
  /// A block was made: what was set for it is used up.
  void block_made();

 private:
  mutable std::mutex mutex_;
  std::int64_t offset_ = 0;
  std::optional<Timestamp> next_;
};

}  // namespace quarry
