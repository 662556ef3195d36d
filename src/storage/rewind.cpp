#include "storage/rewind.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "storage/chain_store.hpp"
#include "storage/codec.hpp"
#include "storage/corruption.hpp"
#include "storage/log_index.hpp"
#include "storage/meta.hpp"
#include "storage/state_store.hpp"
#include "storage/state_writer.hpp"

namespace quarry {
namespace {

/// Blocks that one batch takes back: some MB of state changes at most on a busy chain.
constexpr BlockNum kBlocksABatch = 128;

Result<> check_reach(const Database& database, const Heads& heads, BlockNum to) {
  const StateStore state(database);
  if (database.has(Table::meta, as_bytes(meta::kStateSync)))
    return fail("a fast sync is under way: there is no state to take back", "Let the sync end first.");
  if (to > heads.block.number)
    return fail(
        fmt::format("block {} is above the head, which is block {}", to, heads.block.number),
        fmt::format("Give a number from {} to {}.", state.oldest_state().value_or(0), heads.block.number));
  const BlockNum oldest = state.oldest_state().value_or(heads.block.number);
  if (to < oldest)
    return fail(
        fmt::format("the chain can be taken back to block {} at most: change sets reach no further", oldest),
        fmt::format("Give a number from {} to {}, or synchronise anew.", oldest, heads.block.number));
  return {};
}

/// Removes the transactions of block `id` from their index, where it says that they are there.
void erase_txns(Batch& batch, const DatabaseReader& reader, const BlockId& id) {
  const auto body = ChainStore(reader).body(id);
  if (!body) return;
  for (const Transaction& txn : body->transactions) {
    const TxnHash hash = hash_of(txn);
    const auto row = reader.get(Table::txn, hash);
    if (row && read_number(*row) == id.number) batch.erase(Table::txn, hash);
  }
}

/// One batch: the state back to `to`, everything above it gone.
Result<> rewind_once(Database& database, StateWriter& state, BlockNum to, bool keep_blocks) {
  for (BlockNum number = state.number(); number > to; --number)
    if (auto done = state.revert(number); !done) return done;
  const auto header = ChainStore(database).canonical_header(to);
  if (!header || (*header)->state_root != state.root())
    return fail(fmt::format("the state taken back to block {} has the root {}, and its header says {}", to,
                            state.root().hex(), header ? (*header)->state_root.hex() : "nothing"),
                "The database is damaged; nothing was changed. `quarry db verify` lists the damage.");
  Batch batch;
  state.flush(batch);
  const BlockId head{to, header->hash()};
  Heads heads{head, head, head};
  if (keep_blocks) {
    heads = ChainStore(database).heads();
    heads.block = head;
  } else {
    erase_blocks_above(batch, database, to);
  }
  ChainWriter(batch).set_heads(heads);
  return database.commit(std::move(batch), Durability::sync);
}

}  // namespace

void erase_blocks_above(Batch& batch, const DatabaseReader& reader, BlockNum number) {
  const auto first = number_key(number + 1);
  LogIndexWriter logs(reader);
  Cursor headers = reader.cursor(Table::header);
  for (headers.seek(first); headers.valid(); headers.next()) {
    const BlockId id = intact(reader, Table::header, read_block_id(headers.key()));
    erase_txns(batch, reader, id);
    if (const auto receipts = ChainStore(reader).receipts(id)) logs.remove(id.number, *receipts);
    batch.erase(Table::number, id.hash);
  }
  logs.flush(batch);
  const Bytes end(65, 0xff);
  for (const Table table : {Table::header, Table::body, Table::receipt, Table::canonical})
    batch.erase_range(table, first, end);
}

Result<RewindReport> rewind_chain(Database& database, BlockNum to, bool keep_blocks,
                                  const std::function<void(BlockNum at)>& progress) {
  const auto heads = ChainStore(database).stored_heads();
  if (!heads) return fail("the database holds no chain");
  if (auto fine = check_reach(database, *heads, to); !fine) return tl::unexpected(fine.error());
  StateWriter state(database);
  BlockNum at = heads->block.number;
  do {
    at = at > to + kBlocksABatch ? at - kBlocksABatch : to;
    if (auto done = rewind_once(database, state, at, keep_blocks); !done) return tl::unexpected(done.error());
    if (progress) progress(at);
  } while (at > to);
  return RewindReport{heads->block, ChainStore(database).heads().block};
}

}  // namespace quarry
