#pragma once
/// \file
/// Validity as the tutorial's classes have it: each block's index is one more than the one before it, its
/// prev_hash that one's hash, its hash the text's, with enough zeros. Block 0 is taken as it is.

#include <optional>

#include "core/jbc.hpp"

namespace quarry::jbc {

struct RuleError {
  std::string rule;    ///< "index", "prev_hash", "hash", "zeros"
  std::string detail;  ///< one line with both values
};

[[nodiscard]] std::optional<RuleError> check_zeros(const Block& block, unsigned zeros);
/// All rules; `before` is the block that this one follows.
[[nodiscard]] std::optional<RuleError> check_block(const Block& before, const Block& block, unsigned zeros);

}  // namespace quarry::jbc
