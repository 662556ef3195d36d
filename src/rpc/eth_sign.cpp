// The eth and personal namespaces: typed data, sending again, sending and waiting, keys from elsewhere.

#include <fmt/format.h>

#include <thread>

#include "core/sender.hpp"
#include "rpc/lookup.hpp"
#include "rpc/signing.hpp"
#include "rpc/typed_data.hpp"

namespace quarry::rpc {
namespace {

/// How long eth_sendRawTransactionSync waits when it is not told, and at most (EIP-7966; geth's).
constexpr std::chrono::milliseconds kDefaultWait{20'000}, kMostWait{60'000};
/// How often it looks.
constexpr std::chrono::milliseconds kLook{20};
/// geth's code for a transaction that no block took in time.
constexpr auto kSyncTimeout = static_cast<RpcCode>(4);

Answer sign_typed_data(const Context& context, Params& params) {
  const auto address = params.address(0);
  if (params.error()) return tl::unexpected(*params.error());
  // Some clients send the object, some its text.
  const auto* given = params.value(1);
  const auto data = given != nullptr && given->is_string()
                        ? Json::parse(given->get_ref<const std::string&>(), nullptr, false)
                        : (given == nullptr ? Json() : *given);
  const auto hash = typed_data_hash(data);
  if (!hash) return rpc_fail(RpcCode::invalid_params, "typed data: " + hash.error().what);
  return message_answer(unlocked(context)(address, *hash));
}

/// The receipt as eth_getTransactionReceipt gives it.
Answer wait_for_receipt(const Context& context, const TxnHash& hash, std::chrono::milliseconds most) {
  const auto until = std::chrono::steady_clock::now() + most;
  for (;;) {
    const Json array = {hash.hex()};
    Params params(array);
    auto receipt = get_receipt(context, params);
    if (!receipt || *receipt != "null") return receipt;
    if (context.stopping || std::chrono::steady_clock::now() > until) break;
    std::this_thread::sleep_for(kLook);
  }
  return tl::unexpected(
      RpcError{kSyncTimeout,
               fmt::format("The transaction was added to the transaction pool but wasn't processed in {}s",
                           static_cast<double>(most.count()) / 1000),
               "\"" + hash.hex() + "\""});
}

Answer send_raw_and_wait(const Context& context, Params& params) {
  const auto asked = params.has(1) ? params.quantity(1) : 0;
  if (params.error()) return tl::unexpected(*params.error());
  const auto most = asked == 0 ? kDefaultWait
                               : std::chrono::milliseconds(std::min<std::uint64_t>(asked, kMostWait.count()));
  const auto hash = submit_raw(context, params, 0);
  if (!hash) return tl::unexpected(hash.error());
  return wait_for_receipt(context, *hash, most);
}

bool is_same(const Transaction& waiting, const Transaction& wanted) {
  return waiting.nonce == wanted.nonce && waiting.to == wanted.to && waiting.value == wanted.value &&
         waiting.data == wanted.data;
}

/// Signs a transaction that waits again, with another price or gas limit.
Answer resend(const Context& context, Params& params) {
  auto args = read_call_args(params, 0);
  const auto price = params.has(1) ? std::optional(params.amount(1)) : std::nullopt;
  const auto gas = params.has(2) ? std::optional(params.quantity(2)) : std::nullopt;
  if (params.error()) return tl::unexpected(*params.error());
  if (!args.nonce) return rpc_fail(RpcCode::failed, "missing transaction nonce in transaction spec");
  const auto from = args.from.value_or(Address{});
  const auto wanted = args.transaction();
  for (const auto& waiting : context.backend.pool.pending()) {
    if (!is_same(waiting, wanted) || sender_of(waiting) != from) continue;
    if (price && !price->is_zero()) {
      args.gas_price = *price;
      args.max_fee = args.max_tip = std::nullopt;
    } else if (!args.gas_price && !args.max_fee) {
      args.gas_price = waiting.max_fee_per_gas;
    }
    args.gas = gas && *gas != 0 ? *gas : args.gas.value_or(waiting.gas_limit);
    if (auto error = fill(context, params, args)) return tl::unexpected(*error);
    const auto txn = signed_transaction(context, args, unlocked(context));
    if (!txn) return tl::unexpected(txn.error());
    return submit(context, *txn);
  }
  return rpc_fail(RpcCode::failed, fmt::format("transaction {} not found", hash_of(wanted).hex()));
}

Answer import_raw_key(const Context& context, Params& params) {
  auto text = params.text(0);
  const auto passphrase = params.text(1);
  if (params.error()) return tl::unexpected(*params.error());
  if (text.starts_with("0x")) text = text.substr(2);
  const auto key = PrivateKey::from_hex(text);
  if (!key) return rpc_fail(RpcCode::failed, "invalid hex data for private key");
  const auto address = context.backend.accounts.import_key(*key, passphrase);
  if (!address) return rpc_fail(address.error());
  return hex_answer(*address);
}

/// What geth does with hardware: there is none here.
Answer no_such_wallet(Params& params) {
  if (params.error()) return tl::unexpected(*params.error());
  return rpc_fail(Error{"unknown wallet", "Accounts are in the keystore: personal.listWallets shows them."});
}

Answer initialize_wallet(const Context&, Params& params) {
  (void)params.text(0);
  return no_such_wallet(params);
}

Answer open_wallet(const Context&, Params& params) {
  (void)params.text(0);
  if (params.has(1)) (void)params.text(1);
  return no_such_wallet(params);
}

Answer derive_account(const Context&, Params& params) {
  (void)params.text(0), (void)params.text(1);
  (void)params.flag(2, false);
  return no_such_wallet(params);
}

constexpr Method kMethods[] = {
    {"eth_resend", Where::worker, resend, "transaction, price?, gas?",
     "sends one of this node's waiting transactions again, with another price or gas limit", "Hash"},
    {"eth_sendRawTransactionSync", Where::waiting, send_raw_and_wait, "bytes, wait?",
     "takes a signed transaction and answers with its receipt, once a block has it (EIP-7966)", "Receipt"},
    {"eth_signTypedData", Where::worker, sign_typed_data, "address, typed_data",
     "an unlocked account's signature of typed data (EIP-712)", "Signature"},
    {"eth_signTypedData_v4", Where::worker, sign_typed_data, "address, typed_data",
     "an unlocked account's signature of typed data (EIP-712)", "Signature"},
    {"personal_deriveAccount", Where::worker, derive_account, "url, path, pin?",
     "an account of a hardware wallet: there are none", "Address"},
    {"personal_importRawKey", Where::slow, import_raw_key, "key, passphrase",
     "keeps a key that was made elsewhere under the passphrase", "Address"},
    {"personal_initializeWallet", Where::worker, initialize_wallet, "url",
     "sets up a hardware wallet: there are none", "String"},
    {"personal_openWallet", Where::worker, open_wallet, "url, passphrase?",
     "opens a hardware wallet: there are none", "null"},
};

}  // namespace

std::span<const Method> eth_sign_methods() {
  return kMethods;
}

}  // namespace quarry::rpc
