#pragma once
/// \file
/// What searches for a candidate's seal: each proof of work has one of its own.

#include <functional>
#include <memory>

#include "core/chain_spec.hpp"

namespace quarry {

namespace ethash {
class Miner;
}

/// Thread-safe.
class SealMiner {
 public:
  /// The candidate with its seal. Called from a sealer thread, once for each set_work() at most; not after
  /// stop() has returned. A find that races with the next set_work() may still come. May call set_work() and
  /// clear_work(), not start() or stop().
  using OnFound = std::function<void(Header sealed)>;

  virtual ~SealMiner() = default;
  /// Starts `threads` sealers (0: one a core); with another number running, changes to it.
  virtual void start(unsigned threads) = 0;
  /// Stops the sealers at once; work is forgotten.
  virtual void stop() = 0;
  /// For whom the work that follows is: whoever gets the fees, and signs where blocks are signed.
  virtual void set_author(const Address&) {}
  /// What to search from now on. With no sealers running it waits for start().
  virtual void set_work(const Header& candidate, OnFound on_found) = 0;
  virtual void clear_work() = 0;
  /// Hashes a second over the last ten seconds; 0 when stopped.
  virtual double hashrate() const = 0;
};

/// Over ethash's miner, which outlives it.
std::unique_ptr<SealMiner> ethash_seal_miner(ethash::Miner& miner);

}  // namespace quarry
