// The eth namespace: proofs of accounts and slots (EIP-1186).

#include <fmt/format.h>

#include "rpc/lookup.hpp"

namespace quarry::rpc {
namespace {

/// Slots of one request: geth's bound.
constexpr std::size_t kMostSlots = 1024;

struct AskedSlot {
  SlotKey key;
  /// As it came; zero in fewer than 32 bytes is "0x0". geth of London's days repeats what it was given,
  /// today's shortens it: recorded answers of both exist, and clients send either no leading zeros or all of
  /// them.
  std::string shown;
};

/// Digits of any number up to 64.
std::optional<AskedSlot> read_slot(Params& params, const std::string& text) {
  std::string digits = text.starts_with("0x") || text.starts_with("0X") ? text.substr(2) : text;
  const auto given = digits;
  if (digits.size() % 2 != 0) digits.insert(0, 1, '0');
  const bool whole = digits.size() == 2 * SlotKey::kSize;
  if (digits.size() > 2 * SlotKey::kSize) {
    params.reject_plain("unable to decode storage key: storage key too long (want at most 32 bytes)");
    return std::nullopt;
  }
  digits.insert(0, 2 * SlotKey::kSize - digits.size(), '0');
  const auto key = SlotKey::from_hex(digits);
  if (!key) {
    params.reject_plain("unable to decode storage key: invalid hex in storage key");
    return std::nullopt;
  }
  return AskedSlot{*key, !whole && key->is_zero() ? "0x0" : "0x" + given};
}

std::vector<AskedSlot> read_slots(Params& params, std::size_t index) {
  std::vector<AskedSlot> out;
  const auto* list = params.array(index);
  if (list == nullptr) return out;
  if (list->size() > kMostSlots) params.reject_plain(fmt::format("too many slots (max {})", kMostSlots));
  for (const auto& item : *list) {
    if (!item.is_string())
      params.reject(index, "json: cannot unmarshal non-string into Go value of type string");
    if (params.error()) break;
    if (auto slot = read_slot(params, item.get_ref<const std::string&>())) out.push_back(*slot);
  }
  return out;
}

void write_nodes(JsonText& out, const std::vector<Bytes>& nodes) {
  out.begin_array();
  for (const auto& node : nodes) out.hex(node);
  out.end_array();
}

/// As geth: an account that is not there has zero hashes.
std::string proof_view(TrieView& tries, const StateView& state, const Address& address,
                       const std::vector<AskedSlot>& slots) {
  const auto account = tries.account(address);
  JsonText out;
  out.begin_object();
  write_nodes(out.key("accountProof"), tries.prove(address));
  out.key("address").hex(address);
  out.key("balance").quantity(account ? account->balance : Wei{});
  out.key("codeHash").hex(account ? Hash256(account->code_hash) : Hash256{});
  out.key("nonce").quantity(account ? account->nonce : std::uint64_t{0});
  out.key("storageHash").hex(account ? Hash256(account->storage_root) : Hash256{});
  out.key("storageProof").begin_array();
  for (const auto& slot : slots) {
    out.begin_object();
    out.key("key").plain(slot.shown);
    write_nodes(out.key("proof"), tries.prove(address, slot.key));
    out.key("value").quantity(U256::from_be(state.slot(address, slot.key)));
    out.end_object();
  }
  return out.end_array().end_object().take();
}

Answer get_proof(const Context& context, Params& params) {
  const auto address = params.address(0);
  const auto slots = read_slots(params, 1);
  const auto id = block_at(context, params, 2);
  if (!id) return tl::unexpected(id.error());
  const auto& reader = context.backend.reader;
  const auto state = reader.state_at(*id);
  if (!state) return rpc_fail(state.error());
  const auto tries = reader.tries_at(*id, {.most_time = context.backend.call_limits.most_time});
  if (!tries) return rpc_fail(tries.error());
  return proof_view(**tries, **state, address, slots);
}

constexpr Method kMethods[] = {
    {"eth_getProof", Where::worker, get_proof, "address, keys, block?",
     "an account and slots of it with the trie nodes that prove them (EIP-1186)", "AccountProof"},
};

}  // namespace

std::span<const Method> eth_proof_methods() {
  return kMethods;
}

}  // namespace quarry::rpc
