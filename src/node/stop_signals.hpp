#pragma once
/// \file
/// SIGINT, SIGTERM and SIGHUP stop the node cleanly: closing a terminal loses nothing. Linux only.

#include <thread>

namespace quarry {

/// Made in `main` before any other thread, so that all inherit the mask. The first signal makes stop_fd()
/// readable; a second one, after which nobody wants to wait, ends the process at once.
class StopSignals {
 public:
  /// `with_interrupt`: SIGINT stops too. A console has its own use for Ctrl-C.
  explicit StopSignals(bool with_interrupt);
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  /// Readable once a signal came.
  int stop_fd() const { return event_; }
  /// Has a signal come?
  bool requested() const;
  /// Blocks until then.
  void wait() const;

 private:
  void watch();

  bool with_interrupt_;
  int event_ = -1;
  int quit_ = -1;
  std::thread watcher_;
};

}  // namespace quarry
