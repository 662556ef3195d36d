#include "consensus/seal_check.hpp"

#include <algorithm>
#include <condition_variable>
#include <mutex>

namespace quarry {

/// Kept alive by tasks that may start after everything is done: they find no piece left and go.
struct SealCheck::Shared {
  Engine& engine;
  std::vector<const Header*> headers;
  std::vector<Verdict> verdicts;
  std::size_t piece_size;
  std::size_t pieces;

  std::mutex mutex;
  std::condition_variable changed;
  std::size_t next = 0;     ///< piece not begun
  std::size_t running = 0;  ///< pieces begun and not done
  std::vector<bool> done;

  Shared(Engine& e, std::vector<const Header*> h)
      : engine(e),
        headers(std::move(h)),
        verdicts(headers.size()),
        piece_size(std::max<std::size_t>(1, e.seal_batch() * kBatchesAPiece)),
        pieces((headers.size() + piece_size - 1) / piece_size),
        done(pieces) {}

  /// Checks one piece with `lock` released meanwhile; false when none is left.
  bool check_next(std::unique_lock<std::mutex>& lock) {
    if (next == pieces) return false;
    const std::size_t piece = next++;
    ++running;
    lock.unlock();
    const std::size_t from = piece * piece_size, count = std::min(piece_size, headers.size() - from);
    engine.verify_seals(std::span(headers).subspan(from, count), std::span(verdicts).subspan(from, count));
    lock.lock();
    --running;
    done[piece] = true;
    changed.notify_all();
    return true;
  }
};

SealCheck::SealCheck(Engine& engine, WorkerPool& workers, std::vector<const Header*> headers)
    : shared_(std::make_shared<Shared>(engine, std::move(headers))) {
  // The caller is one of those who work; a single piece is quicker done than handed over.
  const std::size_t helpers =
      shared_->pieces > 1 ? std::min<std::size_t>(workers.threads(), shared_->pieces) : 0;
  for (std::size_t i = 0; i < helpers; ++i) {
    workers.submit([shared = shared_] {
      std::unique_lock lock(shared->mutex);
      while (shared->check_next(lock)) {
      }
    });
  }
}

SealCheck::~SealCheck() {
  std::unique_lock lock(shared_->mutex);
  shared_->next = shared_->pieces;
  shared_->changed.wait(lock, [&] { return shared_->running == 0; });
}

const Verdict& SealCheck::wait(std::size_t index) {
  const std::size_t piece = index / shared_->piece_size;
  std::unique_lock lock(shared_->mutex);
  while (!shared_->done[piece])
    if (!shared_->check_next(lock)) shared_->changed.wait(lock);
  return shared_->verdicts[index];
}

}  // namespace quarry
