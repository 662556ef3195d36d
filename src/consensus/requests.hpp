#pragma once
/// \file
/// What a block asks of the beacon chain (EIP-7685): deposits (EIP-6110), withdrawals (EIP-7002) and
/// consolidations (EIP-7251), each a type byte and data.

#include "consensus/errors.hpp"
#include "core/chain_spec.hpp"
#include "core/expected.hpp"
#include "core/receipt.hpp"

namespace quarry {

enum class RequestType : std::uint8_t { deposit = 0, withdrawal = 1, consolidation = 2 };

/// Appends the type byte and `data`; nothing when there is no data.
void add_request(std::vector<Bytes>& requests, RequestType type, ByteView data);

/// The deposits that the logs tell of, one after the other. A log of the contract that has the deposit's
/// topic and another form makes the block invalid.
[[nodiscard]] Expected<Bytes, BlockError> deposits_of(const std::vector<Receipt>& receipts,
                                                      const Address& contract);

/// SHA-256 of the requests' SHA-256 hashes.
Hash256 requests_hash(const std::vector<Bytes>& requests);
/// The header's hash is that of the requests; both are there or neither.
Verdict check_requests_hash(const Header& header, const std::optional<std::vector<Bytes>>& requests);

}  // namespace quarry
