#include "node/conformance/state_test.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "consensus/blob_gas.hpp"
#include "core/keccak.hpp"
#include "core/secp256k1.hpp"
#include "core/sender.hpp"
#include "node/conformance/exceptions.hpp"
#include "node/conformance/values.hpp"

namespace quarry::conformance {
namespace {
using nlohmann::json;

/// What London's state tests mean when they do not say it.
constexpr std::uint64_t kDefaultBaseFee = 10;

/// The chain that a test means: a network of its own settings.
ChainSpec spec_of(const Network& network, const json& test) {
  ChainSpec spec = network.spec;
  if (!test.contains("config")) return spec;
  read_config(test.at("config"), spec);
  return spec;
}

/// ethereum/tests' EIP-2537 tests were made in April 2024, when what they call Prague was Cancun with a draft
/// of that EIP. Their content says it only by naming where they came from, and the geth that filled them:
/// later ones than 1.14 fill the same sources by the final rules.
bool is_draft_eip2537(const json& test) {
  if (!test.contains("_info")) return false;
  const std::string source = test.at("_info").value("source", "");
  const std::string filler = test.at("_info").value("filling-rpc-server", "");
  return source.find("EIPTestsFiller/StateTests/stEIP2537") != source.npos &&
         filler.starts_with("evm version 1.14.");
}

struct Surroundings {
  evm::BlockEnv env;
  TestHashes hashes;
};

void read_env(const json& given, const ChainSpec& spec, bool post_merge, Surroundings& out) {
  evm::BlockEnv& env = out.env;
  env.number = u64_of(given.at("currentNumber"));
  env.timestamp = u64_of(given.at("currentTimestamp"));
  env.rules = spec.forks.rules(env.number, env.timestamp);
  env.beneficiary = fixed_of<Address>(given.at("currentCoinbase"));
  env.gas_limit =
      number_of(given.at("currentGasLimit")).fits_u64() ? u64_of(given.at("currentGasLimit")) : ~Gas{0};
  env.chain_id = spec.chain_id;
  env.hashes = &out.hashes;
  if (post_merge && given.contains("currentRandom"))
    env.difficulty = number_of(given.at("currentRandom"));
  else if (given.contains("currentDifficulty"))
    env.difficulty = number_of(given.at("currentDifficulty"));
  if (env.rules.has(Fork::london))
    env.base_fee =
        given.contains("currentBaseFee") ? number_of(given.at("currentBaseFee")) : U256{kDefaultBaseFee};
  if (const auto blobs = blob_params(spec, env.rules)) {
    const Gas excess = given.contains("currentExcessBlobGas") ? u64_of(given.at("currentExcessBlobGas")) : 0;
    env.blob_base_fee = blob_base_fee(excess, *blobs);
    env.most_blobs = most_blobs_a_txn(*blobs, env.rules);
  }
}

std::vector<AccessListEntry> access_list_of(const json& list) {
  std::vector<AccessListEntry> out;
  for (const json& one : list) {
    AccessListEntry& entry = out.emplace_back();
    entry.address = fixed_of<Address>(one.at("address"));
    for (const json& key : one.at("storageKeys")) entry.slots.push_back(fixed_of<SlotKey>(key));
  }
  return out;
}

std::vector<Authorization> authorizations_of(const json& list) {
  std::vector<Authorization> out;
  for (const json& one : list) {
    Authorization& authorization = out.emplace_back();
    authorization.chain_id = number_of(one.at("chainId"));
    authorization.address = fixed_of<Address>(one.at("address"));
    authorization.nonce = u64_of(one.at("nonce"));
    authorization.y_parity =
        static_cast<std::uint8_t>(u64_of(one.contains("yParity") ? one.at("yParity") : one.at("v")));
    authorization.r = number_of(one.at("r"));
    authorization.s = number_of(one.at("s"));
  }
  return out;
}

TxnType type_of(const json& txn, bool has_access_list) {
  if (txn.contains("authorizationList")) return TxnType::set_code;
  if (txn.contains("blobVersionedHashes")) return TxnType::blob;
  if (txn.contains("maxFeePerGas")) return TxnType::fee_market;
  return has_access_list ? TxnType::access_list : TxnType::legacy;
}

void sign_txn(Transaction& txn, const PrivateKey& key) {
  if (txn.type == TxnType::legacy) txn.v = U256{27};
  const RecoverableSignature signature = sign(key, signing_hash(txn));
  txn.r = U256::from_be(ByteView{signature.bytes}.subspan(0, 32));
  txn.s = U256::from_be(ByteView{signature.bytes}.subspan(32, 32));
  txn.v = U256{signature.bytes[64] + (txn.type == TxnType::legacy ? 27ull : 0ull)};
}

/// The variant of the test's transaction that `indexes` picks, signed where the test has the key.
Transaction transaction_of(const json& given, const json& indexes, const U256& chain_id) {
  const std::size_t data = indexes.at("data");
  Transaction txn;
  const bool has_list = given.contains("accessLists") && data < given.at("accessLists").size() &&
                        !given.at("accessLists").at(data).is_null();
  txn.type = type_of(given, has_list);
  txn.chain_id = txn.type == TxnType::legacy ? U256{} : chain_id;
  txn.nonce = u64_of(given.at("nonce"));
  if (given.contains("maxFeePerGas")) {
    txn.max_fee_per_gas = number_of(given.at("maxFeePerGas"));
    txn.max_priority_fee_per_gas = number_of(given.at("maxPriorityFeePerGas"));
  } else {
    txn.max_fee_per_gas = txn.max_priority_fee_per_gas = number_of(given.at("gasPrice"));
  }
  txn.gas_limit = u64_of(given.at("gasLimit").at(indexes.at("gas").get<std::size_t>()));
  const Bytes to = bytes_of(given.at("to"));
  if (!to.empty()) txn.to = fixed_of<Address>(given.at("to"));
  txn.value = number_of(given.at("value").at(indexes.at("value").get<std::size_t>()));
  txn.data = bytes_of(given.at("data").at(data));
  if (has_list) txn.access_list = access_list_of(given.at("accessLists").at(data));
  if (given.contains("maxFeePerBlobGas")) txn.max_fee_per_blob_gas = number_of(given.at("maxFeePerBlobGas"));
  if (given.contains("blobVersionedHashes"))
    for (const json& hash : given.at("blobVersionedHashes"))
      txn.blob_hashes.push_back(fixed_of<Hash256>(hash));
  if (given.contains("authorizationList"))
    txn.authorizations = authorizations_of(given.at("authorizationList"));
  if (given.contains("secretKey")) sign_txn(txn, fixed_of<PrivateKey>(given.at("secretKey")));
  return txn;
}

/// A transaction with its sender, or why there is none.
struct Signed {
  std::optional<Transaction> txn;
  Address sender;
  std::string error;
};

Signed read_transaction(const json& given, const json& post, const U256& chain_id) {
  Signed out;
  if (post.contains("txbytes") && !bytes_of(post.at("txbytes")).empty()) {
    auto txn = decode_transaction(bytes_of(post.at("txbytes")));
    if (!txn) {
      out.error = std::string("the transaction does not decode: ") + rlp::to_string(txn.error());
      return out;
    }
    out.txn = std::move(*txn);
  } else {
    out.txn = transaction_of(given, post.at("indexes"), chain_id);
  }
  const auto sender = sender_of(*out.txn);
  if (!sender && given.contains("sender") && !post.contains("txbytes"))
    out.sender = fixed_of<Address>(given.at("sender"));
  else if (sender)
    out.sender = *sender;
  else
    out.error = "the transaction's signature is none", out.txn.reset();
  return out;
}

/// What geth's and the other clients' test runners do after the transaction: a block reward of nothing, which
/// makes the beneficiary's account before EIP-158 and removes an empty one from then on.
void pay_nothing(evm::Journal& journal, const Address& beneficiary) {
  journal.touch(journal.account(beneficiary));
  journal.end_transaction();
}

std::string first_line(std::string text) {
  text.resize(std::min(text.find('\n'), text.size()));
  return text;
}
}  // namespace

Hash256 TestHashes::block_hash(BlockNum number) const {
  return keccak256(as_bytes(std::to_string(number)));
}

Hash256 hash_of_logs(const std::vector<Log>& logs) {
  rlp::Writer to;
  const auto list = to.begin_list();
  for (const Log& log : logs) {
    const auto one = to.begin_list();
    to.write(log.address);
    const auto topics = to.begin_list();
    for (const Hash256& topic : log.topics) to.write(topic);
    to.end_list(topics).write(ByteView{log.data}).end_list(one);
  }
  to.end_list(list);
  return keccak256(to.bytes());
}

struct StateTest::Impl {
  const json& test;
  MemoryState pre;

