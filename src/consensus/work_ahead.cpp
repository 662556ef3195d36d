#include "consensus/work_ahead.hpp"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <vector>

namespace quarry {

/// Kept alive by tasks that may start after everything is done: they find no piece left and go.
struct WorkAhead::Shared {
  const std::function<void(std::size_t)> run;
  std::mutex mutex;
  std::condition_variable changed;
  std::size_t next = 0;     ///< piece not begun
  std::size_t running = 0;  ///< pieces begun and not done
  std::size_t pieces;
  std::vector<bool> done;

  Shared(std::size_t count, std::function<void(std::size_t)> work)
      : run(std::move(work)), pieces(count), done(count) {}

  /// Does one piece with `lock` released meanwhile; false when none is left.
  bool run_next(std::unique_lock<std::mutex>& lock) {
    if (next == pieces) return false;
    const std::size_t piece = next++;
    ++running;
    lock.unlock();
    run(piece);
    lock.lock();
    --running;
    done[piece] = true;
    changed.notify_all();
    return true;
  }
};

WorkAhead::WorkAhead(WorkerPool& workers, std::size_t pieces, std::function<void(std::size_t)> run)
    : shared_(std::make_shared<Shared>(pieces, std::move(run))) {
  // The caller is one of those who work; a single piece is quicker done than handed over.
  const std::size_t helpers = pieces > 1 ? std::min<std::size_t>(workers.threads(), pieces) : 0;
  for (std::size_t i = 0; i < helpers; ++i) {
    workers.submit([shared = shared_] {
      std::unique_lock lock(shared->mutex);
      while (shared->run_next(lock)) {
      }
    });
  }
}

WorkAhead::~WorkAhead() {
  std::unique_lock lock(shared_->mutex);
  shared_->next = shared_->pieces;
  shared_->changed.wait(lock, [&] { return shared_->running == 0; });
}

void WorkAhead::wait(std::size_t piece) {
  std::unique_lock lock(shared_->mutex);
  while (!shared_->done[piece])
    if (!shared_->run_next(lock)) shared_->changed.wait(lock);
}

}  // namespace quarry
