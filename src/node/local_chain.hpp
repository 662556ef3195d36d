#pragma once
/// \file
/// The chain that lies in a data dir: what the node and the commands open before anything else.

#include <memory>

#include "consensus/chain.hpp"
#include "consensus/ethash/caches.hpp"
#include "core/worker_pool.hpp"
#include "node/datadir.hpp"
#include "storage/chain_store.hpp"

namespace quarry {

struct NodeOptions;

/// The genesis that `quarry init` put there; an error, with what to do, when there is none.
Result<Genesis> load_genesis(const Database& database);
/// Keeps the genesis and its chain config beside the chain. Part of init's batch, or after a change of forks.
void put_genesis(Batch& batch, const Genesis& genesis);

/// Members in the order in which they are made. The chain is used on one thread at a time (chain.hpp).
struct LocalChain {
  std::unique_ptr<Database> database;
  Genesis genesis;
  BlockHash genesis_hash;
  std::unique_ptr<ethash::Caches> caches;
  std::unique_ptr<Engine> engine;
  std::unique_ptr<Chain> chain;
};
/// The data dir must be locked by this process (DataDirLock). `workers` outlives the chain. `clock`: what the
/// chain takes for the time; none: the system's. `prepare` gets the database before anything is read of it.
Result<LocalChain> open_local_chain(const DataDirPaths& paths, const NodeOptions& options,
                                    WorkerPool& workers, SealPolicy seals = SealPolicy::all,
                                    std::function<Timestamp()> clock = nullptr,
                                    const std::function<Result<>(Database&)>& prepare = nullptr);

}  // namespace quarry