  void execute(const Signed& given, const Surroundings& around, evm::Tracer* tracer, const json& post,
               StateCaseResult& result) const;
  void judge_error(const std::string& error, std::optional<evm::TxnRule> rule, const json& post,
                   StateCaseResult& result) const;
};

StateTest::StateTest(const json& test) : impl_(new Impl{test, MemoryState(test.at("pre"))}) {}
StateTest::~StateTest() = default;

std::vector<StateTest::Case> StateTest::cases() const {
  std::vector<Case> out;
  for (const auto& [fork, posts] : impl_->test.at("post").items())
    for (std::size_t i = 0; i < posts.size(); ++i) out.push_back({fork, i});
  return out;
}

void StateTest::Impl::judge_error(const std::string& error, std::optional<evm::TxnRule> rule,
                                  const json& post, StateCaseResult& result) const {
  result.error = error;
  if (!post.contains("expectException")) {
    result.wrong = "the transaction was refused: " + error;
    return;
  }
  const std::string expected = post.at("expectException");
  const auto named = rule ? names_rule(expected, *rule) : std::nullopt;
  if (named == false) result.note = "expected " + expected + ", refused with: " + error;
}

void StateTest::Impl::execute(const Signed& given, const Surroundings& around, evm::Tracer* tracer,
                              const json& post, StateCaseResult& result) const {
  evm::Journal journal(pre, around.env.rules);
  std::vector<Log> logs;
  if (given.txn) {
    const auto outcome = evm::execute_transaction(journal, around.env, *given.txn, given.sender,
                                                  around.env.gas_limit, {}, tracer);
    if (outcome) {
      logs = outcome->logs;
      result.gas_used = outcome->gas_used;
      result.output = outcome->output;
      if (outcome->status != evm::Status::success) result.error = to_string(outcome->status);
      if (post.contains("expectException"))
        result.wrong = "must be refused (" + post.at("expectException").get<std::string>() + "), but it ran";
    } else {
      judge_error(first_line(outcome.error().detail), outcome.error().rule, post, result);
    }
  } else {
    judge_error(given.error, std::nullopt, post, result);
  }
  pay_nothing(journal, around.env.beneficiary);
  MemoryState after = pre;
  after.apply(journal.diff());
  result.root = after.root();
  if (!result.wrong.empty()) return;
  const auto wanted = fixed_of<RootHash>(post.at("hash"));
  if (result.root != wanted) {
    result.wrong =
        fmt::format("expected state root {}, got {} (gas used {}{}{})", wanted.hex(), result.root.hex(),
                    result.gas_used, result.error.empty() ? "" : "; ", result.error);
    if (post.contains("state")) result.wrong += "; " + after.difference(MemoryState(post.at("state")));
  } else if (const auto hash = fixed_of<Hash256>(post.at("logs")); hash != hash_of_logs(logs)) {
    result.wrong = fmt::format("expected logs hash {}, got {} of {} logs", hash.hex(),
                               hash_of_logs(logs).hex(), logs.size());
  }
}

std::optional<StateCaseResult> StateTest::run(const Case& one, evm::Tracer* tracer) const {
  const bool draft = one.fork == "Prague" && is_draft_eip2537(impl_->test);
  const auto network = find_network(draft ? "Cancun" : one.fork);
  if (!network) return std::nullopt;
  const ChainSpec spec = spec_of(*network, impl_->test);
  Surroundings around;
  read_env(impl_->test.at("env"), spec, network->post_merge, around);
  if (draft) around.env.rules.set_draft_eip2537();
  const json& post = impl_->test.at("post").at(one.fork).at(one.index);
  StateCaseResult result;
  impl_->execute(read_transaction(impl_->test.at("transaction"), post, spec.chain_id), around, tracer, post,
                 result);
  return result;
}

}  // namespace quarry::conformance
