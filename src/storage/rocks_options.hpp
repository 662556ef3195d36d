#pragma once
/// \file
/// How RocksDB is set up, and why. Private to storage.

#include <rocksdb/db.h>

#include <chrono>

#include "storage/database.hpp"

namespace quarry {

/// A killed process is up again only when its log has been replayed, some 9 ms a MB: so it is kept short.
inline constexpr std::uint64_t kMostWalBytes = std::uint64_t{2} << 20;
/// While much is written in a row (an import, a sync) the log may be this long: writing all memtables out
/// every 2 MiB leaves many small files, and merging those costs as much CPU again as checking the signatures.
inline constexpr std::uint64_t kMostBulkWalBytes = std::uint64_t{64} << 20;
/// A commit of so many bytes is one of many: a block at the head is smaller.
inline constexpr std::size_t kBulkBatchBytes = std::size_t{1} << 20;
/// It is over when none came for so long.
inline constexpr std::chrono::seconds kBulkPause{5};
/// Files kept open. A table's files are opened when they are first read.
inline constexpr int kMostOpenFiles = 256;

rocksdb::DBOptions database_options(const DatabaseOptions& options);
/// One descriptor a table, in the order of kTables; they share one block cache.
std::vector<rocksdb::ColumnFamilyDescriptor> family_descriptors(const DatabaseOptions& options);

}  // namespace quarry
