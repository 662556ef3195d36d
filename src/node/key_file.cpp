#include "node/key_file.hpp"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include <limits>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "core/check.hpp"
#include "core/keccak.hpp"
#include "node/scrypt.hpp"

namespace quarry {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

constexpr std::size_t kDerivedBytes = 32;
/// geth's standard cost takes 256 MiB; four times that is as far as we follow a file somebody hands us.
constexpr std::uint64_t kMostScryptMemory = 1ull << 30;
/// Bounds the time: memory times parallelisation, four times the most memory (about 15 s).
constexpr std::uint64_t kMostScryptWork = 4ull << 30;
/// PBKDF2 rounds: other programs ask for 262,144; ten million take about ten seconds.
constexpr std::uint64_t kMostPbkdf2Rounds = 10'000'000;
/// Salts are 32 bytes; nobody needs more than this.
constexpr std::size_t kMostSaltBytes = 1'024;

constexpr const char* kWrongPassphrase = "could not decrypt key with given passphrase";

using Derived = std::array<std::uint8_t, kDerivedBytes>;
using Key16 = std::array<std::uint8_t, 16>;

/// Bytes that are wiped when they go.
struct Wiped {
  Derived bytes{};
  ~Wiped() { OPENSSL_cleanse(bytes.data(), bytes.size()); }
};

Bytes random_bytes(std::size_t count) {
  Bytes out(count);
  QUARRY_CHECK(RAND_bytes(out.data(), static_cast<int>(count)) == 1);
  return out;
}

/// RFC 4122 version 4, as geth's "id".
std::string random_uuid() {
  Bytes raw = random_bytes(16);
  raw[6] = static_cast<std::uint8_t>((raw[6] & 0x0f) | 0x40);
  raw[8] = static_cast<std::uint8_t>((raw[8] & 0x3f) | 0x80);
  std::string text = to_hex(raw);
  for (const std::size_t at : {8u, 13u, 18u, 23u}) text.insert(at, 1, '-');
  return text;
}

/// CTR is its own inverse.
Bytes aes_128_ctr(ByteView key, ByteView iv, ByteView input) {
  const std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)> ctx{EVP_CIPHER_CTX_new(),
                                                                            &EVP_CIPHER_CTX_free};
  Bytes out(input.size());
  int written = 0;
  QUARRY_CHECK(ctx && EVP_EncryptInit_ex(ctx.get(), EVP_aes_128_ctr(), nullptr, key.data(), iv.data()) == 1);
  QUARRY_CHECK(
      EVP_EncryptUpdate(ctx.get(), out.data(), &written, input.data(), static_cast<int>(input.size())) == 1);
  return out;
}

Hash256 mac_of(const Derived& derived, ByteView ciphertext) {
  return Keccak256{}.update(ByteView{derived}.subspan(16)).update(ciphertext).digest();
}

bool scrypt(std::string_view passphrase, ByteView salt, ScryptCost cost, Derived& out) {
  // OpenSSL's is twice as fast, and takes what the RFC allows.
  if (cost.r >= 4 || cost.n < std::uint64_t{1} << (16 * cost.r)) {
    return EVP_PBE_scrypt(passphrase.data(), passphrase.size(), salt.data(), salt.size(), cost.n, cost.r,
                          cost.p, kMostScryptMemory + (64u << 20), out.data(), out.size()) == 1;
  }
  return scrypt_plain(as_bytes(passphrase), salt, cost.n, cost.r, cost.p, out);
}

Error bad(std::string what) {
  return {"key file: " + std::move(what), "is it a Web3 Secret Storage file, version 3?"};
}

/// A member of an object, of any depth below it by one step at a time; null when there is none.
const json& member(const json& object, const char* name) {
  static const json none;
  if (!object.is_object()) return none;
  const auto at = object.find(name);
  return at == object.end() ? none : *at;
}

std::optional<std::string> text_of(const json& value) {
  if (!value.is_string()) return std::nullopt;
  return value.get<std::string>();
}

std::optional<Bytes> hex_of(const json& value) {
  const auto text = text_of(value);
  return text ? from_hex(*text) : std::nullopt;
}

