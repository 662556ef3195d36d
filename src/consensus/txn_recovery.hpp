#pragma once
/// \file
/// Finds hashes and senders of the transactions of a span of blocks on the workers, ahead of what executes
/// them: a signature costs some 40 us, as much as running a payment and more.

#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "consensus/work_ahead.hpp"
#include "core/block.hpp"

namespace quarry {

/// Of one block's transactions, in order.
struct RecoveredTxns {
  std::span<const TxnHash> hashes;
  std::span<const std::optional<Address>> senders;  ///< none: the signature is invalid
};

/// Starts at once; taken in order, by one thread, which helps while it would wait. The blocks stay valid
/// until this is destroyed.
class TxnRecovery {
 public:
  /// Asked before a signature is looked at: senders that were recovered before. Thread-safe; may be none.
  using KnownSender = std::function<std::optional<Address>(const TxnHash&)>;
  /// So many transactions go to a worker at once: a millisecond's work.
  static constexpr std::size_t kPiece = 24;

  TxnRecovery(WorkerPool& workers, std::span<const Block> blocks, const KnownSender& known);

  /// Waits for those of blocks[index]; good as long as this lives.
  RecoveredTxns wait(std::size_t index);

 private:
  void recover(std::size_t piece);

  const KnownSender& known_;
  std::vector<const Transaction*> txns_;
  std::vector<std::size_t> first_;  ///< of each block in txns_, and the end
  std::vector<TxnHash> hashes_;
  std::vector<std::optional<Address>> senders_;
  WorkAhead work_;  ///< last: it uses the others
};

}  // namespace quarry
