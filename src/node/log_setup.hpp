#pragma once
/// \file
/// Where log lines go: standard error, through a thread of its own, so that a slow terminal or a full pipe
/// never holds up the loop. Lines come in whole from core/log.hpp.

namespace quarry {

/// Lines that wait to be written; past it the oldest is dropped rather than anyone kept waiting.
inline constexpr unsigned kMaxQueuedLogLines = 8192;

/// Sets the log up for as long as it lives. One a process, made and destroyed in `main`.
class LogThread {
 public:
  /// `verbosity` as --verbosity has it: 0 (silent) to 5 (trace).
  explicit LogThread(int verbosity);
  /// Writes what waits, then logs to standard error directly again.
  ~LogThread();
  LogThread(const LogThread&) = delete;
  LogThread& operator=(const LogThread&) = delete;
};

/// Returns when the lines logged before it are written. Thread-safe.
void flush_log();

/// A hook around each line written to a terminal: a prompt or a progress bar clears its line before and draws
/// it again after. Called on the log's thread. Null, null: none.
using LogTerminalHook = void (*)();
void set_log_terminal_hooks(LogTerminalHook before, LogTerminalHook after);

}  // namespace quarry
