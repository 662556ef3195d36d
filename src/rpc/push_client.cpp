#include "rpc/push_client.hpp"

#include <fmt/format.h>

namespace quarry::rpc {

void PushClient::notify(std::string_view head, const EventText& text) {
  backlog_.settle(stream_->sent());
  if (backlog_.count() >= kMostWaitingEvents || backlog_.bytes() >= kMostWaitingEventBytes) {
    return cut_off(
        fmt::format("too slow: {} notifications ({} bytes) were not taken, at most {} ({}) are kept",
                    backlog_.count(), backlog_.bytes(), kMostWaitingEvents, kMostWaitingEventBytes));
  }
  if (send(head, text) && stream_->pending() > 0) backlog_.add(stream_->written(), head.size() + text.size());
}

void PushClient::end_subscriptions() {
  if (subscriptions_ != nullptr) subscriptions_->end(*this);
}

}  // namespace quarry::rpc
