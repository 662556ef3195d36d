// TransactionTests: bytes, and for each fork either the transaction's hash, sender and intrinsic gas, or that
// it must be refused.
#include <nlohmann/json.hpp>

#include "consensus/blob_gas.hpp"
#include "core/sender.hpp"
#include "kinds.hpp"
#include "node/conformance/exceptions.hpp"
#include "node/conformance/networks.hpp"
#include "node/conformance/values.hpp"

namespace quarry::conformance {
namespace {
using nlohmann::json;

/// Why it is refused; empty when it is valid.
struct Verdict {
  std::string refused;
  std::optional<evm::TxnRule> rule;
};

Verdict judge(const rlp::Decoded<Transaction>& txn, const evm::BlockEnv& env) {
  if (!txn) return {std::string("does not decode: ") + rlp::to_string(txn.error()), {}};
  if (auto error = evm::check_transaction(*txn, env)) return {error->detail, error->rule};
  if (!sender_of(*txn)) return {"the signature is none", evm::TxnRule::signature};
  return {};
}

std::string check_valid(const json& wanted, const Transaction& txn, const Rules& rules) {
  const TxnHash hash = hash_of(txn);
  if (wanted.contains("hash") && hash != fixed_of<TxnHash>(wanted.at("hash")))
    return "expected hash " + wanted.at("hash").get<std::string>() + ", got " + hash.hex();
  const Address sender = *sender_of(txn);
  if (wanted.contains("sender") && sender != fixed_of<Address>(wanted.at("sender")))
    return "expected sender " + wanted.at("sender").get<std::string>() + ", got " + sender.hex();
  if (!wanted.contains("intrinsicGas")) return {};
  const Gas gas = u64_of(wanted.at("intrinsicGas")), intrinsic = evm::intrinsic_gas(txn, rules);
  // From Prague on some say the larger of intrinsic and floor gas.
  if (gas == intrinsic || gas == std::max(intrinsic, evm::floor_data_gas(txn, rules))) return {};
  return "expected intrinsic gas " + std::to_string(gas) + ", got " + std::to_string(intrinsic);
}

evm::BlockEnv env_of(const ChainSpec& spec) {
  evm::BlockEnv env;
  env.rules = spec.forks.rules(0, 0);
  env.chain_id = spec.chain_id;
  if (const auto blobs = blob_params(spec, env.rules)) env.most_blobs = most_blobs_a_txn(*blobs, env.rules);
  return env;
}
}  // namespace

void run_transaction_test(const TestCase& test, Results& results) {
  const std::string& text = test.json.at("txbytes").get_ref<const std::string&>();
  const auto bytes = text == "0x" ? Bytes{} : from_hex(text);
  const auto txn =
      bytes ? decode_transaction(*bytes) : rlp::fail(rlp::DecodeError::invalid_value);  // not even hex
  for (const auto& [fork, wanted] : test.json.at("result").items()) {
    if (!test.wants(fork)) continue;
    const auto network = find_network(fork);
    if (!network) {
      results.skip(Kind::transaction, fork, test.name, "no network of this name is known here");
      continue;
    }
    const evm::BlockEnv env = env_of(network->spec);
    const Verdict verdict = judge(txn, env);
    std::string wrong;
    if (!wanted.contains("exception"))
      wrong = verdict.refused.empty() ? check_valid(wanted, *txn, env.rules)
                                      : "must be valid, but was refused: " + verdict.refused;
    else if (verdict.refused.empty())
      wrong = "must be refused: " + wanted.at("exception").get<std::string>();
    results.judge(Kind::transaction, fork, test.name, wrong);
  }
}

}  // namespace quarry::conformance
