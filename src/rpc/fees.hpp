#pragma once
/// \file
/// What a transaction should pay, judged by what the last blocks' transactions paid.

#include "rpc/lookup.hpp"

namespace quarry::rpc {

/// As geth's: the tip that six of ten did not exceed among the cheapest transactions of recent blocks (before
/// London: the price), blocks without any counting as the last answer. Never below the pool's least price;
/// the pool's usual price on a chain without any. Worked out once a head.
U256 suggested_tip(const Context& context);

/// eth_gasPrice: the tip and the head's base fee.
U256 suggested_price(const Context& context);

}  // namespace quarry::rpc
