// The debug namespace: what a contract's storage was within a block, the database, and taking the head back.

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <unordered_map>

#include "core/keccak.hpp"
#include "rpc/lookup.hpp"
#include "rpc/trace/replay.hpp"

namespace quarry::rpc {
namespace {

using namespace trace;

/// Slots of one answer; geth has no bound.
constexpr std::size_t kMostSlots = 4096;
/// Keys of plain variables, which contracts number from zero: their hashes are known without keeping any.
constexpr std::uint64_t kPlainKeys = 256;

struct HashOf {
  std::size_t operator()(const SlotHash& hash) const noexcept {
    std::size_t out = 0;
    std::copy_n(hash.bytes.begin(), sizeof out, reinterpret_cast<std::uint8_t*>(&out));
    return out;
  }
};
using KnownKeys = std::unordered_map<SlotHash, U256, HashOf>;

SlotHash hash_of_key(const U256& key) {
  return SlotHash(keccak256(key.to_be()));
}

const KnownKeys& plain_keys() {
  static const KnownKeys keys = [] {
    KnownKeys out;
    for (std::uint64_t key = 0; key < kPlainKeys; ++key) out.emplace(hash_of_key(key), key);
    return out;
  }();
  return keys;
}

/// A contract's slots in the order of their hashed keys, with the keys where they are known.
struct SlotList {
  std::map<SlotHash, U256> values;
  KnownKeys keys;  ///< of what the block's transactions reached
};

/// `stored` with what the transactions before did.
SlotList slots_now(const std::vector<StoredSlot>& stored, evm::AccountState& account) {
  SlotList out;
  if (!account.storage_cleared)
    for (const auto& slot : stored) out.values[slot.key] = U256::from_be(slot.value);
  for (const auto& [key, slot] : account.slots) {
    const auto hash = hash_of_key(key);
    out.keys.emplace(hash, key);
    out.values[hash] = slot.current;
  }
  std::erase_if(out.values, [](const auto& slot) { return slot.second.is_zero(); });
  return out;
}

/// geth's answer: the slots by hashed key, and the hashed key that the next answer begins with.
std::string range_text(const SlotList& slots, const SlotHash& first, std::size_t most) {
  JsonText out;
  out.begin_object();
  out.key("storage").begin_object();
  auto at = slots.values.lower_bound(first);
  for (std::size_t count = 0; at != slots.values.end() && count < most; ++at, ++count) {
    auto known = slots.keys.find(at->first);
    const bool found = known != slots.keys.end();
    if (!found) known = plain_keys().find(at->first);
    out.key(at->first.hex()).begin_object();
    out.key("key");
    found || known != plain_keys().end() ? out.hex(known->second.to_be()) : out.null();
    out.key("value").hex(at->second.to_be());
    out.end_object();
  }
  out.end_object();
  out.key("nextKey");
  at != slots.values.end() ? out.hex(at->first) : out.null();
  return out.end_object().take();
}

/// Hex of up to 32 bytes, which stand at the key's front.
SlotHash read_first_key(Params& params, std::size_t index) {
  SlotHash out;
  const auto bytes = params.data(index);
  if (bytes.size() > SlotHash::kSize) params.reject(index, "a hashed key has 32 bytes at most");
  std::copy_n(bytes.begin(), std::min(bytes.size(), SlotHash::kSize), out.bytes.begin());
  return out;
}

Answer storage_range_at(const Context& context, Params& params) {
  const auto hash = params.block_hash(0);
  const auto index = params.quantity(1);
  const auto address = params.address(2);
  const auto first = read_first_key(params, 3);
  const auto most = std::min<std::uint64_t>(params.quantity(4), kMostSlots);
  if (params.error()) return tl::unexpected(*params.error());
  const auto& reader = context.backend.reader;
  const auto block = load(reader, reader.find(hash));
  if (!block) return rpc_fail(RpcCode::failed, fmt::format("block {} not found", hash.hex()));
  if (index > 0 && index >= block->body.transactions.size()) {
    return rpc_fail(RpcCode::failed,
                    fmt::format("transaction index {} out of range for block {}", index, hash.hex()));
  }
  auto replay = BlockReplay::of(context, *block);
  if (!replay) return tl::unexpected(replay.error());
  if (auto error = replay->run_to(index, {})) return tl::unexpected(std::move(*error));
  auto& account = replay->journal().account(address);
  if (!account.exists)
    return rpc_fail(RpcCode::failed, fmt::format("account {} doesn't exist", address.hex()));
  // Each slot that the block wrote may stand for one that is gone.
  const auto parent = BlockId{block->header->number - 1, block->header->parent_hash};
  const auto stored = reader.slots_at(parent, address, first, most + 1 + account.slots.size());
  if (!stored) return rpc_fail(stored.error());
  return range_text(slots_now(*stored, account), first, most);
}

Answer preimage(const Context&, Params& params) {
  const auto hash = params.fixed<Hash256>(0, "common.Hash");
  if (params.error()) return tl::unexpected(*params.error());
  const auto known = plain_keys().find(SlotHash(hash));
  if (known != plain_keys().end()) return hex_answer(known->second.to_be());
  return rpc_fail(
      RpcCode::failed,
      "unknown preimage\nPreimages of hashes are not kept; debug_storageRangeAt knows the keys that a "
      "block's transactions reached.");
}

Answer database_text(const Context& context, const std::string& name) {
  const auto text = context.backend.reader.database_property(name);
  if (text) return text_of(*text);
  return rpc_fail(RpcCode::failed,
                  fmt::format("the database has no property \"{}\"\nThere is: stats.", name));
}
Answer db_stats(const Context& context, Params&) {
  return database_text(context, "stats");
}
Answer chaindb_property(const Context& context, Params& params) {
  const auto name = params.has(0) ? params.text(0) : std::string("stats");
  if (params.error()) return tl::unexpected(*params.error());
  return database_text(context, name);
}

Answer get_bad_blocks(const Context& context, Params&) {
  JsonText out;
  out.begin_array();
  for (const auto& block : context.backend.chain.bad_blocks()) {
    out.begin_object();
    out.key("hash").hex(block.header.hash());
    out.key("block").raw(block_view(block, std::nullopt, true));
    out.key("rlp").hex(encode_block(block));
    out.end_object();
  }
  return out.end_array().take();
}

Answer set_head(const Context& context, Params& params) {
  const auto number = params.quantity(0);
  if (params.error()) return tl::unexpected(*params.error());
  if (context.caller.exposed) {
    return rpc_fail(
        RpcCode::failed,
        "debug_setHead is refused over HTTP on an address that other machines reach\nUse the IPC socket.");
  }
  if (const auto done = context.backend.chain.set_head(number); !done) return rpc_fail(done.error());
  return null_answer();
}

constexpr Method kMethods[] = {
    {"debug_chaindbProperty", Where::worker, chaindb_property, "text?", "what the database tells of itself",
     "String"},
    {"debug_dbStats", Where::worker, db_stats, "", "the database's files by table", "String"},
    {"debug_getBadBlocks", Where::worker, get_bad_blocks, "", "the latest blocks that were refused",
     "[{hash: Hash, block: Block, rlp: Bytes}]"},
    {"debug_preimage", Where::worker, preimage, "hash", "what has this hash, for the keys of plain variables",
     "Bytes"},
    {"debug_setHead", Where::slow, set_head, "index", "takes the chain back to a block", "null"},
    {"debug_storageRangeAt", Where::slow, storage_range_at, "hash, index, address, data, count",
     "a contract's storage before a block's transaction", "StorageRange"},
};

}  // namespace

std::span<const Method> debug_state_methods() {
  return kMethods;
}

}  // namespace quarry::rpc
