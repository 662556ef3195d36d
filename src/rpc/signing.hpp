#pragma once
/// \file
/// Who signs for a caller, and transactions that are filled in, signed and sent.

#include "rpc/call_args.hpp"
#include "rpc/methods.hpp"

namespace quarry::rpc {

/// A signer: by an unlocked account, or by a passphrase.
using Sign = std::function<Result<RecoverableSignature>(const Address&, const Hash256&)>;
Sign unlocked(const Context& context);
Sign by_passphrase(const Context& context, std::string passphrase);

/// r, s, and v as 27 or 28; or the error.
Answer message_answer(const Result<RecoverableSignature>& signature);

/// Puts in what the sender left out: nonce, price, gas, chain.
std::optional<RpcError> fill(const Context& context, Params& params, CallArgs& args);
Expected<Transaction, RpcError> signed_transaction(const Context& context, const CallArgs& args,
                                                   const Sign& sign);
/// Hands it to the pool; its hash.
Answer submit(const Context& context, const Transaction& txn);
/// The same of the bytes of a signed transaction, which a blob transaction's blobs come with: parameter
/// `index`.
Expected<TxnHash, RpcError> submit_raw(const Context& context, Params& params, std::size_t index);

}  // namespace quarry::rpc
