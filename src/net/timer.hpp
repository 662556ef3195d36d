#pragma once
/// \file
/// A timer of the loop.

#include <chrono>
#include <functional>
#include <memory>

#include "net/loop.hpp"

namespace quarry::net {

/// Calls a function once, or again and again. Loop thread. Destroying it stops it, also from
/// inside its own callback, which may not use what it captured after that.
class Timer {
 public:
  Timer(Loop& loop, std::function<void()> on_time);
  ~Timer();
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  /// Calls once after `delay`; starting again moves the time.
  void start(std::chrono::milliseconds delay);
  /// Calls after every `interval`; a call that is late is not made up for.
  void start_repeating(std::chrono::milliseconds interval);
  void stop();
  bool active() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace quarry::net
