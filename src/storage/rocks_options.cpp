#include "storage/rocks_options.hpp"

#include <rocksdb/cache.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/table.h>

#include <algorithm>

namespace quarry {
namespace {

/// RocksDB's own log would cost a file and a few milliseconds at each start; what matters comes as a Status.
class NoLog final : public rocksdb::Logger {
 public:
  using rocksdb::Logger::Logv;
  void Logv(const char*, va_list) override {}
};

constexpr std::size_t kLeastCacheBytes = std::size_t{8} << 20;
/// A table's memtable is written out at this size; away from bulk writing the log's bound mostly comes first.
constexpr std::size_t kMemtableBytes = std::size_t{16} << 20;
/// Memtables may have this share of the memory given, at least and at most so much; the block cache half of
/// it. The rest is for what RocksDB does not count, and for the state's own caches.
constexpr std::size_t kMemtableShare = 8;
constexpr std::size_t kMostMemtableBytes = std::size_t{64} << 20;
/// Memory is taken for a memtable in such pieces: fourteen mostly empty ones must not add up.
constexpr std::size_t kArenaBytes = std::size_t{64} << 10;
/// A download leaves files of these tables' random keys that overlap; so many wait to be merged, not four.
constexpr int kUnmergedFiles = 10;
/// False positives of about 1 %.
constexpr double kBloomBitsPerKey = 10;

rocksdb::ColumnFamilyOptions family_options(const TableRow& table,
                                            const std::shared_ptr<rocksdb::Cache>& cache) {
  rocksdb::BlockBasedTableOptions blocks;
  blocks.block_cache = cache;
  blocks.cache_index_and_filter_blocks = true;  // counted in --cache, and not read at open
  blocks.pin_l0_filter_and_index_blocks_in_cache = true;
  blocks.format_version = 5;
  if (table.access == Access::by_hash)
    blocks.filter_policy.reset(rocksdb::NewBloomFilterPolicy(kBloomBitsPerKey));

  rocksdb::ColumnFamilyOptions out;
  out.table_factory.reset(rocksdb::NewBlockBasedTableFactory(blocks));
  out.compression = table.compress ? rocksdb::kLZ4Compression : rocksdb::kNoCompression;
  out.write_buffer_size = kMemtableBytes;
  out.arena_block_size = kArenaBytes;
  out.check_flush_compaction_key_order =
      false;  // a hash of all that is written, to find RocksDB's own faults
  out.level_compaction_dynamic_level_bytes = true;
  if (table.table == Table::txn || table.table == Table::log_index)
    out.level0_file_num_compaction_trigger = kUnmergedFiles;
  return out;
}

}  // namespace

rocksdb::DBOptions database_options(const DatabaseOptions& options) {
  rocksdb::DBOptions out;
  out.create_if_missing = !options.read_only;
  out.create_missing_column_families = !options.read_only;
  out.info_log = std::make_shared<NoLog>();
  out.max_open_files = options.read_only ? -1 : kMostOpenFiles;  // an owner may remove files meanwhile
  out.max_file_opening_threads = 1;  // a few files are opened sooner than sixteen threads are made
  out.max_background_jobs = 2;
  out.max_total_wal_size = kMostWalBytes;
  out.db_write_buffer_size =
      std::clamp(options.cache_bytes / kMemtableShare, kLeastCacheBytes, kMostMemtableBytes);
  out.avoid_flush_during_recovery = true;  // replayed data stays in memtables: nothing is written at start
  // Opening reads the manifest and the log, and nothing else.
  out.skip_stats_update_on_db_open = true;
  out.skip_checking_sst_file_sizes_on_db_open = true;
  out.stats_dump_period_sec = 0;
  out.stats_persist_period_sec = 0;
  out.db_host_id = "";
  return out;
}

std::vector<rocksdb::ColumnFamilyDescriptor> family_descriptors(const DatabaseOptions& options) {
  const std::size_t cache_bytes = std::max(options.cache_bytes / 2, kLeastCacheBytes);
  const auto cache = rocksdb::NewLRUCache(cache_bytes);
  std::vector<rocksdb::ColumnFamilyDescriptor> out;
  for (const TableRow& table : kTables)
    out.emplace_back(std::string{table.family}, family_options(table, cache));
  return out;
}

}  // namespace quarry
