#include "consensus/genesis.hpp"

#include <utility>

#include "consensus/base_fee.hpp"
#include "storage/chain_store.hpp"
#include "storage/state_writer.hpp"

namespace quarry {
namespace {
/// What geth takes when a genesis names no gas limit, or 0.
constexpr Gas kDefaultGenesisGasLimit = 4'712'388;
/// SHA-256 of nothing: no requests (EIP-7685).
const Hash256 kEmptyRequestsHash =
    *Hash256::from_hex("0xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");

/// Fields of forks in force at the genesis, where the file leaves them out. Those after London belong to
/// chains that merge.
void add_fork_fields(Header& header, const ChainSpec& spec) {
  const Rules rules = spec.forks.rules(header.number, header.timestamp);

  const auto fill = [](auto& field, auto value) {
    if (!field) field = value;
  };
  if (rules.has(Fork::london)) fill(header.base_fee_per_gas, initial_base_fee(spec));
  if (!spec.terminal_total_difficulty) return;
  if (rules.has(Fork::shanghai)) fill(header.withdrawals_root, kEmptyRoot);
  if (rules.has(Fork::cancun)) {
    fill(header.blob_gas_used, Gas{0});
    fill(header.excess_blob_gas, Gas{0});
    fill(header.parent_beacon_block_root, Hash256{});
  }
  if (rules.has(Fork::prague)) fill(header.requests_hash, kEmptyRequestsHash);
}

SealedHeader with_root(const Genesis& genesis, const RootHash& state_root) {
  Header header = genesis.header;
  header.ommers_hash = kEmptyOmmersHash;
  header.transactions_root = header.receipts_root = kEmptyRoot;
  header.state_root = state_root;
  if (header.gas_limit == 0) header.gas_limit = kDefaultGenesisGasLimit;
  add_fork_fields(header, genesis.spec);
  return seal_header(std::move(header), genesis.spec.header_identity());
}
}  // namespace

SealedHeader genesis_block(const Genesis& genesis) {
  return with_root(genesis, genesis_root(genesis.alloc));
}

Result<SealedHeader> init_genesis(Database& database, const Genesis& genesis) {
  Batch batch;
  SealedHeader header = with_root(genesis, write_genesis_state(batch, genesis.alloc));
  const BlockId id{header->number, header.hash()};
  ChainWriter writer(batch);
  writer.put_header(header, header->difficulty);
  Body body;
  if (header->withdrawals_root) body.withdrawals.emplace();
  writer.put_body(id, body);
  writer.put_receipts(id, {});
  writer.set_canonical(id);
  writer.set_heads({id, id, id});
  if (auto done = database.commit(std::move(batch), Durability::sync); !done)
    return tl::unexpected(done.error());
  return header;
}

}  // namespace quarry
