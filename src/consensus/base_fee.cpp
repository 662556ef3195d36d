#include "consensus/base_fee.hpp"

#include <algorithm>

namespace quarry {
namespace {
/// The base fee moves by at most an eighth a block (EIP-1559, BASE_FEE_MAX_CHANGE_DENOMINATOR).
constexpr std::uint64_t kChangeDenominator = 8;
}  // namespace

U256 next_base_fee(const Header& parent) {
  if (!parent.base_fee_per_gas) return kInitialBaseFee;
  const U256& fee = *parent.base_fee_per_gas;
  const Gas target = parent.gas_limit / kElasticity;
  if (parent.gas_used == target) return fee;
  if (parent.gas_used > target) {
    const U256 change = fee * U256{parent.gas_used - target} / U256{target} / U256{kChangeDenominator};
    return fee + std::max(change, U256{1});
  }
  return fee - fee * U256{target - parent.gas_used} / U256{target} / U256{kChangeDenominator};
}

}  // namespace quarry
