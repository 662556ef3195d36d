#pragma once
/// \file
/// What the blocks we mine on a jbc chain say: what was submitted, in its order; else a text of the user's.

#include <deque>
#include <mutex>
#include <string>
#include <vector>

#include "consensus/chain.hpp"
#include "core/expected.hpp"

namespace quarry {

/// Thread-safe.
class JbcDataQueue {
 public:
  /// Texts that wait for a block, and their bytes: a block a second takes a quarter of an hour for them.
  static constexpr std::size_t kMostTexts = 1024;
  static constexpr std::size_t kMostBytes = std::size_t{16} << 20;
  /// One text: JSON may escape every byte of it, and headers have room for little more.
  static constexpr std::size_t kMostTextBytes = std::size_t{512} << 10;

  /// `otherwise` is said when nothing waits; when it is empty, "I block #N".
  explicit JbcDataQueue(std::string otherwise) : otherwise_(std::move(otherwise)) {}

  /// How many wait now.
  Result<std::size_t> submit(std::string text);
  std::vector<std::string> pending() const;
  /// The next block's data.
  std::string next() const;
  /// A block of ours that says the first text takes it from the queue.
  void on_head(const HeadEvent& event);

 private:
  mutable std::mutex mutex_;
  const std::string otherwise_;
  std::deque<std::string> texts_;
  std::size_t bytes_ = 0;
};

}  // namespace quarry
