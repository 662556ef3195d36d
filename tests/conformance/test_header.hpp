#pragma once
/// \file
/// Headers and genesis blocks as BlockchainTests write them. Throws on malformed ones (values.hpp).

#include <nlohmann/json_fwd.hpp>

#include "core/chain_spec.hpp"

namespace quarry::conformance {

Header header_of(const nlohmann::json& fields);
/// From "genesisBlockHeader" and "pre".
Genesis genesis_of(const nlohmann::json& test, const ChainSpec& spec);

}  // namespace quarry::conformance
