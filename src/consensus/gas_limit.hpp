#pragma once
/// \file
/// The gas limit of a block we make.

#include "core/header.hpp"

namespace quarry {

/// Moves from `base` (see parent_gas_limit) towards `target` as geth 1.7.3 does: down by a little less than
/// 1/1024, up by what the parent's use of gas contributes; under the target, up by a little less than 1/1024.
Gas next_gas_limit(Gas base, Gas parent_gas_used, Gas target);

}  // namespace quarry
