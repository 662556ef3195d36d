// The evm, anvil and hardhat namespaces: what tests tell a development chain, by the names that their tools
// have for it.

#include "rpc/methods.hpp"

namespace quarry::rpc {
namespace {

/// On every other chain these methods are not there.
Expected<DevControl*, RpcError> control_of(const Context& context) {
  if (context.backend.dev != nullptr) return context.backend.dev;
  return rpc_fail(RpcCode::method_not_found,
                  "the method evm_* does not exist/is not available\nOnly chains of `quarry dev` have it.");
}

/// A number, or as some tools have it hex without 0x's rules: "0x0a", or decimal text.
std::uint64_t loose_number(Params& params, std::size_t index) {
  const auto* list = params.has(index) ? &params.raw(index) : nullptr;
  if (list == nullptr) return 0;
  if (!list->is_string()) return params.quantity(index);
  const auto value = U256::parse(list->get<std::string>());
  if (!value || !value->fits_u64()) params.reject(index, "not a number");
  return value ? value->low64() : 0;
}

/// evm_mine takes nothing, a time, or {timestamp, blocks}.
Answer evm_mine(const Context& context, Params& params) {
  const auto control = control_of(context);
  if (!control) return tl::unexpected(control.error());
  std::uint64_t blocks = 1;
  std::optional<std::uint64_t> time;
  if (params.has(0) && params.raw(0).is_object()) {
    const Json& options = params.raw(0);
    const auto number = [&](const char* name) -> std::optional<std::uint64_t> {
      const auto found = options.find(name);
      if (found == options.end() || found->is_null()) return std::nullopt;
      if (found->is_number_unsigned()) return found->get<std::uint64_t>();
      const auto value = found->is_string() ? U256::parse(found->get<std::string>()) : std::nullopt;
      if (!value || !value->fits_u64()) params.reject(0, std::string(name) + " is no number");
      return value ? value->low64() : 0;
    };
    blocks = number("blocks").value_or(1);
    time = number("timestamp");
  } else if (params.has(0)) {
    time = loose_number(params, 0);
  }
  if (params.error()) return tl::unexpected(*params.error());
  if (time)
    if (auto set = (*control)->set_next_timestamp(*time); !set) return rpc_fail(set.error());
  if (auto made = (*control)->mine(blocks, 0); !made) return rpc_fail(made.error());
  return quantity_answer(0);
}

/// Blocks, and the seconds between them.
Answer mine_many(const Context& context, Params& params) {
  const auto control = control_of(context);
  if (!control) return tl::unexpected(control.error());
  const auto blocks = params.has(0) ? loose_number(params, 0) : 1;
  const auto interval = loose_number(params, 1);
  if (params.error()) return tl::unexpected(*params.error());
  if (auto made = (*control)->mine(blocks, interval); !made) return rpc_fail(made.error());
  return null_answer();
}

Answer snapshot(const Context& context, Params&) {
  const auto control = control_of(context);
  if (!control) return tl::unexpected(control.error());
  return quantity_answer((*control)->snapshot());
}

Answer revert(const Context& context, Params& params) {
  const auto control = control_of(context);
  if (!control) return tl::unexpected(control.error());
  const auto name = loose_number(params, 0);
  if (params.error()) return tl::unexpected(*params.error());
  return done_answer((*control)->revert(name));
}

Answer increase_time(const Context& context, Params& params) {
  const auto control = control_of(context);
  if (!control) return tl::unexpected(control.error());
  const auto seconds = loose_number(params, 0);
  if (seconds > INT32_MAX) params.reject(0, "more seconds than a chain lives");
  if (params.error()) return tl::unexpected(*params.error());
  return std::to_string((*control)->increase_time(static_cast<std::int64_t>(seconds)));
}

Answer set_next_timestamp(const Context& context, Params& params) {
  const auto control = control_of(context);
  if (!control) return tl::unexpected(control.error());
  const auto time = loose_number(params, 0);
  if (params.error()) return tl::unexpected(*params.error());
  if (auto set = (*control)->set_next_timestamp(time); !set) return rpc_fail(set.error());
  return null_answer();
}

Answer set_automine(const Context& context, Params& params) {
  const auto control = control_of(context);
  if (!control) return tl::unexpected(control.error());
  const bool on = params.flag(0, true);
  if (params.error()) return tl::unexpected(*params.error());
  (*control)->set_automine(on);
  return null_answer();
}

Answer get_automine(const Context& context, Params&) {
  const auto control = control_of(context);
  if (!control) return tl::unexpected(control.error());
  return bool_answer((*control)->automine());
}

Answer set_interval(const Context& context, Params& params) {
  const auto control = control_of(context);
  if (!control) return tl::unexpected(control.error());
  const auto seconds = loose_number(params, 0);
  if (params.error()) return tl::unexpected(*params.error());
  (*control)->set_interval(seconds);
  return null_answer();
}

DevChange change_of(Params& params, DevChange::Field field) {
  DevChange out;
  out.account = params.address(0);
  out.field = field;
  return out;
}

Answer make_change(const Context& context, Params& params, const DevChange& change, std::string done) {
  const auto control = control_of(context);
  if (!control) return tl::unexpected(control.error());
  if (params.error()) return tl::unexpected(*params.error());
  if (auto made = (*control)->change(change); !made) return rpc_fail(made.error());
  return done;
}

/// A number of 256 bits, in hex with or without leading zeros, or in decimal.
U256 loose_word(Params& params, std::size_t index) {
  if (!params.has(index) || !params.raw(index).is_string()) return U256{params.quantity(index)};
  const auto value = U256::parse(params.raw(index).get<std::string>());
  if (!value) params.reject(index, "not a number");
  return value.value_or(U256{});
}

Answer set_balance(const Context& context, Params& params) {
  auto change = change_of(params, DevChange::Field::balance);
  change.value = loose_word(params, 1);
  return make_change(context, params, change, "null");
}

Answer set_nonce(const Context& context, Params& params) {
  auto change = change_of(params, DevChange::Field::nonce);
  change.value = U256{loose_number(params, 1)};
  return make_change(context, params, change, "null");
}

Answer set_code(const Context& context, Params& params) {
  auto change = change_of(params, DevChange::Field::code);
  change.code = params.data(1);
  return make_change(context, params, change, "null");
}

Answer set_storage(const Context& context, Params& params) {
  auto change = change_of(params, DevChange::Field::slot);
  change.key = loose_word(params, 1);
  change.value = loose_word(params, 2);
  return make_change(context, params, change, "true");
}

template <bool on>
Answer impersonate(const Context& context, Params& params) {
  const auto control = control_of(context);
  if (!control) return tl::unexpected(control.error());
  const auto account = params.address(0);
  if (params.error()) return tl::unexpected(*params.error());
  (*control)->impersonate(account, on);
  return std::string(on ? "null" : "true");
}

Answer impersonate_all(const Context& context, Params& params) {
  const auto control = control_of(context);
  if (!control) return tl::unexpected(control.error());
  const bool on = params.flag(0, true);
  if (params.error()) return tl::unexpected(*params.error());
  (*control)->impersonate(std::nullopt, on);
  return null_answer();
}

constexpr Method kMethods[] = {
    {"anvil_autoImpersonateAccount", Where::worker, impersonate_all, "on",
     "takes transactions from every account", "null"},
    {"anvil_impersonateAccount", Where::worker, impersonate<true>, "address",
     "takes transactions from an account without its key", "null"},
    {"anvil_getAutomine", Where::worker, get_automine, "", "whether a transaction gets a block at once",
     "Boolean"},
    {"anvil_mine", Where::slow, mine_many, "blocks?, seconds?", "makes blocks, so many seconds apart",
     "null"},
    {"anvil_revert", Where::slow, revert, "snapshot", "as evm_revert", "Boolean"},
    {"anvil_setAutomine", Where::worker, set_automine, "on", "as evm_setAutomine", "null"},
    {"anvil_setBalance", Where::slow, set_balance, "address, wei", "sets an account's balance, in a block",
     "null"},
    {"anvil_setCode", Where::slow, set_code, "address, bytes", "sets an account's code, in a block", "null"},
    {"anvil_setIntervalMining", Where::worker, set_interval, "seconds", "as evm_setIntervalMining", "null"},
    {"anvil_setNextBlockTimestamp", Where::worker, set_next_timestamp, "time", "as evm_setNextBlockTimestamp",
     "null"},
    {"anvil_setNonce", Where::slow, set_nonce, "address, nonce", "sets an account's nonce, in a block",
     "null"},
    {"anvil_setStorageAt", Where::slow, set_storage, "address, slot, value",
     "sets a storage slot, in a block", "Boolean"},
    {"anvil_snapshot", Where::worker, snapshot, "", "as evm_snapshot", "Quantity"},
    {"anvil_stopImpersonatingAccount", Where::worker, impersonate<false>, "address",
     "asks for the account's key again", "Boolean"},
    {"evm_increaseTime", Where::worker, increase_time, "seconds",
     "moves the clock on; gives how far it is moved in all", "Integer"},
    {"evm_mine", Where::slow, evm_mine, "mine?", "makes a block, with or without transactions", "Quantity"},
    {"evm_revert", Where::slow, revert, "snapshot", "goes back to a snapshot, which is used up", "Boolean"},
    {"evm_setAutomine", Where::worker, set_automine, "on", "says whether a transaction gets a block at once",
     "null"},
    {"evm_setIntervalMining", Where::worker, set_interval, "seconds",
     "makes a block every so many seconds; 0: when asked only", "null"},
    {"evm_setNextBlockTimestamp", Where::worker, set_next_timestamp, "time",
     "the next block's time, from which the clock goes on", "null"},
    {"evm_snapshot", Where::worker, snapshot, "", "remembers the chain as it is, under the number it gives",
     "Quantity"},
    {"hardhat_impersonateAccount", Where::worker, impersonate<true>, "address", "as anvil_impersonateAccount",
     "null"},
    {"hardhat_mine", Where::slow, mine_many, "blocks?, seconds?", "as anvil_mine", "null"},
    {"hardhat_setBalance", Where::slow, set_balance, "address, wei", "as anvil_setBalance", "null"},
    {"hardhat_setCode", Where::slow, set_code, "address, bytes", "as anvil_setCode", "null"},
    {"hardhat_setNonce", Where::slow, set_nonce, "address, nonce", "as anvil_setNonce", "null"},
    {"hardhat_setStorageAt", Where::slow, set_storage, "address, slot, value", "as anvil_setStorageAt",
     "Boolean"},
    {"hardhat_stopImpersonatingAccount", Where::worker, impersonate<false>, "address",
     "as anvil_stopImpersonatingAccount", "Boolean"},
};

}  // namespace

std::span<const Method> dev_methods() {
  return kMethods;
}

}  // namespace quarry::rpc
