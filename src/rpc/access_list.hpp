#pragma once
/// \file
/// eth_createAccessList: what a call reads, so that a transaction can name it beforehand (EIP-2930).

#include "rpc/call.hpp"

namespace quarry::rpc {

struct AccessListResult {
  std::vector<AccessListEntry> list;
  Gas gas_used = 0;   ///< with that list
  std::string error;  ///< of the call; empty: it succeeded
};

/// Runs the call until the list it is given is what it reads.
Expected<AccessListResult, RpcError> access_list_of(CallSite& site, CallArgs args, Gas gas);

}  // namespace quarry::rpc
