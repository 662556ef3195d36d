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

constexpr Method kMethods[] = {
    {"anvil_getAutomine", Where::worker, get_automine, "", "whether a transaction gets a block at once",
     "Boolean"},
    {"anvil_mine", Where::slow, mine_many, "blocks?, seconds?", "makes blocks, so many seconds apart",
     "null"},
    {"anvil_revert", Where::slow, revert, "snapshot", "as evm_revert", "Boolean"},
    {"anvil_setAutomine", Where::worker, set_automine, "on", "as evm_setAutomine", "null"},
    {"anvil_setIntervalMining", Where::worker, set_interval, "seconds", "as evm_setIntervalMining", "null"},
    {"anvil_setNextBlockTimestamp", Where::worker, set_next_timestamp, "time", "as evm_setNextBlockTimestamp",
     "null"},
    {"anvil_snapshot", Where::worker, snapshot, "", "as evm_snapshot", "Quantity"},
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
    {"hardhat_mine", Where::slow, mine_many, "blocks?, seconds?", "as anvil_mine", "null"},
};

}  // namespace

std::span<const Method> dev_methods() {
  return kMethods;
}

}  // namespace quarry::rpc
