#pragma once
/// \file
/// geth's "ancient" store: old blocks in append-only files, from 1.9 on. A table is an index file (`.cidx`,
/// or
/// `.ridx` when its data are not compressed) and data files of at most 2 GB (`NAME.0000.cdat`, `.rdat`).
///
/// ```
/// index file: entry*         entry: number of the data file (2, big-endian), offset in it (4, big-endian)
/// entry 0 is special: the data file that holds the first item, and how many items were removed before it
/// item i lies between entry i and entry i + 1; in another file than entry i's, from that file's start on
/// ```

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "core/bytes.hpp"
#include "core/expected.hpp"

namespace quarry::geth {

class FreezerTable {
 public:
  /// Nothing when the table's index file is not there.
  static Result<std::unique_ptr<FreezerTable>> open(const std::filesystem::path& folder, std::string name);
  ~FreezerTable();
  FreezerTable(const FreezerTable&) = delete;
  FreezerTable& operator=(const FreezerTable&) = delete;

  /// Items that were ever written: the number of the next one.
  std::uint64_t end() const { return end_; }
  /// The lowest item that is still there.
  std::uint64_t begin() const { return begin_; }
  /// An error names the file and what is wrong with it.
  Result<Bytes> get(std::uint64_t number);

 private:
  struct Entry {
    std::uint16_t file = 0;
    std::uint32_t offset = 0;
  };
  FreezerTable(std::filesystem::path folder, std::string name, bool compressed);
  Result<> read_index();
  Result<Entry> entry(std::uint64_t index) const;
  Result<int> data_file(std::uint16_t number);

  const std::filesystem::path folder_;
  const std::string name_;
  const bool compressed_;
  int index_ = -1;
  std::uint64_t begin_ = 0, end_ = 0;
  std::map<std::uint16_t, int> files_;  ///< open ones; a table has few
};

}  // namespace quarry::geth
