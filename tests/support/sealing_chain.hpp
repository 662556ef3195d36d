#pragma once
/// \file
/// A chain that mines, and ethash in its test size: real seals, small tables.

#include <condition_variable>
#include <ctime>
#include <future>
#include <memory>
#include <mutex>
#include <vector>

#include "chain_support.hpp"
#include "consensus/ethash/datasets.hpp"
#include "consensus/ethash/miner.hpp"
#include "consensus/header_rules.hpp"
#include "consensus/seal_miner.hpp"
#include "consensus/sealing.hpp"

namespace quarry::test {

/// A chain with its sealer, and what it tells of its head. Destroyed in the order in which a node stops:
/// sealer, strand, chain.
struct SealingChain {
  TestChain chain;
  WorkerPool strand{"chain", 1, 1024};
  Sealer sealer;
  std::mutex mutex;  ///< guards `events`
  std::condition_variable changed;
  std::vector<HeadEvent> events;

  SealingChain(Genesis genesis, Engine& engine, SealMiner& miner, SealerOptions options, Timestamp now)
      : chain(std::move(genesis), &engine), sealer(*chain.chain, strand, miner, std::move(options)) {
    chain.clock = now;
    chain->on_head([this](const HeadEvent& event) {
      sealer.on_head(event);
      const std::lock_guard lock(mutex);
      events.push_back(event);
      changed.notify_all();
    });
  }
  ~SealingChain() {
    sealer.close();
    strand.stop();
  }
  /// The strand runs tasks in order: a renewal that was asked for is over when this returns.
  void wait_for_strand() {
    std::promise<void> ran;
    strand.submit([&] { ran.set_value(); });
    ran.get_future().wait();
  }
  /// False when the head is still below that block after two minutes.
  bool wait_for(BlockNum number) {
    std::unique_lock lock(mutex);
    return changed.wait_for(lock, std::chrono::seconds(120),
                            [&] { return !events.empty() && events.back().after.header->number >= number; });
  }
};

/// What ethash is made of.
struct EthashParts {
  ethash::Caches caches{{.mode = ethash::Mode::test}};
  ethash::Datasets datasets{caches, {.folder = {}, .threads = 1}};
  EthashEngine engine{caches};
  ethash::Miner miner{caches, datasets};
  std::unique_ptr<SealMiner> seal_miner = ethash_seal_miner(miner);
};

inline SealerOptions hasty_sealing() {
  SealerOptions options;
  options.most_seconds_ahead = kMostSecondsAhead;  // not to wait a second for each block
  return options;
}

inline Timestamp wall_clock() {
  return static_cast<Timestamp>(std::time(nullptr));
}

}  // namespace quarry::test
