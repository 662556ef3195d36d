#include "rpc/json_rpc.hpp"

#include <fmt/format.h>

#include "rpc/quick_request.hpp"

namespace quarry::rpc {
namespace {

/// Looks at brackets outside of strings, without recursion.
std::optional<RpcError> check_shape(std::string_view text) {
  std::size_t depth = 0;
  std::size_t tokens = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    switch (text[i]) {
      case '"':
        for (++i; i < text.size() && text[i] != '"'; ++i) {
          if (text[i] == '\\') ++i;
        }
        break;
      case '[':
      case '{':
        ++tokens;
        if (++depth > kMaxDepth) {
          return RpcError{RpcCode::parse_error, fmt::format("nested deeper than {} levels", kMaxDepth)};
        }
        break;
      case ']':
      case '}':
        if (depth > 0) --depth;
        break;
      case ',':
      case ':':
        ++tokens;
        break;
      default:
        break;
    }
  }
  if (tokens <= kMaxTokens) return std::nullopt;
  return RpcError{RpcCode::invalid_request, fmt::format("more than {} values in one message", kMaxTokens)};
}

/// The parser's own words, without its prefix.
std::string parse_failure(std::string_view text) {
  try {
    const auto ignored = Json::parse(text.begin(), text.end());
  } catch (const Json::exception& error) {
    const std::string what = error.what();
    const auto at = what.find("parse error");
    return "invalid JSON: " + (at == std::string::npos ? what : what.substr(at));
  }
  return "invalid JSON";
}

bool take_id(Request& out, const Json& object) {
  const auto id = object.find("id");
  if (id == object.end()) {
    out.notification = true;
    return true;
  }
  if (!id->is_string() && !id->is_number() && !id->is_null()) return false;
  out.id = text_of(*id);
  return true;
}

std::optional<RpcError> take_method(Request& out, Json& object) {
  const auto version = object.find("jsonrpc");
  if (version != object.end() && *version != "2.0") {
    return RpcError{RpcCode::invalid_request, "invalid request: jsonrpc is not \"2.0\""};
  }
  const auto method = object.find("method");
  if (method == object.end() || !method->is_string()) {
    return RpcError{RpcCode::invalid_request, "invalid request: method is missing or no string"};
  }
  out.method = std::move(method->get_ref<std::string&>());
  const auto params = object.find("params");
  if (params == object.end() || params->is_null()) return std::nullopt;
  if (!params->is_array()) return RpcError{RpcCode::invalid_params, "non-array args"};
  out.params = std::move(*params);
  return std::nullopt;
}

Request take_request(Json& value) {
  Request out;
  if (!value.is_object()) {
    out.error = RpcError{RpcCode::invalid_request, "invalid request: not an object"};
  } else if (!take_id(out, value)) {
    out.error = RpcError{RpcCode::invalid_request, "invalid request: id is neither a number nor a string"};
  } else {
    out.error = take_method(out, value);
    // Without a method it is no notification, which nobody would learn of.
    if (out.error && out.error->code == RpcCode::invalid_request) out.notification = false;
  }
  return out;
}

Message take_batch(Json& value, std::size_t most) {
  Message out;
  out.batch = true;
  if (value.empty()) {
    out.error = RpcError{RpcCode::invalid_request, "empty batch"};
  } else if (most != 0 && value.size() > most) {
    // As geth: one answer, to the first of them.
    auto first = take_request(value.front());
    first.notification = false;
    first.error = RpcError{
        RpcCode::invalid_request,
        fmt::format("batch too large\nIt has {} requests, at most {} are taken (--rpc.batch-request-limit).",
                    value.size(), most)};
    out.requests.push_back(std::move(first));
  } else {
    for (auto& entry : value) out.requests.push_back(take_request(entry));
  }
  return out;
}

}  // namespace

tl::unexpected<RpcError> rpc_fail(const Error& error) {
  return rpc_fail(RpcCode::failed, error.remedy.empty() ? error.what : error.what + "\n" + error.remedy);
}

Message parse_message(std::string_view text, std::size_t most_requests) {
  Message out;
  if ((out.error = check_shape(text))) return out;
  if (auto request = quick_request(text)) {
    out.requests.push_back(std::move(*request));
    return out;
  }
  return parse_any_message(text, most_requests);
}

Message parse_any_message(std::string_view text, std::size_t most_requests) {
  Message out;
  if ((out.error = check_shape(text))) return out;
  auto value = Json::parse(text.begin(), text.end(), nullptr, false);
  if (value.is_discarded()) {
    out.error = RpcError{RpcCode::parse_error, parse_failure(text)};
    return out;
  }
  if (value.is_array()) return take_batch(value, most_requests);
  out.requests.push_back(take_request(value));
  return out;
}

void append_answer(std::string& to, const std::string& id, const Answer& answer) {
  to.append(R"({"jsonrpc":"2.0","id":)").append(id);
  if (answer) {
    to.append(R"(,"result":)").append(*answer).append("}");
    return;
  }
  to.append(R"(,"error":{"code":)").append(std::to_string(static_cast<int>(answer.error().code)));
  to.append(R"(,"message":)").append(text_of(answer.error().message));
  if (!answer.error().data.empty()) to.append(R"(,"data":)").append(answer.error().data);
  to.append("}}");
}

std::string text_of(const Json& value) {
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace quarry::rpc
