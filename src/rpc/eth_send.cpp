// The eth and personal namespaces: signing and sending.

#include <fmt/format.h>

#include "core/keccak.hpp"
#include "core/log.hpp"
#include "core/sender.hpp"
#include "rpc/call.hpp"
#include "rpc/fees.hpp"
#include "rpc/signing.hpp"

namespace quarry::rpc {
namespace {

/// EIP-155: a legacy transaction's v is this, twice the chain id and the recovery id.
constexpr std::uint64_t kChainV = 35, kPlainV = 27;

}  // namespace

Sign unlocked(const Context& context) {
  return [&context](const Address& from, const Hash256& hash) -> Result<RecoverableSignature> {
    if (context.caller.exposed && !context.backend.exposed_may_sign) {
      return fail(
          "account unlock with HTTP access is forbidden",
          "Whoever reaches this port could spend from unlocked accounts: use the IPC socket or --rpcaddr "
          "127.0.0.1, or allow it with --allow-insecure-unlock.");
    }
    return context.backend.accounts.sign(from, hash);
  };
}
Sign by_passphrase(const Context& context, std::string passphrase) {
  return [&context, passphrase = std::move(passphrase)](const Address& from, const Hash256& hash) {
    return context.backend.accounts.sign_with(from, passphrase, hash);
  };
}

namespace {

/// geth's signer for messages: nobody can be made to sign a transaction this way (EIP-191).
Hash256 message_hash(ByteView message) {
  Bytes text =
      to_bytes(as_bytes(fmt::format("\x19"
                                    "Ethereum Signed Message:\n{}",
                                    message.size())));
  append(text, message);
  return keccak256(text);
}

}  // namespace

Answer message_answer(const Result<RecoverableSignature>& signature) {
  if (!signature) return rpc_fail(signature.error());
  auto bytes = signature->bytes;
  bytes[64] = static_cast<std::uint8_t>(bytes[64] + kPlainV);
  return hex_answer(bytes);
}

namespace {

void fill_fees(const Context& context, CallArgs& args, const Rules& rules) {
  if (args.gas_price) return;
  const bool typed = args.max_fee || args.max_tip;
  if (!typed && !rules.has(Fork::london)) {
    args.gas_price = suggested_price(context);
    return;
  }
  if (!args.max_tip) args.max_tip = suggested_tip(context);
  if (args.max_fee) {
    args.max_tip = std::min(*args.max_tip, *args.max_fee);
    return;
  }
  const auto header = context.backend.reader.header(context.backend.reader.head());
  const auto base_fee = header ? (*header)->base_fee_per_gas.value_or(U256{}) : U256{};
  args.max_fee = *args.max_tip + base_fee + base_fee;
}

}  // namespace

std::optional<RpcError> fill(const Context& context, Params& params, CallArgs& args) {
  const auto& spec = context.backend.chain.spec();
  if (args.max_fee && args.max_tip && *args.max_fee < *args.max_tip) {
    return RpcError{RpcCode::failed, fmt::format("maxFeePerGas ({}) < maxPriorityFeePerGas ({})",
                                                 args.max_fee->to_quantity(), args.max_tip->to_quantity())};
  }
  if (!args.to && args.data.empty()) {
    return RpcError{RpcCode::failed, "contract creation without any data provided"};
  }
  if (args.chain_id && *args.chain_id != spec.chain_id) {
    return RpcError{RpcCode::failed, fmt::format("chainId does not match node's (have={}, want={})",
                                                 args.chain_id->to_decimal(), spec.chain_id.to_decimal())};
  }
  args.chain_id = spec.chain_id;
  if (!args.nonce) args.nonce = context.backend.pool.next_nonce(args.from.value_or(Address{}));
  if (!args.gas) {
    // The estimate of a sender who names no price is not about what they can pay.
    auto site = CallSite::of(context, params, params.size());
    if (!site) return site.error();
    auto gas = estimate_gas(*site, args, context.backend.call_limits.most_gas);
    if (!gas) return gas.error();
    args.gas = *gas;
  }
  fill_fees(context, args, next_rules(context));
  return std::nullopt;
}

namespace {

std::string ether_text(const Wei& wei) {
  const Wei cent{10'000'000'000'000'000};
  const auto cents = ((wei + cent / U256{2}) / cent).to_decimal();
  const auto padded = std::string(cents.size() < 3 ? 3 - cents.size() : 0, '0') + cents;
  return padded.substr(0, padded.size() - 2) + "." + padded.substr(padded.size() - 2);
}

/// geth's guard against a slip of the comma.
std::optional<RpcError> check_fee(const Context& context, const Transaction& txn) {
  const auto& most = context.backend.call_limits.most_fee;
  if (most.is_zero()) return std::nullopt;
  // Not by a product, which may pass 2^256.
  const Wei gas{std::max<Gas>(txn.gas_limit, 1)};
  if (txn.max_fee_per_gas <= most / gas) return std::nullopt;
  const bool wraps = txn.max_fee_per_gas > U256::max() / gas;
  const auto fee = wraps ? "2^256 wei" : ether_text(txn.max_fee_per_gas * gas) + " ether";
  return RpcError{
      RpcCode::failed,
      fmt::format("tx fee ({}) exceeds the configured cap ({} ether)\nIs the gas price in wei? If it "
                  "is meant so, start the node with a higher --rpc.txfeecap (in ether; 0: any).",
                  fee, ether_text(most))};
}

}  // namespace

Expected<Transaction, RpcError> signed_transaction(const Context& context, const CallArgs& args,
                                                   const Sign& sign) {
  auto txn = args.transaction();
  if (auto error = check_fee(context, txn)) return tl::unexpected(std::move(*error));
  const bool legacy = txn.type == TxnType::legacy;
  const bool bound = !txn.chain_id.is_zero() && next_rules(context).has(Fork::eip155);
  if (legacy) txn.v = bound ? txn.chain_id + txn.chain_id + U256{kChainV} : U256{kPlainV};
  const auto signature = sign(*args.from, signing_hash(txn));
  if (!signature) return rpc_fail(signature.error());
  if (legacy) txn.chain_id = {};
  txn.r = U256::from_be(signature->view().first(32));
  txn.s = U256::from_be(signature->view().subspan(32, 32));
  txn.v = (legacy ? txn.v : U256{}) + U256{signature->bytes[64]};
  return txn;
}

namespace {

/// Filled in and signed, from the parameter's object.
Expected<Transaction, RpcError> signed_parameter(const Context& context, Params& params, const Sign& sign) {
  auto args = read_call_args(params, 0);
  if (!params.error() && !args.from) params.reject(0, "from not specified");
  if (params.error()) return tl::unexpected(*params.error());
  if (auto error = fill(context, params, args)) return tl::unexpected(*error);
  return signed_transaction(context, args, sign);
}

}  // namespace

namespace {

/// geth's rule: what nobody bound to this chain could be sent on another one by anybody who sees it. Where
/// EIP-155 does not hold there is no other way to sign.
bool is_unprotected(const Context& context, const Transaction& txn) {
  const bool plain = txn.type == TxnType::legacy && (txn.v == U256{kPlainV} || txn.v == U256{kPlainV + 1});
  return plain && !context.backend.unprotected_allowed && next_rules(context).has(Fork::eip155);
}

}  // namespace

Answer submit(const Context& context, const Transaction& txn) {
  if (is_unprotected(context, txn)) {
    return rpc_fail(Error{"only replay-protected (EIP-155) transactions allowed over RPC",
                          "Sign it with the chain id, or start the node with --rpc.allow-unprotected-txs."});
  }
  if (auto error = check_fee(context, txn)) return tl::unexpected(std::move(*error));
  if (auto added = context.backend.pool.add(txn); !added) return rpc_fail(added.error());
  const auto hash = hash_of(txn);
  if (txn.to) {
    log_info("Submitted transaction", {{"fullhash", hash.hex()}, {"recipient", txn.to->hex()}});
  } else {
    log_info("Submitted contract creation", {{"fullhash", hash.hex()}});
  }
  return hex_answer(hash);
}

Expected<TxnHash, RpcError> submit_raw(const Context& context, Params& params, std::size_t index) {
  const auto bytes = params.data(index);
  if (params.error()) return tl::unexpected(*params.error());
  const auto fault = [](std::string_view what, rlp::DecodeError error) {
    return rpc_fail(RpcCode::failed,
                    fmt::format("rlp: the bytes are no {}: {}", what, rlp::to_string(error)));
  };
  if (!carries_blobs(bytes)) {
    const auto txn = decode_transaction(bytes);
    if (!txn) return fault("signed transaction", txn.error());
    if (auto sent = submit(context, *txn); !sent) return tl::unexpected(sent.error());
    return hash_of(*txn);
  }
  const auto carried = decode_carried(bytes);
  if (!carried) return fault("transaction with its blobs", carried.error());
  if (auto added = context.backend.pool.add_carried(*carried); !added) return rpc_fail(added.error());
  const auto hash = hash_of(carried->txn);
  log_info("Submitted blob transaction", {{"fullhash", hash.hex()}});
  return hash;
}

namespace {

Answer send_raw(const Context& context, Params& params) {
  const auto hash = submit_raw(context, params, 0);
  if (!hash) return tl::unexpected(hash.error());
  return hex_answer(*hash);
}

/// Signs with an unlocked account. That it is locked is told before anything else that may be wrong.
Expected<Transaction, RpcError> signed_by_unlocked(const Context& context, Params& params) {
  const auto sign = unlocked(context);
  const auto args = read_call_args(params, 0);
  if (!params.error() && args.from) {
    if (const auto trial = sign(*args.from, Hash256{}); !trial) return rpc_fail(trial.error());
  }
  return signed_parameter(context, params, sign);
}

Answer send(const Context& context, Params& params) {
  const auto txn = signed_by_unlocked(context, params);
  if (!txn) return tl::unexpected(txn.error());
  return submit(context, *txn);
}

Answer send_with(const Context& context, Params& params) {
  const auto passphrase = params.text(1);
  const auto txn = signed_parameter(context, params, by_passphrase(context, passphrase));
  if (!txn) return tl::unexpected(txn.error());
  return submit(context, *txn);
}

Answer sign_transaction(const Context& context, Params& params) {
  const auto txn = signed_by_unlocked(context, params);
  if (!txn) return tl::unexpected(txn.error());
  return signed_view(*txn);
}

Answer sign_transaction_with(const Context& context, Params& params) {
  const auto passphrase = params.text(1);
  const auto txn = signed_parameter(context, params, by_passphrase(context, passphrase));
  if (!txn) return tl::unexpected(txn.error());
  return signed_view(*txn);
}

Answer fill_transaction(const Context& context, Params& params) {
  auto args = read_call_args(params, 0);
  if (params.error()) return tl::unexpected(*params.error());
  if (auto error = fill(context, params, args)) return tl::unexpected(*error);
  return signed_view(args.transaction());
}

Answer sign_message(const Context& context, Params& params) {
  const auto address = params.address(0);
  const auto message = params.data(1);
  if (params.error()) return tl::unexpected(*params.error());
  return message_answer(unlocked(context)(address, message_hash(message)));
}

/// The same with its parameters the other way round, and a passphrase.
Answer personal_sign(const Context& context, Params& params) {
  const auto message = params.data(0);
  const auto address = params.address(1);
  const auto passphrase = params.has(2) ? params.text(2) : std::string{};
  if (params.error()) return tl::unexpected(*params.error());
  const auto hash = message_hash(message);
  if (!params.has(2)) return message_answer(context.backend.accounts.sign(address, hash));
  return message_answer(context.backend.accounts.sign_with(address, passphrase, hash));
}

Answer recover_signer(const Context&, Params& params) {
  const auto message = params.data(0);
  auto signature = params.fixed<RecoverableSignature>(1, "hexutil.Bytes");
  if (params.error()) return tl::unexpected(*params.error());
  if (signature.bytes[64] != kPlainV && signature.bytes[64] != kPlainV + 1) {
    return rpc_fail(RpcCode::failed, "invalid Ethereum signature (V is not 27 or 28)");
  }
  signature.bytes[64] = static_cast<std::uint8_t>(signature.bytes[64] - kPlainV);
  const auto key = recover(signature, message_hash(message));
  if (!key) return rpc_fail(RpcCode::failed, "recovery failed: the signature is none");
  return hex_answer(address_of(*key));
}

constexpr Method kMethods[] = {
    {"eth_fillTransaction", Where::worker, fill_transaction, "transaction",
     "what sending would put in: nonce, gas, price", "SignedTransaction"},
    {"eth_sendRawTransaction", Where::worker, send_raw, "bytes", "takes a signed transaction", "Hash"},
    {"eth_sendTransaction", Where::worker, send, "transaction", "signs with an unlocked account, and sends",
     "Hash"},
    {"eth_sign", Where::worker, sign_message, "address, message",
     "an unlocked account's signature of a message", "Signature"},
    {"eth_signTransaction", Where::worker, sign_transaction, "transaction",
     "signs with an unlocked account, and does not send", "SignedTransaction"},
    {"personal_ecRecover", Where::worker, recover_signer, "message, signature", "who signed a message",
     "Address"},
    {"personal_sendTransaction", Where::slow, send_with, "transaction, passphrase",
     "signs with a locked account, and sends", "Hash"},
    {"personal_sign", Where::slow, personal_sign, "message, address, passphrase?",
     "an account's signature of a message", "Signature"},
    {"personal_signAndSendTransaction", Where::slow, send_with, "transaction, passphrase",
     "the former name of personal_sendTransaction", "Hash"},
    {"personal_signTransaction", Where::slow, sign_transaction_with, "transaction, passphrase",
     "signs with a locked account, and does not send", "SignedTransaction"},
};

}  // namespace

std::span<const Method> eth_send_methods() {
  return kMethods;
}

}  // namespace quarry::rpc
