#include "rpc/dispatcher.hpp"

#include <fmt/format.h>

#include <unordered_map>

#include "core/log.hpp"
#include "rpc/methods.hpp"

namespace quarry::rpc {
namespace {

const Method* find_method(std::string_view name) {
  static const auto index = [] {
    std::unordered_map<std::string_view, const Method*> out;
    for (const auto& method : all_methods()) out.emplace(method.name, &method);
    return out;
  }();
  const auto found = index.find(name);
  return found == index.end() ? nullptr : found->second;
}

tl::unexpected<RpcError> no_such_method(std::string_view name) {
  return rpc_fail(RpcCode::method_not_found,
                  fmt::format("the method {} does not exist/is not available", name));
}

/// The method, if this caller may call it.
Expected<const Method*, RpcError> admit(const Request& request, const Caller& caller) {
  const auto* method = find_method(request.method);
  if (method == nullptr) return no_such_method(request.method);
  const auto module = module_of(method->name);
  if (!caller.modules.has(module)) {
    auto refusal = no_such_method(request.method).value();
    refusal.message +=
        fmt::format("\nIts module is off here: start the node with --rpcapi {},{}.", kDefaultModules, module);
    return tl::unexpected(refusal);
  }
  if (!caller.exposed || !is_sensitive(method->name)) return method;
  auto refusal = no_such_method(request.method).value();
  refusal.message += fmt::format(
      "\n{} is refused over HTTP and WebSocket on an address that other machines reach: use the IPC socket, "
      "or "
      "start the node with --rpcaddr 127.0.0.1, or with --rpc.jwtsecret FILE.",
      module == "debug" ? std::string(method->name) : fmt::format("The module {}", module));
  return tl::unexpected(refusal);
}

Answer run(const Context& context, const Request& request) {
  if (request.error) return tl::unexpected(*request.error);
  const auto method = admit(request, context.caller);
  if (!method) return tl::unexpected(method.error());
  const auto count = param_count(**method);
  if (request.params.size() > count.most) {
    return rpc_fail(RpcCode::invalid_params, fmt::format("too many arguments, want at most {}", count.most));
  }
  Params params(request.params);
  for (std::size_t i = 0; i < count.least; ++i) {
    if (params.has(i)) continue;
    return rpc_fail(RpcCode::invalid_params, fmt::format("missing value for required argument {}", i));
  }
  // The last resort: a client gets an answer even when a library throws.
  try {
    return (*method)->handler(context, params);
  } catch (const std::exception& error) {
    log_error("RPC method failed", {{"method", request.method}, {"err", error.what()}});
    return rpc_fail(RpcCode::internal, "internal error");
  }
}

/// A bare name, shortened: it came from outside.
std::string id_of(const Message& message) {
  return message.batch || message.requests.empty() ? "null" : message.requests.front().id;
}

}  // namespace

Where Dispatcher::where(const Message& message) {
  if (message.error) return Where::loop;
  Where out = message.batch ? Where::worker : Where::loop;
  for (const auto& request : message.requests) {
    const auto* method = request.error ? nullptr : find_method(request.method);
    if (method != nullptr) out = std::max(out, method->where);
  }
  return out;
}

Message Dispatcher::parse(std::string_view text) const {
  return parse_message(text, backend_.message_limits.batch_requests);
}

void Dispatcher::append(std::string& to, const Request& request, const Caller& caller,
                        Clock::time_point until) const {
  if (Clock::now() > until) {
    append_answer(to, request.id, rpc_fail(RpcCode::timed_out, "request timed out"));
  } else {
    append_answer(to, request.id, run({backend_, caller, stopping_}, request));
  }
}

std::string Dispatcher::answer(const Message& message, const Caller& caller, Clock::time_point since) const {
  const auto until = since + backend_.message_limits.most_time;
  const auto most_bytes = backend_.message_limits.batch_answer_bytes;
  std::string out;
  if (message.error) {
    append_answer(out, "null", tl::unexpected(*message.error));
    return out;
  }
  if (!message.batch) {
    const auto& request = message.requests.front();
    append(out, request, caller, until);
    return request.notification ? std::string{} : out;
  }
  std::string one;
  for (const auto& request : message.requests) {
    one.clear();
    if (most_bytes != 0 && out.size() > most_bytes) {
      append_answer(one, request.id, rpc_fail(RpcCode::answer_too_large, "response too large"));
    } else {
      append(one, request, caller, until);
    }
    if (request.notification) continue;
    out.append(out.empty() ? "[" : ",").append(one);
  }
  if (!out.empty()) out.append("]");
  return out;
}

std::string Dispatcher::call(std::string_view message, const Caller& caller) const {
  return answer(parse(message), caller, Clock::now());
}

std::string error_answer(const Message& message, int code, std::string_view text) {
  std::string out;
  append_answer(out, id_of(message), rpc_fail(static_cast<RpcCode>(code), std::string(text)));
  return out;
}

}  // namespace quarry::rpc
