#pragma once
/// \file
/// Accounts out of a phrase, as wallets derive them (BIP-39, BIP-32, BIP-44).

#include <string_view>
#include <vector>

#include "core/secp256k1.hpp"

namespace quarry {

/// The phrase of Hardhat's, Foundry's and Ganache's test accounts: everybody has these keys.
inline constexpr std::string_view kTestMnemonic =
    "test test test test test test test test test test test junk";

/// The keys at m/44'/60'/0'/0/0 and on. The phrase's words are not looked up. Takes some milliseconds.
std::vector<PrivateKey> derive_keys(std::string_view mnemonic, std::size_t count);

}  // namespace quarry
