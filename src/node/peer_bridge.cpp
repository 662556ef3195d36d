#include "node/peer_bridge.hpp"

#include <chrono>

#include "core/log.hpp"
#include "net/message_table.hpp"
#include "net/packed_messages.hpp"

namespace quarry {
namespace {
using net::EthCode;
using net::PeerId;

constexpr std::chrono::milliseconds kTick{100};

sync::Now now() {
  using namespace std::chrono;
  return {duration_cast<milliseconds>(steady_clock::now().time_since_epoch()),
          duration_cast<milliseconds>(system_clock::now().time_since_epoch())};
}

sync::JobResult from_import(sync::JobId job, const ImportResult& result) {
  sync::JobResult out{.job = job, .done = result.inserted + result.ignored};
  if (result.bad) out.bad = sync::JobResult::Bad{result.bad->id, result.bad->error.detail};
  if (result.future) out.future = true;
  if (result.disk) out.error = *result.disk;
  return out;
}
}  // namespace

PeerBridge::PeerBridge(const BridgeParts& parts, const sync::SyncConfig& config, std::uint64_t network_id,
                       const BlockHash& genesis, ForkIds forks)
    : parts_(parts),
      identity_(config.identity),
      network_id_(network_id),
      genesis_(genesis),
      forks_(std::move(forks)),
      serving_(parts.database),
      machine_(config, parts.chain_reader, parts.state_store),
      gossip_({parts.loop, parts.workers, parts.pool, parts.blobs,
               [this] { return !machine_.fast_sync_pending(); }}) {}

PeerBridge::~PeerBridge() = default;

void PeerBridge::start(net::PeerSet& peers) {
  peers_ = &peers;
  gossip_.start(peers);
  ticker_ = std::make_unique<net::Timer>(parts_.loop, [this] {
    // A sync thread that is behind needs no second tick.
    if (tick_under_way_.exchange(true)) return;
    post_event([this](sync::Sync& machine, sync::Now at) {
      tick_under_way_ = false;
      return machine.tick(at);
    });
  });
  ticker_->start_repeating(kTick);
  sweeper_ = std::make_unique<net::Timer>(
      parts_.loop, [this] { parts_.workers.submit([this] { serving_.release_quiet(); }); });
  sweeper_->start_repeating(Serving::kQuiet);
}

void PeerBridge::stop() {
  stopped_ = true;
  gossip_.stop();
  ticker_.reset();
  sweeper_.reset();
  peers_ = nullptr;
}

void PeerBridge::on_peer_up(const net::PeerInfo& peer) {
  asked_[peer.id].version = peer.eth_version;
  gossip_.on_peer_up(peer.id, peer.eth_version);
  if (watcher_ != nullptr) watcher_->on_peer_up(peer);
  post_event([id = peer.id,
              head = sync::PeerHead{peer.head, peer.total_difficulty, to_hex(peer.node_id.view().first(8))}](
                 sync::Sync& machine, sync::Now at) { return machine.on_peer(id, head, at); });
}

void PeerBridge::on_peer_down(PeerId peer, const std::string&) {
  asked_.erase(peer);
  for (const EthCode code : {EthCode::block_bodies, EthCode::receipts})
    if (const auto found = unread_.find({peer, code}); found != unread_.end()) found->second.resize(1);
  serving_.forget(peer);
  gossip_.on_peer_down(peer);
  if (watcher_ != nullptr) watcher_->on_peer_down(peer);
  post_event([peer](sync::Sync& machine, sync::Now at) { return machine.on_peer_gone(peer, at); });
}

net::LocalStatus PeerBridge::local_status() {
  const ChainHead head = parts_.chain.head();
  return {.network_id = network_id_,
          .total_difficulty = head.total_difficulty,
          .head = head.header.hash(),
          .genesis = genesis_,
          .head_number = head.header->number,
          .head_time = head.header->timestamp,
          .forks = forks_};
}

void PeerBridge::on_message(PeerId peer, net::EthMessage message) {
  const auto& row = net::info(message.code);
  if (TxnGossip::takes(message.code))
    gossip_.on_message(peer, std::move(message));
  else if (row.kind == net::MessageKind::request)
    serve(peer, std::move(message));
  else if (row.kind == net::MessageKind::announcement ? announces() : asked_for(peer, message))
    to_machine(peer, std::move(message));
  else
    log_debug("Message is not wanted", {{"peer", peer}, {"message", row.name}});
}

bool PeerBridge::asked_for(PeerId peer, const net::EthMessage& message) const {
  const auto found = asked_.find(peer);
  if (found == asked_.end()) return false;
  if (found->second.version < net::info(message.code).request_id_since) return true;
  const auto id = found->second.ids.find(message.code);
  return id != found->second.ids.end() && id->second == message.request_id;
}

void PeerBridge::on_report(const net::PeerReport& report) {
  const net::Verdict& verdict = report.verdict;
  const bool ended =
      verdict.kind == net::VerdictKind::disconnected || verdict.kind == net::VerdictKind::closed;
  const auto level = report.repeated && !report.asked ? LogLevel::debug
                     : verdict.ok() || ended          ? LogLevel::info
                                                      : LogLevel::warn;
  const char* what = verdict.ok() ? "Peer connected" : ended ? "Peer disconnected" : "Peer not connected";
  log(level, verdict.ok() ? what : fmt::format("{}: {}", what, verdict.reason), {{"peer", report.peer}});
  if (!verdict.remedy.empty()) log(level, verdict.remedy);
}

void PeerBridge::serve(PeerId peer, net::EthMessage message) {
  // The hold bounds what waits here for one peer: its socket is read no further until there is room.
  parts_.workers.submit([this, peer, message = std::move(message)] {
    if (stopped_) return;
    auto answer = message.code == EthCode::get_pooled_transactions
                      ? gossip_.answer(message.payload)
                      : serving_.answer(peer, message.code, message.payload);
    parts_.loop.post([this, peer, code = net::info(message.code).answer, id = message.request_id,
                      hold = message.hold, answer = std::move(answer)] {
      if (stopped_) return;
      if (answer)
        peers_->send(peer, code, *answer, id);
      else
        peers_->disconnect(peer, net::DisconnectReason::subprotocol_error,
                           fmt::format("malformed request: {}", rlp::to_string(answer.error())));
    });
  });
}

namespace {
sync::Actions malformed(PeerId peer, EthCode code, rlp::DecodeError error) {
  return {sync::Drop{peer, fmt::format("malformed {}: {}", net::info(code).name, rlp::to_string(error))}};
}
}  // namespace

template <class Unpack, class Event>
void PeerBridge::unpack(PeerId peer, const net::EthMessage& message, Unpack read, Event event) {
  using Items = decltype(read(message.payload));
  auto items = std::make_shared<Items>(read(message.payload));
  parts_.sync_thread.submit([this, peer, code = message.code, hold = message.hold, items, event] {
    if (stopped_) return;
    perform(*items ? (machine_.*event)(peer, std::move(**items), now())
                   : malformed(peer, code, items->error()));
  });
}

void PeerBridge::read_aside(PeerId peer, net::EthMessage message) {
  const EthCode code = message.code;
  const auto kind = code == EthCode::receipts ? sync::AnswerKind::receipts : sync::AnswerKind::bodies;
  post_event([peer, kind](sync::Sync& machine, sync::Now at) { return machine.on_arrival(peer, kind, at); });
  auto& waiting = unread_[{peer, code}];
  waiting.push_back(std::move(message));
  if (waiting.size() == 1) read_next(peer, code);
}

void PeerBridge::read_next(PeerId peer, EthCode code) {
  const auto found = unread_.find({peer, code});
  if (found == unread_.end()) return;
  if (found->second.empty()) {
    unread_.erase(found);
    return;
  }
  parts_.workers.submit([this, peer, code, message = std::move(found->second.front())] {
    if (stopped_) return;
    if (code == EthCode::receipts)
      unpack(peer, message, net::unpack_receipts, &sync::Sync::on_receipts);
    else
      unpack(
          peer, message, [this](ByteView payload) { return net::unpack_bodies(payload, identity_); },
          &sync::Sync::on_bodies);
    parts_.loop.post([this, peer, code] {
      if (stopped_) return;
      if (const auto done = unread_.find({peer, code}); done != unread_.end()) done->second.pop_front();
      read_next(peer, code);
    });
  });
}

void PeerBridge::to_machine(PeerId peer, net::EthMessage message) {
  if (message.code == EthCode::block_bodies || message.code == EthCode::receipts)
    return read_aside(peer, std::move(message));
  parts_.sync_thread.submit([this, peer, message = std::move(message)] {
    if (stopped_) return;
    perform(decode(peer, message.code, message.payload, now()));
    const auto head = machine_.peer_head(peer);
    if (!head || message.code == EthCode::node_data) return;
    parts_.loop.post([this, peer, head = *head] {
      if (!stopped_) peers_->set_peer_head(peer, head.hash, head.total_difficulty);
    });
  });
}

sync::Actions PeerBridge::decode(PeerId peer, EthCode code, ByteView payload, sync::Now at) {
  /// Hands a decoded message to the machine, or drops its sender.
  const auto with = [&](auto decoded, auto event) {
    return decoded ? event(std::move(*decoded)) : malformed(peer, code, decoded.error());
  };
  switch (code) {
    case EthCode::block_headers:
      return with(net::decode_headers(payload, identity_),
                  [&](auto headers) { return machine_.on_headers(peer, std::move(headers), at); });
    case EthCode::node_data:
      return with(net::decode_node_data(payload),
                  [&](auto nodes) { return machine_.on_nodes(peer, std::move(nodes), at); });
    case EthCode::new_block_hashes:
      return with(net::decode_new_block_hashes(payload), [&](auto ids) {
        if (watcher_ != nullptr)
          for (const BlockId& id : ids) watcher_->on_announced(peer, id.hash);
        return machine_.on_new_hashes(peer, std::move(ids), at);
      });
    case EthCode::new_block:
      return with(net::decode_new_block(payload, identity_), [&](net::NewBlock news) {
        if (watcher_ != nullptr) watcher_->on_announced(peer, news.block.header.hash());
        return machine_.on_new_block(peer, std::move(news.block), news.total_difficulty, at);
      });
    case EthCode::status:
    case EthCode::transactions:
    case EthCode::get_block_headers:
    case EthCode::get_block_bodies:
    case EthCode::block_bodies:
    case EthCode::get_node_data:
    case EthCode::get_receipts:
    case EthCode::receipts:
    case EthCode::new_pooled_transaction_hashes:
    case EthCode::get_pooled_transactions:
    case EthCode::pooled_transactions:
      break;
  }
  return {};
}

void PeerBridge::on_head(const HeadEvent& event) {
  post_event([change = sync::HeadChange{event.after.id(), event.after.total_difficulty, event.added}](
                 sync::Sync& machine, sync::Now at) { return machine.on_head(change, at); });
}

void PeerBridge::post_event(std::function<sync::Actions(sync::Sync&, sync::Now)> event) {
  parts_.sync_thread.submit([this, event = std::move(event)] {
    if (!stopped_) perform(event(machine_, now()));
  });
}

void PeerBridge::tell_first_sync() {
  const bool running = machine_.first_sync_running();
  if (std::exchange(first_sync_told_, running) != running && on_first_sync_) on_first_sync_(running);
}

void PeerBridge::perform(sync::Actions actions) {
  tell_first_sync();
  for (sync::Action& action : actions) std::visit([this](auto& one) { act(one); }, action);
}

void PeerBridge::send(std::vector<PeerId> peers, EthCode code, Bytes payload) {
  parts_.loop.post([this, peers = std::move(peers), code, payload = std::move(payload)]() mutable {
    if (stopped_) return;
    for (const PeerId peer : peers) peers_->send(peer, code, payload);
  });
}

void PeerBridge::request(PeerId peer, EthCode code, Bytes payload) {
  parts_.loop.post([this, peer, code, payload = std::move(payload)] {
    const auto found = asked_.find(peer);
    if (stopped_ || found == asked_.end()) return;
    const std::uint64_t id = ++last_request_;
    found->second.ids[net::info(code).answer] = id;
    peers_->send(peer, code, payload, id);
  });
}

bool PeerBridge::announces() const {
  return !is_merged(parts_.chain.spec(), *parts_.chain.head().header);
}

void PeerBridge::act(sync::RequestHeaders& action) {
  const auto& query = action.query;
  request(action.peer, EthCode::get_block_headers,
          net::encode(net::GetBlockHeaders{query.from, query.amount, query.skip, query.reverse}));
}

void PeerBridge::act(sync::RequestBodies& action) {
  request(action.peer, EthCode::get_block_bodies, net::encode_hashes<BlockHash>(action.hashes));
}

void PeerBridge::act(sync::RequestReceipts& action) {
  request(action.peer, EthCode::get_receipts, net::encode_hashes<BlockHash>(action.hashes));
}

void PeerBridge::act(sync::RequestNodes& action) {
  request(action.peer, EthCode::get_node_data, net::encode_hashes<Hash256>(action.hashes));
}

void PeerBridge::act(sync::Drop& action) {
  parts_.loop.post([this, peer = action.peer, why = std::move(action.why)] {
    if (!stopped_) peers_->disconnect(peer, net::DisconnectReason::useless_peer, why);
  });
}

void PeerBridge::act(sync::AnnounceBlock& action) {
  if (!announces()) return;
  send(std::move(action.peers), EthCode::new_block,
       net::encode_new_block(*action.block, action.total_difficulty));
}

void PeerBridge::act(sync::AnnounceHash& action) {
  if (!announces()) return;
  send(std::move(action.peers), EthCode::new_block_hashes, net::encode_new_block_hashes({&action.id, 1}));
}

void PeerBridge::job(std::function<sync::JobResult()> work) {
  parts_.chain_thread.submit([this, work = std::move(work)] {
    if (stopped_) return;
    post_event([result = work()](sync::Sync& machine, sync::Now at) { return machine.on_job(result, at); });
  });
}

void PeerBridge::act(sync::InsertHeaders& action) {
  job([this, action = std::move(action)] {
    return from_import(action.job, parts_.chain.insert_headers(action.headers));
  });
}

void PeerBridge::act(sync::InsertBlocks& action) {
  job([this, action = std::move(action)] {
    return from_import(action.job, parts_.chain.insert_blocks(action.blocks));
  });
}

void PeerBridge::act(sync::InsertFastBlocks& action) {
  job([this, action = std::move(action)] {
    return from_import(action.job, parts_.chain.insert_fast_blocks(action.blocks));
  });
}

void PeerBridge::act(sync::WriteState& action) {
  job([this, action = std::move(action)] {
    sync::JobResult out{.job = action.job};
    if (auto written = parts_.state_store.write(action.writes); !written) out.error = written.error();
    return out;
  });
}

void PeerBridge::act(sync::FinishFastSync& action) {
  job([this, action = std::move(action)] {
    sync::JobResult out{.job = action.job};
    if (auto done = parts_.chain.finish_fast_sync(action.pivot); !done) out.error = done.error();
    return out;
  });
}

}  // namespace quarry
