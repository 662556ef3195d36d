#pragma once
/// \file
/// The event loop: one thread that owns every socket and timer.

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "core/bytes.hpp"

struct uv_loop_s;

namespace quarry::net {

/// Owns a libuv loop. Everything of this folder that is made with a Loop lives on the loop's
/// thread: it is made, used and destroyed there (or before run() and after it returned). Only
/// post(), stop() and on_loop_thread() may be called from other threads.
///
/// What runs on the loop never blocks: no disk, no proof of work, no waiting for other threads.
/// The first Loop makes the process ignore SIGPIPE.
class Loop {
 public:
  Loop();
  /// Closes what is still open; posted functions that have not run are dropped. The owners of
  /// handles that are still open may be destroyed later: they find their handles closed.
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  /// Runs callbacks on the calling thread until stop(); that thread is the loop thread.
  void run();
  /// Makes run() return after the callbacks at hand. Any thread; also before run().
  void stop();

  /// Has the loop call `work`, in the order of posting. Any thread; on the loop thread too, where
  /// it runs in a later turn. There is no bound here: whoever posts bounds what it has on its way
  /// (a queue of jobs, a session's requests), because only it can push back on its source.
  void post(std::function<void()> work);

  /// True on the thread inside run(), and on every thread while nobody runs the loop.
  bool on_loop_thread() const;

  /// Milliseconds of a monotonic clock, taken once a turn of the loop. Loop thread.
  std::uint64_t now_ms() const;

  /// For this folder's .cpp files.
  uv_loop_s* raw() { return loop_.get(); }
  /// One buffer that all streams of the loop read into: what is read is used before the next read.
  std::span<std::uint8_t> read_buffer() { return read_buffer_; }

 private:
  struct Wakeup;
  struct LoopDeleter {
    void operator()(uv_loop_s* loop) const;
  };
  void run_posted();
  void close_all();

  std::unique_ptr<uv_loop_s, LoopDeleter> loop_;
  std::unique_ptr<Wakeup> wakeup_;
  std::vector<std::uint8_t> read_buffer_;
  std::mutex mutex_;
  std::vector<std::function<void()>> posted_;  // guarded by mutex_
  std::atomic<bool> stopping_{false};
  std::atomic<std::thread::id> thread_{};
};

}  // namespace quarry::net
