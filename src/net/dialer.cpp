#include "net/dialer.hpp"

#include <fmt/format.h>

namespace quarry::net {
namespace {
/// A connection that lasted this long was a good one: redials begin anew.
constexpr std::chrono::milliseconds kGoodConnection = 30s;
constexpr const char* kLoopback = "127.0.0.1";
/// A dial that finds all places taken looks again after this long, milliseconds.
constexpr std::uint64_t kDialWait = 100;

VerdictKind kind_of(ConnectFailure failure) {
  switch (failure) {
    case ConnectFailure::refused:
      return VerdictKind::refused;
    case ConnectFailure::timed_out:
      return VerdictKind::timed_out;
    case ConnectFailure::unknown_host:
      return VerdictKind::unknown_host;
    case ConnectFailure::unreachable:
    case ConnectFailure::other:
      return VerdictKind::unreachable;
  }
  return VerdictKind::unreachable;
}

std::string unspecified_host_hint(const Enode& node) {
  return fmt::format(
      "The enode's host is [{}], which names no machine: {} was dialled instead; from another "
      "machine put that node's address there.",
      node.host.empty() ? "::" : node.host, kLoopback);
}
}  // namespace

Dialer::Dialer(Loop& loop, const PeerSetConfig& config, const NodeId& own_id, DialOwner& owner)
    : loop_(loop),
      config_(config),
      own_id_(own_id),
      owner_(owner),
      wanted_(config.timeouts),
      timer_(loop, [this] { on_timer(); }) {}

void Dialer::start() {
  running_ = true;
  plan_soon();
}

void Dialer::stop() {
  running_ = false;
  timer_.stop();
  attempts_.clear();
}

bool Dialer::want(const Enode& node, PeerKind kind, bool asked) {
  auto* wanted = wanted_.want(node, kind);
  if (wanted == nullptr) return false;
  const auto now = loop_.now_ms();
  if (asked) wanted->answer_by_ms = now + static_cast<std::uint64_t>(config_.timeouts.verdict.count());
  // One under way already gives the answer.
  if (!attempts_.contains(node.id)) wanted->dial_at_ms = now;
  plan_soon();
  return true;
}

void Dialer::forget(const NodeId& node) {
  wanted_.forget(node);
  attempts_.erase(node);
}

void Dialer::on_up(const PeerInfo& peer) {
  if (auto* node = wanted_.find(peer.node_id)) {
    node->dial_at_ms.reset();
    answer(peer.node_id, {.kind = VerdictKind::connected, .reason = "connected to " + peer.client}, false);
    // Whoever was told may have forgotten the node.
    const auto* still = wanted_.find(peer.node_id);
    if (still != nullptr && still->kind == PeerKind::plain) wanted_.forget(peer.node_id);
  }
  plan();
}

void Dialer::on_lost(const NodeId& node, std::chrono::milliseconds up_for) {
  if (up_for >= kGoodConnection) wanted_.succeeded(node);
  // A wanted node that refused to be dialled, or left: again later. One that only failed to dial us is
  // on its way from our side too, or will be.
  if (!attempts_.contains(node)) wanted_.retry(node, loop_.now_ms());
  plan();
}

/// In a later turn: callers get their answers after they have returned.
void Dialer::plan_soon() {
  if (running_) timer_.start(0ms);
}

void Dialer::plan() {
  if (!running_) return;
  const auto next = wanted_.next_ms();
  if (!next) return timer_.stop();
  const auto now = loop_.now_ms();
  timer_.start(std::chrono::milliseconds{*next > now ? *next - now : 0});
}

void Dialer::on_timer() {
  const auto kept = owner_.keep();
  const auto now = loop_.now_ms();
  // Each step may call the node, which may want or forget others: nodes are looked up one by one.
  for (const auto& id : wanted_.due(now)) {
    auto* node = wanted_.find(id);
    if (node == nullptr) continue;
    if (attempts_.size() >= kMaxDialsAtOnce) {
      node->dial_at_ms = now + kDialWait;
      continue;
    }
    node->dial_at_ms.reset();
    dial(*node);
  }
  for (const auto& id : wanted_.unanswered(now)) {
    if (const auto* node = wanted_.find(id)) answer(id, no_answer_yet(*node), false);
  }
  plan();
}

Verdict Dialer::no_answer_yet(const WantedNode& node) const {
  const bool connecting = attempts_.contains(node.enode.id);
  return {.kind = VerdictKind::timed_out,
          .reason = fmt::format("timed out: {} does not answer (after {} s)", node.enode.address(),
                                static_cast<double>(config_.timeouts.verdict.count()) / 1000),
          .remedy = connecting
                        ? "Is its address right, and is there a firewall in between? Dialling goes on."
                        : "It takes connections but does not finish the handshakes: is it an Ethereum node?"};
}

void Dialer::dial(const WantedNode& node) {
  const Enode enode = node.enode;
  if (enode.id == own_id_) {
    return failed(enode, {.kind = VerdictKind::self,
                          .reason = "connected to self: this enode is this node's own",
                          .remedy = "Give it the other node's admin.nodeInfo.enode."});
  }
  if (const auto* session = owner_.session_to(enode.id)) {
    if (session->phase() == Session::Phase::up)
      answer(enode.id, {.kind = VerdictKind::already_connected, .reason = "already connected"}, false);
    return;  // it answers when it is up, and is dialled again when it ends
  }
  if (const auto verdict = owner_.refuse_for_room(enode.id)) return failed(enode, *verdict);
  const std::string host = enode.has_unspecified_host() ? kLoopback : enode.host;
  attempts_[enode.id] = tcp_connect(loop_, host, enode.tcp_port, config_.timeouts.connect,
                                    [this, enode](Expected<StreamPtr, ConnectError> result) {
                                      const auto kept = owner_.keep();
                                      attempts_.erase(enode.id);
                                      on_attempt(enode, std::move(result));
                                    });
}

void Dialer::on_attempt(const Enode& node, Expected<StreamPtr, ConnectError> result) {
  if (!running_) return;
  if (result && !config_.allowed.allow((*result)->remote_ip()))
    return failed(node,
                  {.kind = VerdictKind::refused,
                   .reason = fmt::format("not whitelisted: {} is in none of the networks of --netrestrict",
                                         (*result)->remote_ip()),
                   .remedy = "Add its network to --netrestrict and start again."});
  if (result) return owner_.on_dialled(node, std::move(*result));
  failed(node, {.kind = kind_of(result.error().failure),
                .reason = result.error().error.what,
                .remedy = result.error().error.remedy});
}

void Dialer::failed(const Enode& node, Verdict verdict) {
  const bool hopeless = verdict.kind == VerdictKind::self;
  owner_.on_dial_failed(node, std::move(verdict));
  if (hopeless)
    wanted_.forget(node.id);
  else
    wanted_.retry(node.id, loop_.now_ms());
  plan();
}

bool Dialer::answer(const NodeId& id, const Verdict& verdict, bool repeated) {
  auto* node = wanted_.find(id);
  if (node == nullptr || !node->answer_by_ms) return false;
  node->answer_by_ms.reset();
  PeerReport out{.verdict = verdict,
                 .node_id = id,
                 .peer = node->enode.to_string(),
                 .asked = true,
                 .repeated = repeated};
  if (node->enode.has_unspecified_host()) {
    if (!out.verdict.remedy.empty()) out.verdict.remedy += " ";
    out.verdict.remedy += unspecified_host_hint(node->enode);
  }
  owner_.on_answer(out);
  return true;
}

}  // namespace quarry::net
