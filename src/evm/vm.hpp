#pragma once
/// \file
/// The machine that runs a transaction's calls: frames, value transfer, creations, precompiles. What one
/// frame's instructions do is interpreter.hpp.

#include <memory>

#include "evm/env.hpp"
#include "evm/frame.hpp"
#include "evm/journal.hpp"
#include "evm/precompiles.hpp"
#include "evm/tracer.hpp"

namespace quarry::evm {

/// For one transaction. One thread.
class Vm {
 public:
  /// All outlive this. `tracer` may be nullptr.
  Vm(const BlockEnv& block, const TxnEnv& txn, Journal& journal, Tracer* tracer = nullptr);
  ~Vm();
  Vm(const Vm&) = delete;
  Vm& operator=(const Vm&) = delete;

  /// Calls and creations alike; on failure the journal is as before the call (the creator's nonce apart).
  CallResult call(const Message& message);

  const BlockEnv& block() const { return block_; }
  const TxnEnv& txn() const { return txn_; }
  Journal& journal() { return journal_; }
  const Rules& rules() const { return block_.rules; }
  Tracer* tracer() { return tracer_; }

  /// Of the last frame that failed, and of the last one that met an undefined opcode.
  Fault last_fault;
  Fault undefined_fault;

 private:
  CallResult plain_call(const Message& message);
  CallResult create(const Message& message);
  std::optional<Status> cannot_create(const Message& message, const AccountState& creator) const;
  CallResult call_account(const Message& message);
  CallResult run_precompile(const Message& message, const Precompile& precompile);
  CallResult run_code(const Message& message, const Code& code, AccountState& recipient);
  const Precompile* precompile_at(const Address& address) const;
  const Code* code_to_run(const Address& address);
  CallResult create_at(const Message& message, AccountState& creator, AccountState& contract);
  Status store_code(AccountState& contract, CallResult& result);

  const BlockEnv& block_;
  const TxnEnv& txn_;
  Journal& journal_;
  Tracer* tracer_;
};

/// What CREATE and a creating transaction make (Yellow Paper, equation 95), and CREATE2 (EIP-1014).
Address create_address(const Address& creator, std::uint64_t nonce);
Address create2_address(const Address& creator, const U256& salt, ByteView init_code);

/// The account whose code an account runs instead (EIP-7702): its code is 0xef0100 and an address.
std::optional<Address> delegation_of(ByteView code);

}  // namespace quarry::evm
