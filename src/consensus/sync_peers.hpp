#pragma once
/// \file
/// What the sync machine knows of its peers: heads, requests under way, how fast each answers.
/// Owner: Sync. Sync thread only.

#include <array>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "consensus/actions.hpp"
#include "consensus/hash_memory.hpp"
#include "consensus/sync.hpp"

namespace quarry::sync {

using Millis = std::chrono::milliseconds;

enum class Ask : std::uint8_t { headers, bodies, receipts, nodes };
inline constexpr std::size_t kAskCount = 4;
/// The eth message's name, for logs.
const char* to_string(Ask ask);

/// A request is given up after four times the peer's usual answer time, within these bounds.
inline constexpr Millis kShortestWait{3'000};
inline constexpr Millis kLongestWait{15'000};
/// Silence of the only peer: it is asked again after 1, 2, 4 … s, at most this.
inline constexpr Millis kLongestBackoff{30'000};
/// With others to ask, a peer that let so many requests in a row lapse is dropped.
inline constexpr unsigned kMostTimeouts = 2;
/// With others to follow, a peer that was followed in vain so many times in a row is dropped.
inline constexpr unsigned kMostFailedCycles = 3;
/// Before the same peer is followed again: nothing may go round without a pause.
inline constexpr Millis kPauseBeforeAgain{200};
/// Block hashes that a peer is known to have, so that they are not announced to it (32 KiB a peer).
inline constexpr std::size_t kKnownHashes = 1024;

/// What a request was for.
enum class Purpose : std::uint8_t { head, ancestor, skeleton, fill, bodies, receipts, nodes, fetch };

struct Request {
  Purpose purpose = Purpose::head;
  std::uint64_t owner = 0;      ///< the number of the cycle that asked; 0: the announcements' fetcher
  HeaderQuery query;            ///< of headers
  std::vector<Hash256> hashes;  ///< of the others
};

/// Answers of one kind that are being read, while the peer is asked for the next.
inline constexpr std::size_t kAnswersAside = 2;

struct Slot {
  std::optional<Request> request;
  std::deque<Request> aside;  ///< their answers came and are being read, in this order
  Millis sent{0}, deadline{0};
  Millis free_from{0};  ///< not asked before
  /// A request lapsed and its answer may still come, before the next one's: so many answers that fit nothing
  /// are forgiven.
  unsigned late_answers = 0;
  /// Uses one up.
  bool forgive() { return late_answers > 0 && late_answers-- > 0; }
};

struct Peer {
  PeerKey key = 0;
  PeerHead head;
  /// The total difficulty belongs to exactly that hash (false: a guess from an announcement by hash).
  bool exact = true;
  BlockNum number = 0;  ///< of the head; 0 while unknown
  HashMemory known{kKnownHashes};
  std::array<Slot, kAskCount> slots;
  Millis usual_wait{800};
  unsigned timeouts = 0;                  ///< in a row
  unsigned failed_cycles = 0;             ///< in a row, without a lie
  Millis lead_from{0};                    ///< not followed before
  std::optional<BlockId> lacks_state_of;  ///< it had nothing of this pivot's state
  bool dropped = false;

  Slot& slot(Ask ask) { return slots[static_cast<std::size_t>(ask)]; }
};

class Peers {
 public:
  Peer* find(PeerKey key);
  const Peer* find(PeerKey key) const;
  Peer& add(PeerKey key, PeerHead head);
  void erase(PeerKey key) { peers_.erase(key); }
  std::map<PeerKey, Peer>& all() { return peers_; }
  const std::map<PeerKey, Peer>& all() const { return peers_; }
  /// Connected and not being dropped.
  std::size_t live() const;

  /// May this peer be asked now?
  static bool idle(Peer& peer, Ask ask, Now now);
  /// Notes the request and gives the action that sends it.
  static Action ask(Peer& peer, Ask ask, Request request, Now now);
  /// The answer to what was asked last came; it is handed over when it is read. The peer may be asked again.
  static void arrived(Peer& peer, Ask ask, Now now);
  /// Ends the request that an answer came for; nothing when none was asked.
  static std::optional<Request> answered(Peer& peer, Ask ask, Now now);

 private:
  std::map<PeerKey, Peer> peers_;
};

}  // namespace quarry::sync
