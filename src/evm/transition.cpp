#include "evm/transition.hpp"

#include <fmt/format.h>

#include "core/address_text.hpp"
#include "core/keccak.hpp"
#include "core/secp256k1.hpp"
#include "core/sender.hpp"
#include "evm/vm.hpp"

namespace quarry::evm {
namespace {
constexpr Gas kGasPerBlob = 1 << 17;                 // EIP-4844
constexpr Gas kAuthorizationRefund = 25000 - 12500;  // EIP-7702: the account is there already
constexpr std::uint64_t kRefundQuotient = 2, kRefundQuotientLondon = 5;  // EIP-3529
constexpr Gas kSystemCallGas = 30'000'000;
constexpr std::uint8_t kAuthorizationMagic = 5;
/// Half the order of secp256k1 (EIP-2).
constexpr U256 kHalfOrder{0x7fffffffffffffff, 0xffffffffffffffff, 0x5d576e7357a4501d, 0xdfe92f46681b20a0};

Address system_address() {
  Address address;
  address.bytes.fill(0xff);
  address.bytes[19] = 0xfe;
  return address;
}

template <class... Args>
TxnError broken(TxnRule rule, fmt::format_string<Args...> form, Args&&... args) {
  return {rule, std::string(to_string(rule)) + fmt::format(form, std::forward<Args>(args)...)};
}

std::optional<U256> checked_mul(const U256& a, const U256& b) {
  if (!a.is_zero() && b > U256::max() / a) return std::nullopt;
  return a * b;
}

/// One transaction on its way.
class Transition {
 public:
  Transition(Journal& journal, const BlockEnv& env, const Transaction& txn, const Address& sender,
             const TxnOptions& options, Tracer* tracer)
      : journal_(journal),
        env_(env),
        txn_(txn),
        options_(options),
        sender_(journal.account(sender)),
        tracer_(tracer) {
    // Asked about only: what an undercut base fee would give is no price.
    price_ = effective_gas_price(txn, env.base_fee);
  }

  std::optional<TxnError> check(Gas gas_left);
  TxnOutcome run();

 private:
  std::optional<TxnError> check_sender();
  std::optional<TxnError> check_fees() const;
  std::optional<TxnError> check_funds() const;
  U256 blob_gas() const { return U256{kGasPerBlob * txn_.blob_hashes.size()}; }
  void buy_gas();
  void warm_up();
  void authorize();
  void authorize(const Authorization& authorization);
  CallResult call(Vm& vm, Gas gas);
  void settle(TxnOutcome& outcome, Gas gas_left);

