#pragma once
/// \file
/// The kernels there are: for kernel.cpp.

#include "consensus/ethash/kernel.hpp"

namespace quarry::ethash {

extern const Kernel kPortableKernel;
#if defined(__x86_64__)
extern const Kernel kAvx2Kernel;
extern const Kernel kAvx512Kernel;
#endif

}  // namespace quarry::ethash
