#include "node/network_backend.hpp"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>

#include <algorithm>
#include <future>

#include "core/log.hpp"

namespace quarry {
namespace {
Result<net::Enode> read_enode(const std::string& url) {
  auto enode = net::parse_enode(url);
  if (!enode) return fail("invalid enode: " + enode.error().what, enode.error().remedy);
  return enode;
}
}  // namespace

std::vector<std::string> local_addresses() {
  std::vector<std::string> out;
  ifaddrs* list = nullptr;
  if (getifaddrs(&list) != 0) return out;
  for (const ifaddrs* one = list; one != nullptr; one = one->ifa_next) {
    if (one->ifa_addr == nullptr || (one->ifa_flags & IFF_UP) == 0 || (one->ifa_flags & IFF_LOOPBACK) != 0)
      continue;
    char text[INET6_ADDRSTRLEN] = {};
    if (one->ifa_addr->sa_family == AF_INET) {
      inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in*>(one->ifa_addr)->sin_addr, text, sizeof text);
    } else if (one->ifa_addr->sa_family == AF_INET6) {
      const auto& address = reinterpret_cast<const sockaddr_in6*>(one->ifa_addr)->sin6_addr;
      if (IN6_IS_ADDR_LINKLOCAL(&address)) continue;  // means nothing without the interface's name
      inet_ntop(AF_INET6, &address, text, sizeof text);
    } else {
      continue;
    }
    if (std::find(out.begin(), out.end(), text) == out.end()) out.emplace_back(text);
  }
  freeifaddrs(list);
  return out;
}

NetworkBackend::NetworkBackend(net::Loop& loop, net::PeerSet& peers, std::string name,
                               std::string external_ip)
    : loop_(loop), peers_(peers), name_(std::move(name)), external_ip_(std::move(external_ip)) {}

template <class Question>
auto NetworkBackend::ask(Question question) {
  using Answer = decltype(question());
  const auto promise = std::make_shared<std::promise<Answer>>();
  auto future = promise->get_future();
  loop_.post([promise, question = std::move(question)] { promise->set_value(question()); });
  while (future.wait_for(std::chrono::milliseconds(20)) != std::future_status::ready)
    if (stopping_) return Answer{};
  return future.get();
}

rpc::NodeInfo NetworkBackend::node_info() {
  const auto [id, port] = ask([this] { return std::pair{peers_.node_id(), peers_.listening_port()}; });
  rpc::NodeInfo out;
  out.id = id;
  out.ip = external_ip_.empty() ? "::" : external_ip_;
  if (port != 0) out.listen_addr = fmt::format("[::]:{}", port);  // as geth: empty when it does not listen
  out.name = name_;
  out.listener_port = port;
  // Without discovery geth's enode says so: the UDP port is 0.
  net::Enode enode{.id = id, .host = out.ip, .tcp_port = port, .udp_port = 0};
  out.enode = enode.to_string();
  if (port == 0) return out;
  std::vector<std::string> hosts = local_addresses();
  if (!external_ip_.empty()) hosts.insert(hosts.begin(), external_ip_);
  hosts.emplace_back("127.0.0.1");
  for (const std::string& host : hosts) {
    enode.host = host;
    out.enodes.push_back(enode.to_string());
  }
  return out;
}

std::vector<rpc::PeerInfo> NetworkBackend::peers() {
  std::vector<rpc::PeerInfo> out;
  for (const net::PeerInfo& peer : ask([this] { return peers_.peers(); })) {
    rpc::PeerInfo one{.id = peer.node_id,
                      .name = peer.client,
                      .caps = {},
                      .local_address = peer.local_address,
                      .remote_address = peer.remote_address,
                      .eth = rpc::PeerInfo::Eth{peer.eth_version, peer.total_difficulty, peer.head}};
    for (const net::Capability& capability : peer.caps) one.caps.push_back(capability.to_string());
    out.push_back(std::move(one));
  }
  return out;
}

std::vector<rpc::PeerFailure> NetworkBackend::peer_errors() {
  std::vector<rpc::PeerFailure> out;
  for (const net::PeerError& error : ask([this] { return peers_.peer_errors(); }))
    out.push_back({.peer = error.peer, .reason = error.reason, .time = error.time, .count = error.count});
  return out;
}

Result<bool> NetworkBackend::add_peer(const std::string& enode_url) {
  const auto enode = read_enode(enode_url);
  if (!enode) return tl::unexpected(enode.error());
  loop_.post([this, node = *enode] { peers_.add_peer(node); });
  return true;
}

Result<bool> NetworkBackend::add_trusted_peer(const std::string& enode_url) {
  const auto enode = read_enode(enode_url);
  if (!enode) return tl::unexpected(enode.error());
  loop_.post([this, node = *enode] { peers_.add_peer(node, net::PeerKind::trusted_node); });
  return true;
}

Result<bool> NetworkBackend::remove_peer(const std::string& enode_url) {
  const auto enode = read_enode(enode_url);
  if (!enode) return tl::unexpected(enode.error());
  loop_.post([this, id = enode->id] { peers_.remove_peer(id); });
  return true;
}

std::size_t NetworkBackend::peer_count() {
  return ask([this] { return peers_.peer_count(); });
}

bool NetworkBackend::listening() {
  return ask([this] { return peers_.listening(); });
}

}  // namespace quarry
