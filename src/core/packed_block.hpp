#pragma once
/// \file
/// Bodies and receipts as they come from a peer: read to their end, so that what is kept decodes, with what a
/// header says of them worked out, and otherwise left as bytes. A download stores them without ever making
/// values of them. Roots and hashes of all that one message brings are worked out together, in SIMD lanes.

#include <optional>
#include <vector>

#include "core/block.hpp"
#include "core/receipt.hpp"

namespace quarry {

struct PackedBody {
  Bytes rlp;  ///< as write_body() gives it
  RootHash transactions_root = kEmptyRoot;
  Hash256 ommers_hash = kEmptyOmmersHash;
  std::optional<RootHash> withdrawals_root;
  std::vector<TxnHash> txn_hashes;

  /// An empty one.
  PackedBody() : rlp{0xc2, 0xc0, 0xc0} {}
  PackedBody(const Body& body);
};

struct PackedReceipts {
  /// The list of [type, outcome, cumulative gas, logs], one a receipt. The bloom is left out: its logs say
  /// it.
  Bytes bare{0xc0};
  RootHash root = kEmptyRoot;

  PackedReceipts() = default;
  PackedReceipts(const std::vector<Receipt>& receipts);
};

/// The bodies that `items` holds, at most `most`. Fails where read_body() does.
[[nodiscard]] rlp::Decoded<std::vector<PackedBody>> pack_bodies(rlp::Reader items, HeaderIdentity identity,
                                                                std::size_t most);
/// The receipts of the blocks that `items` holds, at most `most` blocks and `most_each` receipts of one.
/// Fails where read_receipt() does.
[[nodiscard]] rlp::Decoded<std::vector<PackedReceipts>> pack_receipts(rlp::Reader items, std::size_t most,
                                                                      std::size_t most_each);

/// PackedReceipts::bare as it stands in a Receipts message: with the blooms.
[[nodiscard]] rlp::Decoded<Bytes> with_blooms(ByteView bare);

}  // namespace quarry
