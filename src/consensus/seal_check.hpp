#pragma once
/// \file
/// Checks the seals of a span of headers on the workers, ahead of what executes them.

#include <memory>
#include <vector>

#include "consensus/engine.hpp"

namespace quarry {

/// Starts at once; verdicts are taken in order, by one thread, which helps while it would wait. The headers
/// stay valid until the check is destroyed, which cancels what is not begun.
class SealCheck {
 public:
  /// Pieces of so many engine batches go to a worker at once: enough that handing over costs nothing, few
  /// enough that the first verdicts come soon.
  static constexpr std::size_t kBatchesAPiece = 4;

  SealCheck(Engine& engine, WorkerPool& workers, std::vector<const Header*> headers);
  ~SealCheck();
  SealCheck(const SealCheck&) = delete;
  SealCheck& operator=(const SealCheck&) = delete;

  /// Waits for the verdict on headers[index].
  const Verdict& wait(std::size_t index);

 private:
  struct Shared;
  std::shared_ptr<Shared> shared_;
};

}  // namespace quarry
