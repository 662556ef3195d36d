#pragma once
/// \file
/// Finds the highest block that a peer's chain and ours share, with few and small questions.

#include <optional>
#include <span>
#include <string>

#include "consensus/actions.hpp"
#include "consensus/sync.hpp"

namespace quarry::sync {

/// Forks older than this are refused: nobody may make us switch so much of the chain.
inline constexpr BlockNum kMostForkDepth = 90'000;

/// Asks for every 16th header of the last 192 (in the usual case the last is shared and that is all), then
/// for the 15 between the last shared and the first other one; where none is shared, halves the rest, at
/// most 64 times. Block 0 is shared: the handshake saw to that.
class AncestorSearch {
 public:
  AncestorSearch(const ChainReader& chain, BlockNum our_top, BlockNum their_top);

  /// The next question; only while `found()` is empty.
  HeaderQuery question() const;
  /// Judges the answer. What it says is why the peer lies.
  [[nodiscard]] std::optional<std::string> on_headers(std::span<const SealedHeader> headers);
  /// The ancestor, once it is known.
  const std::optional<BlockId>& found() const { return found_; }

 private:
  bool shared(const SealedHeader& header) const;
  void settle();

  const ChainReader& chain_;
  BlockNum our_top_;
  BlockNum from_ = 0, step_ = 16, count_ = 1;
  /// The highest known to be shared, and the lowest known not to be.
  BlockId low_;
  BlockNum high_;
  std::optional<BlockId> found_;
};

}  // namespace quarry::sync
