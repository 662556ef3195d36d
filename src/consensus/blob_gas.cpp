#include "consensus/blob_gas.hpp"

namespace quarry {
namespace {
/// EIP-7918, BLOB_BASE_COST, in units of GAS_PER_BLOB: a blob costs at least what 1/16 of its gas would.
constexpr unsigned kReserveShift = 4;
/// EIP-7594.
constexpr std::uint64_t kMostBlobsATxnFromOsaka = 6;
/// Sums longer than this would overflow with the next factor.
constexpr unsigned kMostBits = 192;

/// EIP-7918: execution gas is dearer than the blobs, so that their price alone does not steer demand.
bool below_reserve(const Header& parent, const BlobParams& params) {
  const U256 price = blob_base_fee(parent.excess_blob_gas.value_or(0), params);
  if (price.bit_length() + kReserveShift > 256) return false;
  return parent.base_fee_per_gas.value_or(U256{}) > price << kReserveShift;
}
}  // namespace

unsigned most_blobs_a_txn(const BlobParams& params, const Rules& rules) {
  const bool capped = rules.has(Fork::osaka) && params.max > kMostBlobsATxnFromOsaka;
  return static_cast<unsigned>(capped ? kMostBlobsATxnFromOsaka : params.max);
}

U256 blob_base_fee(Gas excess_blob_gas, const BlobParams& params) {
  const U256 denominator{params.update_fraction};
  U256 sum, term = denominator;
  for (std::uint64_t i = 1; !term.is_zero(); ++i) {
    sum += term;
    if (term.bit_length() > kMostBits || sum.bit_length() > kMostBits) return U256::max();
    term = term * U256{excess_blob_gas} / (denominator * U256{i});
  }
  return sum / denominator;
}

Gas next_excess_blob_gas(const Header& parent, const BlobParams& params, const Rules& rules) {
  const Gas used = parent.blob_gas_used.value_or(0), target = params.target * kGasPerBlob;
  const auto all = checked_add(U256{parent.excess_blob_gas.value_or(0)}, U256{used});
  if (!all->fits_u64()) return ~Gas{0};  // only a made-up genesis: no price is so high
  if (*all < U256{target}) return 0;
  if (rules.has(Fork::osaka) && params.max >= params.target && params.max != 0 &&
      below_reserve(parent, params))
    return parent.excess_blob_gas.value_or(0) +
           (U256{used} * U256{params.max - params.target} / U256{params.max}).low64();
  return all->low64() - target;
}

}  // namespace quarry
