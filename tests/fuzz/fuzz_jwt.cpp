// Arbitrary text as a token: none is taken that was not made with the secret.

#include "core/check.hpp"
#include "rpc/jwt.hpp"

using namespace quarry;
using namespace quarry::rpc;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::chrono::seconds kNow{1'700'000'000};
  static const JwtSecret secret{1, 2, 3};
  static const std::string good = make_token(secret, kNow);
  const std::string text(reinterpret_cast<const char*>(data), size);
  QUARRY_CHECK(!check_token(text, secret, kNow) || text == "Bearer " + good);
  QUARRY_CHECK(!check_token("Bearer " + text, secret, kNow) || text == good);
  // The text in each part's place, the others being right.
  const auto first = good.find('.'), second = good.rfind('.');
  for (const auto& token : {text + good.substr(first), good.substr(0, first + 1) + text + good.substr(second),
                            good.substr(0, second + 1) + text})
    QUARRY_CHECK(!check_token("Bearer " + token, secret, kNow) || token == good);
  return 0;
}
