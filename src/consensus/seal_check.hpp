#pragma once
/// \file
/// Checks the seals of a span of headers on the workers, ahead of what executes them.

#include <vector>

#include "consensus/engine.hpp"
#include "consensus/work_ahead.hpp"

namespace quarry {

/// Starts at once; verdicts are taken in order, by one thread, which helps while it would wait. The headers
/// stay valid until the check is destroyed, which cancels what is not begun.
class SealCheck {
 public:
  /// Pieces of so many engine batches go to a worker at once: enough that handing over costs nothing, few
  /// enough that the first verdicts come soon.
  static constexpr std::size_t kBatchesAPiece = 4;

  SealCheck(Engine& engine, WorkerPool& workers, std::vector<const Header*> headers);

  /// Waits for the verdict on headers[index].
  const Verdict& wait(std::size_t index);

 private:
  void check(std::size_t piece);

  Engine& engine_;
  const std::vector<const Header*> headers_;
  std::vector<Verdict> verdicts_;
  const std::size_t piece_size_;
  WorkAhead work_;  ///< last: it uses the rest
};

}  // namespace quarry
