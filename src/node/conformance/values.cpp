#include "node/conformance/values.hpp"

#include <nlohmann/json.hpp>

#include "core/hex.hpp"

namespace quarry::conformance {
namespace {
U256 number_in(std::string_view text) {
  constexpr std::string_view kBig = "0x:bigint ";
  if (text.starts_with(kBig)) text.remove_prefix(kBig.size());
  if (text.empty() || text == "0x") return {};
  if (const auto value = U256::parse(text)) return *value;
  throw BadTest("\"" + std::string(text) + "\" is no number below 2^256");
}
}  // namespace

Bytes bytes_of(std::string_view text) {
  if (text.empty() || text == "0x") return {};
  auto bytes = from_hex(text);
  if (!bytes) throw BadTest("\"" + std::string(text.substr(0, 80)) + "\" is no byte string in hex");
  return std::move(*bytes);
}

Bytes bytes_of(const nlohmann::json& value) {
  return bytes_of(std::string_view(value.get_ref<const std::string&>()));
}

U256 number_of(const nlohmann::json& value) {
  if (value.is_number_unsigned()) return U256{value.get<std::uint64_t>()};
  if (value.is_number()) throw BadTest(value.dump() + " is no whole number below 2^64");
  return number_in(value.get_ref<const std::string&>());
}

std::uint64_t u64_of(const nlohmann::json& value) {
  const U256 number = number_of(value);
  if (!number.fits_u64()) throw BadTest(number.to_quantity() + " does not fit 64 bits");
  return number.low64();
}

template <class T>
T word_of(std::string_view text) {
  return T(number_in(text).to_be());
}
template SlotKey word_of<SlotKey>(std::string_view);
template SlotValue word_of<SlotValue>(std::string_view);

}  // namespace quarry::conformance
