#pragma once
/// \file
/// Changes of a development chain's state that no transaction makes: a block's vanity (EIP-225) is the hash
/// of the change that it begins with, so that whoever has the change executes the block as we do.

#include <optional>

#include "core/header.hpp"
#include "evm/journal.hpp"
#include "rpc/backend.hpp"

namespace quarry {

class Database;

/// Thread-safe. The changes are kept in the database.
class DevChanges {
 public:
  /// `database` outlives this.
  explicit DevChanges(Database& database) : database_(database) {}

  /// Keeps the change; gives the extra data of the block that is to make it.
  Result<Bytes> add(const rpc::DevChange& change);
  /// Makes the change that the header names, if it names one.
  void apply(evm::Journal& journal, const Header& header) const;

 private:
  Database& database_;
};

/// As it is kept: field (1), account (20), key (32), value (32), code.
Bytes encode_change(const rpc::DevChange& change);
std::optional<rpc::DevChange> decode_change(ByteView bytes);

}  // namespace quarry
