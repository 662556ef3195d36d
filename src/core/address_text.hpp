#pragma once
/// \file
/// Addresses as people and geth's pool write them.

#include <string>

#include "core/fixed_bytes.hpp"

namespace quarry {

/// "0x" and hex digits whose case is a checksum (EIP-55).
std::string checksummed(const Address& address);

}  // namespace quarry
