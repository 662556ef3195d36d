#pragma once
/// \file
/// ethash miners of other processes, which fetch work and bring seals (eth_getWork, eth_submitWork).

#include <chrono>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>

#include "consensus/engine.hpp"
#include "core/block.hpp"

namespace quarry {

/// What a miner needs to search.
struct SealWork {
  Hash256 seal_hash;  ///< of the header without its seal
  Hash256 seed_hash;  ///< of the epoch: says which dataset
  Hash256 boundary;   ///< 2^256 / difficulty; a result may not be above it
  BlockNum number = 0;
};

/// Thread-safe. Remembers what it handed out, so that a seal finds its block.
class ExternalMiners {
 public:
  using Clock = std::chrono::steady_clock;
  /// Candidates that a seal may come for. One is renewed for new transactions several times a second.
  static constexpr std::size_t kMostHandedOut = 128;
  /// A seal for a block so far below the head makes no ommer any more (geth's staleThreshold).
  static constexpr BlockNum kStaleBlocks = 7;
  /// What a miner says of its speed holds so long (geth: 10 s).
  static constexpr std::chrono::seconds kRateLifetime{10};
  /// Miners whose speed is kept; those beyond are not counted.
  static constexpr std::size_t kMostRates = 1024;

  /// `engine` is ethash's and outlives this.
  explicit ExternalMiners(Engine& engine) : engine_(engine) {}

  /// The work of this candidate, which is kept.
  SealWork hand_out(std::shared_ptr<const Block> candidate);
  /// The candidate with its seal; nothing when it was not handed out, is too far below `head`, or the seal is
  /// wrong. Takes some milliseconds: it checks the proof of work.
  std::optional<Block> seal(const Hash256& seal_hash, const SealNonce& nonce, const MixHash& mix,
                            BlockNum head);

  /// The miner `id` makes so many hashes a second.
  void report_rate(const Hash256& id, std::uint64_t rate, Clock::time_point now = Clock::now());
  /// Of all miners that reported lately.
  std::uint64_t rate(Clock::time_point now = Clock::now());

 private:
  struct Work {
    Hash256 seal_hash;
    std::shared_ptr<const Block> candidate;
  };
  struct Rate {
    std::uint64_t rate = 0;
    Clock::time_point reported;
  };
  void forget_rates(Clock::time_point now);

  Engine& engine_;
  std::mutex mutex_;
  std::deque<Work> handed_out_;  ///< oldest first
  std::map<Hash256, Rate> rates_;
};

}  // namespace quarry
