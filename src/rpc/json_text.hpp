#pragma once
/// \file
/// JSON written front to back, for answers that are asked often: no tree, one string.

#include <string>
#include <string_view>

#include "core/bytes.hpp"
#include "core/u256.hpp"

namespace quarry::rpc {

/// Puts in the commas. What is written in which order, and that it closes what it opens, is the caller's
/// matter; names and plain text need no escapes.
class JsonText {
 public:
  JsonText& begin_object() { return open('{'); }
  JsonText& end_object() { return close('}'); }
  JsonText& begin_array() { return open('['); }
  JsonText& end_array() { return close(']'); }
  JsonText& key(std::string_view name);

  /// "0x" and two digits a byte.
  JsonText& hex(ByteView bytes);
  /// "0x" and no leading zeros.
  JsonText& quantity(std::uint64_t value);
  JsonText& quantity(const U256& value);
  /// In decimal, without quotes.
  JsonText& number(std::uint64_t value) { return raw(std::to_string(value)); }
  /// JSON that was written before.
  JsonText& raw(std::string_view json) { return literal(json); }
  JsonText& plain(std::string_view text);
  JsonText& boolean(bool value) { return literal(value ? "true" : "false"); }
  JsonText& null() { return literal("null"); }

  /// Bytes written so far.
  std::size_t size() const { return out_.size(); }
  std::string take() { return std::move(out_); }

 private:
  JsonText& open(char bracket);
  JsonText& close(char bracket);
  JsonText& literal(std::string_view text);
  void separate();

  std::string out_;
};

}  // namespace quarry::rpc
