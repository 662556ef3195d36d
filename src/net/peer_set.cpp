#include "net/peer_set.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <mutex>

#include "net/dialer.hpp"
#include "net/peer_errors.hpp"
#include "net/session.hpp"
#include "net/tcp.hpp"
#include "net/timer.hpp"

namespace quarry::net {
namespace {
/// close() waits so long for last words to be taken.
constexpr std::chrono::milliseconds kCloseTime = 3s;
/// Lets other threads post to the loop for as long as the set lives.
class LoopGate {
 public:
  explicit LoopGate(Loop& loop) : loop_(&loop) {}
  void shut() {
    const std::lock_guard lock(mutex_);
    loop_ = nullptr;
  }
  void post(std::function<void()> work) {
    const std::lock_guard lock(mutex_);
    if (loop_ != nullptr) loop_->post(std::move(work));
  }

 private:
  std::mutex mutex_;
  Loop* loop_;  // guarded by mutex_
};

std::uint64_t unix_seconds() {
  using namespace std::chrono;
  return static_cast<std::uint64_t>(duration_cast<seconds>(system_clock::now().time_since_epoch()).count());
}

/// The enode URL where there is one that may work, or else the address.
std::string name_of(const Session& session) {
  const auto& info = session.info();
  const bool has_enode = !info.enode.host.empty() && info.enode.tcp_port != 0;
  return session.dialled() || has_enode ? info.enode.to_string() : info.remote_address;
}

}  // namespace

class PeerSet::Impl final : public SessionOwner,
                            public DialOwner,
                            public std::enable_shared_from_this<PeerSet::Impl> {
 public:
  Impl(Loop& loop, PeerSetConfig config, PeerEvents& events)
      : loop_(loop),
        config_(std::move(config)),
        events_(events),
        own_id_(public_key(config_.key)),
        gate_(std::make_shared<LoopGate>(loop)),
        dialer_(loop, config_, own_id_, *this),
        close_timer_(loop, [this] { finish_close(); }) {}

  Result<> start();
  void close(std::function<void()> done);
  void abandon();
  void add_peer(const Enode& node, PeerKind kind, bool asked);
  void remove_peer(const NodeId& node);
  bool send(PeerId peer, EthCode code, ByteView payload, std::uint64_t request_id);
  Session* find(PeerId peer) const;
  std::vector<PeerInfo> peers() const;
  std::size_t peer_count() const;

  // SessionOwner
  const PrivateKey& key() const override { return config_.key; }
  Hello hello() const override;
  std::vector<OwnCapability> capabilities() override { return own_capabilities(events_.needs_node_data()); }
  LocalStatus local_status() override { return events_.local_status(); }
  std::optional<Verdict> refuse(const Session& session) override;
  void on_up(Session& session) override;
  void on_eth(Session& session, EthMessage message) override;
  void on_end(Session& session, const Verdict& verdict) override;
  void on_closed(Session& session) override;

  // DialOwner
  std::shared_ptr<void> keep() override { return shared_from_this(); }
  const Session* session_to(const NodeId& node) const override { return any_with_id(node); }
  std::optional<Verdict> refuse_for_room(const NodeId& node) const override {
    return refuse_for_room(node, nullptr);
  }
  void on_dialled(const Enode& node, StreamPtr stream) override { open_session(std::move(stream), node); }
  void on_dial_failed(const Enode& node, Verdict verdict) override {
    report(verdict, node.id, node.to_string(), false);
  }
  void on_answer(const PeerReport& report) override { events_.on_report(report); }

  const NodeId& own_id() const { return own_id_; }
  std::uint16_t port() const { return listener_ ? listener_->port() : 0; }
  std::vector<PeerError> errors() const { return errors_.list(); }

 private:
  using SessionPtr = std::shared_ptr<Session>;

  void accept(StreamPtr stream);
  void make_room_for_pending();
  void open_session(StreamPtr stream, std::optional<Enode> dialled);
  /// A session with this id that has said Hello.
  Session* with_id(const NodeId& id, const Session* but) const;
  /// A session with this id that is on its way or up.
  Session* any_with_id(const NodeId& id, const Session* but = nullptr) const;
  bool is_exempt(const NodeId& id) const { return dialer_.is_static(id) || dialer_.is_trusted(id); }
  std::optional<Verdict> refuse_for_room(const NodeId& id, const Session* session) const;
  void report(const Verdict& verdict, const NodeId& id, const std::string& peer, bool inbound);
  void finish_close();
  void resume_all();

  Loop& loop_;
  const PeerSetConfig config_;
  PeerEvents& events_;
  const NodeId own_id_;
  std::shared_ptr<LoopGate> gate_;
  std::shared_ptr<InboundBudget> budget_;
  std::unique_ptr<TcpListener> listener_;
  Dialer dialer_;
  PeerErrors errors_;
  std::map<PeerId, SessionPtr> sessions_;
  PeerId last_id_ = 0;
  Timer close_timer_;  // bounds close()
  bool closing_ = false;
  std::function<void()> on_closed_;
};

// ---- listening and connecting ------------------------------------------------------------------

Result<> PeerSet::Impl::start() {
  // Not in the constructor: there is no weak pointer to this yet.
  budget_ = InboundBudget::make(kMaxInboundBytes, kMaxInboundMessages, nullptr,
                                [gate = gate_, weak = weak_from_this()] {
                                  gate->post([weak] {
                                    if (const auto self = weak.lock()) self->resume_all();
                                  });
                                });
  if (config_.listen) {
    auto made = TcpListener::listen(loop_, {config_.listen_host, config_.listen_port, "--port"},
                                    [this](StreamPtr stream) { accept(std::move(stream)); });
    if (!made) return tl::unexpected<Error>(made.error());
    listener_ = std::move(*made);
  }
  dialer_.start();
  return {};
}

void PeerSet::Impl::accept(StreamPtr stream) {
  if (closing_ || !config_.allowed.allow(stream->remote_ip())) return;
  make_room_for_pending();
  open_session(std::move(stream), std::nullopt);
}

void PeerSet::Impl::make_room_for_pending() {
  std::size_t pending = 0;
  Session* oldest = nullptr;
  for (const auto& [id, session] : sessions_) {
    if (!session->inbound() || session->phase() >= Session::Phase::up) continue;
    if (pending++ == 0) oldest = session.get();  // ids grow with time
  }
  if (pending >= kMaxPendingInbound) {
    oldest->end({.kind = VerdictKind::timed_out,
                 .reason = fmt::format("made room: {} connections are in their handshakes", pending)},
                DisconnectReason::too_many_peers);
  }
}

void PeerSet::Impl::open_session(StreamPtr stream, std::optional<Enode> dialled) {
  const PeerId id = ++last_id_;
  const auto budget = InboundBudget::make(kMaxInboundBytesPerPeer, kMaxInboundMessagesPerPeer, budget_,
                                          [gate = gate_, weak = weak_from_this(), id] {
                                            gate->post([weak, id] {
                                              const auto self = weak.lock();
                                              if (!self) return;
                                              if (auto* session = self->find(id)) session->resume();
                                            });
                                          });
  auto session =
      std::make_shared<Session>(*this, id, std::move(stream), std::move(dialled), config_.timeouts, budget);
  sessions_.emplace(id, session);
  session->start();
}

void PeerSet::Impl::resume_all() {
  const auto sessions = sessions_;
  for (const auto& [id, session] : sessions) session->resume();
}

// ---- wanting ----------------------------------------------------------------------

void PeerSet::Impl::add_peer(const Enode& node, PeerKind kind, bool asked) {
  if (closing_ || dialer_.want(node, kind, asked)) return;
  const Verdict full{.kind = VerdictKind::unreachable,
                     .reason = fmt::format("not dialled: {} nodes are wanted already", kMaxKnownNodes)};
  report(full, node.id, node.to_string(), false);
}

void PeerSet::Impl::remove_peer(const NodeId& node) {
  dialer_.forget(node);
  const auto sessions = sessions_;
  for (const auto& [id, session] : sessions) {
    if (session->knows_id() && session->node_id() == node) {
      session->end({.kind = VerdictKind::disconnected, .reason = "removed by request"},
                   DisconnectReason::requested);
    }
  }
}

// ---- what sessions ask and tell ----------------------------------------------------------------

Hello PeerSet::Impl::hello() const {
  return {.client = config_.client, .capabilities = {}, .listen_port = port(), .id = own_id_};
}

Session* PeerSet::Impl::with_id(const NodeId& id, const Session* but) const {
  for (const auto& [number, session] : sessions_) {
    const auto phase = session->phase();
    if (phase != Session::Phase::status && phase != Session::Phase::up) continue;
    if (session.get() != but && session->node_id() == id) return session.get();
  }
  return nullptr;
}

Session* PeerSet::Impl::any_with_id(const NodeId& id, const Session* but) const {
  for (const auto& [number, session] : sessions_) {
    if (session.get() == but || session->phase() == Session::Phase::closing || !session->knows_id()) continue;
    if (session->node_id() == id) return session.get();
  }
  return nullptr;
}

std::optional<Verdict> PeerSet::Impl::refuse_for_room(const NodeId& id, const Session* session) const {
  if (is_exempt(id)) return std::nullopt;
  const auto taken = std::count_if(sessions_.begin(), sessions_.end(), [&](const auto& entry) {
    const auto phase = entry.second->phase();
    return entry.second.get() != session && (phase == Session::Phase::status || phase == Session::Phase::up);
  });
  if (static_cast<std::size_t>(taken) < config_.max_peers) return std::nullopt;
  return Verdict{
      .kind = VerdictKind::too_many_peers,
      .reason = fmt::format("too many peers: {} of {} places are taken here", taken, config_.max_peers),
      .remedy = "Raise --maxpeers, or make it a static or trusted node."};
}

std::optional<Verdict> PeerSet::Impl::refuse(const Session& session) {
  const NodeId& id = session.node_id();
  if (closing_) return Verdict{.kind = VerdictKind::disconnected, .reason = "this node is stopping"};
  if (id == own_id_) return Verdict{.kind = VerdictKind::self, .reason = "connected to self"};
  if (const auto* other = with_id(id, &session)) {
    // Two nodes that dial each other at the same moment must drop the same one of the two connections: the
    // one that the node with the lower id has dialled.
    const bool crossed = other->phase() == Session::Phase::status && other->inbound() != session.inbound();
    const bool keep_new = crossed && session.inbound() == (own_id_ < id);
    if (!keep_new) return Verdict{.kind = VerdictKind::already_connected, .reason = "already connected"};
    sessions_.at(other->id())->end({.kind = VerdictKind::already_connected, .reason = "already connected"});
  }
  return refuse_for_room(id, &session);
}

void PeerSet::Impl::on_up(Session& session) {
  auto& info = session.info();
  info.trusted = dialer_.is_trusted(info.node_id);
  info.is_static = dialer_.is_static(info.node_id);
  errors_.clear(info.node_id);
  dialer_.on_up(info);
  events_.on_peer_up(info);
}

void PeerSet::Impl::on_eth(Session& session, EthMessage message) {
  events_.on_message(session.id(), std::move(message));
}

void PeerSet::Impl::on_end(Session& session, const Verdict& verdict) {
  const NodeId id = session.knows_id() ? session.node_id() : NodeId{};
  if (session.was_up()) events_.on_peer_down(session.id(), verdict.reason);
  if (closing_) return;
  // Another connection to the same node is there: nothing is wrong and nothing to do.
  const auto* other = id.is_zero() ? nullptr : any_with_id(id, &session);
  if (verdict.kind == VerdictKind::already_connected && other != nullptr) {
    if (other->phase() == Session::Phase::up) dialer_.answer(id, verdict, false);
    return;
  }
  report(verdict, id, name_of(session), session.inbound());
  if (other == nullptr) dialer_.on_lost(id, session.up_for());
}

void PeerSet::Impl::on_closed(Session& session) {
  sessions_.erase(session.id());
  if (closing_ && sessions_.empty()) finish_close();
}

// ---- telling people ----------------------------------------------------------------------------

void PeerSet::Impl::report(const Verdict& verdict, const NodeId& id, const std::string& peer, bool inbound) {
  // Peers that never said who they are differ by address only; their port is another one each time.
  const std::string key = id.is_zero() ? peer.substr(0, peer.rfind(':')) : peer;
  const Verdict told = errors_.telling(id, verdict);
  const bool repeated = errors_.add(id, key, inbound, told, unix_seconds());
  if (!id.is_zero() && dialer_.answer(id, told, repeated)) return;
  events_.on_report({.verdict = told, .node_id = id, .peer = peer, .inbound = inbound, .repeated = repeated});
}

// ---- what the node asks ------------------------------------------------------------------------

Session* PeerSet::Impl::find(PeerId peer) const {
  const auto at = sessions_.find(peer);
  return at == sessions_.end() ? nullptr : at->second.get();
}

bool PeerSet::Impl::send(PeerId peer, EthCode code, ByteView payload, std::uint64_t request_id) {
  auto* session = find(peer);
  if (session == nullptr) return false;
  std::size_t waiting = payload.size();
  for (const auto& [id, other] : sessions_) waiting += other->pending_bytes();
  return waiting <= kMaxTotalSendBytes && session->send(code, payload, request_id);
}

std::vector<PeerInfo> PeerSet::Impl::peers() const {
  std::vector<PeerInfo> out;
  for (const auto& [id, session] : sessions_) {
    if (session->phase() != Session::Phase::up) continue;
    out.push_back(session->info());
    out.back().trusted = dialer_.is_trusted(session->node_id());
    out.back().is_static = dialer_.is_static(session->node_id());
  }
  return out;
}

std::size_t PeerSet::Impl::peer_count() const {
  return static_cast<std::size_t>(std::count_if(sessions_.begin(), sessions_.end(), [](const auto& entry) {
    return entry.second->phase() == Session::Phase::up;
  }));
}

// ---- the end -----------------------------------------------------------------------------------

void PeerSet::Impl::close(std::function<void()> done) {
  if (closing_) return;
  closing_ = true;
  on_closed_ = std::move(done);
  dialer_.stop();
  listener_.reset();
  const auto sessions = sessions_;
  for (const auto& [id, session] : sessions)
    session->end({.kind = VerdictKind::disconnected, .reason = "this node is stopping"},
                 DisconnectReason::quitting);
  close_timer_.start(sessions_.empty() ? std::chrono::milliseconds{0} : kCloseTime);
}

void PeerSet::Impl::finish_close() {
  const auto self = shared_from_this();
  close_timer_.stop();
  sessions_.clear();
  const auto done = std::move(on_closed_);
  on_closed_ = nullptr;
  if (done) loop_.post(done);  // who closes may then destroy the set
}

/// The set goes away: nothing calls it any more.
void PeerSet::Impl::abandon() {
  closing_ = true;
  gate_->shut();
  on_closed_ = nullptr;
  dialer_.stop();
  close_timer_.stop();
  listener_.reset();
  sessions_.clear();
}

PeerSet::PeerSet(Loop& loop, PeerSetConfig config, PeerEvents& events)
    : impl_(std::make_shared<Impl>(loop, std::move(config), events)) {}
PeerSet::~PeerSet() {
  impl_->abandon();
}
Result<> PeerSet::start() {
  return impl_->start();
}
void PeerSet::close(std::function<void()> done) {
  impl_->close(std::move(done));
}
void PeerSet::add_peer(const Enode& node, PeerKind kind, bool asked) {
  impl_->add_peer(node, kind, asked);
}
void PeerSet::remove_peer(const NodeId& node) {
  impl_->remove_peer(node);
}
bool PeerSet::send(PeerId peer, EthCode code, ByteView payload, std::uint64_t request_id) {
  return impl_->send(peer, code, payload, request_id);
}
void PeerSet::disconnect(PeerId peer, DisconnectReason reason, const std::string& why) {
  if (auto* session = impl_->find(peer))
    session->end({.kind = VerdictKind::disconnected, .reason = why}, reason);
}
void PeerSet::set_peer_head(PeerId peer, const BlockHash& head, const TotalDifficulty& total_difficulty) {
  if (auto* session = impl_->find(peer)) {
    session->info().head = head;
    session->info().total_difficulty = total_difficulty;
  }
}
std::vector<PeerInfo> PeerSet::peers() const {
  return impl_->peers();
}
std::size_t PeerSet::peer_count() const {
  return impl_->peer_count();
}
std::vector<PeerError> PeerSet::peer_errors() const {
  return impl_->errors();
}
std::uint16_t PeerSet::listening_port() const {
  return impl_->port();
}
const NodeId& PeerSet::node_id() const {
  return impl_->own_id();
}

}  // namespace quarry::net
