#pragma once
/// \file
/// What eth_signTypedData signs (EIP-712).

#include "core/expected.hpp"
#include "core/fixed_bytes.hpp"
#include "rpc/json_rpc.hpp"

namespace quarry::rpc {

/// The hash of {types, primaryType, domain, message}. The error names the field that does not fit its type.
Result<Hash256> typed_data_hash(const Json& data);

}  // namespace quarry::rpc
