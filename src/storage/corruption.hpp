#pragma once
/// \file
/// What a store does with a value that was not written as it reads. Private to storage.

#include <optional>
#include <utility>

#include "storage/database.hpp"

namespace quarry {

/// Gives `decoded` back, or ends the process through the reader's failure handler: bytes that passed
/// RocksDB's checksums but do not decode are damage that must not be built upon.
template <class T>
T intact(const DatabaseReader& reader, Table table, std::optional<T> decoded) {
  if (!decoded) reader.corrupt(table);
  return *std::move(decoded);
}

}  // namespace quarry
