#include "rpc/params.hpp"

#include <fmt/format.h>

#include <array>

namespace quarry::rpc {
namespace {

/// Why `text` is no 0x-prefixed hex data; empty when it is. geth's words (common/hexutil).
std::string_view hex_fault(std::string_view text) {
  if (text.empty()) return "empty hex string";
  if (!text.starts_with("0x") && !text.starts_with("0X")) return "hex string without 0x prefix";
  const auto digits = text.substr(2);
  if (digits.find_first_not_of("0123456789abcdefABCDEF") != std::string_view::npos)
    return "invalid hex string";
  return digits.size() % 2 != 0 ? "hex string of odd length" : "";
}

/// Why `text` is no QUANTITY of so many bits, 64 or 256.
std::string_view quantity_fault(std::string_view text, std::size_t bits = 64) {
  if (text.empty()) return "empty hex string";
  if (!text.starts_with("0x") && !text.starts_with("0X")) return "hex string without 0x prefix";
  const auto digits = text.substr(2);
  if (digits.empty()) return "hex string \"0x\"";
  if (digits.size() > 1 && digits[0] == '0') return "hex number with leading zero digits";
  if (digits.find_first_not_of("0123456789abcdefABCDEF") != std::string_view::npos)
    return "invalid hex string";
  if (digits.size() <= bits / 4) return "";
  return bits == 64 ? "hex number > 64 bits" : "hex number > 256 bits";
}

std::uint64_t value_of(const std::string& quantity) {
  return std::stoull(quantity.substr(2), nullptr, 16);
}

struct Tag {
  std::string_view name;
  BlockRef::Kind kind;
};
constexpr std::array kTags = {
    Tag{"latest", BlockRef::Kind::latest},       Tag{"earliest", BlockRef::Kind::earliest},
    Tag{"pending", BlockRef::Kind::pending},     Tag{"safe", BlockRef::Kind::safe},
    Tag{"finalized", BlockRef::Kind::finalized},
};

std::string_view json_kind(const Json& value) {
  if (value.is_boolean()) return "bool";
  if (value.is_number()) return "number";
  if (value.is_object()) return "object";
  return value.is_array() ? "array" : "string";
}

}  // namespace

void Params::reject(std::size_t index, const std::string& why) {
  if (!error_) error_ = RpcError{RpcCode::invalid_params, fmt::format("invalid argument {}: {}", index, why)};
}

void Params::fail(RpcError error) {
  if (!error_) error_ = std::move(error);
}

void Params::reject_plain(const std::string& why) {
  if (!error_) error_ = RpcError{RpcCode::invalid_params, why};
}

void Params::reject_type(std::size_t index, std::string_view value, std::string_view go_type) {
  reject(index, fmt::format("json: cannot unmarshal {} into Go value of type {}", value, go_type));
}

const Json* Params::at(std::size_t index) {
  if (has(index)) return &array_[index];
  if (!error_)
    error_ = RpcError{RpcCode::invalid_params, fmt::format("missing value for required argument {}", index)};
  return nullptr;
}

const std::string* Params::string_at(std::size_t index, std::string_view go_type) {
  const auto* value = at(index);
  if (value == nullptr) return nullptr;
  if (value->is_string()) return &value->get_ref<const std::string&>();
  reject_type(index, "non-string", go_type);
  return nullptr;
}

void Params::read_fixed(std::size_t index, std::string_view go_type, std::span<std::uint8_t> out) {
  if (const auto* text = string_at(index, go_type)) read_fixed_text(index, *text, go_type, out);
}

void Params::read_fixed_text(std::size_t index, const std::string& text, std::string_view go_type,
                             std::span<std::uint8_t> out) {
  if (const auto fault = hex_fault(text); !fault.empty()) return reject_type(index, fault, go_type);
  if (text.size() != 2 + 2 * out.size()) {
    return reject(index, fmt::format("hex string has length {}, want {} for {}", text.size() - 2,
                                     2 * out.size(), go_type));
  }
  from_hex(std::string_view(text).substr(2), out);
}

std::uint64_t Params::quantity(std::size_t index) {
  const auto* value = at(index);
  if (value == nullptr) return 0;
  if (value->is_number_unsigned()) return value->get<std::uint64_t>();
  const auto* text = string_at(index, "hexutil.Uint64");
  if (text == nullptr) return 0;
  if (const auto fault = quantity_fault(*text); !fault.empty()) {
    reject_type(index, fault, "hexutil.Uint64");
    return 0;
  }
  return value_of(*text);
}

U256 Params::amount(std::size_t index) {
  const auto* value = at(index);
  if (value == nullptr) return {};
  if (value->is_number_unsigned()) return U256{value->get<std::uint64_t>()};
  const auto* text = string_at(index, "hexutil.Big");
  if (text == nullptr) return {};
  if (const auto fault = quantity_fault(*text, 256); !fault.empty()) {
    reject_type(index, fault, "hexutil.Big");
    return {};
  }
  return U256::parse(*text).value_or(U256{});
}

Bytes Params::data(std::size_t index) {
  const auto* text = string_at(index, "hexutil.Bytes");
  if (text == nullptr) return {};
  if (const auto fault = hex_fault(*text); !fault.empty()) {
    reject_type(index, fault, "hexutil.Bytes");
    return {};
  }
  return from_hex(std::string_view(*text).substr(2)).value_or(Bytes{});
}

std::string Params::text(std::size_t index) {
  const auto* value = at(index);
  if (value == nullptr) return {};
  if (value->is_string()) return value->get<std::string>();
  reject_type(index, json_kind(*value), "string");
  return {};
}

bool Params::is_long_text(std::size_t index, std::size_t most) const {
  return has(index) && array_[index].is_string() && array_[index].get_ref<const std::string&>().size() > most;
}

bool Params::flag(std::size_t index, bool fallback) {
  if (!has(index)) return fallback;
  const auto& value = array_[index];
  if (value.is_boolean()) return value.get<bool>();
  reject_type(index, json_kind(value), "bool");
  return fallback;
}

const Json* Params::array(std::size_t index) {
  if (!has(index)) return nullptr;
  if (array_[index].is_array()) return &array_[index];
  reject_type(index, json_kind(array_[index]), "[]float64");
  return nullptr;
}

void Params::read_height(std::size_t index, const std::string& text, BlockRef& out) {
  if (const auto fault = quantity_fault(text); !fault.empty()) return reject(index, std::string(fault));
  out.kind = BlockRef::Kind::number;
  out.number = value_of(text);
  if (out.number > INT64_MAX) reject(index, "Blocknumber too high");
}

BlockRef Params::block_of_object(std::size_t index, const Json& object) {
  BlockRef out;
  const auto hash = object.find("blockHash");
  const auto number = object.find("blockNumber");
  if ((hash != object.end()) == (number != object.end())) {
    reject(index, "a block object has either blockHash or blockNumber");
    return out;
  }
  const auto& chosen = hash != object.end() ? *hash : *number;
  if (!chosen.is_string()) {
    reject(index, "blockHash and blockNumber are hex strings");
    return out;
  }
  const auto& text = chosen.get_ref<const std::string&>();
  if (number != object.end()) {
    read_height(index, text, out);
    return out;
  }
  const auto value = hex_fault(text).empty() ? BlockHash::from_hex(text) : std::nullopt;
  if (!value) reject(index, "blockHash is not 32 bytes of 0x-prefixed hex");
  out.kind = BlockRef::Kind::hash;
  out.hash = value.value_or(BlockHash{});
  return out;
}

BlockRef Params::block(std::size_t index) {
  return has(index) ? block_of(index, array_[index]) : BlockRef{};
}

BlockRef Params::block_of(std::size_t index, const Json& value) {
  BlockRef out;
  if (value.is_object()) return block_of_object(index, value);
  if (!value.is_string()) {
    // geth reads the bare text of a number here, and misses its prefix.
    reject(index, value.is_number() ? "hex string without 0x prefix" : "a block is a tag or a hex number");
    return out;
  }
  const auto& text = value.get_ref<const std::string&>();
  for (const auto& tag : kTags) {
    if (tag.name != text) continue;
    out.kind = tag.kind;
    return out;
  }
  if (text.size() == 2 + 2 * BlockHash::kSize) {
    out.kind = BlockRef::Kind::hash;
    read_fixed_text(index, text, "common.Hash", out.hash.bytes);
    return out;
  }
  read_height(index, text, out);
  return out;
}

SlotKey Params::slot(std::size_t index) {
  const auto* text = string_at(index, "string");
  if (text == nullptr) return {};
  std::string digits = text->starts_with("0x") || text->starts_with("0X") ? text->substr(2) : *text;
  if (digits.size() > 64) {
    reject(index, "storage slot of more than 32 bytes");
    return {};
  }
  digits.insert(0, 64 - digits.size(), '0');
  const auto key = SlotKey::from_hex(digits);
  if (!key) reject(index, "invalid hex string");
  return key.value_or(SlotKey{});
}

FieldReader::FieldReader(Params& params, std::size_t index, std::string_view go_struct)
    : params_(params), index_(index), go_struct_(go_struct) {
  if (const auto* value = params.at(index)) take(*value);
}

FieldReader::FieldReader(Params& params, std::size_t index, const Json& object, std::string_view go_struct)
    : params_(params), index_(index), go_struct_(go_struct) {
  take(object);
}

void FieldReader::take(const Json& value) {
  if (value.is_object()) {
    object_ = &value;
  } else {
    params_.reject_type(index_, json_kind(value), go_struct_);
  }
}

nlohmann::detail::iteration_proxy<Json::const_iterator> FieldReader::items() const {
  static const Json kNone = Json::object();
  return (object_ == nullptr ? kNone : *object_).items();
}

const Json* FieldReader::find(std::string_view name) {
  if (object_ == nullptr) return nullptr;
  const auto found = object_->find(name);
  return found == object_->end() || found->is_null() ? nullptr : &*found;
}

void FieldReader::reject_field(std::string_view fault, std::string_view name, std::string_view go_type) {
  reject(fmt::format("json: cannot unmarshal {} into Go struct field {}.{} of type {}", fault, go_struct_,
                     name, go_type));
}

const std::string* FieldReader::text(const Json& value, std::string_view name, std::string_view go_type) {
  if (value.is_string()) return &value.get_ref<const std::string&>();
  reject_field("non-string", name, go_type);
  return nullptr;
}

U256 FieldReader::read_quantity(const Json& value, std::string_view name) {
  if (value.is_number_unsigned()) return value.get<std::uint64_t>();
  const auto* digits = text(value, name, "*hexutil.Big");
  if (digits == nullptr) return {};
  if (const auto fault = quantity_fault(*digits, 256); !fault.empty()) {
    reject_field(fault, name, "*hexutil.Big");
    return {};
  }
  return U256::parse("0x" + digits->substr(2)).value_or(U256{});
}

std::optional<U256> FieldReader::big_quantity(std::string_view name) {
  const auto* value = find(name);
  return value == nullptr ? std::nullopt : std::optional(read_quantity(*value, name));
}

std::optional<std::uint64_t> FieldReader::quantity(std::string_view name) {
  const auto value = big_quantity(name);
  if (!value || value->fits_u64()) return value ? std::optional(value->low64()) : std::nullopt;
  reject_field("hex number > 64 bits", name, "hexutil.Uint64");
  return std::nullopt;
}

std::optional<Bytes> FieldReader::data(std::string_view name) {
  const auto* value = find(name);
  if (value == nullptr) return std::nullopt;
  const auto* digits = text(*value, name, "hexutil.Bytes");
  if (digits == nullptr) return std::nullopt;
  if (const auto fault = hex_fault(*digits); !fault.empty()) {
    reject_field(fault, name, "hexutil.Bytes");
    return std::nullopt;
  }
  return from_hex(std::string_view(*digits).substr(2));
}

void FieldReader::read_fixed(const Json& value, std::string_view go_type, std::span<std::uint8_t> out) {
  if (!value.is_string()) return params_.reject_type(index_, "non-string", go_type);
  params_.read_fixed_text(index_, value.get_ref<const std::string&>(), go_type, out);
}

std::optional<Address> FieldReader::address(std::string_view name) {
  const auto* value = find(name);
  if (value == nullptr) return std::nullopt;
  // As clients write "no address".
  if (value->is_string() && (*value == "" || *value == "0x")) return std::nullopt;
  Address out;
  read_fixed(*value, "common.Address", out.bytes);
  return out;
}

std::optional<Hash256> FieldReader::hash(std::string_view name) {
  const auto* value = find(name);
  if (value == nullptr) return std::nullopt;
  Hash256 out;
  read_fixed(*value, "common.Hash", out.bytes);
  return out;
}

bool FieldReader::flag(std::string_view name, bool fallback) {
  const auto* value = find(name);
  if (value == nullptr) return fallback;
  if (value->is_boolean()) return value->get<bool>();
  reject(fmt::format("{} is true or false", name));
  return fallback;
}

const Json* FieldReader::array(std::string_view name) {
  const auto* value = find(name);
  if (value == nullptr || (value->is_array() && value->size() <= kMostItems)) return value;
  reject(fmt::format("{} is an array", name));
  return nullptr;
}

BlockRef FieldReader::block(std::string_view name) {
  const auto* value = find(name);
  return value == nullptr ? BlockRef{} : params_.block_of(index_, *value);
}

}  // namespace quarry::rpc
