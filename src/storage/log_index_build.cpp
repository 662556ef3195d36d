// The index of logs out of the receipts.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "core/log.hpp"
#include "storage/chain_store.hpp"
#include "storage/codec.hpp"
#include "storage/corruption.hpp"
#include "storage/log_index.hpp"
#include "storage/meta.hpp"

namespace quarry {
namespace {

/// Blocks that one commit indexes: their terms are held in memory meanwhile, some MB on a busy chain.
constexpr BlockNum kBlocksABatch = 4096;
constexpr std::chrono::seconds kReportEvery{8};

/// Where a build that was stopped goes on.
BlockNum built_up_to(const Database& database) {
  const auto record = database.get(Table::meta, as_bytes(meta::kLogIndexBuilt));
  return record ? intact(database, Table::meta, read_number(*record)) : 0;
}

void erase_all(Batch& batch) {
  batch.erase_range(Table::log_index, {}, Bytes(64, 0xff));
  batch.erase(Table::meta, as_bytes(meta::kLogIndexBuilt));
}

}  // namespace

Result<> build_log_index(Database& database, bool resume) {
  const ChainStore store(database);
  const Heads heads = store.heads();
  const BlockNum end = store.stored_heads() ? std::max(heads.block.number, heads.fast_block.number) + 1 : 0;
  BlockNum number = resume ? built_up_to(database) : 0;
  Batch batch;
  if (number == 0) erase_all(batch);
  LogIndexWriter writer(database);
  auto reported = std::chrono::steady_clock::now();
  for (; number < end; ++number) {
    const auto id = store.canonical_id(number);
    const auto receipts = id ? store.receipts(*id) : std::nullopt;
    if (receipts) writer.add(number, *receipts);
    if ((number + 1) % kBlocksABatch != 0) continue;
    writer.flush(batch);
    batch.put(Table::meta, as_bytes(meta::kLogIndexBuilt), number_key(number + 1));
    if (auto done = database.commit(std::move(batch)); !done) return done;
    batch = Batch{};
    if (std::chrono::steady_clock::now() - reported < kReportEvery) continue;
    reported = std::chrono::steady_clock::now();
    log_info("Indexing logs", {{"block", number}, {"of", end - 1}});
  }
  writer.flush(batch);
  batch.erase(Table::meta, as_bytes(meta::kLogIndexBuilt));
  return database.commit(std::move(batch), Durability::sync);
}

}  // namespace quarry
