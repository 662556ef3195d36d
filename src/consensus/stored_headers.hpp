#pragma once
/// \file
/// Headers as the database has them.

#include "consensus/engine.hpp"
#include "storage/chain_store.hpp"

namespace quarry {

/// Thread-safe where its reader is.
class StoredHeaders final : public HeaderSource {
 public:
  /// `reader` outlives this.
  explicit StoredHeaders(const DatabaseReader& reader) : store_(reader) {}
  std::optional<SealedHeader> header_of(const BlockId& id) const override { return store_.header(id); }

 private:
  ChainStore store_;
};

}  // namespace quarry
