#pragma once
/// \file
/// Recovers the senders of blocks' transactions on the workers, ahead of what executes them.

#include <optional>
#include <span>
#include <vector>

#include "consensus/work_ahead.hpp"
#include "core/block.hpp"

namespace quarry {

/// Starts at once; senders are taken by one thread, which helps while it would wait. The blocks stay valid
/// until this is destroyed, which cancels what is not begun.
class SenderRecovery {
 public:
  /// So many signatures, some 30 µs each, go to a worker at once.
  static constexpr std::size_t kPieceSize = 32;

  SenderRecovery(WorkerPool& workers, std::span<const Block> blocks);

  /// Waits for the senders of blocks[index]; nothing where a signature is none.
  std::span<const std::optional<Address>> wait(std::size_t index);

 private:
  void recover(std::size_t piece);

  std::vector<const Transaction*> txns_;
  std::vector<std::size_t> first_;  ///< of each block: its first transaction; one more at the end
  std::vector<std::optional<Address>> senders_;
  WorkAhead work_;  ///< last: it uses the rest
};

}  // namespace quarry
