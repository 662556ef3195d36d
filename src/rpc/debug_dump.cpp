// The debug namespace: a state's accounts, which accounts blocks changed, and blocks as text.

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "consensus/block_executor.hpp"
#include "consensus/engine.hpp"
#include "consensus/ethash/params.hpp"
#include "core/keccak.hpp"
#include "core/log.hpp"
#include "core/sender.hpp"
#include "evm/vm.hpp"
#include "rpc/chain_hashes.hpp"
#include "rpc/lookup.hpp"
#include "rpc/trace/replay.hpp"
#include "storage/codec.hpp"

namespace quarry::rpc {
namespace {

/// Accounts of one answer of debug_accountRange: geth's bound.
constexpr std::uint64_t kMostInRange = 256;
/// Accounts of debug_dumpBlock: each takes some 300 bytes without its code.
constexpr std::size_t kMostInDump = 16'384;
/// Slots that are shown of one account, and code of all accounts, in bytes.
constexpr std::size_t kMostSlotsShown = 1024;
constexpr std::size_t kMostCodeShown = std::size_t{8} << 20;
/// Blocks that one request runs again, at most.
constexpr BlockNum kMostBlocksCompared = 1024;
/// Where addresses are looked for, states having their hashes alone: transactions and blocks up to the one
/// asked about.
constexpr std::size_t kMostTxnsSearched = 50'000;
constexpr BlockNum kMostBlocksSearched = 20'000;
constexpr std::chrono::seconds kSearchTime{2};

using KnownAddresses = std::map<AddressHash, Address>;

/// Whom the latest transactions and the genesis file name, and who made the blocks.
KnownAddresses addresses_up_to(const Context& context, BlockId at) {
  KnownAddresses out;
  const auto add = [&](const Address& address) { out.emplace(hash_of(address), address); };
  const auto& reader = context.backend.reader;
  const auto* engine = context.backend.chain.engine();
  const auto until = std::chrono::steady_clock::now() + kSearchTime;
  std::size_t txns = 0;
  for (BlockNum blocks = 0; blocks < kMostBlocksSearched && txns < kMostTxnsSearched; ++blocks) {
    const auto block = reader.block(at);
    if (!block || std::chrono::steady_clock::now() > until) break;
    add(engine != nullptr && at.number > 0 ? engine->author(*block->header) : block->header->beneficiary);
    for (const auto& txn : block->body.transactions) {
      ++txns;
      const auto sender = sender_of(txn);
      if (sender) add(*sender);
      if (txn.to) add(*txn.to);
      if (sender && !txn.to) add(evm::create_address(*sender, txn.nonce));
    }
    if (at.number == 0) break;
    at = {at.number - 1, block->header->parent_hash};
  }
  for (const auto& address : reader.genesis_accounts()) add(address);
  for (const auto& address : context.backend.accounts.list()) add(address);
  return out;
}

struct DumpOptions {
  AddressHash first;
  std::size_t most = kMostInRange;
  bool code = true, storage = true;
  bool nameless = true;  ///< accounts whose address is not known, too
};

/// Writes accounts as geth's dumps have them.
class Dump {
 public:
  Dump(const Context& context, const BlockId& id, const DumpOptions& options)
      : context_(context), id_(id), options_(options), known_(addresses_up_to(context, id)) {}

  Answer text() {
    const auto& reader = context_.backend.reader;
    const auto header = reader.header(id_);
    if (!header) return rpc_fail(RpcCode::failed, "block not found");
    auto state = reader.state_at(id_);
    if (!state) return rpc_fail(state.error());
    const auto accounts = reader.accounts_at(id_, options_.first, options_.most + 1);
    if (!accounts) return rpc_fail(accounts.error());
    const auto shown = std::min(accounts->size(), options_.most);
    out_.begin_object().key("root").hex((*header)->state_root);
    out_.key("accounts").begin_object();
    for (std::size_t i = 0; i < shown; ++i) write((*accounts)[i], **state);
    out_.end_object();
    if (shown < accounts->size()) out_.key("next").hex((*accounts)[shown].key);
    return out_.end_object().take();
  }

