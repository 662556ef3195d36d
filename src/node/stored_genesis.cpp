#include "node/stored_genesis.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "consensus/genesis.hpp"
#include "node/fork_change.hpp"
#include "node/genesis_json.hpp"
#include "node/local_chain.hpp"
#include "storage/chain_store.hpp"

namespace quarry {
namespace {
/// Eight bytes of a hash, as geth names a genesis.
std::string eight_bytes(const BlockHash& hash) {
  return to_hex(hash.view().first(8));
}

Error incompatible(const Database& database, const BlockHash& have, const BlockHash& wanted,
                   const Genesis& genesis) {
  std::string remedy;
  // Without the old file's text the hashes have to do.
  if (const auto stored = load_genesis(database)) {
    const auto lines = genesis_differences(*stored, genesis);
    if (!lines.empty()) remedy = fmt::format("They differ in:\n  {}\n", fmt::join(lines, "\n  "));
  }
  remedy += fmt::format(
      "Nothing was changed. Give this chain another --datadir; or, to throw the old chain away (accounts "
      "stay): rm -r {}",
      database.path());
  return {fmt::format("database already contains an incompatible genesis block (have {}, new {})",
                      eight_bytes(have), eight_bytes(wanted)),
          std::move(remedy)};
}

ChainTip tip_of(const ChainStore& store, const BlockId& head, const ChainSpec& spec) {
  const auto header = store.header(head);
  if (!header) return {head.number, 0, {}, false};
  const Header& top = **header;
  const auto total = store.total_difficulty({head.number - 1, top.parent_hash});
  return {head.number, top.timestamp, total.value_or(TotalDifficulty{}), is_merged(spec, top)};
}

Result<> keep_genesis(Database& database, const Genesis& genesis) {
  Batch batch;
  put_genesis(batch, genesis);
  return database.commit(std::move(batch), Durability::sync);
}
}  // namespace

Result<GenesisWritten> setup_genesis(Database& database, const Genesis& genesis) {
  const ChainStore store(database);
  GenesisWritten out;
  const auto heads = store.stored_heads();
  if (!heads) {
    // The file first: without heads a data dir counts as empty, so a kill between the two leaves nothing half
    // done.
    if (auto kept = keep_genesis(database, genesis); !kept) return tl::unexpected(kept.error());
    auto header = init_genesis(database, genesis);
    if (!header) return tl::unexpected(header.error());
    out.header = std::move(*header);
    out.fresh = true;
    return out;
  }
  out.header = genesis_block(genesis);
  const auto have = store.canonical_hash(0);
  if (!have || *have != out.header.hash())
    return tl::unexpected(incompatible(database, have.value_or(BlockHash{}), out.header.hash(), genesis));
  const auto stored = load_genesis(database);
  if (!stored) return tl::unexpected(stored.error());
  auto changes = fork_changes(stored->spec, genesis.spec, tip_of(store, heads->header, stored->spec));
  if (!changes) return tl::unexpected(changes.error());
  out.changes = std::move(*changes);
  if (!out.changes.empty())
    if (auto kept = keep_genesis(database, genesis); !kept) return tl::unexpected(kept.error());
  return out;
}

}  // namespace quarry
