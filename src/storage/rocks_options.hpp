#pragma once
/// \file
/// How RocksDB is set up, and why. Private to storage.

#include <rocksdb/db.h>

#include "storage/database.hpp"

namespace quarry {

/// A killed process is up again only when its log has been replayed, some 9 ms a MB: so it is kept short.
inline constexpr std::uint64_t kMostWalBytes = std::uint64_t{2} << 20;
/// Files kept open. A table's files are opened when they are first read.
inline constexpr int kMostOpenFiles = 256;

rocksdb::DBOptions database_options(const DatabaseOptions& options);
/// One descriptor a table, in the order of kTables; they share one block cache.
std::vector<rocksdb::ColumnFamilyDescriptor> family_descriptors(const DatabaseOptions& options);

}  // namespace quarry
