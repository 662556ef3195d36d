// BlockchainTests: a genesis and blocks, some of which must be refused; then the hash of the head and the
// state there.
#include <nlohmann/json.hpp>

#include "core/keccak.hpp"
#include "kinds.hpp"
#include "node/conformance/memory_state.hpp"
#include "node/conformance/networks.hpp"
#include "node/conformance/values.hpp"
#include "test_chain.hpp"
#include "test_header.hpp"

namespace quarry::conformance {
namespace {
using nlohmann::json;

/// Old tests have blocks for several networks: "expectExceptionByzantium", "expectExceptionALL".
std::string expected_exception(const json& block, const std::string& network) {
  for (const std::string& key :
       {std::string("expectException"), "expectException" + network, std::string("expectExceptionALL")})
    if (block.contains(key)) return block.at(key);
  // The oldest do not say what is wrong: they leave the block's fields out.
  return block.contains("blockHeader") ? "" : "no reason is named";
}

/// Blocks that must be refused and were stored, unexecuted, on a branch that is not the heaviest: they may
/// not be canonical in the end.
using Postponed = std::vector<SealedHeader>;

/// What is wrong with how the chain took the block; empty when nothing is.
std::string insert(TestChain& chain, const json& entry, std::size_t index, const std::string& network,
                   Postponed& postponed) {
  const std::string exception = expected_exception(entry, network);
  std::string refused;
  const auto bytes = from_hex(entry.at("rlp").get<std::string>());
  const auto block =
      bytes ? decode_block(*bytes, HeaderIdentity::keccak_rlp) : rlp::fail(rlp::DecodeError::invalid_value);
  if (!block)
    refused = std::string("does not decode: ") + rlp::to_string(block.error());
  else
    refused = chain.insert(*block);
  const std::string where = "block " + std::to_string(index) + " ";
  if (exception.empty() && !refused.empty()) return where + "must be valid, but was refused: " + refused;
  if (exception.empty() || !refused.empty()) return {};
  if (chain.is_canonical(block->header)) return where + "must be refused: " + exception;
  postponed.push_back(block->header);
  return {};
}

std::string check_account(const StateView& state, const Address& address, const GenesisAccount& wanted) {
  const auto got = state.account(address);
  if (!got) return address.hex() + " is not in the state";
  if (got->balance != wanted.balance)
    return address.hex() + " has balance " + got->balance.to_quantity() + ", expected " +
           wanted.balance.to_quantity();
  if (got->nonce != wanted.nonce)
    return address.hex() + " has nonce " + std::to_string(got->nonce) + ", expected " +
           std::to_string(wanted.nonce);
  const Bytes code = got->code_hash == kEmptyCodeHash ? Bytes{} : state.code(got->code_hash);
  if (code != wanted.code) return address.hex() + " has code " + to_hex0x(code);
  for (const auto& [key, value] : wanted.storage)
    if (state.slot(address, key) != value)
      return address.hex() + " has " + state.slot(address, key).hex() + " in slot " + key.hex() +
             ", expected " + value.hex();
  return {};
}

std::string check_end(const TestChain& chain, const json& test) {
  const auto wanted = fixed_of<BlockHash>(test.at("lastblockhash"));
  if (chain.head() != wanted) return "expected head " + wanted.hex() + ", the head is " + chain.head().hex();
  if (!test.contains("postState") || !test.at("postState").is_object()) return {};
  const auto state = chain.state();
  if (!state) return "there is no state at the head";
  for (const GenesisAccount& account : MemoryState(test.at("postState")).accounts())
    if (auto wrong = check_account(*state, account.address, account); !wrong.empty()) return wrong;
  return {};
}

std::string run(const json& test, const Network& network, const std::string& name) {
  const Genesis genesis = genesis_of(test, network.spec);
  const bool sealed = !network.post_merge && test.value("sealEngine", "Ethash") == "Ethash";
  TestChain chain(genesis, sealed ? Seals::ethash : Seals::none);
  const auto wanted = fixed_of<BlockHash>(test.at("genesisBlockHeader").at("hash"));
  if (chain.genesis_hash() != wanted)
    return "expected genesis " + wanted.hex() + ", got " + chain.genesis_hash().hex();
  std::size_t index = 0;
  Postponed postponed;
  for (const json& block : test.at("blocks"))
    if (auto wrong = insert(chain, block, ++index, name, postponed); !wrong.empty()) return wrong;
  for (const SealedHeader& header : postponed)
    if (chain.is_canonical(header)) return "block " + header.hash().hex() + " must be refused";
  return check_end(chain, test);
}
}  // namespace

void run_blockchain_test(const TestCase& test, Results& results) {
  const std::string name = test.json.at("network");
  if (!test.wants(name)) return;
  auto network = find_network(name);
  if (!network)
    return results.skip(Kind::blockchain, name, test.name, "no network of this name is known here");
  if (test.json.contains("config")) read_config(test.json.at("config"), network->spec);
  std::string wrong;
  try {
    wrong = run(test.json, *network, name);
  } catch (const std::exception& error) {
    wrong = std::string("malformed test: ") + error.what();
  }
  results.judge(Kind::blockchain, name, test.name, wrong);
}

}  // namespace quarry::conformance
