#pragma once
/// \file
/// Recursive Length Prefix (Yellow Paper, appendix B). Decoding takes canonical input only, never
/// allocates from a length it was told, never throws, and its recursion is the caller's own.

#include <cstdint>

#include "core/bytes.hpp"
#include "core/expected.hpp"
#include "core/fixed_bytes.hpp"
#include "core/u256.hpp"

namespace quarry::rlp {

enum class DecodeError : std::uint8_t {
  input_too_short,     ///< a prefix announces more bytes than there are
  trailing_bytes,      ///< bytes after the item, or after a record's last field
  non_canonical_size,  ///< a length that has a shorter form, or a single byte in the long form
  leading_zero,        ///< an integer with leading zero bytes
  unexpected_list,     ///< a list where a string belongs
  unexpected_string,   ///< a string where a list belongs
  overflow,            ///< an integer or string longer than its field
  wrong_length,        ///< a fixed-size field of another size
  invalid_value,       ///< well-formed, but no value of this field
  too_many,            ///< more elements than the caller's bound
};
const char* to_string(DecodeError error);

template <class T = void>
using Decoded = Expected<T, DecodeError>;
inline tl::unexpected<DecodeError> fail(DecodeError error) {
  return tl::unexpected<DecodeError>(error);
}

/// One item, still encoded: its payload lies inside the input it was read from.
struct Item {
  bool is_list = false;
  ByteView payload;  ///< without the prefix
  ByteView raw;      ///< with the prefix
};

/// Reads the items of one list's payload (or a bare sequence of items) in order.
class Reader {
 public:
  explicit Reader(ByteView items) : rest_(items) {}

  bool at_end() const { return rest_.empty(); }
  ByteView rest() const { return rest_; }
  /// Succeeds when nothing is left.
  [[nodiscard]] Decoded<> finish() const;

  [[nodiscard]] Decoded<Item> next();
  [[nodiscard]] Decoded<ByteView> string();
  [[nodiscard]] Decoded<Reader> list();
  [[nodiscard]] Decoded<std::uint64_t> u64();
  [[nodiscard]] Decoded<U256> u256();
  [[nodiscard]] Decoded<bool> boolean();

  template <class Tag, std::size_t N>
  [[nodiscard]] Decoded<> read(FixedBytes<Tag, N>& out) {
    auto text = string();
    if (!text) return rlp::fail(text.error());
    auto value = FixedBytes<Tag, N>::from(*text);
    if (!value) return rlp::fail(DecodeError::wrong_length);
    out = *value;
    return {};
  }
  [[nodiscard]] Decoded<> read(std::uint64_t& out);
  [[nodiscard]] Decoded<> read(U256& out);
  [[nodiscard]] Decoded<> read(Bytes& out);
  [[nodiscard]] Decoded<> read(std::string& out);

 private:
  ByteView rest_;
};

/// The one item that `input` is; bytes after it are an error.
[[nodiscard]] Decoded<Item> decode(ByteView input);
/// A reader over the one list that `input` is.
[[nodiscard]] Decoded<Reader> decode_list(ByteView input);
/// The number of items in a list's payload; an error when any is malformed or there are over `most`.
[[nodiscard]] Decoded<std::size_t> count_items(ByteView payload, std::size_t most);

/// Appends items to a byte string. A list is opened, filled and closed: its prefix is put in
/// when its length is known.
class Writer {
 public:
  Writer() = default;
  explicit Writer(Bytes& out) : out_(&out) {}
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  Writer& write(ByteView text);
  Writer& write(const std::string& text) { return write(as_bytes(text)); }
  Writer& write(std::uint64_t value);
  Writer& write(const U256& value);
  template <class Tag, std::size_t N>
  Writer& write(const FixedBytes<Tag, N>& value) {
    return write(value.view());
  }
  /// Puts in an item that is encoded already.
  Writer& raw(ByteView encoded);

  /// Everything written between begin_list() and end_list(mark) becomes one list.
  [[nodiscard]] std::size_t begin_list() const { return out_->size(); }
  Writer& end_list(std::size_t mark);

  const Bytes& bytes() const { return *out_; }
  Bytes take() { return std::move(*out_); }

 private:
  Bytes own_;
  Bytes* out_ = &own_;
};

/// The encoding of one value.
template <class T>
Bytes encode(const T& value) {
  Writer writer;
  writer.write(value);
  return writer.take();
}
/// The prefix of a list whose payload has `length` bytes.
Bytes list_prefix(std::size_t length);
/// How many bytes an encoded list or string of `payload` bytes takes, single bytes aside.
std::size_t size_with_prefix(std::size_t payload);

}  // namespace quarry::rlp
