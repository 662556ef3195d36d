#pragma once
/// \file
/// Threads for work that must not run on the loop, and single threads that own something.

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace quarry {

using Task = std::function<void()>;

/// A queue of tasks served by `threads` threads. Thread-safe. With one thread it is a strand: tasks run in
/// order, one at a time, and what only they touch needs no lock.
class WorkerPool {
 public:
  /// `name` shows in debuggers (at most 15 bytes); `most_queued` bounds memory: see `try_submit`.
  WorkerPool(std::string name, unsigned threads, std::size_t most_queued);
  /// Finishes what was begun, drops what was not.
  ~WorkerPool();
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  /// False when the queue is full or the pool stops: the caller pushes back on who asked.
  [[nodiscard]] bool try_submit(Task task);
  /// For our own few internal tasks, which must not be lost: queued over the bound; dropped when stopping.
  void submit(Task task);
  /// Runs body(0) … body(count - 1) on the workers and the calling thread; returns when all are done.
  void parallel_for(std::size_t count, const std::function<void(std::size_t)>& body);

  std::size_t queued() const;
  unsigned threads() const { return static_cast<unsigned>(threads_.size()); }
  /// Joins the threads; safe to call twice.
  void stop();

 private:
  void run();

  const std::string name_;
  const std::size_t most_queued_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Task> tasks_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace quarry