std::uint64_t number_of(const json& value) {
  return value.is_number_unsigned() ? value.get<std::uint64_t>() : 0;
}

/// The first object in `text`, which must be one; depth is bounded by the file's size limit and the parser's
/// own stack-free design.
Result<json> parse_object(std::string_view text) {
  json parsed = json::parse(text, nullptr, false);
  if (parsed.is_discarded()) return tl::unexpected(bad("not valid JSON"));
  if (!parsed.is_object()) return tl::unexpected(bad("not a JSON object"));
  return parsed;
}

Result<void> derive_scrypt(const json& params, std::string_view passphrase, ByteView salt, Derived& out) {
  const std::uint64_t n = number_of(member(params, "n"));
  const std::uint64_t r = number_of(member(params, "r"));
  const std::uint64_t p = number_of(member(params, "p"));
  if (n < 2 || (n & (n - 1)) != 0) return tl::unexpected(bad("kdfparams.n must be a power of two above 1"));
  if (r == 0 || p == 0 || r > 1'024 || p > 1'024)
    return tl::unexpected(bad("kdfparams.r and p must be 1 to 1024"));
  if (n > kMostScryptMemory / 128 / r || n * r * 128 > kMostScryptWork / p) {
    return tl::unexpected(bad("scrypt with n=" + std::to_string(n) + ", r=" + std::to_string(r) + ", p=" +
                              std::to_string(p) + " would take more than 1 GiB of memory or 4 GiB of work"));
  }
  const ScryptCost cost{n, static_cast<std::uint32_t>(r), static_cast<std::uint32_t>(p)};
  if (!scrypt(passphrase, salt, cost, out)) return tl::unexpected(bad("scrypt failed: not enough memory?"));
  return {};
}

Result<void> derive_pbkdf2(const json& params, std::string_view passphrase, ByteView salt, Derived& out) {
  if (text_of(member(params, "prf")) != "hmac-sha256")
    return tl::unexpected(bad("kdfparams.prf must be hmac-sha256"));
  const std::uint64_t rounds = number_of(member(params, "c"));
  if (rounds == 0 || rounds > kMostPbkdf2Rounds) {
    return tl::unexpected(bad("kdfparams.c must be 1 to " + std::to_string(kMostPbkdf2Rounds) + ", not " +
                              std::to_string(rounds)));
  }
  const int ok = PKCS5_PBKDF2_HMAC(passphrase.data(), static_cast<int>(passphrase.size()), salt.data(),
                                   static_cast<int>(salt.size()), static_cast<int>(rounds), EVP_sha256(),
                                   static_cast<int>(out.size()), out.data());
  return ok == 1 ? Result<void>{} : tl::unexpected(bad("PBKDF2 failed"));
}

Result<void> derive(const json& crypto, std::string_view passphrase, Derived& out) {
  const json& params = member(crypto, "kdfparams");
  const auto salt = hex_of(member(params, "salt"));
  if (!salt || salt->size() > kMostSaltBytes) return tl::unexpected(bad("kdfparams.salt must be hex digits"));
  if (number_of(member(params, "dklen")) != kDerivedBytes)
    return tl::unexpected(bad("kdfparams.dklen must be 32"));
  if (passphrase.size() > static_cast<std::size_t>(std::numeric_limits<int>::max())) {
    return fail(kWrongPassphrase);
  }
  const auto kdf = text_of(member(crypto, "kdf"));
  if (kdf == "scrypt") return derive_scrypt(params, passphrase, *salt, out);
  if (kdf == "pbkdf2") return derive_pbkdf2(params, passphrase, *salt, out);
  return tl::unexpected(bad("unsupported kdf '" + kdf.value_or("") + "': scrypt and pbkdf2 are known"));
}

/// `crypto` is spelled "Crypto" by some programs.
const json& crypto_of(const json& file) {
  const json& lower = member(file, "crypto");
  return lower.is_null() ? member(file, "Crypto") : lower;
}

/// geth writes the number 3, others the text "3".
bool is_version_3(const json& version) {
  return number_of(version) == 3 || text_of(version) == "3";
}

}  // namespace

