#pragma once
/// \file
/// A connection that subscriptions write to, with the bound that a slow reader is cut off at.

#include <deque>

#include "net/stream.hpp"
#include "rpc/subscriptions.hpp"

namespace quarry::rpc {

/// Notifications that one client may leave unread. Half of what geth keeps; a block's header has 1.5 KB.
inline constexpr std::size_t kMostWaitingEvents = 10'000;
/// And their bytes.
inline constexpr std::size_t kMostWaitingEventBytes = std::size_t{8} << 20;

/// Notifications that have not left yet: each known by where in the stream it ends.
class Backlog {
 public:
  void add(std::uint64_t end, std::size_t size) {
    waiting_.push_back({end, size});
    bytes_ += size;
  }
  /// So many of the stream's bytes have left.
  void settle(std::uint64_t sent) {
    for (; !waiting_.empty() && waiting_.front().end <= sent; waiting_.pop_front())
      bytes_ -= waiting_.front().size;
  }
  std::size_t count() const { return waiting_.size(); }
  std::size_t bytes() const { return bytes_; }

 private:
  struct Waiting {
    std::uint64_t end;
    std::size_t size;
  };
  std::deque<Waiting> waiting_;
  std::size_t bytes_ = 0;
};

/// Loop thread.
class PushClient : public Subscriber {
 public:
  /// `subscriptions` outlives this; none: the client cannot subscribe.
  PushClient(net::StreamPtr stream, Subscriptions* subscriptions)
      : stream_(std::move(stream)), subscriptions_(subscriptions) {}
  ~PushClient() override { end_subscriptions(); }
  void notify(std::string_view head, const EventText& text) final;

 protected:
  /// Writes a notification in the form of the protocol; false when the stream is closing.
  virtual bool send(std::string_view head, const EventText& text) = 0;
  /// To be called when the connection is closed.
  void end_subscriptions();

  net::StreamPtr stream_;
  Subscriptions* subscriptions_;

 private:
  Backlog backlog_;
};

}  // namespace quarry::rpc
