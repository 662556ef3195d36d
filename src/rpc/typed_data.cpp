#include "rpc/typed_data.hpp"

#include <fmt/format.h>

#include <charconv>
#include <map>
#include <set>

#include "core/hex.hpp"
#include "core/keccak.hpp"
#include "core/u256.hpp"

namespace quarry::rpc {
namespace {

constexpr std::string_view kDomain = "EIP712Domain";
constexpr std::size_t kWord = 32;
/// Types of one request, and members of one type.
constexpr std::size_t kMostTypes = 256;
/// Structs and lists inside each other; a message's own nesting is bounded too.
constexpr unsigned kMostNesting = 64;

struct Member {
  std::string name, type;
};
using Types = std::map<std::string, std::vector<Member>>;

/// "Person[3][]" is a list of "Person[3]".
std::optional<std::string> element_of(const std::string& type) {
  if (!type.ends_with("]")) return std::nullopt;
  return type.substr(0, type.rfind('['));
}

std::string base_of(const std::string& type) {
  return type.substr(0, type.find('['));
}

/// The N of "uint256"; nothing when it is none.
std::optional<unsigned> number_after(std::string_view type, std::string_view prefix) {
  if (!type.starts_with(prefix)) return std::nullopt;
  const auto digits = type.substr(prefix.size());
  unsigned out = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), out);
  if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  return out;
}

Result<Types> read_types(const Json& data) {
  const auto found = data.find("types");
  if (found == data.end() || !found->is_object()) return fail("types are missing");
  if (found->size() > kMostTypes) return fail("too many types");
  Types out;
  for (const auto& [name, members] : found->items()) {
    if (!members.is_array() || members.size() > kMostTypes)
      return fail(fmt::format("type {} is no list of its members", name));
    auto& type = out[name];
    for (const auto& member : members) {
      if (!member.is_object() || !member.contains("name") || !member.contains("type") ||
          !member["name"].is_string() || !member["type"].is_string())
        return fail(fmt::format("a member of type {} has no name or no type", name));
      type.push_back({member["name"], member["type"]});
    }
  }
  return out;
}

class Encoder {
 public:
  explicit Encoder(const Types& types) : types_(types) {}
  Result<Hash256> hash_struct(const std::string& type, const Json& value, unsigned depth = 0) const;

 private:
  using Word = std::array<std::uint8_t, kWord>;
  void collect(const std::string& type, std::set<std::string>& into) const;
  std::string type_text(const std::string& type) const;
  Result<Word> word(const std::string& type, const Json& value, unsigned depth) const;
  Result<Word> list(const std::string& element, const Json& value, unsigned depth) const;
  Result<Word> plain(const std::string& type, const Json& value) const;

  const Types& types_;
};

void Encoder::collect(const std::string& type, std::set<std::string>& into) const {
  const auto found = types_.find(type);
  if (found == types_.end() || !into.insert(type).second) return;
  for (const auto& member : found->second) collect(base_of(member.type), into);
}

/// The type and those it refers to, these sorted by name.
std::string Encoder::type_text(const std::string& type) const {
  std::set<std::string> all;
  collect(type, all);
  all.erase(type);
  std::string out;
  const auto add = [&](const std::string& name) {
    out += name + "(";
    const auto& members = types_.at(name);
    for (std::size_t i = 0; i < members.size(); ++i)
      out += (i == 0 ? "" : ",") + members[i].type + " " + members[i].name;
    out += ")";
  };
  add(type);
  for (const auto& name : all) add(name);
  return out;
}

Result<Hash256> Encoder::hash_struct(const std::string& type, const Json& value, unsigned depth) const {
  const auto found = types_.find(type);
  if (found == types_.end()) return fail(fmt::format("type {} is not among the types", type));
  if (depth > kMostNesting) return fail("the message is nested too deeply");
  if (!value.is_object()) return fail(fmt::format("a value of type {} is no object", type));
  Keccak256 hasher;
  hasher.update(keccak256(as_bytes(type_text(type))));
  static const Json kNull;
  for (const auto& member : found->second) {
    const auto at = value.find(member.name);
    const auto encoded = word(member.type, at == value.end() ? kNull : *at, depth + 1);
    if (!encoded) return fail(fmt::format("{}.{}: {}", type, member.name, encoded.error().what));
    hasher.update(*encoded);
  }
  return hasher.digest();
}

