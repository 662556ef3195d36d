#pragma once
/// \file
/// Makes the blocks of a development chain, when a transaction comes, at intervals, or when asked to.

#include <condition_variable>
#include <functional>
#include <mutex>
#include <set>
#include <thread>

#include "consensus/chain.hpp"
#include "consensus/txpool.hpp"
#include "core/worker_pool.hpp"
#include "node/dev/dev_chain.hpp"
#include "node/dev/dev_changes.hpp"
#include "rpc/backend.hpp"

namespace quarry {

/// Thread-safe. Blocks are made and sealed on the chain thread: what was handed to the pool before is in one
/// when settle() returns.
class DevMiner final : public rpc::DevControl {
 public:
  /// Blocks that one request may ask for.
  static constexpr std::uint64_t kMostBlocks = 100'000;
  /// Accounts that are impersonated by name at once.
  static constexpr std::size_t kMostImpersonated = 16'384;
  /// Snapshots that are remembered; the oldest go first.
  static constexpr std::size_t kMostSnapshots = 4096;

  struct Parts {
    Chain& chain;
    WorkerPool& chain_thread;
    TxPool& pool;
    DevClock& clock;
    PrivateKey signer;
    std::function<CandidateRequest()> request;  ///< what the next block says
    DevChanges& changes;
  };
  /// All parts outlive this. `interval`: seconds between blocks; 0: a block for each transaction.
  DevMiner(Parts parts, std::uint64_t interval);
  ~DevMiner() override;

  /// There is something to put into a block.
  void on_transactions();
  /// Waits until what came before is in a block, if blocks are made at once.
  void settle();
  /// Before the chain thread ends.
  void stop();

  Result<> mine(std::uint64_t blocks, std::uint64_t interval) override;
  void set_automine(bool on) override;
  bool automine() override;
  void set_interval(std::uint64_t seconds) override;
  std::uint64_t snapshot() override;
  Result<bool> revert(std::uint64_t snapshot) override;
  std::int64_t increase_time(std::int64_t seconds) override { return parts_.clock.advance(seconds); }
  Result<> set_next_timestamp(Timestamp time) override;
  Result<> change(const rpc::DevChange& change) override;
  void impersonate(const std::optional<Address>& account, bool on) override;
  bool is_impersonated(const Address& account);

 private:
  /// Chain thread. False: there was nothing to put into a block, and `even_empty` did not ask for one.
  Result<bool> make_block(bool even_empty) { return make_block(parts_.request(), even_empty); }
  Result<bool> make_block(const CandidateRequest& request, bool even_empty);
  void make_all();
  void run(const std::stop_token& stop);
  /// Runs on the chain thread while the caller waits.
  Result<> on_chain(std::function<Result<>()> task);

  struct Kept {
    std::uint64_t name;
    BlockId head;
    std::int64_t offset;
  };

  const Parts parts_;
  std::mutex mutex_;  ///< guards what follows
  std::condition_variable_any changed_;
  bool automine_, queued_ = false, stopped_ = false;
  std::uint64_t interval_;
  std::vector<Kept> kept_;
  std::uint64_t next_name_ = 0;
  bool impersonate_all_ = false;
  std::set<Address> impersonated_;
  std::jthread timer_;
};

}  // namespace quarry
