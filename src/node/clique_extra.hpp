#pragma once
/// \file
/// A genesis' extra data on an authority chain, judged for its author.

#include <optional>
#include <string>
#include <vector>

#include "core/bytes.hpp"

namespace quarry {

struct CliqueExtra {
  std::optional<std::string> fault;   ///< which byte is wrong, and what belongs there
  std::vector<std::string> warnings;  ///< allowed, and probably not meant
};

/// EIP-225: 32 bytes of vanity, the signers' addresses, 65 zero bytes where later headers have a signature.
CliqueExtra check_clique_extra(ByteView extra);

}  // namespace quarry
