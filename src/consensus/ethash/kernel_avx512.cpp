// Compiled with -mavx512f and friends: nothing here runs before the processor was asked.
#if defined(__x86_64__)
#include "consensus/ethash/kernel_loops.hpp"
#include "consensus/ethash/kernel_table.hpp"

namespace quarry::ethash {
namespace {
#include "consensus/ethash/kernel_plain.inc"
}  // namespace

const Kernel kAvx512Kernel = {SimdLevel::avx512, rows, light, full};

}  // namespace quarry::ethash
#endif
