#include "net/p2p.hpp"

#include <algorithm>
#include <map>

#include "net/limits.hpp"

namespace quarry::net {

const char* to_string(DisconnectReason reason) {
  switch (reason) {
    case DisconnectReason::requested:
      return "disconnect requested";
    case DisconnectReason::network_error:
      return "network error";
    case DisconnectReason::protocol_error:
      return "breach of protocol";
    case DisconnectReason::useless_peer:
      return "useless peer";
    case DisconnectReason::too_many_peers:
      return "too many peers";
    case DisconnectReason::already_connected:
      return "already connected";
    case DisconnectReason::incompatible_version:
      return "incompatible p2p protocol version";
    case DisconnectReason::invalid_identity:
      return "invalid node identity";
    case DisconnectReason::quitting:
      return "client quitting";
    case DisconnectReason::unexpected_identity:
      return "unexpected identity";
    case DisconnectReason::self:
      return "connected to self";
    case DisconnectReason::read_timeout:
      return "read timeout";
    case DisconnectReason::subprotocol_error:
      return "subprotocol error";
  }
  return "unknown disconnect reason";
}

std::optional<DisconnectReason> disconnect_reason(std::uint64_t number) {
  const auto last = static_cast<std::uint64_t>(DisconnectReason::read_timeout);
  const auto other = static_cast<std::uint64_t>(DisconnectReason::subprotocol_error);
  if (number > last && number != other) return std::nullopt;
  return static_cast<DisconnectReason>(number);
}

std::string Capability::to_string() const {
  return name + "/" + std::to_string(version);
}

Bytes encode_hello(const Hello& hello) {
  rlp::Writer to;
  const auto mark = to.begin_list();
  to.write(hello.version).write(hello.client);
  const auto list = to.begin_list();
  for (const auto& capability : hello.capabilities) {
    const auto pair = to.begin_list();
    to.write(capability.name).write(std::uint64_t{capability.version}).end_list(pair);
  }
  to.end_list(list).write(hello.listen_port).write(hello.id).end_list(mark);
  return to.take();
}

namespace {
rlp::Decoded<std::vector<Capability>> read_capabilities(rlp::Reader& from) {
  auto list = from.list();
  if (!list) return rlp::fail(list.error());
  std::vector<Capability> out;
  while (!list->at_end()) {
    if (out.size() == kMaxCapabilities) return rlp::fail(rlp::DecodeError::too_many);
    auto pair = list->list();
    if (!pair) return rlp::fail(pair.error());
    Capability capability;
    std::uint64_t version = 0;
    if (auto done = pair->read(capability.name); !done) return rlp::fail(done.error());
    if (auto done = pair->read(version); !done) return rlp::fail(done.error());
    if (version > UINT32_MAX) return rlp::fail(rlp::DecodeError::overflow);
    capability.version = static_cast<unsigned>(version);
    out.push_back(std::move(capability));
  }
  return out;
}
}  // namespace

rlp::Decoded<Hello> decode_hello(ByteView payload) {
  auto list = rlp::decode_list(payload);
  if (!list) return rlp::fail(list.error());
  Hello out;
  if (auto done = list->read(out.version); !done) return rlp::fail(done.error());
  if (auto done = list->read(out.client); !done) return rlp::fail(done.error());
  if (out.client.size() > kMaxClientName) return rlp::fail(rlp::DecodeError::overflow);
  auto capabilities = read_capabilities(*list);
  if (!capabilities) return rlp::fail(capabilities.error());
  out.capabilities = std::move(*capabilities);
  if (auto done = list->read(out.listen_port); !done) return rlp::fail(done.error());
  if (auto done = list->read(out.id); !done) return rlp::fail(done.error());
  return out;
}

Bytes encode_disconnect(DisconnectReason reason) {
  rlp::Writer to;
  const auto mark = to.begin_list();
  to.write(static_cast<std::uint64_t>(reason)).end_list(mark);
  return to.take();
}

rlp::Decoded<std::uint64_t> decode_disconnect(ByteView payload) {
  if (payload.empty()) return 0;
  auto item = rlp::decode(payload);
  if (!item) return rlp::fail(item.error());
  rlp::Reader reader(item->is_list ? item->payload : payload);
  if (reader.at_end()) return 0;
  return reader.u64();
}

std::vector<SharedCapability> share(const std::vector<OwnCapability>& ours,
                                    const std::vector<Capability>& theirs) {
  std::map<std::string, const OwnCapability*> best;
  for (const auto& own : ours) {
    if (std::find(theirs.begin(), theirs.end(), own.capability) == theirs.end()) continue;
    auto& slot = best[own.capability.name];
    if (slot == nullptr || slot->capability.version < own.capability.version) slot = &own;
  }
  std::vector<SharedCapability> out;
  std::uint64_t offset = kP2pCodes;
  for (const auto& [name, own] : best) {
    out.push_back({own->capability, offset, own->codes});
    offset += own->codes;
  }
  return out;
}

std::string list_of(const std::vector<Capability>& capabilities) {
  std::string out;
  for (const auto& capability : capabilities) {
    if (!out.empty()) out += ", ";
    // A name comes from outside and goes into logs: letters, digits and little else.
    for (const char c : capability.name) out += c > ' ' && c < 0x7f ? c : '?';
    out += "/" + std::to_string(capability.version);
  }
  return out.empty() ? "none" : out;
}

}  // namespace quarry::net