SecretKey::SecretKey(SecretKey&& other) noexcept : key_(other.key_) {
  other.wipe();
}

SecretKey& SecretKey::operator=(SecretKey&& other) noexcept {
  if (this == &other) return *this;
  key_ = other.key_;
  other.wipe();
  return *this;
}

SecretKey::~SecretKey() {
  wipe();
}

void SecretKey::wipe() {
  OPENSSL_cleanse(key_.data(), key_.size());
}

std::string encrypt_key(const PrivateKey& key, std::string_view passphrase, ScryptCost cost) {
  const Bytes salt = random_bytes(32);
  const Bytes iv = random_bytes(16);
  Wiped derived;
  QUARRY_CHECK(scrypt(passphrase, salt, cost, derived.bytes));
  const Bytes ciphertext = aes_128_ctr(ByteView{derived.bytes}.first(16), iv, key);
  const ordered_json params{
      {"dklen", kDerivedBytes}, {"n", cost.n}, {"p", cost.p}, {"r", cost.r}, {"salt", to_hex(salt)}};
  ordered_json crypto;
  crypto["cipher"] = "aes-128-ctr";
  crypto["ciphertext"] = to_hex(ciphertext);
  crypto["cipherparams"]["iv"] = to_hex(iv);
  crypto["kdf"] = "scrypt";
  crypto["kdfparams"] = params;
  crypto["mac"] = to_hex(mac_of(derived.bytes, ciphertext));
  ordered_json file;
  file["address"] = to_hex(address_of(public_key(key)));
  file["crypto"] = std::move(crypto);
  file["id"] = random_uuid();
  file["version"] = 3;
  return file.dump();
}

Result<Address> key_file_address(std::string_view json_text) {
  const auto file = parse_object(json_text);
  if (!file) return tl::unexpected(file.error());
  const auto text = text_of(member(*file, "address"));
  const auto address = text ? Address::from_hex(*text) : std::nullopt;
  if (!address) return tl::unexpected(bad("the member 'address' must be 40 hex digits"));
  return *address;
}

Result<SecretKey> decrypt_key(std::string_view json_text, std::string_view passphrase) {
  const auto file = parse_object(json_text);
  if (!file) return tl::unexpected(file.error());
  if (!is_version_3(member(*file, "version"))) return tl::unexpected(bad("the member 'version' must be 3"));
  const json& crypto = crypto_of(*file);
  if (text_of(member(crypto, "cipher")) != "aes-128-ctr")
    return tl::unexpected(bad("the cipher must be aes-128-ctr"));
  const auto ciphertext = hex_of(member(crypto, "ciphertext"));
  const auto iv = hex_of(member(member(crypto, "cipherparams"), "iv"));
  const auto mac = hex_of(member(crypto, "mac"));
  if (!ciphertext || ciphertext->size() > 32 || ciphertext->empty()) {
    return tl::unexpected(bad("crypto.ciphertext must be 32 bytes as hex"));
  }
  if (!iv || iv->size() != 16) return tl::unexpected(bad("crypto.cipherparams.iv must be 16 bytes as hex"));
  if (!mac || mac->size() != 32) return tl::unexpected(bad("crypto.mac must be 32 bytes as hex"));

  Wiped derived;
  if (auto done = derive(crypto, passphrase, derived.bytes); !done) return tl::unexpected(done.error());
  if (CRYPTO_memcmp(mac_of(derived.bytes, *ciphertext).data(), mac->data(), 32) != 0) {
    return fail(kWrongPassphrase, "check the passphrase: there is no way to the key without it");
  }
  Bytes plain = aes_128_ctr(ByteView{derived.bytes}.first(16), *iv, *ciphertext);
  PrivateKey key;  // some old programs dropped leading zero bytes
  std::copy(plain.begin(), plain.end(), key.bytes.begin() + static_cast<std::ptrdiff_t>(32 - plain.size()));
  OPENSSL_cleanse(plain.data(), plain.size());
  SecretKey secret{key};
  OPENSSL_cleanse(key.data(), key.size());
  if (!is_valid(secret.get())) return tl::unexpected(bad("what it holds is not a private key"));
  return secret;
}

}  // namespace quarry
