#include "rpc/trace/prestate.hpp"

#include "core/keccak.hpp"
#include "core/secp256k1.hpp"
#include "evm/vm.hpp"
#include "rpc/trace/call_frames.hpp"

namespace quarry::rpc::trace {
namespace {

/// What an account or a slot takes as text.
constexpr std::size_t kAccountBytes = 200, kSlotBytes = 140;

Address address_of_word(const U256& word) {
  const auto bytes = word.to_be();
  return *Address::from(ByteView(bytes).last(Address::kSize));
}

bool is_something(const AccountSeen& account) {
  return account.nonce != 0 || !account.code.empty() || !account.storage.empty() ||
         !account.balance.is_zero();
}

void write_slots(JsonText& out, const std::map<U256, U256>& slots) {
  if (slots.empty()) return;
  out.key("storage").begin_object();
  for (const auto& [key, value] : slots) out.key(to_hex0x(key.to_be())).hex(value.to_be());
  out.end_object();
}

/// An account's fields as geth has them: what is zero is left out, but for the balance if it is `shown`.
void write_account(JsonText& out, const Address& address, const AccountSeen& account, bool balance,
                   bool code = true) {
  out.key(address.hex()).begin_object();
  if (balance) out.key("balance").quantity(account.balance);
  if (code && !account.code.empty()) out.key("code").hex(account.code);
  if (account.nonce != 0) out.key("nonce").number(account.nonce);
  write_slots(out, account.storage);
  out.end_object();
}

/// What a transaction changed in one account.
struct Change {
  AccountSeen before, after;  ///< after: the changed fields alone
  bool balance = false;
  bool any = false;
};

Change change_of(const AccountSeen& before, const AccountSeen& after, const PrestateOptions& options) {
  Change out;
  out.before = before;
  out.before.storage.clear();
  out.balance = before.balance != after.balance;
  if (out.balance) out.after.balance = after.balance;
  if (before.nonce != after.nonce) out.any = true, out.after.nonce = after.nonce;
  if (options.code && before.code != after.code) out.any = true, out.after.code = after.code;
  out.any = out.any || out.balance;
  for (const auto& [key, value] : before.storage) {
    const auto now = after.storage.at(key);
    if (now == value) continue;
    out.any = true;
    if (!value.is_zero()) out.before.storage[key] = value;
    if (!now.is_zero()) out.after.storage[key] = now;
  }
  return out;
}

}  // namespace

void StateRecorder::begin(const Scene& scene) {
  journal_ = &scene.journal;
  look_at(scene.sender);
  const auto& to = scene.txn.to;
  if (to) {
    look_at(*to);
    if (const auto target = evm::delegation_of(before_[*to].code)) look_at(*target);
  } else {
    look_at_created(evm::create_address(scene.sender, journal_->account(scene.sender).nonce));
  }
  look_at(scene.env.beneficiary);
  for (const auto& authorization : scene.txn.authorizations) {
    if (const auto authority = evm::authority_of(authorization)) look_at(*authority);
  }
}

AccountSeen StateRecorder::see(const Address& address) {
  auto& account = journal_->account(address);
  AccountSeen out;
  out.exists = account.exists;
  out.balance = account.balance;
  out.nonce = account.nonce;
  out.code = to_bytes(journal_->code_bytes(account));
  return out;
}

void StateRecorder::look_at(const Address& address) {
  if (before_.count(address) != 0) return;
  const auto& account = before_[address] = see(address);
  budget_.spend(kAccountBytes + 2 * account.code.size());
}

void StateRecorder::look_at_slot(const Address& address, const U256& slot) {
  if (!options_.storage) return;
  look_at(address);
  auto& known = before_[address].storage;
  if (known.count(slot) != 0) return;
  known[slot] = journal_->slot(journal_->account(address), slot).current;
  budget_.spend(kSlotBytes);
}

void StateRecorder::look_at_created(const Address& address) {
  look_at(address);
  created_.insert(address);
}

void StateRecorder::on_step(const evm::Step& step) {
  // What fails before it runs reaches nothing; geth looks all the same.
  look_at_operands(step);
}

void StateRecorder::look_at_operands(const evm::Step& step) {
  const auto height = step.stack.size();
  const auto& self = step.message->recipient;
  const auto word = [&](std::size_t depth) -> const U256& { return step.stack[height - 1 - depth]; };
  switch (step.opcode) {
    case 0x54:  // SLOAD
    case 0x55:  // SSTORE
      if (height >= 1) look_at_slot(self, word(0));
      break;
    case 0x31:  // BALANCE
    case 0x3b:  // EXTCODESIZE
    case 0x3c:  // EXTCODECOPY
    case 0x3f:  // EXTCODEHASH
      if (height >= 1) look_at(address_of_word(word(0)));
      break;
    case 0xff:  // SELFDESTRUCT
      if (height < 1) break;
      look_at(address_of_word(word(0)));
      if (step.status == evm::Status::success) destructed_.insert(self);
      break;
    case 0xf1:  // CALL
    case 0xf2:  // CALLCODE
    case 0xf4:  // DELEGATECALL
    case 0xfa:  // STATICCALL
      if (height < 5) break;
      look_at(address_of_word(word(1)));
      if (const auto target = evm::delegation_of(before_[address_of_word(word(1))].code)) look_at(*target);
      break;
    case 0xf0:  // CREATE
      look_at_created(evm::create_address(self, journal_->account(self).nonce));
      break;
    case 0xf5:  // CREATE2
      if (height < 4 || step.status != evm::Status::success) break;
      look_at_created(evm::create2_address(self, word(3), memory_slice(step.memory, word(1), word(2))));
      break;
    default:
      break;
  }
}

void StateRecorder::end(const evm::TxnOutcome&) {
  for (const auto& [address, seen] : before_) {
    auto& after = after_[address] = see(address);
    auto& account = journal_->account(address);
    for (const auto& [slot, value] : seen.storage)
      after.storage[slot] = journal_->slot(account, slot).current;
  }
}

void StateRecorder::write(JsonText& out) const {
  options_.diff ? write_diff(out) : write_before(out);
}

void StateRecorder::write_before(JsonText& out) const {
  out.begin_object();
  for (const auto& [address, account] : before_) {
    // What the transaction made was nothing before.
    if (created_.count(address) != 0 && !is_something(account)) continue;
    write_account(out, address, account, true, options_.code);
  }
  out.end_object();
}

void StateRecorder::write_diff(JsonText& out) const {
  JsonText pre, post;
  pre.begin_object();
  post.begin_object();
  for (const auto& [address, before] : before_) {
    const auto& after = after_.at(address);
    const bool gone = destructed_.count(address) != 0 && !after.exists;
    const bool made = created_.count(address) != 0 && !is_something(before);
    const auto change = change_of(before, after, options_);
    if (!gone && !change.any) continue;
    if (!gone) write_account(post, address, change.after, change.balance);
    if (!made) write_account(pre, address, gone ? before : change.before, true, options_.code);
  }
  out.begin_object();
  out.key("post").raw(post.end_object().take());
  out.key("pre").raw(pre.end_object().take());
  out.end_object();
}

std::unique_ptr<TxnTracer> make_prestate_tracer(const PrestateOptions& options, Budget& budget) {
  return std::make_unique<StateRecorder>(options, budget);
}

}  // namespace quarry::rpc::trace
