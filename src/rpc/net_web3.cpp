// The net and web3 namespaces: what clients ask first.

#include "core/keccak.hpp"
#include "rpc/methods.hpp"

namespace quarry::rpc {
namespace {

Answer net_version(const Context& context, Params&) {
  return "\"" + std::to_string(context.backend.chain.network_id()) + "\"";
}
Answer net_listening(const Context& context, Params&) {
  return bool_answer(context.backend.network.listening());
}
Answer net_peer_count(const Context& context, Params&) {
  return quantity_answer(std::uint64_t{context.backend.network.peer_count()});
}
Answer client_version(const Context& context, Params&) {
  return text_of(context.backend.chain.client_version());
}

Answer sha3(const Context&, Params& params) {
  const auto data = params.data(0);
  if (params.error()) return tl::unexpected(*params.error());
  return hex_answer(keccak256(data));
}

constexpr Method kNet[] = {
    {"net_listening", Where::worker, net_listening, "", "whether peers can connect to us", "Boolean"},
    {"net_peerCount", Where::worker, net_peer_count, "", "how many peers are connected", "Quantity"},
    {"net_version", Where::loop, net_version, "", "the network id, in decimal", "Decimal"},
};
constexpr Method kWeb3[] = {
    {"web3_clientVersion", Where::loop, client_version, "", "name and version of this program", "String"},
    {"web3_sha3", Where::worker, sha3, "data", "Keccak-256 of the data", "Hash"},
};

}  // namespace

std::span<const Method> net_methods() {
  return kNet;
}
std::span<const Method> web3_methods() {
  return kWeb3;
}

}  // namespace quarry::rpc
