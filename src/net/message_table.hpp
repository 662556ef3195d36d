#pragma once
/// \file
/// The eth messages as data. A later version of the protocol is more rows here and, where a message's form
/// changed, another row and another codec.

#include <span>
#include <string_view>

#include "net/messages.hpp"
#include "net/p2p.hpp"

namespace quarry::net {

enum class MessageKind : std::uint8_t {
  status,        ///< once, first
  announcement,  ///< unasked for
  request,       ///< wants an answer
  answer,
};

struct MessageInfo {
  EthCode code;
  std::string_view name;  ///< as caps/eth.md spells it
  MessageKind kind;
  /// The versions of eth that have it.
  unsigned since, until;
  /// What a request is answered with; the code itself otherwise.
  EthCode answer;
  /// From this version on it is [request-id, what it was before] (eth/66, EIP-2481).
  unsigned request_id_since;
  std::size_t max_bytes;  ///< of the payload, uncompressed; longer ones are a protocol error
  /// Decodes the whole payload and drops it.
  rlp::Decoded<> (*check)(ByteView payload, HeaderIdentity identity);
};
std::span<const MessageInfo> eth_messages();
/// The row of `code` in `version` of eth; null when that version does not have it.
const MessageInfo* find_message(unsigned version, std::uint64_t code);
/// The first row of a code, whatever the version: all have the same name, kind and answer.
const MessageInfo* find_message(std::uint64_t code);
inline const MessageInfo& info(EthCode code) {
  return *find_message(static_cast<std::uint64_t>(code));
}

/// The versions we speak, as Hello announces them, lowest first.
///
/// A node that still has to download a state (fast sync) asks for it by GetNodeData, which eth/67 took out
/// (EIP-4938). It announces no version without it, so that the highest common one has it: whoever serves
/// announces all. Once it has its state, or never needs one, it announces all too.
std::vector<OwnCapability> own_capabilities(bool needs_node_data);

}  // namespace quarry::net
