// BasicTests, all but the difficulties: hex-prefix encoding, keys and addresses, signed transactions, the
// hash of the main network's genesis, ciphers; and GenesisTests, PoWTests and KeyStoreTests, which are as
// small.
#include <openssl/evp.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>

#include "consensus/ethash/hashimoto.hpp"
#include "consensus/genesis.hpp"
#include "core/keccak.hpp"
#include "core/secp256k1.hpp"
#include "core/sender.hpp"
#include "core/trie_root.hpp"
#include "kinds.hpp"
#include "net/ecies.hpp"
#include "node/conformance/values.hpp"
#include "node/genesis_json.hpp"
#include "node/key_file.hpp"

namespace quarry::conformance {
namespace {
using nlohmann::json;

template <class T>
std::string expect(std::string_view what, const T& wanted, const T& got) {
  if (wanted == got) return {};
  return "expected " + std::string(what) + " " + to_hex0x(wanted) + ", got " + to_hex0x(got);
}

/// The first that is not empty.
std::string first_of(std::initializer_list<std::string> findings) {
  for (const std::string& finding : findings)
    if (!finding.empty()) return finding;
  return {};
}

/// A decimal number, or an empty one.
U256 decimal(const json& value) {
  return value.is_string() && value.get_ref<const std::string&>().empty() ? U256{} : number_of(value);
}
}  // namespace

void run_hex_prefix_test(const TestCase& test, Results& results) {
  if (!test.wants("-")) return;
  Bytes nibbles;
  for (const json& nibble : test.json.at("seq")) nibbles.push_back(nibble.get<std::uint8_t>());
  const Bytes got = hex_prefix(nibbles, test.json.at("term").get<bool>());
  results.judge(Kind::basic, "-", test.name, expect("bytes", bytes_of(test.json.at("out")), got));
}

void run_key_address_test(const TestCase& test, Results& results) {
  if (!test.wants("-")) return;
  const auto key = fixed_of<PrivateKey>(test.json.at("key"));
  const Hash256 seed = keccak256(as_bytes(test.json.at("seed").get_ref<const std::string&>()));
  const auto address = fixed_of<Address>(test.json.at("addr"));
  std::string wrong = first_of(
      {expect("key", PrivateKey(seed), key), expect("address", address, address_of(public_key(key)))});
  results.judge(Kind::basic, "-", test.name, wrong);
}

void run_signed_txn_test(const TestCase& test, Results& results) {
  if (!test.wants("-")) return;
  const Bytes signed_rlp = bytes_of(test.json.at("signed"));
  auto txn = decode_transaction(signed_rlp);
  if (!txn)
    return results.fail(Kind::basic, "-", test.name,
                        std::string("does not decode: ") + rlp::to_string(txn.error()));
  const auto sender = sender_of(*txn);
  const Address wanted = address_of(public_key(fixed_of<PrivateKey>(test.json.at("key"))));
  std::string wrong = first_of(
      {expect("sender", wanted, sender.value_or(Address{})),
       expect("transaction", signed_rlp, encode_transaction(*txn)),
       expect("data", bytes_of(test.json.at("data")), txn->data),
       expect("value", number_of(test.json.at("value")).to_be(), txn->value.to_be()),
       expect("gas price", number_of(test.json.at("gasprice")).to_be(), txn->max_fee_per_gas.to_be())});
  txn->v = txn->r = txn->s = U256{};
  if (wrong.empty())
    wrong = expect("unsigned transaction", bytes_of(test.json.at("unsigned")), encode_transaction(*txn));
  results.judge(Kind::basic, "-", test.name, wrong);
}

void run_genesis_hash_test(const TestCase& test, Results& results) {
  if (!test.wants("-")) return;
  const auto block = decode_block(bytes_of(test.json.at("genesis_rlp_hex")), HeaderIdentity::keccak_rlp);
  if (!block)
    return results.fail(Kind::basic, "-", test.name,
                        std::string("does not decode: ") + rlp::to_string(block.error()));
  results.judge(
      Kind::basic, "-", test.name,
      first_of({expect("hash", fixed_of<BlockHash>(test.json.at("genesis_hash")), block->header.hash()),
                expect("state root", fixed_of<RootHash>(test.json.at("genesis_state_root")),
                       block->header->state_root)}));
}

void run_old_genesis_test(const TestCase& test, Results& results) {
  if (!test.wants("-")) return;
  results.skip(Kind::basic, "-", test.name,
               "a genesis of 2014, before Frontier: its header has a minimum gas price and no receipts root, "
               "bloom or mix hash, which no chain has that this program reads");
}

void run_crypto_test(const TestCase& test, Results& results) {
  if (!test.wants("-")) return;
  const std::string type = test.json.at("decryption_type");
  const Bytes key = bytes_of(test.json.at("key")), cipher = bytes_of(test.json.at("cipher"));
  Bytes got;
  if (type == "aes_ctr" && key.size() == 32) {
    const Bytes start(16);
    got.resize(cipher.size());
    int length = 0;
    const std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)> context(EVP_CIPHER_CTX_new(),
                                                                                  EVP_CIPHER_CTX_free);
    EVP_DecryptInit_ex(context.get(), EVP_aes_256_ctr(), nullptr, key.data(), start.data());
    EVP_DecryptUpdate(context.get(), got.data(), &length, cipher.data(), static_cast<int>(cipher.size()));
  } else if (type == "ecies_sec1_altered" && key.size() == 32) {
    got = net::ecies_decrypt(*PrivateKey::from(key), cipher, {}).value_or(Bytes{});
  } else {
    return results.skip(Kind::basic, "-", test.name, "no cipher " + type + " is known here");
  }
  results.judge(Kind::basic, "-", test.name, expect("text", bytes_of(test.json.at("payload")), got));
}

