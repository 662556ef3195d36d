#pragma once
/// \file
/// RIPEMD-160. OpenSSL 3 has it in its legacy provider only, a file that need not be there at run time; a
/// contract's result must not hang on that.

#include <array>

#include "core/bytes.hpp"

namespace quarry::evm::precompiles {

std::array<std::uint8_t, 20> ripemd160_digest(ByteView input);

}  // namespace quarry::evm::precompiles
