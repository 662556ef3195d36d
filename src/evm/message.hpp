#pragma once
/// \file
/// A call from outside or from another contract, and what comes back (Yellow Paper 8 and 7).

#include "core/header.hpp"
#include "evm/status.hpp"

namespace quarry::evm {

/// Call frames above each other (Yellow Paper 9.4.2).
inline constexpr unsigned kMostCallDepth = 1024;

enum class CallKind : std::uint8_t { call, callcode, delegatecall, staticcall, create, create2 };

struct Message {
  CallKind kind = CallKind::call;
  bool is_static = false;  ///< within a STATICCALL, at any depth
  unsigned depth = 0;      ///< of the frame to be made: 0 is the transaction's
  Gas gas = 0;
  Address sender;        ///< CALLER
  Address recipient;     ///< ADDRESS: whose storage and balance; for creations the machine fills it in
  Address code_address;  ///< whose code runs
  Wei value;             ///< CALLVALUE; moved by call, create and create2 only
  ByteView input;        ///< call data, or init code
  U256 salt;             ///< CREATE2
};

struct CallResult {
  Status status = Status::success;
  Gas gas_left = 0;
  /// What RETURN or REVERT gave. Lies in the callee's memory: valid until the next call from the same depth.
  ByteView output;
  Address created;  ///< the contract, when a creation succeeded
};

}  // namespace quarry::evm