  Journal& journal_;
  const BlockEnv& env_;
  const Transaction& txn_;
  const TxnOptions& options_;
  AccountState& sender_;
  Tracer* tracer_;
  U256 price_;
};

std::optional<TxnError> Transition::check(Gas gas_left) {
  if (auto error = check_sender()) return error;
  if (auto error = check_transaction(txn_, env_, options_)) return error;
  if (auto error = check_fees()) return error;
  if (auto error = check_funds()) return error;
  if (txn_.gas_limit > gas_left)
    return broken(TxnRule::block_gas_limit, ": the block has {} gas left, the transaction asks for {}",
                  gas_left, txn_.gas_limit);
  return {};
}

std::optional<TxnError> Transition::check_sender() {
  if (options_.check_nonce && txn_.nonce != sender_.nonce)
    return broken(txn_.nonce < sender_.nonce ? TxnRule::nonce_too_low : TxnRule::nonce_too_high,
                  ": address {}, tx: {} state: {}", checksummed(sender_.address), txn_.nonce, sender_.nonce);
  if (!options_.check_sender_code || sender_.code_hash == kEmptyCodeHash || is_stand_in(txn_)) return {};
  const ByteView code = journal_.code_bytes(sender_);
  if (env_.rules.has(Fork::prague) && delegation_of(code)) return {};
  return broken(TxnRule::sender_not_eoa, ": address {}, len(code): {}", checksummed(sender_.address),
                code.size());
}

std::optional<TxnError> Transition::check_fees() const {
  if (!options_.check_funds) return {};
  if (txn_.max_fee_per_gas < env_.base_fee)
    return broken(TxnRule::fee_cap_below_base_fee, ": address {}, maxFeePerGas: {}, baseFee: {}",
                  checksummed(sender_.address), txn_.max_fee_per_gas.to_decimal(),
                  env_.base_fee.to_decimal());
  if (txn_.type == TxnType::blob && txn_.max_fee_per_blob_gas < env_.blob_base_fee)
    return broken(TxnRule::blob_fee_cap, ": address {}, blobGasFeeCap: {}, blobBaseFee: {}",
                  checksummed(sender_.address), txn_.max_fee_per_blob_gas.to_decimal(),
                  env_.blob_base_fee.to_decimal());
  return {};
}

std::optional<TxnError> Transition::check_funds() const {
  std::optional<U256> wanted = txn_.value;
  if (options_.check_funds) {
    const auto add = [&](const std::optional<U256>& part) {
      wanted = wanted && part ? checked_add(*wanted, *part) : std::nullopt;
    };
    add(checked_mul(U256{txn_.gas_limit}, txn_.max_fee_per_gas));
    if (txn_.type == TxnType::blob) add(checked_mul(blob_gas(), txn_.max_fee_per_blob_gas));
  }
  if (wanted && *wanted <= sender_.balance) return {};
  return broken(TxnRule::insufficient_funds, ": address {} have {} want {}", checksummed(sender_.address),
                sender_.balance.to_decimal(), wanted ? wanted->to_decimal() : "more than 2^256 - 1");
}

void Transition::buy_gas() {
  if (!options_.check_funds) return;
  U256 cost = U256{txn_.gas_limit} * price_;
  if (txn_.type == TxnType::blob) cost += blob_gas() * env_.blob_base_fee;
  journal_.set_balance(sender_, sender_.balance - cost);
}

void Transition::warm_up() {
  if (!env_.rules.has(Fork::berlin)) return;
  journal_.warm_up(sender_);
  if (txn_.to) journal_.warm_up(journal_.account(*txn_.to));
  if (env_.rules.has(Fork::shanghai)) journal_.warm_up(journal_.account(env_.beneficiary));  // EIP-3651
  for (const AccessListEntry& entry : txn_.access_list) {
    AccountState& account = journal_.account(entry.address);
    journal_.warm_up(account);
    for (const SlotKey& key : entry.slots) journal_.warm_up(journal_.slot(account, U256::from_be(key)));
  }
}

void Transition::authorize() {
  for (const Authorization& authorization : txn_.authorizations) authorize(authorization);
  if (!txn_.to || !env_.rules.has(Fork::prague)) return;
  if (const auto target = delegation_of(journal_.code_bytes(journal_.account(*txn_.to))))
    journal_.warm_up(journal_.account(*target));
}

/// An authorization that is wrong is passed over (EIP-7702).
void Transition::authorize(const Authorization& authorization) {
  if (!authorization.chain_id.is_zero() && authorization.chain_id != env_.chain_id) return;
  if (authorization.nonce == std::numeric_limits<std::uint64_t>::max()) return;
  const auto authority = authority_of(authorization);
  if (!authority) return;
  AccountState& account = journal_.account(*authority);
  journal_.warm_up(account);
  const ByteView code = journal_.code_bytes(account);
  if (!code.empty() && !delegation_of(code)) return;
  if (account.nonce != authorization.nonce) return;
  if (account.exists) journal_.add_refund(kAuthorizationRefund);
  Bytes designator;
  if (!authorization.address.is_zero()) {
    designator = {0xef, 0x01, 0x00};
    append(designator, authorization.address);
  }
  journal_.set_code(account, std::move(designator));
  journal_.set_nonce(account, account.nonce + 1);
}

CallResult Transition::call(Vm& vm, Gas gas) {
  Message message;
  message.kind = txn_.to ? CallKind::call : CallKind::create;
  message.gas = gas;
  message.sender = sender_.address;
  if (txn_.to) message.recipient = message.code_address = *txn_.to;
  message.value = txn_.value;
  message.input = txn_.data;
  return vm.call(message);
}

TxnOutcome Transition::run() {
  const TxnEnv txn_env{sender_.address, price_, txn_.blob_hashes};
  const Gas gas = txn_.gas_limit - intrinsic_gas(txn_, env_.rules);
  TxnOutcome outcome;
  if (!txn_.to) outcome.created = create_address(sender_.address, sender_.nonce);
  buy_gas();
  warm_up();
  if (txn_.to) journal_.set_nonce(sender_, sender_.nonce + 1);
  authorize();
  Vm vm(env_, txn_env, journal_, tracer_);
  const CallResult result = call(vm, gas);
  outcome.status = result.status;
  outcome.output = to_bytes(result.output);
  outcome.deepest = vm.undefined_fault;
  if (result.status != Status::success) {
    outcome.fault = vm.last_fault;
    outcome.fault->status = result.status;
  }
  settle(outcome, result.gas_left);
  outcome.logs = journal_.logs();
  journal_.end_transaction();
  return outcome;
}

/// Refunds, the sender's rest, the beneficiary's part. The base fee is burnt.
void Transition::settle(TxnOutcome& outcome, Gas gas_left) {
  const Gas used = txn_.gas_limit - gas_left;
  const auto quotient = env_.rules.has(Fork::london) ? kRefundQuotientLondon : kRefundQuotient;
  outcome.refunded = std::min<Gas>(journal_.refund(), used / quotient);
  const Gas floor = floor_data_gas(txn_, env_.rules);
  outcome.gas_used = std::max(used - outcome.refunded, floor);
  outcome.most_gas_used = std::max(used, floor);
  if (!options_.check_funds) return;
  journal_.set_balance(sender_, sender_.balance + U256{txn_.gas_limit - outcome.gas_used} * price_);
  AccountState& beneficiary = journal_.account(env_.beneficiary);
  journal_.add_balance(beneficiary, U256{outcome.gas_used} * (price_ - env_.base_fee));
}
}  // namespace

std::optional<Address> authority_of(const Authorization& authorization) {
  if (authorization.y_parity > 1 || authorization.s > kHalfOrder) return std::nullopt;
  Bytes signed_part{kAuthorizationMagic};
  rlp::Writer writer(signed_part);
  const auto list = writer.begin_list();
  writer.write(authorization.chain_id).write(authorization.address).write(authorization.nonce).end_list(list);
  RecoverableSignature signature;
  const auto r = authorization.r.to_be(), s = authorization.s.to_be();
  std::copy(r.begin(), r.end(), signature.bytes.begin());
  std::copy(s.begin(), s.end(), signature.bytes.begin() + 32);
  signature.bytes[64] = authorization.y_parity;
  const auto key = recover(signature, keccak256(signed_part));
  if (!key) return std::nullopt;
  return address_of(*key);
}

Expected<TxnOutcome, TxnError> execute_transaction(Journal& journal, const BlockEnv& env,
                                                   const Transaction& txn, const Address& sender,
                                                   Gas gas_left, const TxnOptions& options, Tracer* tracer) {
  Transition transition(journal, env, txn, sender, options, tracer);
  if (auto error = transition.check(gas_left)) return tl::unexpected(std::move(*error));
  return transition.run();
}

SystemCallResult system_call(Journal& journal, const BlockEnv& env, const Address& to, ByteView input) {
  AccountState& account = journal.account(to);
  if (journal.code(account) == nullptr) return {Status::success, {}, true};
  const TxnEnv txn_env{system_address(), {}, {}};
  Vm vm(env, txn_env, journal);
  journal.warm_up(account);
  Message message;
  message.gas = kSystemCallGas;
  message.sender = system_address();
  message.recipient = message.code_address = to;
  message.input = input;
  // Not as an ordinary call: nothing is paid, and the system address is not touched.
  const CallResult result = vm.call(message);
  SystemCallResult out{result.status, to_bytes(result.output), false};
  journal.end_transaction();
  return out;
}

}  // namespace quarry::evm
