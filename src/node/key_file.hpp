#pragma once
/// \file
/// One key, encrypted: Web3 Secret Storage, version 3 (ethereum/wiki "Web3 Secret Storage Definition"):
/// scrypt or PBKDF2 derive 32 bytes from the passphrase; the first 16 are the AES-128-CTR key, the last 16
/// with the ciphertext make the Keccak MAC. Pure functions of their input, safe on any thread.

#include <cstdint>
#include <string>
#include <string_view>

#include "core/expected.hpp"
#include "core/secp256k1.hpp"

namespace quarry {

/// A private key that is wiped from memory when it goes.
class SecretKey {
 public:
  SecretKey() = default;
  explicit SecretKey(const PrivateKey& key) : key_(key) {}
  SecretKey(const SecretKey&) = delete;
  SecretKey& operator=(const SecretKey&) = delete;
  SecretKey(SecretKey&& other) noexcept;
  SecretKey& operator=(SecretKey&& other) noexcept;
  ~SecretKey();
  const PrivateKey& get() const { return key_; }

 private:
  void wipe();
  PrivateKey key_;
};

/// scrypt's cost (RFC 7914): memory is 128 * n * r bytes, time n * r * p.
struct ScryptCost {
  std::uint64_t n;
  std::uint32_t r;
  std::uint32_t p;
};
inline constexpr ScryptCost kStandardScrypt{262'144, 8, 1};  ///< 256 MiB, about a second
inline constexpr ScryptCost kLightScrypt{4'096, 8, 6};       ///< --lightkdf: 4 MiB

/// The JSON text of a key file, members in geth's order.
std::string encrypt_key(const PrivateKey& key, std::string_view passphrase, ScryptCost cost);
/// The address a key file claims, without decrypting it; the error says what is wrong with the file.
Result<Address> key_file_address(std::string_view json_text);
/// The key. A wrong passphrase is geth's "could not decrypt key with given passphrase". Costs that would take
/// more memory or time than any honest file asks for are refused before they are spent.
Result<SecretKey> decrypt_key(std::string_view json_text, std::string_view passphrase);

}  // namespace quarry
