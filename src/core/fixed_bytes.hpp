#pragma once
/// \file
/// Byte strings of fixed size, told apart by a tag: a block's hash is not a node's hash.

#include <algorithm>
#include <array>
#include <compare>
#include <cstring>
#include <functional>
#include <optional>
#include <string>
#include <type_traits>

#include "core/bytes.hpp"
#include "core/hex.hpp"

namespace quarry {

template <class Tag, std::size_t N>
struct FixedBytes {
  static constexpr std::size_t kSize = N;
  std::array<std::uint8_t, N> bytes{};

  constexpr FixedBytes() = default;
  explicit constexpr FixedBytes(const std::array<std::uint8_t, N>& raw) : bytes(raw) {}
  /// A change of meaning (a hash becomes a block's hash) is written out.
  template <class Other>
  explicit constexpr FixedBytes(const FixedBytes<Other, N>& other) : bytes(other.bytes) {}

  /// Nothing unless `view` has exactly N bytes.
  static std::optional<FixedBytes> from(ByteView view) {
    if (view.size() != N) return std::nullopt;
    FixedBytes out;
    std::copy(view.begin(), view.end(), out.bytes.begin());
    return out;
  }
  /// Nothing unless `text` is 2N hex digits, with or without "0x".
  static std::optional<FixedBytes> from_hex(std::string_view text) {
    FixedBytes out;
    if (!quarry::from_hex(text, out.bytes)) return std::nullopt;
    return out;
  }

  constexpr std::uint8_t* data() { return bytes.data(); }
  constexpr const std::uint8_t* data() const { return bytes.data(); }
  constexpr auto begin() const { return bytes.begin(); }
  constexpr auto end() const { return bytes.end(); }
  static constexpr std::size_t size() { return N; }
  ByteView view() const { return bytes; }
  operator ByteView() const { return bytes; }
  bool is_zero() const {
    return std::all_of(bytes.begin(), bytes.end(), [](std::uint8_t b) { return b == 0; });
  }
  /// "0x" and 2N lower-case digits.
  std::string hex() const { return to_hex0x(bytes); }

  /// Word by word: the compiler makes a call of 32 bytes' default comparison, and tables of hashes live on
  /// it.
  friend constexpr bool operator==(const FixedBytes& a, const FixedBytes& b) {
    if (std::is_constant_evaluated()) return a.bytes == b.bytes;
    constexpr std::size_t kWords = N / 8 * 8, kHalf = kWords + N % 8 / 4 * 4;
    std::uint64_t differing = 0;
    for (std::size_t at = 0; at < kWords; at += 8)
      differing |= word<std::uint64_t>(a, at) ^ word<std::uint64_t>(b, at);
    if constexpr (kHalf > kWords)
      differing |= word<std::uint32_t>(a, kWords) ^ word<std::uint32_t>(b, kWords);
    for (std::size_t at = kHalf; at < N; ++at) differing |= a.bytes[at] ^ b.bytes[at];
    return differing == 0;
  }
  friend constexpr auto operator<=>(const FixedBytes&, const FixedBytes&) = default;

 private:
  template <class Word>
  static Word word(const FixedBytes& of, std::size_t at) {
    Word out;
    std::memcpy(&out, of.bytes.data() + at, sizeof out);
    return out;
  }
};

/// What Keccak-256 or SHA-256 gives, before it is known what it names.
using Hash256 = FixedBytes<struct Hash256Tag, 32>;
using BlockHash = FixedBytes<struct BlockHashTag, 32>;
using TxnHash = FixedBytes<struct TxnHashTag, 32>;
/// The root of a Merkle-Patricia trie: state, storage, transactions, receipts, withdrawals.
using RootHash = FixedBytes<struct RootHashTag, 32>;
/// Keccak-256 of a trie node's RLP.
using NodeHash = FixedBytes<struct NodeHashTag, 32>;
using CodeHash = FixedBytes<struct CodeHashTag, 32>;
/// A storage slot's number as a contract sees it, and its value.
using SlotKey = FixedBytes<struct SlotKeyTag, 32>;
using SlotValue = FixedBytes<struct SlotValueTag, 32>;
/// Keccak-256 of an address or of a slot's key: the keys of the state tries.
using AddressHash = FixedBytes<struct AddressHashTag, 32>;
using SlotHash = FixedBytes<struct SlotHashTag, 32>;
using Address = FixedBytes<struct AddressTag, 20>;
/// The ethash mix digest; after the merge, prev_randao.
using MixHash = FixedBytes<struct MixHashTag, 32>;
/// The eight bytes of a proof-of-work seal.
using SealNonce = FixedBytes<struct SealNonceTag, 8>;
using Bloom = FixedBytes<struct BloomTag, 256>;
/// A node's public key without the 0x04 prefix: what an enode URL shows.
using NodeId = FixedBytes<struct NodeIdTag, 64>;

/// geth's log form of a hash: the first and last three bytes, "f7d4e3…597d1b".
inline std::string short_hex(ByteView hash) {
  return to_hex(hash.first(3)) + "…" + to_hex(hash.last(3));
}

}  // namespace quarry

template <class Tag, std::size_t N>
struct std::hash<quarry::FixedBytes<Tag, N>> {
  /// Hashes are uniform already, and what an attacker can choose (addresses, keys) is keyed by the
  /// tables that hold it; the middle bytes of short values serve as well as any.
  std::size_t operator()(const quarry::FixedBytes<Tag, N>& value) const noexcept {
    static_assert(N >= sizeof(std::size_t));
    std::size_t out;
    std::memcpy(&out, value.bytes.data() + (N - sizeof out) / 2, sizeof out);
    return out;
  }
};
