#pragma once
/// \file
/// The one table of methods: name, thread, parameters, handler. Each namespace's file fills its part.

#include <atomic>
#include <functional>
#include <span>
#include <string_view>

#include "rpc/backend.hpp"
#include "rpc/modules.hpp"
#include "rpc/params.hpp"

namespace quarry::rpc {

/// Where a method runs.
enum class Where : std::uint8_t {
  loop,     ///< on the loop: reads what is at hand in memory and nothing else
  worker,   ///< on the RPC workers: reads the database, asks other threads
  waiting,  ///< on a thread that may wait for the chain to move on
  slow,     ///< on a thread for what takes a second or more: key derivation, files of blocks
};

/// What handlers work with.
struct Context {
  const Backend& backend;
  const Caller& caller;
  /// The server ends: who waits answers now.
  const std::atomic<bool>& stopping;
};

struct Method {
  std::string_view name;  ///< "eth_getBlockByNumber": the module is what stands before the underscore
  Where where;
  Answer (*handler)(const Context& context, Params& params);
  /// Names of the parameters, "block, full?": those with a question mark may be left out, and nothing
  /// without one follows them. A name says what it takes: see kParameters in schema_types.inc.
  std::string_view params;
  std::string_view doc;  ///< one line
  /// The type of the answer, "Block|null", in the notation of rpc/schema.hpp.
  std::string_view result;
};

std::span<const Method> admin_methods();
std::span<const Method> clique_methods();
std::span<const Method> debug_methods();
std::span<const Method> debug_dump_methods();
std::span<const Method> debug_state_methods();
std::span<const Method> debug_trace_methods();
std::span<const Method> dev_methods();
std::span<const Method> eth_methods();
std::span<const Method> eth_account_methods();
std::span<const Method> eth_call_methods();
std::span<const Method> eth_config_methods();
std::span<const Method> eth_fee_methods();
std::span<const Method> eth_filter_methods();
std::span<const Method> eth_log_methods();
std::span<const Method> eth_proof_methods();
std::span<const Method> eth_send_methods();
std::span<const Method> eth_sign_methods();
std::span<const Method> eth_simulate_methods();
std::span<const Method> eth_transaction_methods();
std::span<const Method> eth_work_methods();
std::span<const Method> jbc_methods();
std::span<const Method> miner_methods();
std::span<const Method> net_methods();
std::span<const Method> ots_methods();
std::span<const Method> personal_methods();
std::span<const Method> testing_methods();
std::span<const Method> trace_block_methods();
std::span<const Method> trace_call_methods();
std::span<const Method> txpool_methods();
std::span<const Method> web3_methods();

/// All of them, in the order of their names.
const std::vector<Method>& all_methods();

/// The part before the underscore.
inline std::string_view module_of(std::string_view method) {
  return method.substr(0, method.find('_'));
}

struct ParamCount {
  std::size_t least = 0;
  std::size_t most = 0;
};
ParamCount param_count(const Method& method);

// What handlers answer with.
inline Answer json_answer(const Json& value) {
  return text_of(value);
}
inline Answer bool_answer(bool value) {
  return std::string(value ? "true" : "false");
}
inline Answer null_answer() {
  return std::string("null");
}
/// "0x1b4" as JSON text.
Answer quantity_answer(std::uint64_t value);
inline Answer quantity_answer(const U256& value) {
  return "\"" + value.to_quantity() + "\"";
}
inline Answer hex_answer(ByteView bytes) {
  return "\"" + to_hex0x(bytes) + "\"";
}
/// A result without a value as true, or its error.
Answer done_answer(const Result<>& result);
Answer done_answer(const Result<bool>& result);

}  // namespace quarry::rpc