Result<Encoder::Word> Encoder::word(const std::string& type, const Json& value, unsigned depth) const {
  if (depth > kMostNesting) return fail("the message is nested too deeply");
  if (const auto element = element_of(type)) return list(*element, value, depth);
  if (types_.count(type) == 0) return plain(type, value);
  if (value.is_null()) return Word{};
  const auto hash = hash_struct(type, value, depth);
  if (!hash) return tl::unexpected(hash.error());
  return hash->bytes;
}

Result<Encoder::Word> Encoder::list(const std::string& element, const Json& value, unsigned depth) const {
  if (!value.is_array()) return fail(fmt::format("a list of {} is no array", element));
  Keccak256 hasher;
  for (const auto& item : value) {
    const auto encoded = word(element, item, depth + 1);
    if (!encoded) return encoded;
    hasher.update(*encoded);
  }
  return hasher.digest().bytes;
}

/// A JSON number, or text in decimal or hex, with a sign where there may be one.
Result<U256> read_integer(const Json& value, unsigned bits, bool has_sign) {
  bool negative = false;
  std::optional<U256> amount;
  if (value.is_number_unsigned()) {
    amount = U256{value.get<std::uint64_t>()};
  } else if (value.is_number_integer()) {
    negative = true;
    amount = U256{std::uint64_t{0} - static_cast<std::uint64_t>(value.get<std::int64_t>())};
  } else if (value.is_string()) {
    std::string text = value;
    negative = text.starts_with("-");
    amount = U256::parse(negative ? text.substr(1) : text);
  }
  if (!amount) return fail("is no integer");
  if (negative && !has_sign) return fail("is negative");
  const unsigned room = has_sign ? bits - 1 : bits;
  const U256 end = room >= 256 ? U256::max() : (U256{1} << room) - U256{1};
  if (negative ? *amount > end + U256{1} : *amount > end)
    return fail(fmt::format("needs more than {} bits", bits));
  return negative ? U256{} - *amount : *amount;
}

Result<Encoder::Word> Encoder::plain(const std::string& type, const Json& value) const {
  if (type == "string") {
    if (!value.is_string()) return fail("is no string");
    return keccak256(as_bytes(value.get_ref<const std::string&>())).bytes;
  }
  if (type == "bool") {
    if (!value.is_boolean()) return fail("is no bool");
    return U256{value.get<bool>() ? 1U : 0U}.to_be();
  }
  const auto is_uint = number_after(type, "uint"), is_int = number_after(type, "int");
  if (const auto bits = is_uint ? is_uint : is_int) {
    if (*bits == 0 || *bits > 256 || *bits % 8 != 0) return fail(fmt::format("{} is no type", type));
    const auto number = read_integer(value, *bits, is_int.has_value());
    if (!number) return tl::unexpected(number.error());
    return number->to_be();
  }
  const auto bytes = value.is_string() ? from_hex(value.get_ref<const std::string&>()) : std::nullopt;
  if (type == "bytes") {
    if (!bytes) return fail("is no hex string");
    return keccak256(*bytes).bytes;
  }
  const auto size = type == "address" ? std::optional(20U) : number_after(type, "bytes");
  if (!size || *size == 0 || *size > kWord) return fail(fmt::format("type {} is not among the types", type));
  if (!bytes || bytes->size() != *size) return fail(fmt::format("is not {} bytes of hex", *size));
  Word out{};
  std::copy(bytes->begin(), bytes->end(), type == "address" ? out.begin() + 12 : out.begin());
  return out;
}

}  // namespace

Result<Hash256> typed_data_hash(const Json& data) {
  if (!data.is_object()) return fail("typed data is an object");
  const auto types = read_types(data);
  if (!types) return tl::unexpected(types.error());
  const auto primary = data.find("primaryType");
  if (primary == data.end() || !primary->is_string()) return fail("primaryType is missing");
  const Encoder encoder(*types);
  const auto part = [&](const char* name) { return data.contains(name) ? data[name] : Json::object(); };
  const auto domain = encoder.hash_struct(std::string(kDomain), part("domain"));
  if (!domain) return domain;
  const std::uint8_t prefix[] = {0x19, 0x01};
  Keccak256 hasher;
  hasher.update(prefix).update(*domain);
  if (*primary != kDomain) {
    const auto message = encoder.hash_struct(primary->get<std::string>(), part("message"));
    if (!message) return message;
    hasher.update(*message);
  }
  return hasher.digest();
}

}  // namespace quarry::rpc
