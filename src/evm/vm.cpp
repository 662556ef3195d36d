#include "evm/vm.hpp"

#include "core/keccak.hpp"

namespace quarry::evm {
namespace {
/// EIP-170.
constexpr std::size_t kMostCodeBytes = 24576;
/// Yellow Paper, appendix G: Gcodedeposit, a byte.
constexpr Gas kCodeDepositGas = 200;

bool creates(CallKind kind) {
  return kind == CallKind::create || kind == CallKind::create2;
}

Address last_20(const Hash256& hash) {
  return *Address::from(hash.view().last(Address::kSize));
}

CallResult not_begun(Status status, const Message& message) {
  return {status, message.gas, {}, {}};
}
}  // namespace

Address create_address(const Address& creator, std::uint64_t nonce) {
  rlp::Writer writer;
  const auto list = writer.begin_list();
  writer.write(creator).write(nonce).end_list(list);
  return last_20(keccak256(writer.bytes()));
}

Address create2_address(const Address& creator, const U256& salt, ByteView init_code) {
  const std::uint8_t marker = 0xff;
  return last_20(Keccak256()
                     .update({&marker, 1})
                     .update(creator)
                     .update(salt.to_be())
                     .update(keccak256(init_code))
                     .digest());
}

std::optional<Address> delegation_of(ByteView code) {
  constexpr std::uint8_t kDesignator[] = {0xef, 0x01, 0x00};
  if (code.size() != sizeof kDesignator + Address::kSize ||
      !equal(code.first(sizeof kDesignator), kDesignator))
    return std::nullopt;
  return Address::from(code.last(Address::kSize));
}

Vm::Vm(const BlockEnv& block, const TxnEnv& txn, Journal& journal, Tracer* tracer)
    : block_(block), txn_(txn), journal_(journal), tracer_(tracer) {}
Vm::~Vm() = default;

CallResult Vm::call(const Message& message) {
  if (creates(message.kind)) return create(message);
  if (tracer_ == nullptr) return plain_call(message);
  tracer_->on_enter(message);
  const CallResult result = plain_call(message);
  tracer_->on_exit(message, result);
  return result;
}

CallResult Vm::plain_call(const Message& message) {
  if (message.depth > kMostCallDepth) return not_begun(Status::call_depth, message);
  const bool pays = message.kind == CallKind::call || message.kind == CallKind::callcode;
  if (pays && !message.value.is_zero() && journal_.account(message.sender).balance < message.value)
    return not_begun(Status::insufficient_balance, message);
  const Journal::Mark mark = journal_.mark();
  CallResult result = call_account(message);
  if (result.status == Status::success) return result;
  journal_.revert(mark);
  if (result.status != Status::revert) result.gas_left = 0;
  return result;
}

CallResult Vm::call_account(const Message& message) {
  AccountState& recipient = journal_.account(message.recipient);
  const Precompile* precompile = precompile_at(message.code_address);
  if (message.kind == CallKind::call) {
    const bool moves = !message.value.is_zero();
    if (!moves && precompile == nullptr && rules().has(Fork::eip158) && journal_.is_dead(recipient) &&
        !recipient.exists)
      return {Status::success, message.gas, {}, {}};
    if (moves)
      journal_.transfer(journal_.account(message.sender), recipient, message.value);
    else
      journal_.touch(recipient);
  } else if (message.kind == CallKind::staticcall) {
    journal_.touch(recipient);
  }
  if (precompile != nullptr) return run_precompile(message, *precompile);
  const Code* code = code_to_run(message.code_address);
  if (code == nullptr) return {Status::success, message.gas, {}, {}};
  return run_code(message, *code, recipient);
}

const Precompile* Vm::precompile_at(const Address& address) const {
  if (block_.precompiles == nullptr) return find_precompile(address, rules());
  const auto found = block_.precompiles->find(address);
  return found == block_.precompiles->end() ? nullptr : found->second;
}

const Code* Vm::code_to_run(const Address& address) {
  const Code* code = journal_.code(journal_.account(address));
  if (code == nullptr || !rules().has(Fork::prague)) return code;
  // One step only; a delegation to a precompile runs nothing (EIP-7702).
  if (const auto target = delegation_of(bytes_of(*code)))
    return precompile_at(*target) ? nullptr : journal_.code(journal_.account(*target));
  return code;
}

CallResult Vm::run_precompile(const Message& message, const Precompile& precompile) {
  const Gas cost = precompile.gas(message.input, rules());
  const bool late = block_.deadline != nullptr && block_.deadline->passed();
  if (late || cost > message.gas) return {Status::out_of_gas, 0, {}, {}};
  Bytes& output = frame_space(message.depth).output;
  output.clear();
  if (!precompile.run(message.input, rules(), output)) return {Status::precompile_failed, 0, {}, {}};
  return {Status::success, message.gas - cost, output, {}};
}

CallResult Vm::run_code(const Message& message, const Code& code, AccountState& recipient) {
  FrameSpace& space = frame_space(message.depth);
  space.memory.reset();
  Frame frame{*this, message, code, recipient, space, static_cast<std::int64_t>(message.gas), {}, {}, {}};
  const Status status = interpret(frame);
  if (status != Status::success && status != Status::revert) {
    last_fault = frame.fault;
    last_fault.status = status;
    if (status == Status::undefined_opcode) undefined_fault = last_fault;
    return {status, 0, {}, {}};
  }
  return {status, static_cast<Gas>(frame.gas_left), frame.output, {}};
}

std::optional<Status> Vm::cannot_create(const Message& message, const AccountState& creator) const {
  if (message.depth > kMostCallDepth) return Status::call_depth;
  if (creator.balance < message.value) return Status::insufficient_balance;
  if (creator.nonce == std::numeric_limits<std::uint64_t>::max()) return Status::nonce_overflow;
  return std::nullopt;
}

CallResult Vm::create(const Message& asked) {
  AccountState& creator = journal_.account(asked.sender);
  const auto obstacle = cannot_create(asked, creator);
  if (obstacle && tracer_ == nullptr) return not_begun(*obstacle, asked);
  Message message = asked;
  message.recipient = message.code_address = asked.kind == CallKind::create
                                                 ? create_address(asked.sender, creator.nonce)
                                                 : create2_address(asked.sender, asked.salt, asked.input);
  if (obstacle) {
    const CallResult result = not_begun(*obstacle, message);
    tracer_->on_enter(message);
    tracer_->on_exit(message, result);
    return result;
  }
  journal_.set_nonce(creator, creator.nonce + 1);
  AccountState& contract = journal_.account(message.recipient);
  if (rules().has(Fork::berlin)) journal_.warm_up(contract);
  if (tracer_ != nullptr) tracer_->on_enter(message);
  CallResult result = create_at(message, creator, contract);
  if (tracer_ != nullptr) tracer_->on_exit(message, result);
  return result;
}

CallResult Vm::create_at(const Message& message, AccountState& creator, AccountState& contract) {
  if (contract.nonce != 0 || contract.code_hash != kEmptyCodeHash || contract.has_old_storage)
    return {Status::contract_collision, 0, {}, {}};
  const Journal::Mark mark = journal_.mark();
  journal_.create_contract(contract);
  if (!message.value.is_zero()) journal_.transfer(creator, contract, message.value);
  CallResult result{Status::success, message.gas, {}, {}};
  if (!message.input.empty()) {
    const CodeRef init_code = analyse(to_bytes(message.input), rules());
    Message running = message;
    running.input = {};
    result = run_code(running, *init_code, contract);
  }
  if (result.status == Status::success) result.status = store_code(contract, result);
  if (result.status == Status::success) {
    result.created = contract.address;
    return result;
  }
  journal_.revert(mark);
  if (result.status != Status::revert) result.gas_left = 0, result.output = {};
  return result;
}

Status Vm::store_code(AccountState& contract, CallResult& result) {
  const ByteView code = result.output;
  if (rules().has(Fork::eip158) && code.size() > kMostCodeBytes) return Status::code_too_large;
  if (rules().has(Fork::london) && !code.empty() && code[0] == 0xef) return Status::code_reserved;
  const Gas cost = kCodeDepositGas * code.size();
  if (cost > result.gas_left) {
    if (rules().has(Fork::homestead)) return Status::code_store_gas;
    result.output = {};  // Frontier: a contract without code, and the gas is kept
    return Status::success;
  }
  result.gas_left -= cost;
  if (!code.empty()) journal_.set_code(contract, to_bytes(code));
  return Status::success;
}

}  // namespace quarry::evm
