#pragma once
/// \file
/// Typed readers of a request's parameters. Errors name the argument, in geth 1.7.3's words.

#include <optional>
#include <string>

#include "core/fixed_bytes.hpp"
#include "core/quantities.hpp"
#include "rpc/json_rpc.hpp"

namespace quarry::rpc {

/// A block as a request names it.
struct BlockRef {
  enum class Kind : std::uint8_t { latest, earliest, pending, safe, finalized, number, hash };
  Kind kind = Kind::latest;
  BlockNum number = 0;
  BlockHash hash;
};

/// Reads parameters by position. The first error sticks; later reads give empty values, so a handler reads
/// all it wants and then asks error() once.
class Params {
 public:
  explicit Params(const Json& array) : array_(array) {}

  const std::optional<RpcError>& error() const { return error_; }
  std::size_t size() const { return array_.size(); }
  /// As it was given; it is there (has()).
  const Json& raw(std::size_t index) const { return array_[index]; }
  /// Neither missing nor null.
  bool has(std::size_t index) const { return index < array_.size() && !array_[index].is_null(); }

  /// `Type` is a FixedBytes; `go_type` is what geth calls it in errors.
  template <class Type>
  Type fixed(std::size_t index, std::string_view go_type) {
    Type out;
    read_fixed(index, go_type, out.bytes);
    return out;
  }
  Address address(std::size_t index) { return fixed<Address>(index, "common.Address"); }
  BlockHash block_hash(std::size_t index) { return fixed<BlockHash>(index, "common.Hash"); }

  /// Is it text of more characters than these?
  bool is_long_text(std::size_t index, std::size_t most) const;

  /// "0x…" without leading zeros; a JSON number is taken as well.
  std::uint64_t quantity(std::size_t index);
  /// The same up to 2^256 - 1.
  U256 amount(std::size_t index);
  /// As it came; nullptr when missing.
  const Json* value(std::size_t index) const { return has(index) ? &array_[index] : nullptr; }
  /// Hex data of any even length.
  Bytes data(std::size_t index);
  std::string text(std::size_t index);
  /// The fallback when missing.
  bool flag(std::size_t index, bool fallback);
  /// nullptr when missing.
  const Json* array(std::size_t index);
  /// A tag, a height, a hash, or by EIP-1898 {"blockHash": …} or {"blockNumber": …}; latest when missing.
  BlockRef block(std::size_t index);
  /// A storage slot's number: "0x0" or all 32 bytes.
  SlotKey slot(std::size_t index);

  /// For a handler's own checks: "invalid argument <index>: <why>".
  void reject(std::size_t index, const std::string& why);
  /// The same where geth's text does not name the argument.
  void reject_plain(const std::string& why);
  /// Any error, unless there is one already.
  void fail(RpcError error);

 private:
  friend class FieldReader;
  const Json* at(std::size_t index);
  const std::string* string_at(std::size_t index, std::string_view go_type);
  void reject_type(std::size_t index, std::string_view value, std::string_view go_type);
  void read_fixed(std::size_t index, std::string_view go_type, std::span<std::uint8_t> out);
  void read_fixed_text(std::size_t index, const std::string& text, std::string_view go_type,
                       std::span<std::uint8_t> out);
  BlockRef block_of(std::size_t index, const Json& value);
  BlockRef block_of_object(std::size_t index, const Json& object);
  void read_height(std::size_t index, const std::string& text, BlockRef& out);

  const Json& array_;
  std::optional<RpcError> error_;
};

/// Items of an array inside a parameter: a message's size bounds them already; this says it.
inline constexpr std::size_t kMostItems = 65'536;

/// Reads the fields of a parameter that is an object. Errors name the field as geth does and are left in the
/// Params; fields that are missing or null read as nothing.
class FieldReader {
 public:
  /// `go_struct` is what geth calls the object in errors. When the parameter is no object there are no
  /// fields.
  FieldReader(Params& params, std::size_t index, std::string_view go_struct);
  /// An object that lies inside the parameter.
  FieldReader(Params& params, std::size_t index, const Json& object, std::string_view go_struct);

  /// nullptr when missing or null.
  const Json* find(std::string_view name);
  /// All fields, by name; an empty object's when there is none.
  nlohmann::detail::iteration_proxy<Json::const_iterator> items() const;
  std::optional<std::uint64_t> quantity(std::string_view name);
  std::optional<U256> big_quantity(std::string_view name);
  std::optional<Bytes> data(std::string_view name);
  std::optional<Address> address(std::string_view name);
  std::optional<Hash256> hash(std::string_view name);
  /// The fallback when missing.
  bool flag(std::string_view name, bool fallback = false);
  /// An array of at most kMostItems; nullptr when missing.
  const Json* array(std::string_view name);
  /// latest when missing.
  BlockRef block(std::string_view name);
  /// A value of fixed size that lies somewhere in the object.
  void read_fixed(const Json& value, std::string_view go_type, std::span<std::uint8_t> out);
  /// A quantity likewise.
  U256 read_quantity(const Json& value, std::string_view name);
  void reject(const std::string& why) { params_.reject(index_, why); }
  /// The fields are well-formed and do not go together.
  void fail(const std::string& why) { params_.fail({RpcCode::failed, why}); }
  Params& params() { return params_; }
  std::size_t index() const { return index_; }
  bool failed() const { return params_.error().has_value(); }

 private:
  void take(const Json& value);
  const std::string* text(const Json& value, std::string_view name, std::string_view go_type);
  void reject_field(std::string_view fault, std::string_view name, std::string_view go_type);

  Params& params_;
  const std::size_t index_;
  const std::string_view go_struct_;
  const Json* object_ = nullptr;
};

}  // namespace quarry::rpc
