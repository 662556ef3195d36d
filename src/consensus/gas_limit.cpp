#include "consensus/gas_limit.hpp"

#include <algorithm>

#include "consensus/header_rules.hpp"

namespace quarry {

Gas next_gas_limit(Gas base, Gas parent_gas_used, Gas target) {
  const Gas contribution = (parent_gas_used + parent_gas_used / 2) / kGasLimitDivisor;
  const Gas step = std::max<Gas>(base / kGasLimitDivisor, 1) - 1;
  const Gas limit = std::max(base - step + contribution, kMinimumGasLimit);
  return limit < target ? std::min(base + step, target) : limit;
}

}  // namespace quarry
