#pragma once
/// \file
/// Which announced transactions to ask whom for. Sans-IO: it has no socket, thread or clock; whoever owns it
/// (TxnGossip) passes the time in and sends what due() says. Not thread-safe.

#include <chrono>
#include <deque>
#include <map>
#include <optional>
#include <unordered_map>
#include <vector>

#include "net/messages.hpp"
#include "net/peer_set.hpp"

namespace quarry {

class TxnFetcher {
 public:
  /// From any fixed moment on, never going back.
  using Time = std::chrono::milliseconds;
  /// An announced transaction is asked for after this: it may be on its way whole from another peer.
  static constexpr Time kArrivalWait{50};
  /// A request that stays unanswered is given up after this, and another peer asked (geth: 5 s).
  static constexpr Time kAnswerWait{5'000};
  /// Announced by one peer and not fetched yet; more is passed over (geth: 4096). Some 100 bytes each.
  static constexpr std::size_t kMostAnnounced = 4096;
  /// Asked for at once (geth: 256) …
  static constexpr std::size_t kMostAsked = 256;
  /// … and, where the sizes are known, so many bytes of them (geth: 128 KiB), but one at least.
  static constexpr std::uint64_t kMostAskedBytes = 128 * 1024;
  /// A size that is off by so many bytes is no lie: clients count prefixes differently (geth: 8).
  static constexpr std::uint64_t kSizeSlack = 8;

  using Form = net::AnnouncedTxn::Form;
  struct Request {
    net::PeerId peer;
    std::uint64_t id;
    std::vector<TxnHash> hashes;
  };
  /// What was asked for, and as what the peer announced it.
  using Asked = std::unordered_map<TxnHash, std::optional<Form>>;

  /// `numbered`: its answers have request ids (eth/66).
  void add_peer(net::PeerId peer, bool numbered);
  /// What it was asked for is asked of others.
  void remove_peer(net::PeerId peer);
  /// The peer has these, which we do not.
  void announced(net::PeerId peer, const std::vector<net::AnnouncedTxn>& txns, Time now);
  /// It is here, whoever sent it.
  void arrived(const TxnHash& hash);
  /// The peer answered: what it was asked for. What of it did not come is asked of others, no more of this
  /// peer. Nothing when the answer is to no request of ours.
  std::optional<Asked> answered(net::PeerId peer, std::uint64_t id);
  /// What to ask now: at most one request a peer. Gives up what is overdue.
  std::vector<Request> due(Time now);
  /// Nothing is announced and nothing asked for.
  bool idle() const { return txns_.empty(); }
  std::size_t waiting() const { return txns_.size(); }

 private:
  struct Txn {
    Time since{0};
    bool asked = false;
    std::vector<net::PeerId> announcers;
  };
  struct Open {
    std::uint64_t id = 0;
    Time deadline{0};
    bool given_up = false;  ///< the peer is asked nothing more until it answers
    Asked hashes;
  };
  struct Peer {
    bool numbered = false;
    std::unordered_map<TxnHash, std::optional<Form>> announced;
    std::deque<TxnHash> order;  ///< of arrival; those no longer in `announced` are passed over
    std::optional<Open> open;
  };

  /// Lets go of places in `order` that mean nothing any more.
  static void tidy(Peer& peer);
  /// The peer will not be asked for it, again or at all.
  void withdraw(net::PeerId peer, const TxnHash& hash);
  void give_up(net::PeerId peer, Open& open);
  std::optional<Request> next_request(net::PeerId key, Peer& peer, Time now);

  std::map<net::PeerId, Peer> peers_;
  std::unordered_map<TxnHash, Txn> txns_;
  std::uint64_t last_id_ = 0;
};

}  // namespace quarry
