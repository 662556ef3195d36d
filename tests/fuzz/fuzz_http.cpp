// Arbitrary bytes, in arbitrary pieces, through the reader of HTTP requests.

#include "core/check.hpp"
#include "net/http_request.hpp"

using namespace quarry;
using namespace quarry::net;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const std::size_t piece = data[0] == 0 ? size : data[0];
  ByteView input{data + 1, size - 1};
  HttpRequestLimits limits;
  limits.header_bytes = 512;
  limits.header_count = 8;
  limits.body_bytes = 256;
  std::size_t requests = 0;
  HttpRequestParser::Events events;
  events.on_expect_continue = [](const HttpRequest&) {};
  events.on_request = [&](HttpRequest& request) {
    ++requests;
    QUARRY_CHECK(request.body.size() <= limits.body_bytes && request.headers.size() <= limits.header_count);
  };
  HttpRequestParser parser(limits, std::move(events), (data[0] & 1) != 0);
  while (!input.empty()) {
    const auto before = requests;
    const auto used = parser.feed(input.first(std::min(piece, input.size())));
    QUARRY_CHECK(used <= input.size());
    input = input.subspan(used);
    if (parser.state() == HttpRequestParser::State::failed) {
      QUARRY_CHECK(parser.refusal().status >= 400 && !parser.refusal().text.empty());
      break;
    }
    QUARRY_CHECK(used != 0 || requests != before);
    parser.resume();
  }
  return 0;
}
