#pragma once
/// \file
/// What a transaction should pay, judged by what the last blocks' transactions paid.

#include "rpc/lookup.hpp"

namespace quarry::rpc {

/// The tip that six of ten recent transactions did not exceed (before London: the price). The pool's least
/// price, and a gwei, are its floor on a chain without any.
U256 suggested_tip(const Context& context);

/// eth_gasPrice: the tip and the head's base fee.
U256 suggested_price(const Context& context);

}  // namespace quarry::rpc
