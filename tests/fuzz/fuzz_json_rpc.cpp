// Arbitrary bytes as JSON-RPC messages, whole and cut out of a stream.

#include "core/check.hpp"
#include "rpc/json_rpc.hpp"
#include "rpc/json_stream.hpp"
#include "rpc/params.hpp"

using namespace quarry;
using namespace quarry::rpc;

namespace {

/// Every reader of parameters on every parameter: answers, never throws.
void read_all(const Request& request) {
  for (std::size_t i = 0; i < request.params.size() && i < 4; ++i) {
    Params params(request.params);
    params.address(i), params.block_hash(i), params.quantity(i), params.data(i), params.text(i);
    params.flag(i, false), params.block(i), params.slot(i);
    if (params.error()) QUARRY_CHECK(!params.error()->message.empty());
  }
}

/// The quick way and the general one read the same.
void check_agreement(const Message& quick, const Message& general) {
  QUARRY_CHECK(quick.batch == general.batch && quick.requests.size() == general.requests.size());
  QUARRY_CHECK(quick.error.has_value() == general.error.has_value());
  for (std::size_t i = 0; i < quick.requests.size(); ++i) {
    const auto& a = quick.requests[i];
    const auto& b = general.requests[i];
    QUARRY_CHECK(a.id == b.id && a.notification == b.notification && a.method == b.method &&
                 a.params == b.params);
    QUARRY_CHECK(a.error.has_value() == b.error.has_value());
  }
}

void answer(std::string_view text) {
  const auto message = parse_message(text);
  check_agreement(message, parse_any_message(text));
  QUARRY_CHECK(message.error || !message.requests.empty());
  for (const auto& request : message.requests) {
    read_all(request);
    std::string out;
    append_answer(out, request.id, rpc_fail(RpcCode::failed, request.method));
    QUARRY_CHECK(Json::accept(out));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const std::size_t piece = data[0] == 0 ? size : data[0];
  ByteView input{data + 1, size - 1};
  answer(as_text(input));
  JsonStream stream;
  while (!input.empty() && !stream.failed()) {
    const auto step = stream.feed(input.first(std::min(piece, input.size())));
    QUARRY_CHECK(step.used > 0 || stream.failed());
    input = input.subspan(step.used);
    if (step.message) answer(*step.message);
  }
  return 0;
}