void run_pow_test(const TestCase& test, Results& results) {
  if (!test.wants("-")) return;
  static const auto cache = ethash::Cache::build(0, ethash::Mode::normal);
  const auto header = decode_header(bytes_of(test.json.at("header")), HeaderIdentity::keccak_rlp);
  if (!header)
    return results.fail(Kind::pow, "-", test.name,
                        std::string("the header does not decode: ") + rlp::to_string(header.error()));
  const auto epoch = ethash::epoch_of((*header)->number);
  const auto of_epoch = epoch == 0 ? cache : ethash::Cache::build(epoch, ethash::Mode::normal);
  ethash::HashOutput output;
  const auto nonce = U256::from_be(bytes_of(test.json.at("nonce"))).low64();
  const ethash::HashInput input{seal_hash(**header), nonce};
  ethash::hash_light(*of_epoch, {&input, 1}, &output);
  const auto size = [&](const char* name) { return U256{test.json.at(name).get<std::uint64_t>()}.to_be(); };
  const std::string wrong = first_of(
      {expect("seed", fixed_of<Hash256>(test.json.at("seed")), ethash::seed_hash(epoch)),
       expect("cache size", size("cache_size"), U256{ethash::cache_bytes(epoch)}.to_be()),
       expect("dataset size", size("full_size"), U256{ethash::dataset_bytes(epoch)}.to_be()),
       expect("cache hash", fixed_of<Hash256>(test.json.at("cache_hash")), keccak256(of_epoch->bytes())),
       expect("seal hash", fixed_of<Hash256>(test.json.at("header_hash")), input.seal_hash),
       expect("nonce", bytes_of(test.json.at("nonce")), to_bytes((*header)->nonce)),
       expect("mix", fixed_of<MixHash>(test.json.at("mixHash")), output.mix),
       expect("result", fixed_of<Hash256>(test.json.at("result")), output.result)});
  results.judge(Kind::pow, "-", test.name, wrong);
}

void run_keystore_test(const TestCase& test, Results& results) {
  if (!test.wants("-")) return;
  const auto key = decrypt_key(test.json.at("json").dump(), test.json.at("password").get<std::string>());
  if (!key) return results.fail(Kind::keystore, "-", test.name, key.error().what);
  results.judge(Kind::keystore, "-", test.name,
                expect("key", fixed_of<PrivateKey>(test.json.at("priv")), key->get()));
}

void run_genesis_test(const TestCase& test, Results& results) {
  if (!test.wants("-")) return;
  Genesis genesis;
  Header& header = genesis.header;
  header.nonce = fixed_of<SealNonce>(test.json.at("nonce"));
  header.mix_hash = fixed_of<MixHash>(test.json.at("mixHash"));
  header.beneficiary = fixed_of<Address>(test.json.at("coinbase"));
  header.parent_hash = fixed_of<BlockHash>(test.json.at("parentHash"));
  header.extra_data = bytes_of(test.json.at("extraData"));
  header.timestamp = u64_of(test.json.at("timestamp"));
  header.gas_limit = u64_of(test.json.at("gasLimit"));
  header.difficulty = number_of(test.json.at("difficulty"));
  for (const auto& [address, one] : test.json.at("alloc").items()) {
    GenesisAccount account;
    account.address = fixed_of<Address>(json(address));
    for (const char* name : {"balance", "wei"})
      if (one.contains(name)) account.balance = decimal(one.at(name));
    if (one.contains("nonce")) account.nonce = u64_of(one.at("nonce"));
    if (one.contains("code")) account.code = bytes_of(one.at("code"));
    if (one.contains("storage"))
      for (const auto& [key, value] : one.at("storage").items())
        account.storage.emplace_back(word_of<SlotKey>(std::string_view(key)), word_of<SlotValue>(value));
    genesis.alloc.push_back(std::move(account));
  }
  const Bytes got = encode_block({genesis_block(genesis), {}});
  results.judge(Kind::genesis, "-", test.name, expect("block", bytes_of(test.json.at("result")), got));
}

}  // namespace quarry::conformance
