#pragma once
/// \file
/// EIP-7825.

#include "core/quantities.hpp"

namespace quarry::evm {

/// The gas that a transaction can ask for at most from Osaka on.
inline constexpr Gas kMostTxnGas = Gas{1} << 24;

}  // namespace quarry::evm
