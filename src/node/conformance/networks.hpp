#pragma once
/// \file
/// The networks that ethereum/tests and execution-spec-tests name: "London", "FrontierToHomesteadAt5",
/// "ArrowGlacierToParisAtDiffC0000", "CancunToPragueAtTime15k".

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string_view>

#include "core/chain_spec.hpp"

namespace quarry::conformance {

struct Network {
  ChainSpec spec;  ///< chain id 1
  /// Blocks are not sealed by work from the start on: DIFFICULTY is PREVRANDAO, there are no rewards.
  bool post_merge = false;
};

/// Nothing when no network of this name is known. "" is none.
std::optional<Network> find_network(std::string_view name);

/// Takes over what a test's "config" says of the chain: "chainid", "blobSchedule". Throws (values.hpp).
void read_config(const nlohmann::json& config, ChainSpec& spec);

}  // namespace quarry::conformance
