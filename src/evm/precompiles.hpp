#pragma once
/// \file
/// The contracts at fixed addresses that are not bytecode (Yellow Paper, appendix E, and later EIPs).

#include <limits>
#include <string_view>

#include "core/fixed_bytes.hpp"
#include "core/forks.hpp"
#include "evm/env.hpp"

namespace quarry::evm {

/// A price that no transaction can pay.
inline constexpr Gas kUnpayableGas = std::numeric_limits<Gas>::max();

/// One row of the table of precompiles. Both functions are pure and thread-safe.
struct Precompile {
  Address address;
  std::string_view name;  ///< "ecrecover", for traces and conformance
  /// Not in force without it; nothing: since Frontier.
  std::optional<Fork> since;
  /// What running it on `input` costs; kUnpayableGas where the price overflows.
  Gas (*gas)(ByteView input, const Rules& rules);
  /// Replaces `output` (empty before). False when the input is refused: the call then fails and takes all its
  /// gas.
  bool (*run)(ByteView input, const Rules& rules, Bytes& output);
};

/// All rows, in order of address; without those of a draft (Rules::has_draft_eip2537).
std::span<const Precompile> all_precompiles();
/// The one at `address` under `rules`, or nullptr.
const Precompile* find_precompile(const Address& address, const Rules& rules);

/// All that are in force under `rules`.
PrecompileMap precompiles_of(const Rules& rules);

}  // namespace quarry::evm
