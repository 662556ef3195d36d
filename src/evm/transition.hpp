#pragma once
/// \file
/// One transaction: validity, gas, execution, fees (Yellow Paper 6; EIP-1559, 2930, 3607, 3651, 3860, 4844,
/// 7623, 7702, 7825).

#include <optional>

#include "core/expected.hpp"
#include "core/receipt.hpp"
#include "evm/env.hpp"
#include "evm/journal.hpp"
#include "evm/tracer.hpp"

namespace quarry::evm {

/// The rule that a transaction breaks.
enum class [[nodiscard]] TxnRule : std::uint8_t{
    // Of the transaction alone, under a block's rules.
    type_not_supported,  ///< its type belongs to a fork that is not in force
    wrong_chain,         ///< signed for another chain id (EIP-155)
    replay_protection,   ///< a chain id in `v` before EIP-155
    signature,           ///< r, s or v is none, or s is high (EIP-2)
    nonce_max,           ///< EIP-2681
    gas_cap,             ///< over 2^24 (EIP-7825, Osaka)
    intrinsic_gas,       ///< the gas limit is below what the transaction costs before it runs
    floor_data_gas,      ///< EIP-7623, Prague
    initcode_too_large,  ///< EIP-3860, Shanghai
    tip_above_fee_cap,   ///< EIP-1559
    fee_overflow,        ///< gas * price passes 2^256 - 1
    blob_create,         ///< a blob transaction that creates a contract
    blob_count,          ///< none, or more than a block takes
    blob_version,        ///< a versioned hash of an unknown version
    set_code_create,     ///< a set-code transaction that creates a contract
    set_code_empty,      ///< no authorization in it
    // Of the transaction in its block and state.
    fee_cap_below_base_fee,
    blob_fee_cap,     ///< below the block's blob base fee
    block_gas_limit,  ///< more gas than the block has left
    blob_gas_limit,   ///< more blob gas than the block has left
    sender_not_eoa,   ///< EIP-3607
    nonce_too_low,
    nonce_too_high,
    insufficient_funds,
};
/// geth's first words: "nonce too low", "insufficient funds for gas * price + value", "intrinsic gas too
/// low".
std::string_view to_string(TxnRule rule);

/// `detail` starts with to_string(rule) and names both values, in geth's form.
struct [[nodiscard]] TxnError {
  TxnRule rule;
  std::string detail;
};

/// Who signed an authorization (EIP-7702); nothing when the signature is none.
std::optional<Address> authority_of(const Authorization& authorization);

/// What a transaction pays before its first instruction runs.
Gas intrinsic_gas(const Transaction& txn, const Rules& rules);
/// The least it pays in the end (EIP-7623); zero before Prague.
Gas floor_data_gas(const Transaction& txn, const Rules& rules);
/// What it pays for one gas in a block with this base fee.
U256 effective_gas_price(const Transaction& txn, const U256& base_fee);

/// What is let pass when the transaction is only asked about (eth_call).
struct TxnOptions {
  bool check_nonce = true;
  bool check_funds = true;      ///< the balance for gas, and fee caps against the base fee
  bool check_signature = true;  ///< and the chain id
  bool check_sender_code = true;
  bool check_gas_cap = true;  ///< EIP-7825
};

/// The rules that ask for no state. The signature itself is recovered by sender_of (core/sender.hpp).
std::optional<TxnError> check_transaction(const Transaction& txn, const BlockEnv& env,
                                          const TxnOptions& options = {});

struct TxnOutcome {
  Status status = Status::success;
  Gas gas_used = 0;  ///< after refunds
  Gas refunded = 0;
  Gas most_gas_used = 0;  ///< before refunds: with a smaller limit it would have failed
  Bytes output;
  std::optional<Address> created;  ///< of a creation, also of one that failed
  std::vector<Log> logs;
  std::optional<Fault> fault;  ///< of the outermost frame, when it failed
  Fault deepest;               ///< of the last frame anywhere that met an undefined opcode; success if none
};

/// Runs `txn` of `sender` on `journal`, pays the fees and ends the transaction there. `gas_left` is what the
/// block has left. After an error the journal is as before.
[[nodiscard]] Expected<TxnOutcome, TxnError> execute_transaction(Journal& journal, const BlockEnv& env,
                                                                 const Transaction& txn,
                                                                 const Address& sender, Gas gas_left,
                                                                 const TxnOptions& options = {},
                                                                 Tracer* tracer = nullptr);

struct SystemCallResult {
  Status status = Status::success;
  Bytes output;
  bool no_code = false;  ///< there is nothing at the address: nothing was done
};
/// A call by the system address with 30,000,000 gas that nobody pays (EIP-4788, 2935, 7002, 7251).
SystemCallResult system_call(Journal& journal, const BlockEnv& env, const Address& to, ByteView input);

}  // namespace quarry::evm
