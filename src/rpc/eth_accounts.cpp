// The eth namespace: accounts as a whole, headers alone, and transactions by who sent them.

#include <algorithm>

#include "core/sender.hpp"
#include "rpc/lookup.hpp"

namespace quarry::rpc {
namespace {

template <FirstParam first>
Answer get_header(const Context& context, Params& params) {
  const auto id = first(context.backend.reader, params);
  if (params.error()) return tl::unexpected(*params.error());
  const auto header = id ? context.backend.reader.header(*id) : std::nullopt;
  return header ? header_view(*header) : null_answer();
}

/// As the trie has it; null where there is none.
Answer get_account(const Context& context, Params& params) {
  const auto address = params.address(0);
  const auto state = state_of(context, params, 1);
  if (!state) return tl::unexpected(state.error());
  const auto account = (*state)->account(address);
  if (!account) return null_answer();
  JsonText out;
  out.begin_object();
  out.key("balance").quantity(account->balance);
  out.key("codeHash").hex(account->code_hash);
  out.key("nonce").quantity(account->nonce);
  out.key("storageRoot").hex(account->storage_root);
  return out.end_object().take();
}

Answer get_account_info(const Context& context, Params& params) {
  const auto address = params.address(0);
  const auto state = state_of(context, params, 1);
  if (!state) return tl::unexpected(state.error());
  const auto account = (*state)->account(address).value_or(Account{});
  JsonText out;
  out.begin_object();
  out.key("balance").quantity(account.balance);
  out.key("code").hex(account.code_hash == kEmptyCodeHash ? Bytes{} : (*state)->code(account.code_hash));
  out.key("nonce").quantity(account.nonce);
  return out.end_object().take();
}

/// The account's nonce after a block.
Result<std::uint64_t> nonce_after(const ChainReader& reader, BlockNum number, const Address& address) {
  const auto id = reader.canonical(number);
  if (!id) return fail("header not found");
  const auto state = reader.state_at(*id);
  if (!state) return tl::unexpected(state.error());
  const auto account = (*state)->account(address);
  return account ? account->nonce : 0;
}

/// The first block after which the account's nonce is above `nonce`, by bisection: nonces only grow.
Result<std::optional<BlockNum>> block_of_nonce(const ChainReader& reader, const Address& sender,
                                               std::uint64_t nonce) {
  BlockNum low = reader.oldest_state(), high = reader.head().number;
  const auto now = nonce_after(reader, high, sender);
  if (!now) return tl::unexpected(now.error());
  if (*now <= nonce) return std::nullopt;
  while (low < high) {
    const BlockNum middle = low + (high - low) / 2;
    const auto then = nonce_after(reader, middle, sender);
    if (!then) return tl::unexpected(then.error());
    if (*then > nonce)
      high = middle;
    else
      low = middle + 1;
  }
  return low;
}

Answer get_transaction_by_nonce(const Context& context, Params& params) {
  const auto sender = params.address(0);
  const auto nonce = params.quantity(1);
  if (params.error()) return tl::unexpected(*params.error());
  const auto& reader = context.backend.reader;
  const auto number = block_of_nonce(reader, sender, nonce);
  if (!number) return rpc_fail(number.error());
  const auto is_it = [&](const Transaction& txn) { return txn.nonce == nonce && sender_of(txn) == sender; };
  if (!*number) {
    for (const auto& txn : context.backend.pool.pending())
      if (is_it(txn)) return pending_view(txn);
    return null_answer();
  }
  const auto block = load(reader, reader.canonical(**number));
  if (!block) return null_answer();
  const auto& txns = block->body.transactions;
  const auto found = std::find_if(txns.begin(), txns.end(), is_it);
  if (found == txns.end()) return null_answer();
  return transaction_view(*found, place_of(block->header), static_cast<std::size_t>(found - txns.begin()));
}

constexpr Method kMethods[] = {
    {"eth_getAccount", Where::worker, get_account, "address, block?",
     "an account's balance, nonce, code hash and storage root", "Account|null"},
    {"eth_getAccountInfo", Where::worker, get_account_info, "address, block?",
     "an account's balance, nonce and code", "AccountInfo"},
    {"eth_getHeaderByHash", Where::worker, get_header<by_hash>, "hash", "the header of a block of any branch",
     "Header|null"},
    {"eth_getHeaderByNumber", Where::worker, get_header<by_number>, "block",
     "the header of a block of the canonical chain", "Header|null"},
    {"eth_getTransactionBySenderAndNonce", Where::worker, get_transaction_by_nonce, "address, nonce",
     "the transaction with which an account used a nonce", "Transaction|null"},
};

}  // namespace

std::span<const Method> eth_account_methods() {
  return kMethods;
}

}  // namespace quarry::rpc
