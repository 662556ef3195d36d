#pragma once
/// \file
/// Work that others wait for in order, done on the workers ahead of them.

#include <functional>
#include <memory>

#include "core/worker_pool.hpp"

namespace quarry {

/// Pieces of work, begun in order. Waited for by one thread, which helps while it would wait.
class WorkAhead {
 public:
  /// `run(piece)` is called once for each piece below `pieces`, on the workers or in wait(); what it refers
  /// to lives until this is destroyed. Starts at once.
  WorkAhead(WorkerPool& workers, std::size_t pieces, std::function<void(std::size_t)> run);
  /// Cancels what is not begun; waits for what is.
  ~WorkAhead();
  WorkAhead(const WorkAhead&) = delete;
  WorkAhead& operator=(const WorkAhead&) = delete;

  /// Returns when `piece` is done.
  void wait(std::size_t piece);

 private:
  struct Shared;
  std::shared_ptr<Shared> shared_;
};

}  // namespace quarry