 private:
  void write(const StoredAccount& stored, const StateView& state) {
    const auto named = known_.find(stored.key);
    const bool known = named != known_.end();
    if (!known && !options_.nameless) return;
    out_.key(known ? named->second.hex() : "pre(" + stored.key.hex() + ")").begin_object();
    out_.key("balance").plain(stored.account.balance.to_decimal());
    out_.key("nonce").number(stored.account.nonce);
    out_.key("root").hex(stored.account.storage_root);
    out_.key("codeHash").hex(stored.account.code_hash);
    if (options_.code && stored.account.code_hash != kEmptyCodeHash)
      write_code(state.code(stored.account.code_hash));
    if (options_.storage && known && stored.account.storage_root != kEmptyRoot) write_slots(named->second);
    if (known) out_.key("address").hex(named->second);
    out_.key("key").hex(stored.key);
    out_.end_object();
  }
  void write_code(const Bytes& code) {
    if (code_bytes_ + code.size() > kMostCodeShown) return;
    code_bytes_ += code.size();
    out_.key("code").hex(code);
  }
  void write_slots(const Address& address) {
    const auto slots = context_.backend.reader.slots_at(id_, address, SlotHash{}, kMostSlotsShown);
    if (!slots) return;
    out_.key("storage").begin_object();
    for (const auto& slot : *slots) out_.key(slot.key.hex()).plain(to_hex(slot.value));
    out_.end_object();
  }

