#pragma once
/// \file
/// Executes a block: a pure function of the state before it, the block and the chain's rules. Whole
/// (execute_block), or one transaction at a time (BlockBuilder) where the block is still being made.

#include <functional>

#include "consensus/engine.hpp"
#include "core/receipt.hpp"
#include "evm/transition.hpp"

namespace quarry {

/// What executing a block gives.
struct Execution {
  StateDiff diff;
  std::vector<Receipt> receipts;
  Gas gas_used = 0;
  Bloom logs_bloom;
  Gas blob_gas_used = 0;
  /// EIP-7685: what the block asks of the beacon chain, each a type byte and data; none before Prague.
  std::optional<std::vector<Bytes>> requests;
};

/// What executing a block asks besides the state before it. All of it outlives the execution.
struct ExecutionContext {
  const ChainSpec& spec;
  const Engine& engine;
  const evm::BlockHashes* hashes = nullptr;  ///< none: they are all zero
  /// The root of the state with these changes, which a receipt before Byzantium carries. None: it is zero
  /// there.
  std::function<RootHash(const StateDiff&)> root = nullptr;
  /// Who gets the fees of a header without a seal, where the seal would say it. None: the engine knows.
  std::optional<Address> author = {};
};

/// What the transactions of this block can ask about it. Of the header it reads the fields that are known
/// before execution; the base fee is there from London on.
evm::BlockEnv block_env(const ExecutionContext& context, const Header& header);

/// Does what forks have a block do before its transactions, and the engine (Engine::begin_block) after this:
/// the DAO's balances (EIP-779), the parent's beacon root (EIP-4788), the parent's hash (EIP-2935).
void begin_block(evm::Journal& journal, const ChainSpec& spec, const evm::BlockEnv& env,
                 const Header& header);

/// What a transaction that ran leaves in its block. Before Byzantium its state root is still to be filled in.
Receipt receipt_of(const Transaction& txn, const evm::TxnOutcome& outcome, Gas cumulative_gas_used,
                   const Rules& rules);

/// A block while its transactions run. One thread. Everything that is given outlives it.
class BlockBuilder {
 public:
  /// Begins the block (begin_block).
  BlockBuilder(const StateView& state, const Header& header, ExecutionContext context);

  /// Runs the next transaction. After an error everything is as before: the builder goes on with others.
  [[nodiscard]] Expected<evm::TxnOutcome, evm::TxnError> add(const Transaction& txn, const Address& sender,
                                                             evm::Tracer* tracer = nullptr);
  /// The rewards, or after the merge the withdrawals and requests. The builder is used up. Fails when the
  /// state makes the block impossible: a system contract is missing or fails (EIP-7002, EIP-7251), a deposit
  /// is malformed (EIP-6110).
  [[nodiscard]] Expected<Execution, BlockError> finish(
      std::span<const SealedHeader> ommers,
      const std::optional<std::vector<Withdrawal>>& withdrawals = std::nullopt);

  Gas gas_used() const { return gas_used_; }
  Gas gas_left() const { return header_.gas_limit - gas_used_; }
  const std::vector<Receipt>& receipts() const { return receipts_; }
  const evm::BlockEnv& env() const { return env_; }
  evm::Journal& journal() { return journal_; }

 private:
  std::optional<evm::TxnError> check_blob_gas(const Transaction& txn) const;
  Verdict settle(std::span<const SealedHeader> ommers, std::span<const Withdrawal> withdrawals,
                 Execution& out);

  const Header& header_;
  const ExecutionContext context_;
  const evm::BlockEnv env_;
  evm::Journal journal_;
  std::vector<Receipt> receipts_;
  Gas gas_used_ = 0;
  Gas blob_gas_used_ = 0;
};

/// Runs the whole block on `state`. `senders`: one for each transaction, recovered ahead (none: the signature
/// is invalid); when empty they are recovered here.
[[nodiscard]] Expected<Execution, BlockError> execute_block(
    const StateView& state, const Header& header, const Body& body, const ExecutionContext& context,
    std::span<const std::optional<Address>> senders = {});

}  // namespace quarry
