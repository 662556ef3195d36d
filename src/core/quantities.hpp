#pragma once
/// \file
/// Amounts with a unit in their name.

#include <cstdint>

#include "core/u256.hpp"

namespace quarry {

using BlockNum = std::uint64_t;
/// Seconds since 1970-01-01 UTC.
using Timestamp = std::uint64_t;
using Gas = std::uint64_t;
/// 10^-18 ether.
using Wei = U256;
/// The sum of difficulties from genesis on.
using TotalDifficulty = U256;

}  // namespace quarry