  const Context& context_;
  const BlockId id_;
  const DumpOptions options_;
  const KnownAddresses known_;
  JsonText out_;
  std::size_t code_bytes_ = 0;
};

/// block, start, count, nocode, nostorage, incompletes: geth's order.
Answer account_range(const Context& context, Params& params) {
  DumpOptions options;
  const auto first = params.has(1) ? params.data(1) : Bytes{};
  if (first.size() > AddressHash::kSize) params.reject(1, "a hashed address has 32 bytes at most");
  std::copy_n(first.begin(), std::min(first.size(), AddressHash::kSize), options.first.bytes.begin());
  const auto most = params.has(2) ? params.quantity(2) : kMostInRange;
  options.most = static_cast<std::size_t>(std::min(most == 0 ? kMostInRange : most, kMostInRange));
  options.code = !params.flag(3, false);
  options.storage = !params.flag(4, false);
  options.nameless = params.flag(5, true);
  const auto id = block_at(context, params, 0);
  if (!id) return tl::unexpected(id.error());
  if (params.error()) return tl::unexpected(*params.error());
  return Dump(context, *id, options).text();
}

Answer dump_block(const Context& context, Params& params) {
  const auto id = block_at(context, params, 0);
  if (!id) return tl::unexpected(id.error());
  const auto more = context.backend.reader.accounts_at(*id, {}, kMostInDump + 1);
  if (!more) return rpc_fail(more.error());
  if (more->size() > kMostInDump) {
    return rpc_fail(RpcCode::limit_exceeded,
                    fmt::format("the state of block {} has more than {} accounts\nAsk for them in parts: "
                                "debug_accountRange(block, next, 256).",
                                id->number, kMostInDump));
  }
  return Dump(context, *id, {.most = kMostInDump}).text();
}

/// The accounts that running the block changes.
std::optional<RpcError> add_changed(const Context& context, const Block& block, std::set<Address>& to) {
  const auto& reader = context.backend.reader;
  const auto* engine = context.backend.chain.engine();
  const auto parent = reader.find(block.header->parent_hash);
  if (engine == nullptr || !parent)
    return RpcError{RpcCode::failed, fmt::format("parent {} not found", block.header->parent_hash.hex())};
  const auto state = reader.state_at(*parent);
  if (!state) return rpc_fail(state.error()).value();
  const ChainHashes hashes(reader);
  const auto done =
      execute_block(**state, *block.header, block.body, {context.backend.chain.spec(), *engine, &hashes});
  if (!done) return RpcError{RpcCode::failed, done.error().detail};
  for (const auto& [address, change] : done->diff.accounts) to.insert(address);
  return std::nullopt;
}

/// Of the blocks after `first` up to `last`, both of the canonical chain.
Answer changed_between(const Context& context, BlockNum first, BlockNum last) {
  if (last - first > kMostBlocksCompared) {
    return rpc_fail(RpcCode::limit_exceeded,
                    fmt::format("blocks {} to {}: at most {} are run again for one answer", first, last,
                                kMostBlocksCompared));
  }
  const auto& reader = context.backend.reader;
  std::set<Address> found;
  const trace::Deadline deadline;
  for (auto number = first + 1; number <= last; ++number) {
    const auto block = load(reader, reader.canonical(number));
    if (!block) return rpc_fail(RpcCode::failed, fmt::format("block {} not found", number));
    if (deadline.passed()) return rpc_fail(RpcCode::failed, "execution timeout\nAsk for fewer blocks.");
    if (auto error = add_changed(context, *block, found)) return tl::unexpected(std::move(*error));
  }
  JsonText out;
  out.begin_array();
  for (const auto& address : found) out.hex(address);
  return out.end_array().take();
}

/// One block: what it changed; two: what changed between their states.
Answer modified(const Context& context, const std::optional<BlockId>& start,
                const std::optional<BlockId>& end, bool two) {
  if (!start) return rpc_fail(RpcCode::failed, "start block not found");
  if (!two) {
    if (start->number == 0) return rpc_fail(RpcCode::failed, "block 0 has no parent");
    return changed_between(context, start->number - 1, start->number);
  }
  if (!end) return rpc_fail(RpcCode::failed, "end block not found");
  if (start->number >= end->number) {
    return rpc_fail(RpcCode::failed,
                    fmt::format("start block height ({}) must be less than end block height ({})",
                                start->number, end->number));
  }
  return changed_between(context, start->number, end->number);
}

Answer modified_by_number(const Context& context, Params& params) {
  const auto& reader = context.backend.reader;
  const auto first = params.quantity(0);
  const auto last = params.has(1) ? params.quantity(1) : 0;
  if (params.error()) return tl::unexpected(*params.error());
  return modified(context, reader.canonical(first), reader.canonical(last), params.has(1));
}

Answer modified_by_hash(const Context& context, Params& params) {
  const auto& reader = context.backend.reader;
  const auto on_chain = [&](const BlockHash& hash) {
    const auto id = reader.find(hash);
    return id && reader.canonical(id->number) == id ? id : std::nullopt;
  };
  const auto first = params.block_hash(0);
  const auto last = params.has(1) ? params.block_hash(1) : BlockHash{};
  if (params.error()) return tl::unexpected(*params.error());
  return modified(context, on_chain(first), on_chain(last), params.has(1));
}

Answer print_block(const Context& context, Params& params) {
  const auto id = numbered_block(context, params, 0);
  if (params.error()) return tl::unexpected(*params.error());
  const auto block = load(context.backend.reader, id);
  if (!block) return rpc_fail(RpcCode::failed, "block not found");
  const auto difficulty = context.backend.reader.total_difficulty(*id);
  return text_of(Json::parse(block_view(*block, difficulty, true)).dump(2));
}

/// geth's old form: hex without 0x.
Answer block_rlp(const Context& context, Params& params) {
  const auto id = numbered_block(context, params, 0);
  if (params.error()) return tl::unexpected(*params.error());
  const auto block = load(context.backend.reader, id);
  if (!block) return rpc_fail(RpcCode::failed, "block not found");
  return text_of(to_hex(encode_block(*block)));
}

Answer seed_hash(const Context& context, Params& params) {
  const auto id = numbered_block(context, params, 0);
  if (params.error()) return tl::unexpected(*params.error());
  if (!id) return rpc_fail(RpcCode::failed, "block not found");
  return hex_answer(ethash::seed_hash(ethash::epoch_of(id->number)));
}

Answer set_verbosity(const Context&, Params& params) {
  const auto level = params.quantity(0);
  if (level > static_cast<std::uint64_t>(LogLevel::trace))
    params.reject(0, "levels are 0 (silent) to 5 (trace)");
  if (params.error()) return tl::unexpected(*params.error());
  set_log_level(static_cast<LogLevel>(level));
  return null_answer();
}

constexpr Method kMethods[] = {
    {"debug_accountRange", Where::slow, account_range, "block, data?, count?, nocode?, nostorage?, nameless?",
     "accounts of a state by hashed address, 256 at most", "StateDump"},
    {"debug_dumpBlock", Where::slow, dump_block, "block", "all accounts of a small state", "StateDump"},
    {"debug_getBlockRlp", Where::worker, block_rlp, "number", "a block's RLP in hex without 0x", "String"},
    {"debug_getModifiedAccountsByHash", Where::slow, modified_by_hash, "hash, lastHash?",
     "accounts that a block changed, or that changed between two", "[Address]"},
    {"debug_getModifiedAccountsByNumber", Where::slow, modified_by_number, "first, last?",
     "accounts that a block changed, or that changed between two", "[Address]"},
    {"debug_printBlock", Where::worker, print_block, "number", "a block as text", "String"},
    {"debug_seedHash", Where::worker, seed_hash, "number",
     "what ethash's cache of that block's epoch grows from", "Hash"},
    {"debug_verbosity", Where::worker, set_verbosity, "level", "the log's level, 0 (silent) to 5 (trace)",
     "null"},
};

}  // namespace

std::span<const Method> debug_dump_methods() {
  return kMethods;
}

}  // namespace quarry::rpc
