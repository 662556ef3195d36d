#pragma once
/// \file
/// The pending block as JSON-RPC sees it: made when somebody asks, kept until the head or the pool moves.

#include <chrono>
#include <functional>
#include <mutex>

#include "consensus/pending_block.hpp"
#include "consensus/txpool.hpp"
#include "rpc/backend.hpp"

namespace quarry {

/// Thread-safe. One block is made at a time, on the thread that asks first; others wait for it.
class PendingBackend final : public rpc::PendingBlocks {
 public:
  /// All outlive this. `request`: what a block of this node's would say; `now`: its time.
  PendingBackend(const Database& database, const ChainSpec& spec, const Engine& engine, const TxPool& pool,
                 std::function<CandidateRequest()> request, std::function<Timestamp()> now)
      : database_(database),
        spec_(spec),
        engine_(engine),
        pool_(pool),
        request_(std::move(request)),
        now_(std::move(now)) {}
  Result<std::shared_ptr<const rpc::PendingBlock>> current() override;

 private:
  using Clock = std::chrono::steady_clock;
  /// Its time is that of its making: older than this it is made anew.
  static constexpr std::chrono::seconds kMostAge{2};
  /// While transactions stream in, no more than a fifth of a core goes into making it.
  static constexpr int kRest = 4;

  const Database& database_;
  const ChainSpec& spec_;
  const Engine& engine_;
  const TxPool& pool_;
  const std::function<CandidateRequest()> request_;
  const std::function<Timestamp()> now_;

  std::mutex mutex_;  ///< guards what follows; held while the block is made
  std::shared_ptr<const rpc::PendingBlock> made_;
  std::uint64_t generation_ = 0;  ///< of the pool, when it was made
  Clock::time_point began_, ended_;
};

}  // namespace quarry
