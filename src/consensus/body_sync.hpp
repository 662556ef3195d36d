#pragma once
/// \file
/// Puts bodies, and for blocks below the pivot receipts, to headers that are known. Answers are matched by
/// roots, since eth/63's say neither what they answer nor what they left out.

#include <deque>
#include <optional>
#include <unordered_map>
#include <vector>

#include "consensus/header_sync.hpp"
#include "core/packed_block.hpp"

namespace quarry::sync {

/// Blocks that wait for their bodies or for the chain thread.
inline constexpr std::size_t kBlocksAhead = 8'192;
/// Bytes of bodies and receipts that wait for the chain thread; above it only the first block is asked for.
inline constexpr std::size_t kBytesAhead = std::size_t{64} << 20;
/// Hashes a message: what geth asks for at most.
inline constexpr std::size_t kBodiesAsked = 128;
inline constexpr std::size_t kReceiptsAsked = 256;

class BodySync {
 public:
  explicit BodySync(bool with_receipts) : with_receipts_(with_receipts) {}

  /// The next header, in order. Only while there is `room()`.
  void add(SealedHeader header);
  std::size_t room() const { return kBlocksAhead - std::min(kBlocksAhead, entries_.size()); }
  bool empty() const { return entries_.empty(); }
  std::size_t size() const { return entries_.size(); }

  /// What this peer could be asked now (ask is bodies or receipts). The caller must ask it. `peers` is how
  /// many share the work.
  std::optional<Request> next(PeerKey peer, Ask ask, std::size_t peers);
  Judgement on_bodies(PeerKey peer, const Request& request, std::vector<PackedBody> bodies);
  Judgement on_receipts(PeerKey peer, const Request& request, std::vector<PackedReceipts> receipts);
  void give_back(PeerKey peer, const Request& request);
  void forget(PeerKey peer);
  /// A block that all of `peers` were asked for in vain.
  std::optional<BlockId> nobody_has(const std::vector<PeerKey>& peers) const;

  struct Entry {
    SealedHeader header;
    std::optional<PackedBody> body;
    std::optional<PackedReceipts> receipts;
    struct Part {
      bool asked = false;
      std::vector<PeerKey> lacks;  ///< peers that left it out of an answer
    };
    Part body_part, receipts_part;
    std::size_t bytes = 0;
  };
  /// Complete blocks from the front, at most so many and so many bytes (one at least).
  std::vector<Entry> take(std::size_t most, std::size_t most_bytes);
  std::size_t ready() const;
  std::size_t bytes_ahead() const { return bytes_; }

 private:
  bool complete(const Entry& entry) const { return entry.body && (!with_receipts_ || entry.receipts); }
  static Entry::Part& part(Entry& entry, Purpose purpose) {
    return purpose == Purpose::bodies ? entry.body_part : entry.receipts_part;
  }
  Entry* find(const Hash256& hash);
  /// Matches items with roots to the asked blocks, in order; `fits` compares, `put` keeps.
  template <class Item, class Fits, class Put>
  Judgement match(PeerKey peer, const Request& request, std::vector<Item>& items, const char* message,
                  Fits fits, Put put);

  bool with_receipts_;
  std::deque<Entry> entries_;
  std::unordered_map<BlockHash, std::uint64_t> index_;  ///< hash -> place, counted from the first ever added
  std::uint64_t taken_ = 0;
  std::size_t bytes_ = 0;
  bool any_lack_ = false;  ///< a peer left something out: else nobody_has() need not look
};

}  // namespace quarry::sync
