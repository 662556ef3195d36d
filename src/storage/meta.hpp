#pragma once
/// \file
/// Names of the records in the `meta` table.

#include <string_view>

namespace quarry::meta {

inline constexpr std::string_view kSchema = "schema";  ///< num (8): kSchemaVersion
inline constexpr std::string_view kHeads = "heads";    ///< header, block, fast block: num (8) + hash each
inline constexpr std::string_view kStateHead =
    "state head";  ///< num (8) + root: what account, slot, node hold
inline constexpr std::string_view kOldestState = "oldest state";  ///< num (8): change sets reach down to here
inline constexpr std::string_view kStateSync = "state sync";      ///< a state download under way
inline constexpr std::string_view kLogIndexBuilt =
    "log index built";  ///< num (8): where building the index of logs goes on; gone when it is done
/// Before a block's hash in hex: the RLP of the signers and votes after that block (EIP-225).
inline constexpr std::string_view kCliqueSnapshot = "clique snapshot ";
/// Before a hash in hex: a change of a development chain's state, made by the block whose extra data begins
/// with that hash.
inline constexpr std::string_view kDevChange = "dev change ";
inline constexpr std::string_view kGenesis = "genesis";  ///< JSON text of the genesis file

}  // namespace quarry::meta
