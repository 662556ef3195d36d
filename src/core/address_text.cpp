#include "core/address_text.hpp"

#include <cctype>

#include "core/hex.hpp"
#include "core/keccak.hpp"

namespace quarry {

std::string checksummed(const Address& address) {
  std::string out = to_hex(address);
  const std::string hash = to_hex(keccak256(as_bytes(out)));
  for (std::size_t i = 0; i < out.size(); ++i)
    if (hash[i] >= '8') out[i] = static_cast<char>(std::toupper(static_cast<unsigned char>(out[i])));
  return "0x" + out;
}

}  // namespace quarry
