#pragma once
/// \file
/// Fetches a chain of headers: its skeleton (every 192nd header) from the peer that is followed, the gaps
/// from all. What comes out is linked from the ancestor to the announced head; rules and seals are the
/// chain thread's matter.

#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "consensus/actions.hpp"
#include "consensus/sync_peers.hpp"

namespace quarry::sync {

/// Headers a gap and a message: what geth serves at most.
inline constexpr std::size_t kSegmentHeaders = 192;
/// Skeleton headers a message; geth asks for as many.
inline constexpr std::size_t kSkeletonHeaders = 128;
/// Headers planned or fetched and not yet taken (about 0.7 KB each when fetched).
inline constexpr std::size_t kHeadersAhead = 16'384;

/// The chain that is followed.
struct HeaderTarget {
  PeerKey master = 0;
  BlockId ancestor;
  TotalDifficulty ancestor_difficulty;  ///< total, at the ancestor
  SealedHeader head;
  std::optional<TotalDifficulty> announced;  ///< total, at the head; none: the peer did not say
};

/// How an answer fared.
struct Judgement {
  enum class Kind : std::uint8_t {
    good,
    lacking,   ///< not wrong, but it did not bring what was asked; somebody else may
    lie,       ///< the peer is to be dropped
    moved_on,  ///< the followed peer's chain changed under us: begin anew
  } kind = Kind::good;
  std::string why = {};
};

class HeaderSync {
 public:
  explicit HeaderSync(HeaderTarget target);

  /// What this peer could be asked now. The caller must ask it.
  std::optional<Request> next(PeerKey peer);
  Judgement on_headers(PeerKey peer, const Request& request, std::vector<SealedHeader> headers);
  /// The request came to nothing: somebody else may be asked.
  void give_back(PeerKey peer, const Request& request);
  /// The peer is gone.
  void forget(PeerKey peer);

  /// At most `most` headers, in order, each once.
  std::vector<SealedHeader> take(std::size_t most);
  std::size_t ready() const;
  /// Everything up to the head was taken.
  bool done() const { return taken_ == target_.head->number; }
  /// Set by `take` when the taken headers' difficulties do not fit what the followed peer announced.
  const std::optional<std::string>& difficulty_lie() const { return difficulty_lie_; }
  /// Headers planned, under way or waiting.
  std::size_t ahead() const { return static_cast<std::size_t>(planned_ - taken_); }
  const HeaderTarget& target() const { return target_; }

 private:
  struct Segment {
    BlockNum first = 0;
    std::size_t count = 0;
    BlockHash parent, end;  ///< the hashes before its first header and of its last
    enum class State : std::uint8_t { open, asked, filled } state = State::open;
    std::vector<SealedHeader> headers;
    std::vector<PeerKey> cannot;  ///< peers that did not bring it
  };
  void plan(BlockNum last, const BlockHash& end);
  void plan_tail();
  std::optional<Request> next_skeleton();
  Judgement on_skeleton(const Request& request, const std::vector<SealedHeader>& headers);
  Judgement on_fill(PeerKey peer, const Request& request, std::vector<SealedHeader> headers);
  Judgement misfit(PeerKey peer, Segment& segment, std::string why);
  Segment* asked_segment(const Request& request);
  void count_difficulty(const SealedHeader& header);

  HeaderTarget target_;
  std::deque<Segment> segments_;
  BlockNum planned_;  ///< the last header of the last segment
  BlockHash planned_hash_;
  bool skeleton_asked_ = false;
  BlockNum taken_;
  TotalDifficulty difficulty_;
  std::optional<std::string> difficulty_lie_;
};

}  // namespace quarry::sync
