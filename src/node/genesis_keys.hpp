#pragma once
/// \file
/// The keys that a genesis file may have.

#include <strings.h>

#include <algorithm>
#include <array>
#include <string_view>

namespace quarry {

inline constexpr std::array kTopKeys = {
    "config", "nonce",  "timestamp", "extraData",  "gasLimit",      "difficulty",    "mixHash",    "coinbase",
    "alloc",  "number", "gasUsed",   "parentHash", "baseFeePerGas", "excessBlobGas", "blobGasUsed"};
inline constexpr std::array kConfigKeys = {"chainId",      "daoForkSupport",
                                           "zeroBaseFee",  "eip150Hash",
                                           "ethash",       "clique",
                                           "jbc",          "terminalTotalDifficulty",
                                           "blobSchedule", "depositContractAddress"};
/// Known to geth, without a meaning here.
inline constexpr std::array kConfigKeysWithoutEffect = {"terminalTotalDifficultyPassed", "verkleTime",
                                                        "enableVerkleAtGenesis"};
inline constexpr std::array kAccountKeys = {"balance", "nonce", "code", "storage", "secretKey"};

inline bool same_key(std::string_view a, std::string_view b) {
  return a.size() == b.size() && strncasecmp(a.data(), b.data(), a.size()) == 0;
}
template <std::size_t N>
bool one_of(const std::array<const char*, N>& keys, std::string_view key) {
  return std::any_of(keys.begin(), keys.end(), [&](const char* known) { return same_key(known, key); });
}

}  // namespace quarry
