#pragma once
/// \file
/// Bodies or receipts by their blocks' hashes, as a peer that syncs asks for them: one canonical block after
/// the other. Each but the first is found by stepping on, without a search.

#include <optional>

#include "core/block_id.hpp"
#include "storage/database.hpp"

namespace quarry {

/// Short-lived; one thread. Sees the data as they were when it was made.
class BlockSweep {
 public:
  /// `table` is body or receipt; `reader` outlives this.
  BlockSweep(const DatabaseReader& reader, Table table);

  /// The stored value of this block, on whatever branch; good until the next call. Nothing when it is not
  /// here.
  std::optional<ByteView> find(const BlockHash& hash);

 private:
  std::optional<BlockNum> number_of(const BlockHash& hash);

  const DatabaseReader& reader_;
  Cursor canonical_, values_;
  bool placed_ = false;  ///< canonical_ is behind the block found last
};

}  // namespace quarry
