#include "consensus/jbc/rules.hpp"

#include <fmt/format.h>

namespace quarry::jbc {

std::optional<RuleError> check_zeros(const Block& block, unsigned zeros) {
  const unsigned has = leading_zeros(block.hash);
  if (has >= zeros) return std::nullopt;
  return RuleError{"zeros", fmt::format("the hash {} begins with {} zero{}, must begin with {}", block.hash,
                                        has, has == 1 ? "" : "s", zeros)};
}

std::optional<RuleError> check_block(const Block& before, const Block& block, unsigned zeros) {
  if (block.index != before.index + 1)
    return RuleError{"index", fmt::format("the index is {}, must be {}: the block before it has {}",
                                          block.index, before.index + 1, before.index)};
  if (const std::string computed = compute_hash(block); block.hash != computed)
    return RuleError{"hash", fmt::format("the hash is {}, the block's text gives {}", block.hash, computed)};
  if (block.prev_hash != before.hash)
    return RuleError{"prev_hash", fmt::format("prev_hash is {}, the hash of block {} is {}", block.prev_hash,
                                              before.index, before.hash)};
  return check_zeros(block, zeros);
}

}  // namespace quarry::jbc
