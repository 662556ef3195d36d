#pragma once
/// \file
/// Many changes written as files in the order of their keys, one a table, and taken into the database at
/// once: they cost neither a log nor a memtable, and what is written in order of height is never merged
/// again. Private to storage.

#include <rocksdb/db.h>

#include <string>
#include <vector>

#include "core/bytes.hpp"

namespace quarry {

/// In a folder of the database's own that nothing else looks into.
std::string sorted_files_folder(const std::string& database);
/// Removes what a killed owner left there: it was not taken in.
void forget_sorted_files(const std::string& database);

class SortedFiles {
 public:
  /// Of two changes of one key the later one holds.
  struct Change {
    ByteView key, value;  ///< borrowed until add() returns
    bool erases = false;
  };

  /// `folder` is made, and empty.
  SortedFiles(rocksdb::DB& database, std::string folder);
  /// Removes what was not taken in.
  ~SortedFiles();
  SortedFiles(const SortedFiles&) = delete;
  SortedFiles& operator=(const SortedFiles&) = delete;

  /// Writes one family's file.
  [[nodiscard]] rocksdb::Status add(rocksdb::ColumnFamilyHandle* family, const std::vector<Change>& changes);
  /// All files or none, on the disk when it returns; after all that was committed before.
  [[nodiscard]] rocksdb::Status take_in();

 private:
  rocksdb::DB& database_;
  const std::string folder_;
  std::vector<rocksdb::IngestExternalFileArg> files_;
};

}  // namespace quarry
