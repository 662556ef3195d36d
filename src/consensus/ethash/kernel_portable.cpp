#include "consensus/ethash/kernel_loops.hpp"
#include "consensus/ethash/kernel_table.hpp"

namespace quarry::ethash {
namespace {
#include "consensus/ethash/kernel_plain.inc"
}  // namespace

const Kernel kPortableKernel = {SimdLevel::portable, rows, light, full};

}  // namespace quarry::ethash
