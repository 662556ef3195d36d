#pragma once
/// \file
/// Mining on the head: candidates, the search for their seal, the found blocks' way into the chain.

#include <chrono>
#include <functional>
#include <memory>
#include <optional>

#include "consensus/chain.hpp"

namespace quarry {

class SealMiner;

/// geth 1.7.3's genesis gas limit, which its --targetgaslimit defaults to.
inline constexpr Gas kDefaultTargetGasLimit = 4'712'388;
/// Extra data of the blocks we mine when none is asked for: [version, "quarry", "linux"] as RLP, as geth's.
Bytes default_extra_data();

struct SealerOptions {
  Bytes extra_data = default_extra_data();
  Gas target_gas_limit = kDefaultTargetGasLimit;
  std::optional<Address> etherbase = {};
  /// Asked for each candidate's extra data in place of `extra_data`, where it is there. Chain thread.
  std::function<Bytes(BlockNum)> extra_data_for = nullptr;
  /// A candidate whose time is further ahead of our clock waits: a block's time is at least a second after
  /// its parent's, so a chain can be mined faster than time passes.
  std::uint64_t most_seconds_ahead = 1;
  /// Whose transactions the blocks take; it outlives the sealer. None: blocks are empty.
  const TxPool* pool = nullptr;
  /// A candidate is renewed for new transactions so often at most: each renewal executes all of the block.
  std::chrono::milliseconds renew_pause{250};
  /// Asked when no etherbase was set: the first account of the keystore, if there is one. Thread-safe.
  std::function<std::optional<Address>()> first_account = nullptr;
};

/// Thread-safe. Drives the miner: a new candidate within milliseconds of a new head.
class Sealer {
 public:
  /// `chain_thread` is the chain's strand; it and `chain` outlive the sealer's use: call close() first.
  Sealer(Chain& chain, WorkerPool& chain_thread, SealMiner& miner, SealerOptions options);
  ~Sealer();
  Sealer(const Sealer&) = delete;
  Sealer& operator=(const Sealer&) = delete;

  /// Starts mining, or changes the number of sealer threads. As geth's miner.start(n): none means one a
  /// core, 0 mines with no thread of this machine. Fails without an etherbase.
  [[nodiscard]] Result<> start(std::optional<int> threads);
  void stop();
  /// While a sync is under way no block is made; mining() stays what it was.
  void set_paused(bool paused);
  bool mining() const;
  /// Hashes a second.
  double hashrate() const;

  void set_etherbase(const Address& etherbase);
  /// The one set, or else the first account.
  std::optional<Address> etherbase() const;
  /// Refuses extra data longer than a header of this chain may have.
  [[nodiscard]] Result<> set_extra_data(Bytes extra_data);
  void set_target_gas_limit(Gas target);
  /// What the next block that this node makes would say, whether it mines or not.
  CandidateRequest next_request() const;
  /// Something that candidates are made of has changed: a new one is handed out.
  void renew();
  /// The block that is being sealed, for RPC's "pending"; nothing when not mining.
  std::shared_ptr<const Block> pending() const;
  /// A candidate of pending()'s that was sealed elsewhere, its seal checked: it goes the way of blocks found
  /// here.
  void submit(Block sealed);
  /// Of the chain's head.
  BlockNum head_number() const;

  /// The head moved. To be called from Chain::on_head's listener (chain thread).
  void on_head(const HeadEvent& event);

  /// There are new transactions for the next block. Thread-safe.
  void on_transactions();

  /// Stops, and lets no task that refers to this run any more.
  void close();

 private:
  struct Shared;
  std::shared_ptr<Shared> shared_;
};

}  // namespace quarry
