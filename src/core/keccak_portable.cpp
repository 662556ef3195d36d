#include "core/keccak_kernel.hpp"
#include "core/keccak_lanes.hpp"

namespace quarry::keccak_detail {
namespace {
#include "core/keccak_scalar.inc"

void rows(const std::uint8_t* inputs, std::uint8_t* outputs, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) row_one(inputs + 64 * i, outputs + 64 * i);
}
}  // namespace

const Kernel kPortable = {SimdLevel::portable, hash256, permute_one, nullptr, nullptr, rows};

}  // namespace quarry::keccak_detail
