#include "rpc/ws_client.hpp"

#include <fmt/format.h>

#include "core/log.hpp"
#include "rpc/json_rpc.hpp"

namespace quarry::rpc {
namespace {

/// Answers that the client has not taken stop the reading of its further messages at this many bytes.
constexpr std::size_t kMaxUntakenBytes = 256 * 1024;

}  // namespace

WsClient::WsClient(WsShared& shared, net::StreamPtr stream, Caller caller)
    : PushClient(std::move(stream), shared.subscriptions), shared_(shared), caller_(std::move(caller)) {}

WsClient::~WsClient() {
  closed();
}

void WsClient::start(const net::HttpRequest& request, const net::HttpConnectionPtr& connection,
                     std::function<void()> on_closed) {
  const auto weak = weak_from_this();
  net::WebSocket::Events events;
  events.on_message = [weak](std::string text) {
    if (const auto self = weak.lock()) self->on_message(std::move(text));
  };
  events.on_closed = [weak, on_closed = std::move(on_closed)](const net::Closed&) {
    // Gone already: so is, or may be, who wants to hear of it.
    const auto self = weak.lock();
    if (self == nullptr) return;
    self->closed();
    on_closed();
  };
  events.on_drain = [weak] {
    if (const auto self = weak.lock()) self->go_on();
  };
  events.on_bytes = [weak](std::size_t count) {
    const auto self = weak.lock();
    return self != nullptr && self->take_bytes(count);
  };
  counted_ = shared_.clients.enter(caller_.address);
  socket_ = net::WebSocket::accept(request, connection, shared_.limits, shared_.times, std::move(events));
}

bool WsClient::take_bytes(std::size_t count) {
  if (shared_.held + count > shared_.most_bytes) return false;
  shared_.held += count;
  held_ += count;
  return true;
}

void WsClient::on_message(std::string text) {
  shared_.held -= std::exchange(held_, 0);
  if (socket_.expired() || leaving_) return;
  if (in_flight_ >= kMaxWsInFlight || !waiting_.empty()) {
    waiting_.push_back(std::move(text));
    if (const auto socket = socket_.lock()) socket->pause();
    return;
  }
  submit(std::move(text));
}

void WsClient::submit(std::string text) {
  if (!shared_.in_work.enter(caller_.address)) {
    return answer(error_answer(parse_message(text), static_cast<int>(RpcCode::limit_exceeded),
                               fmt::format("more than {} requests of one address at once; wait for answers",
                                           shared_.in_work.most())),
                  nullptr);
  }
  ++in_flight_;
  auto caller = caller_;
  if (subscriptions_ != nullptr) caller.scope = std::make_shared<SubscribeScope>(weak_from_this());
  shared_.jobs.run(std::move(text), caller,
                   [weak = weak_from_this(), &shared = shared_, address = caller_.address,
                    scope = caller.scope](std::string out) {
                     shared.in_work.leave(address);
                     const auto self = weak.lock();
                     if (self == nullptr) return;
                     --self->in_flight_;
                     self->answer(std::move(out), scope.get());
                     if (self->leaving_ && self->in_flight_ == 0) return self->go_away();
                     self->go_on();
                   });
}

void WsClient::answer(std::string text, SubscribeScope* scope) {
  const auto socket = socket_.lock();
  if (socket == nullptr) return;
  if (!text.empty()) {
    text.push_back('\n');
    socket->send(net::SharedBuffer(std::move(text)));
    count();
    if (stream_->pending() > kMaxUntakenBytes) socket->pause();
  }
  if (scope != nullptr) subscriptions_->begin(*scope);
}

/// More room: takes up messages that waited, then reads on.
void WsClient::go_on() {
  count();
  const auto socket = socket_.lock();
  if (socket == nullptr || stream_->pending() > kMaxUntakenBytes) return;
  // What is answered on the loop comes back here from within submit().
  if (std::exchange(going_on_, true)) return;
  while (!waiting_.empty() && in_flight_ < kMaxWsInFlight) {
    auto text = std::move(waiting_.front());
    waiting_.pop_front();
    submit(std::move(text));
  }
  going_on_ = false;
  if (waiting_.empty() && in_flight_ < kMaxWsInFlight) socket->resume();
}

bool WsClient::send(std::string_view head, const EventText& text) {
  const auto socket = socket_.lock();
  if (socket == nullptr || !socket->send(head, net::SharedBuffer(text.with_tail()))) return false;
  count();
  return true;
}

/// Brings our part of what all clients have not taken up to date.
void WsClient::count() {
  const auto now = stream_->pending();
  shared_.waiting += now - untaken_;
  untaken_ = now;
  if (now > kMaxUntakenBytes && shared_.waiting > shared_.most_bytes)
    cut_off("all clients together leave too much unread");
}

void WsClient::cut_off(const std::string& why) {
  const auto socket = socket_.lock();
  if (socket == nullptr) return;
  log_warn("WebSocket client cut off", {{"address", stream_->remote_address()}, {"reason", why}});
  end_subscriptions();
  socket_.reset();
  socket->close(net::WebSocketStatus::policy_violation, why);
}

void WsClient::leave() {
  leaving_ = true;
  waiting_.clear();
  if (in_flight_ == 0) go_away();
}

void WsClient::go_away() {
  end_subscriptions();
  const auto socket = socket_.lock();
  socket_.reset();
  if (socket != nullptr) socket->close(net::WebSocketStatus::going_away, "the server ends");
  closed();
}

void WsClient::closed() {
  if (std::exchange(counted_, false)) shared_.clients.leave(caller_.address);
  shared_.held -= std::exchange(held_, 0);
  shared_.waiting -= std::exchange(untaken_, 0);
  waiting_.clear();
  socket_.reset();
  end_subscriptions();
}

}  // namespace quarry::rpc
