// ecrecover, SHA-256, RIPEMD-160 and identity: in force since Frontier.
#include <openssl/evp.h>

#include <memory>

#include "core/check.hpp"
#include "core/secp256k1.hpp"
#include "evm/precompiles/contracts.hpp"
#include "evm/precompiles/input.hpp"
#include "evm/precompiles/ripemd160.hpp"

namespace quarry::evm::precompiles {

bool ecrecover(ByteView input, const Rules&, Bytes& output) {
  const auto data = padded<128>(input);
  const ByteView view = data;
  const std::uint8_t v = data[63];
  output.clear();
  if (!all_zero(view.subspan(32, 31)) || (v != 27 && v != 28)) return true;
  RecoverableSignature signature;
  std::copy_n(data.begin() + 64, 64, signature.bytes.begin());
  signature.bytes[64] = static_cast<std::uint8_t>(v - 27);
  const auto key = recover(signature, *Hash256::from(view.first(32)));
  if (!key) return true;
  const Address signer = address_of(*key);
  output.assign(12, 0);
  append(output, signer);
  return true;
}

bool sha256(ByteView input, const Rules&, Bytes& output) {
  // Fetching the algorithm costs more than hashing a short input; a context belongs to its thread.
  static const EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  thread_local const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                                     EVP_MD_CTX_free);
  output.resize(32);
  QUARRY_CHECK(EVP_DigestInit_ex2(context.get(), algorithm, nullptr) == 1);
  QUARRY_CHECK(EVP_DigestUpdate(context.get(), input.data(), input.size()) == 1);
  QUARRY_CHECK(EVP_DigestFinal_ex(context.get(), output.data(), nullptr) == 1);
  return true;
}

bool ripemd160(ByteView input, const Rules&, Bytes& output) {
  output.assign(12, 0);
  append(output, ripemd160_digest(input));
  return true;
}

bool identity(ByteView input, const Rules&, Bytes& output) {
  output.assign(input.begin(), input.end());
  return true;
}

}  // namespace quarry::evm::precompiles
