#pragma once
/// \file
/// How far a long job is: a bar on a terminal, a log line now and then elsewhere.

#include <chrono>
#include <cstdint>
#include <string>

namespace quarry {

/// What a moment of a job looks like. Pure, so that it can be tested without a clock or a terminal.
struct ProgressState {
  std::string what;                   ///< "Importing blocks"
  std::uint64_t done = 0, total = 0;  ///< bytes or items; total 0: not known
  std::uint64_t items = 0;            ///< what the rate counts
  std::string unit;                   ///< "blocks"
  std::chrono::nanoseconds elapsed{};
};
/// "Importing blocks  42% [########            ] 5040 blocks, 1260/s, 5s left", at most `width` columns.
std::string progress_bar(const ProgressState& state, std::size_t width);
/// "5s", "3m20s", "2h05m"; "?" while nothing is known.
std::string progress_eta(const ProgressState& state);

/// One job's progress on standard error. One thread; made once a job.
class Progress {
 public:
  Progress(std::string what, std::string unit);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// Cheap: shows at most ten times a second on a terminal, every eight seconds in a log.
  /// `total` 0: not known.
  void update(std::uint64_t done, std::uint64_t total, std::uint64_t items);
  /// Clears the bar. The caller logs the result.
  void finish();
  std::chrono::nanoseconds elapsed() const { return std::chrono::steady_clock::now() - begun_; }

 private:
  void show();
  ProgressState state_;
  const bool terminal_;
  bool finished_ = false;
  const std::chrono::steady_clock::time_point begun_ = std::chrono::steady_clock::now();
  std::chrono::steady_clock::time_point shown_ = begun_;
};

}  // namespace quarry
