#pragma once
/// \file
/// The last error of each peer: what admin.peerErrors shows. Loop thread.

#include <list>

#include "net/peer_set.hpp"

namespace quarry::net {

class PeerErrors {
 public:
  /// What to say of `verdict`: the peer's last error when that tells more. A geth that finds our Status unfit
  /// often says only "subprotocol error" and goes before its own Status is sent; another time it was there to
  /// compare.
  Verdict telling(const NodeId& id, const Verdict& verdict) const;
  /// Takes note; true when it is the same error as this peer's last, with no success in between.
  /// Peers are told apart by `id`, or by `address` when they never said who they are.
  bool add(const NodeId& id, const std::string& address, bool inbound, const Verdict& verdict,
           std::uint64_t time);
  /// The peer is connected: its next error is news again.
  void clear(const NodeId& id);
  /// Newest first.
  std::vector<PeerError> list() const;

 private:
  struct Entry {
    PeerError error;
    Verdict verdict;
    bool resolved = false;
  };
  std::list<Entry> entries_;  // newest first, at most kMaxPeerErrors
};

}  // namespace quarry::net
