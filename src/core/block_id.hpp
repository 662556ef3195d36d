#pragma once
/// \file
/// A block named by height and hash: how storage keys it and how peers announce it.

#include <compare>

#include "core/fixed_bytes.hpp"
#include "core/quantities.hpp"

namespace quarry {

struct BlockId {
  BlockNum number = 0;
  BlockHash hash;
  friend bool operator==(const BlockId&, const BlockId&) = default;
  friend auto operator<=>(const BlockId&, const BlockId&) = default;
};

}  // namespace quarry
