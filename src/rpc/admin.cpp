// The admin namespace: peers, ourselves, and files of blocks.

#include <ctime>

#include "rpc/methods.hpp"
#include "rpc/views.hpp"

namespace quarry::rpc {
namespace {

std::string utc_text(Timestamp time) {
  const auto clock = static_cast<std::time_t>(time);
  std::tm parts{};
  gmtime_r(&clock, &parts);
  char text[32];
  return {text, std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts)};
}

Json own_eth_protocol(const Backend& backend) {
  const auto head = backend.reader.head();
  const auto difficulty = backend.reader.total_difficulty(head);
  return {{"difficulty", big_number(difficulty.value_or(TotalDifficulty{}))},
          {"genesis", backend.chain.genesis_hash().hex()},
          {"head", head.hash.hex()},
          {"network", backend.chain.network_id()}};
}

Answer node_info(const Context& context, Params&) {
  const auto info = context.backend.network.node_info();
  return json_answer({{"enode", info.enode},
                      {"enodes", info.enodes},
                      {"id", to_hex(info.id)},
                      {"ip", info.ip},
                      {"listenAddr", info.listen_addr},
                      {"name", info.name},
                      {"ports", {{"discovery", info.discovery_port}, {"listener", info.listener_port}}},
                      {"protocols", {{"eth", own_eth_protocol(context.backend)}}}});
}

Json peer_view(const PeerInfo& peer) {
  // Before the Status exchange geth has the word "handshake" here.
  Json eth = "handshake";
  if (peer.eth) {
    eth = {{"difficulty", big_number(peer.eth->difficulty)},
           {"head", peer.eth->head.hex()},
           {"version", peer.eth->version}};
  }
  return {{"caps", peer.caps},
          {"id", to_hex(peer.id)},
          {"name", peer.name},
          {"network", {{"localAddress", peer.local_address}, {"remoteAddress", peer.remote_address}}},
          {"protocols", {{"eth", std::move(eth)}}}};
}

Answer peers(const Context& context, Params&) {
  Json out = Json::array();
  for (const auto& peer : context.backend.network.peers()) out.push_back(peer_view(peer));
  return json_answer(out);
}

Answer peer_errors(const Context& context, Params&) {
  Json out = Json::array();
  for (const auto& failure : context.backend.network.peer_errors()) {
    out.push_back({{"peer", failure.peer},
                   {"error", failure.reason},
                   {"time", utc_text(failure.time)},
                   {"count", failure.count}});
  }
  return json_answer(out);
}

using PeerCommand = Result<bool> (Network::*)(const std::string&);
template <PeerCommand command>
Answer with_peer(const Context& context, Params& params) {
  const auto url = params.text(0);
  if (params.error()) return tl::unexpected(*params.error());
  return done_answer((context.backend.network.*command)(url));
}

Answer datadir(const Context& context, Params&) {
  return text_of(context.backend.chain.datadir());
}

Answer export_chain(const Context& context, Params& params) {
  const auto file = params.text(0);
  std::optional<BlockNum> first, last;
  if (params.has(1)) first = params.quantity(1);
  if (params.has(2)) last = params.quantity(2);
  if (first && last && *first > *last) params.reject(2, "the last block is below the first");
  if (params.error()) return tl::unexpected(*params.error());
  return done_answer(context.backend.chain.export_chain(file, first, last));
}

Answer import_chain(const Context& context, Params& params) {
  const auto file = params.text(0);
  if (params.error()) return tl::unexpected(*params.error());
  return done_answer(context.backend.chain.import_chain(file));
}

Expected<ListenerControl*, RpcError> listeners_of(const Context& context) {
  if (context.backend.listeners != nullptr) return context.backend.listeners;
  return rpc_fail(RpcCode::failed, "this node's listeners are as they are");
}

std::optional<std::string> text_at(Params& params, std::size_t index) {
  return params.has(index) ? std::optional(params.text(index)) : std::nullopt;
}

/// What is left out, or null, is as the options say; geth's order.
template <Result<> (ListenerControl::*start)(const ListenerControl::Wish&)>
Answer start_listening(const Context& context, Params& params) {
  ListenerControl::Wish wish;
  wish.host = text_at(params, 0);
  if (params.has(1)) {
    const auto port = params.quantity(1);
    if (port > UINT16_MAX) params.reject(1, "a port is at most 65535");
    wish.port = static_cast<std::uint16_t>(port);
  }
  wish.origins = text_at(params, 2);
  wish.modules = text_at(params, 3);
  wish.virtual_hosts = text_at(params, 4);
  if (params.error()) return tl::unexpected(*params.error());
  const auto listeners = listeners_of(context);
  if (!listeners) return tl::unexpected(listeners.error());
  return done_answer(((*listeners)->*start)(wish));
}

template <Result<bool> (ListenerControl::*stop)()>
Answer stop_listening(const Context& context, Params&) {
  const auto listeners = listeners_of(context);
  if (!listeners) return tl::unexpected(listeners.error());
  return done_answer(((*listeners)->*stop)());
}

constexpr auto kStartHttp = start_listening<&ListenerControl::start_http>;
constexpr auto kStartWs = start_listening<&ListenerControl::start_ws>;
constexpr auto kStopHttp = stop_listening<&ListenerControl::stop_http>;
constexpr auto kStopWs = stop_listening<&ListenerControl::stop_ws>;

constexpr Method kMethods[] = {
    {"admin_addPeer", Where::worker, with_peer<&Network::add_peer>, "enode", "keeps a connection to a node",
     "Boolean"},
    {"admin_addTrustedPeer", Where::worker, with_peer<&Network::add_trusted_peer>, "enode",
     "lets a node in even when there are too many peers", "Boolean"},
    {"admin_datadir", Where::worker, datadir, "", "the data dir's path", "String"},
    {"admin_exportChain", Where::slow, export_chain, "file, first?, last?", "writes blocks to a file",
     "Boolean"},
    {"admin_importChain", Where::slow, import_chain, "file", "reads blocks from a file", "Boolean"},
    {"admin_nodeInfo", Where::worker, node_info, "", "this node: enode, ports, head", "NodeInfo"},
    {"admin_peerErrors", Where::worker, peer_errors, "", "why peers were not connected or were dropped",
     "[PeerError]"},
    {"admin_peers", Where::worker, peers, "", "the connected peers", "[Peer]"},
    {"admin_removePeer", Where::worker, with_peer<&Network::remove_peer>, "enode",
     "drops a node and forgets it", "Boolean"},
    {"admin_startHTTP", Where::worker, kStartHttp, "host?, port?, origins?, modules?, vhosts?",
     "serves JSON-RPC over HTTP; what is left out is as the options say", "Boolean"},
    {"admin_startRPC", Where::worker, kStartHttp, "host?, port?, origins?, modules?, vhosts?",
     "the former name of admin_startHTTP", "Boolean"},
    {"admin_startWS", Where::worker, kStartWs, "host?, port?, origins?, modules?",
     "serves JSON-RPC over WebSocket; what is left out is as the options say", "Boolean"},
    {"admin_stopHTTP", Where::worker, kStopHttp, "", "ends HTTP, and disconnects its clients", "Boolean"},
    {"admin_stopRPC", Where::worker, kStopHttp, "", "the former name of admin_stopHTTP", "Boolean"},
    {"admin_stopWS", Where::worker, kStopWs, "", "ends WebSocket, and disconnects its clients", "Boolean"},
};

}  // namespace

std::span<const Method> admin_methods() {
  return kMethods;
}

}  // namespace quarry::rpc
