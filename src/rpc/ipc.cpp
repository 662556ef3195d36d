#include "rpc/ipc.hpp"

#include "core/log.hpp"
#include "rpc/json_rpc.hpp"

namespace quarry::rpc {

IpcConnection::IpcConnection(net::StreamPtr stream, Jobs& jobs, Subscriptions* subscriptions)
    : PushClient(std::move(stream), subscriptions), jobs_(jobs) {}

void IpcConnection::start(std::function<void()> on_closed) {
  stream_->set_on_end([this] {
    ending_ = true;
    finish_when_idle();
  });
  stream_->start([this](ByteView bytes) { on_read(bytes); },
                 [this, done = std::move(on_closed)](const net::Closed&) {
                   end_subscriptions();
                   done();
                 });
}

/// Nothing in the protocol says why: the log does.
void IpcConnection::cut_off(const std::string& why) {
  log_warn("IPC client cut off", {{"reason", why}});
  end_subscriptions();
  stream_->close(net::CloseReason::write_limit, why);
}

bool IpcConnection::send(std::string_view head, const EventText& text) {
  return stream_->write(as_bytes(head), net::SharedBuffer(text.with_tail()));
}

void IpcConnection::on_read(ByteView bytes) {
  const auto self = shared_from_this();
  append(rest_, bytes);
  cut();
}

void IpcConnection::cut() {
  ByteView bytes = rest_;
  while (!bytes.empty() && !ending_) {
    if (slots_.size() >= kMaxIpcInFlight) flush();
    if (slots_.size() >= kMaxIpcInFlight) break;
    auto step = messages_.feed(bytes);
    bytes = bytes.subspan(step.used);
    if (step.message) submit(std::move(*step.message));
    if (messages_.failed()) refuse_the_rest();
  }
  rest_ = ending_ ? Bytes{} : to_bytes(bytes);
  if (!rest_.empty()) stream_->pause();
  flush();
}

/// Where the next message begins is not known: says why, and ends.
void IpcConnection::refuse_the_rest() {
  ending_ = true;
  auto slot = std::make_shared<Slot>();
  slot->done = true;
  append_answer(slot->answer, "null", rpc_fail(RpcCode::parse_error, messages_.failure()));
  slots_.push_back(std::move(slot));
}

void IpcConnection::submit(std::string message) {
  auto slot = std::make_shared<Slot>();
  slots_.push_back(slot);
  Caller caller{Access::ipc};
  if (subscriptions_ != nullptr)
    caller.scope = slot->scope = std::make_shared<SubscribeScope>(weak_from_this());
  // An answer that comes inside run() is flushed by cut(), which called us.
  const auto returned = std::make_shared<bool>(false);
  jobs_.run(std::move(message), caller, [weak = weak_from_this(), slot, returned](std::string answer) {
    slot->done = true;
    slot->answer = std::move(answer);
    if (!*returned) return;
    const auto self = weak.lock();
    if (self == nullptr) return;
    self->flush();
    if (self->rest_.empty()) return;
    self->cut();
    if (self->rest_.empty()) self->stream_->resume();
  });
  *returned = true;
}

void IpcConnection::flush() {
  while (!slots_.empty() && slots_.front()->done) {
    const auto slot = std::move(slots_.front());
    slots_.pop_front();
    if (!slot->answer.empty()) {
      slot->answer.push_back('\n');
      if (!stream_->write(net::SharedBuffer(std::move(slot->answer)))) return;
    }
    if (slot->scope) subscriptions_->begin(*slot->scope);
  }
  finish_when_idle();
}

void IpcConnection::finish_when_idle() {
  if (ending_ && slots_.empty()) stream_->finish();
}

Result<std::unique_ptr<IpcServer>> IpcServer::listen(net::Loop& loop, const std::string& path, Jobs& jobs,
                                                     Subscriptions* subscriptions) {
  auto out = std::make_unique<IpcServer>();
  auto listener = net::PipeListener::listen(
      loop, path, [server = out.get(), &jobs, subscriptions](net::StreamPtr stream) {
        server->accept(std::move(stream), jobs, subscriptions);
      });
  if (!listener) return tl::unexpected(listener.error());
  out->listener_ = std::move(*listener);
  return out;
}

IpcServer::~IpcServer() = default;

void IpcServer::accept(net::StreamPtr stream, Jobs& jobs, Subscriptions* subscriptions) {
  if (clients_.size() >= kMaxIpcClients) return;
  auto client = std::make_shared<IpcConnection>(std::move(stream), jobs, subscriptions);
  auto* key = client.get();
  clients_.emplace(key, client);
  client->start([this, key] { clients_.erase(key); });
}

}  // namespace quarry::rpc
