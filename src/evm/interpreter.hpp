#pragma once
/// \file
/// Two ways to run a frame, equal in all they do to the state.

#include "evm/instructions.hpp"

namespace quarry::evm {

/// From run.next on, with `top` as the stack's top: gas and stack are checked at each instruction, and the
/// tracer, if there is one, is told. `top` points below the first word when the stack is empty.
Status run_carefully(Run& run, U256* top);
/// From the start, by the decoded form, which must be there. What is about to fail for want of gas or by the
/// stack is left to the careful way, which finds out where.
/// Looks at the block's deadline, if there is one, as the careful way does.
Status run_quickly(Run& run);

}  // namespace quarry::evm
