// The eth namespace: the chain, its state, and what the node does with them.

#include "rpc/events.hpp"
#include "rpc/pending.hpp"
#include "rpc/views.hpp"

namespace quarry::rpc {
namespace {

template <FirstParam first>
Answer get_block(const Context& context, Params& params) {
  const auto id = first(context.backend.reader, params);
  const bool full = params.flag(1, false);
  if (params.error()) return tl::unexpected(*params.error());
  if (first == by_number)
    if (const auto pending = pending_for(context, params, 0)) return pending_block_view(pending->block, full);
  const auto block = load(context.backend.reader, id);
  if (!block) return null_answer();
  return block_view(*block, context.backend.reader.total_difficulty(*id), full);
}

template <FirstParam first>
Answer get_transaction_count_of_block(const Context& context, Params& params) {
  const auto id = first(context.backend.reader, params);
  if (params.error()) return tl::unexpected(*params.error());
  if (first == by_number)
    if (const auto pending = pending_for(context, params, 0))
      return quantity_answer(pending->block.body.transactions.size());
  const auto block = load(context.backend.reader, id);
  return block ? quantity_answer(block->body.transactions.size()) : null_answer();
}

template <FirstParam first>
Answer get_ommer_count(const Context& context, Params& params) {
  const auto id = first(context.backend.reader, params);
  if (params.error()) return tl::unexpected(*params.error());
  const auto block = load(context.backend.reader, id);
  return block ? quantity_answer(block->body.ommers.size()) : null_answer();
}

template <FirstParam first>
Answer get_ommer(const Context& context, Params& params) {
  const auto id = first(context.backend.reader, params);
  const auto index = params.quantity(1);
  if (params.error()) return tl::unexpected(*params.error());
  const auto block = load(context.backend.reader, id);
  if (!block || index >= block->body.ommers.size()) return null_answer();
  return ommer_view(block->body.ommers[index]);
}

Answer get_balance(const Context& context, Params& params) {
  const auto address = params.address(0);
  const auto state = state_of(context, params, 1);
  if (!state) return tl::unexpected(state.error());
  const auto account = (*state)->account(address);
  return quantity_answer(account ? account->balance : Wei{});
}

Answer get_transaction_count(const Context& context, Params& params) {
  const auto address = params.address(0);
  if (!params.error() && params.block(1).kind == BlockRef::Kind::pending && !params.error()) {
    return quantity_answer(context.backend.pool.next_nonce(address));
  }
  const auto state = state_of(context, params, 1);
  if (!state) return tl::unexpected(state.error());
  const auto account = (*state)->account(address);
  return quantity_answer(account ? account->nonce : std::uint64_t{0});
}

Answer get_code(const Context& context, Params& params) {
  const auto address = params.address(0);
  const auto state = state_of(context, params, 1);
  if (!state) return tl::unexpected(state.error());
  const auto account = (*state)->account(address);
  if (!account || account->code_hash == kEmptyCodeHash) return hex_answer({});
  return hex_answer((*state)->code(account->code_hash));
}

Answer get_storage_at(const Context& context, Params& params) {
  const auto address = params.address(0);
  const auto slot = params.slot(1);
  const auto state = state_of(context, params, 2);
  if (!state) return tl::unexpected(state.error());
  return hex_answer((*state)->slot(address, slot));
}

/// Many slots of many accounts: {"0x<address>": [slot, …]}.
Answer get_storage_values(const Context& context, Params& params) {
  FieldReader accounts(params, 0, "map[common.Address][]common.Hash");
  const auto state = state_of(context, params, 1);
  if (!state) return tl::unexpected(state.error());
  JsonText out;
  out.begin_object();
  for (const auto& [name, slots] : accounts.items()) {
    Address address;
    accounts.read_fixed(name, "common.Address", address.bytes);
    out.key(address.hex()).begin_array();
    for (const auto& slot : slots) {
      SlotKey key;
      accounts.read_fixed(slot, "common.Hash", key.bytes);
      out.hex((*state)->slot(address, key));
    }
    out.end_array();
  }
  if (params.error()) return tl::unexpected(*params.error());
  return out.end_object().take();
}

Answer block_number(const Context& context, Params&) {
  return quantity_answer(context.backend.chain.head_number());
}
Answer chain_id(const Context& context, Params&) {
  return quantity_answer(context.backend.chain.spec().chain_id);
}
Answer protocol_version(const Context& context, Params&) {
  return quantity_answer(std::uint64_t{context.backend.chain.protocol_version()});
}
Answer mining(const Context& context, Params&) {
  return bool_answer(context.backend.miner.mining());
}
Answer hashrate(const Context& context, Params&) {
  return quantity_answer(context.backend.miner.hashrate());
}

Answer syncing(const Context& context, Params&) {
  const auto progress = context.backend.chain.syncing();
  return progress ? Answer(syncing_view(*progress)) : bool_answer(false);
}

Answer accounts(const Context& context, Params&) {
  Json out = Json::array();
  for (const auto& address : context.backend.accounts.list()) out.push_back(address.hex());
  return json_answer(out);
}

Answer coinbase(const Context& context, Params&) {
  if (const auto address = context.backend.miner.etherbase()) return hex_answer(*address);
  return rpc_fail(Error{"etherbase address must be explicitly specified",
                        "Make an account with personal.newAccount(), or give an address with --etherbase."});
}

constexpr Method kMethods[] = {
    {"eth_accounts", Where::worker, accounts, "", "addresses of the keystore's accounts", "[Address]"},
    {"eth_blockNumber", Where::loop, block_number, "", "the head's number", "Quantity"},
    {"eth_chainId", Where::loop, chain_id, "", "the chain id transactions are signed for (EIP-695)",
     "Quantity"},
    {"eth_coinbase", Where::worker, coinbase, "", "who gets the rewards of blocks mined here", "Address"},
    {"eth_getBalance", Where::worker, get_balance, "address, block?", "an account's balance in wei",
     "Quantity"},
    {"eth_getBlockByHash", Where::worker, get_block<by_hash>, "hash, full?", "a block of any branch",
     "Block|null"},
    {"eth_getBlockByNumber", Where::worker, get_block<by_number>, "block, full?",
     "a block of the canonical chain", "Block|null"},
    {"eth_getBlockTransactionCountByHash", Where::worker, get_transaction_count_of_block<by_hash>, "hash",
     "how many transactions a block has", "Quantity|null"},
    {"eth_getBlockTransactionCountByNumber", Where::worker, get_transaction_count_of_block<by_number>,
     "block", "how many transactions a block has", "Quantity|null"},
    {"eth_getCode", Where::worker, get_code, "address, block?", "a contract's code", "Bytes"},
    {"eth_getStorageAt", Where::worker, get_storage_at, "address, slot, block?",
     "the value of a storage slot", "Hash"},
    {"eth_getStorageValues", Where::worker, get_storage_values, "slots, block?",
     "the values of many storage slots", "{*: [Hash]}"},
    {"eth_getTransactionCount", Where::worker, get_transaction_count, "address, block?", "an account's nonce",
     "Quantity"},
    {"eth_getUncleByBlockHashAndIndex", Where::worker, get_ommer<by_hash>, "hash, index", "an ommer's header",
     "Uncle|null"},
    {"eth_getUncleByBlockNumberAndIndex", Where::worker, get_ommer<by_number>, "block, index",
     "an ommer's header", "Uncle|null"},
    {"eth_getUncleCountByBlockHash", Where::worker, get_ommer_count<by_hash>, "hash",
     "how many ommers a block has", "Quantity|null"},
    {"eth_getUncleCountByBlockNumber", Where::worker, get_ommer_count<by_number>, "block",
     "how many ommers a block has", "Quantity|null"},
    {"eth_hashrate", Where::worker, hashrate, "", "hashes a second of the miner", "Quantity"},
    {"eth_mining", Where::worker, mining, "", "whether the miner runs", "Boolean"},
    {"eth_protocolVersion", Where::loop, protocol_version, "", "the newest eth protocol spoken", "Quantity"},
    {"eth_syncing", Where::worker, syncing, "", "how far synchronisation is, or false", "SyncProgress|false"},
};

}  // namespace

std::string syncing_view(const SyncProgress& progress) {
  Json out = {{"startingBlock", quantity(progress.starting_block)},
              {"currentBlock", quantity(progress.current_block)},
              {"highestBlock", quantity(progress.highest_block)},
              {"pulledStates", quantity(progress.pulled_states)},
              {"knownStates", quantity(progress.known_states)}};
  if (progress.pivot) out["pivotBlock"] = quantity(*progress.pivot);
  if (!progress.phase.empty()) out["phase"] = progress.phase;
  return text_of(out);
}

std::span<const Method> eth_methods() {
  return kMethods;
}

}  // namespace quarry::rpc
