#include "rpc/subscriptions.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "rpc/filters.hpp"

namespace quarry::rpc {
namespace {

/// An entry's place on_step (the filters have the other).
constexpr std::size_t kStepPlace = 1;

}  // namespace

class Subscription final : public Listener, public std::enable_shared_from_this<Subscription> {
 public:
  Subscription(Subscriptions& owner, Interest interest, std::weak_ptr<Subscriber> client)
      : Listener(std::move(interest)),
        owner_(owner),
        client_(std::move(client)),
        id_(random_id()),
        head_(R"({"jsonrpc":"2.0","method":"eth_subscription","params":{"subscription":")" + id_ +
              R"(","result":)") {}
  const std::string& id() const { return id_; }

  void take(const std::vector<EventText>& texts, BlockNum) override {
    for (const auto& text : texts) owner_.outbox_bytes_ += text.size();
    owner_.outbox_.push_back({shared_from_this(), texts});
  }

  // Loop thread.
  void begin() {
    begun_ = true;
    send(std::exchange(held_, {}));
  }
  void send(const std::vector<EventText>& texts) {
    const auto client = client_.lock();
    if (client == nullptr || ended_) return;
    if (!begun_) {
      held_.insert(held_.end(), texts.begin(), texts.end());
      if (held_.size() > owner_.limits_.most_held)
        client->cut_off("more events came than are kept before a subscription's answer has left");
      return;
    }
    for (const auto& text : texts) {
      if (ended_) return;
      client->notify(head_, text);
    }
  }
  /// Any thread.
  void set_ended() { ended_ = true; }

 private:
  Subscriptions& owner_;
  const std::weak_ptr<Subscriber> client_;
  const std::string id_;
  const std::string head_;
  bool begun_ = false;
  std::vector<EventText> held_;
  std::atomic<bool> ended_{false};
};

Subscriptions::Subscriptions(net::Loop& loop, Events& events, SubscriptionLimits limits)
    : loop_(loop), events_(events), limits_(limits) {
  events_.set_on_step(kStepPlace, [this] { post(); });
}

Subscriptions::~Subscriptions() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  delivered_.notify_all();
  events_.stop();
}

Expected<std::string, RpcError> Subscriptions::add(Interest interest, SubscribeScope& scope) {
  const auto full = [](std::string_view whose, std::size_t most) {
    return rpc_fail(RpcCode::limit_exceeded,
                    fmt::format("too many subscriptions: {} {} at most\nLet go of those "
                                "that are not needed with eth_unsubscribe.",
                                whose, most));
  };
  const auto client = scope.client.lock();
  if (client == nullptr) return rpc_fail(RpcCode::failed, "the connection is closed");
  const std::size_t terms = interest.filter.terms();
  const auto made = std::make_shared<Subscription>(*this, std::move(interest), scope.client);
  {
    const std::lock_guard lock(mutex_);
    if (count_ >= limits_.most) return full("in all", limits_.most);
    if (terms_ + terms > limits_.most_terms) return full("addresses and topics in all", limits_.most_terms);
    if (client->own_.size() >= limits_.most_per_client)
      return full("of one connection", limits_.most_per_client);
    ++count_;
    terms_ += terms;
    client->own_.push_back(made);
  }
  scope.made.push_back(made);
  events_.add(made);
  return made->id();
}

/// With the lock held.
void Subscriptions::forget(const Subscription& subscription) {
  --count_;
  terms_ -= subscription.interest().filter.terms();
}

bool Subscriptions::remove(const std::string& id, const SubscribeScope& scope) {
  const auto client = scope.client.lock();
  if (client == nullptr) return false;
  std::shared_ptr<Subscription> found;
  {
    const std::lock_guard lock(mutex_);
    auto& own = client->own_;
    const auto place = std::find_if(own.begin(), own.end(), [&](const auto& one) { return one->id() == id; });
    if (place == own.end()) return false;
    found = *place;
    own.erase(place);
    forget(*found);
  }
  found->set_ended();
  events_.remove(*found);
  return true;
}

void Subscriptions::begin(SubscribeScope& scope) {
  for (const auto& made : std::exchange(scope.made, {})) made->begin();
}

void Subscriptions::end(Subscriber& client) {
  std::vector<std::shared_ptr<Subscription>> own;
  {
    const std::lock_guard lock(mutex_);
    own = std::exchange(client.own_, {});
    for (const auto& one : own) forget(*one);
  }
  for (const auto& one : own) {
    one->set_ended();
    events_.remove(*one);
  }
}

std::size_t Subscriptions::size() const {
  const std::lock_guard lock(mutex_);
  return count_;
}

/// What came in this step goes to the loop, once that is not too far behind. Events' thread.
void Subscriptions::post() {
  if (outbox_.empty()) return;
  const std::size_t bytes = std::exchange(outbox_bytes_, 0);
  {
    std::unique_lock lock(mutex_);
    delivered_.wait(lock, [&] { return stopping_ || in_flight_ < limits_.most_in_flight; });
    if (stopping_) return;
    in_flight_ += bytes;
  }
  loop_.post([this, bytes, deliveries = std::exchange(outbox_, {})] {
    deliver(deliveries);
    {
      const std::lock_guard lock(mutex_);
      in_flight_ -= bytes;
    }
    delivered_.notify_one();
  });
}

void Subscriptions::deliver(const std::vector<Delivery>& deliveries) {
  for (const auto& delivery : deliveries) delivery.to->send(delivery.texts);
}

}  // namespace quarry::rpc
