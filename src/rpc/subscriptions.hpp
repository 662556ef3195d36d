#pragma once
/// \file
/// Subscriptions: events sent to the connection that asked for them, over WebSocket and IPC.

#include <condition_variable>

#include "net/loop.hpp"
#include "rpc/events.hpp"
#include "rpc/json_rpc.hpp"

namespace quarry::rpc {

struct SubscriptionLimits {
  std::size_t most_per_client = 1000;
  std::size_t most = 10'000;
  /// Addresses and topics that all of them look for together: 64 MiB at 32 bytes.
  std::size_t most_terms = std::size_t{2} << 20;
  /// Events that wait until the answer with the subscription's id is sent.
  std::size_t most_held = 1000;
  /// Bytes of events between the events' thread and the loop; that thread waits at this.
  std::size_t most_in_flight = std::size_t{16} << 20;
};

class Subscription;

/// A connection that takes what was not asked for. Loop thread.
class Subscriber {
 public:
  Subscriber() = default;
  Subscriber(const Subscriber&) = delete;
  Subscriber& operator=(const Subscriber&) = delete;
  virtual ~Subscriber() = default;
  /// Sends the notification that `head` begins and `text` ends.
  virtual void notify(std::string_view head, const EventText& text) = 0;
  /// Ends the connection: the client is too slow, for that reason.
  virtual void cut_off(const std::string& why) = 0;

 private:
  friend class Subscriptions;
  std::vector<std::shared_ptr<Subscription>> own_;  ///< guarded by the Subscriptions' mutex
};

/// One message of a subscriber: what it subscribed begins to send when its answer has left.
struct SubscribeScope {
  explicit SubscribeScope(std::weak_ptr<Subscriber> subscriber) : client(std::move(subscriber)) {}
  std::weak_ptr<Subscriber> client;
  std::vector<std::shared_ptr<Subscription>> made = {};
};

/// Thread-safe but where a function says otherwise. Destroyed when the loop no longer runs.
class Subscriptions {
 public:
  /// `loop` and `events` outlive this.
  Subscriptions(net::Loop& loop, Events& events, SubscriptionLimits limits = {});
  ~Subscriptions();

  /// A new subscription's id. It is silent until begin().
  Expected<std::string, RpcError> add(Interest interest, SubscribeScope& scope);
  /// False when the client has none of that id.
  bool remove(const std::string& id, const SubscribeScope& scope);
  /// The message's answer was sent. Loop thread.
  void begin(SubscribeScope& scope);
  /// The client is gone. Loop thread.
  void end(Subscriber& client);
  std::size_t size() const;

 private:
  friend class Subscription;
  struct Delivery {
    std::shared_ptr<Subscription> to;
    std::vector<EventText> texts;
  };
  void post();
  void deliver(const std::vector<Delivery>& deliveries);
  void forget(const Subscription& subscription);

  net::Loop& loop_;
  Events& events_;
  const SubscriptionLimits limits_;
  std::vector<Delivery> outbox_;  ///< the events' thread only
  std::size_t outbox_bytes_ = 0;  ///< likewise
  mutable std::mutex mutex_;
  std::condition_variable delivered_;
  std::size_t in_flight_ = 0;
  std::size_t count_ = 0;
  std::size_t terms_ = 0;
  bool stopping_ = false;
};

}  // namespace quarry::rpc
