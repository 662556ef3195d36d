#pragma once
/// \file
/// The JSON-file chain's block, and how it rides in our header: {index, timestamp, prev_hash, hash, data,
/// nonce}, named by SHA-256 of index + prev_hash + data + timestamp + nonce as text. Its JSON is read and
/// written a floor above (consensus/jbc/json.hpp).

#include <optional>
#include <string>

#include "core/header.hpp"

namespace quarry::jbc {

/// A block as its file has it. Numbers are kept as text, since the hash is the text's.
struct Block {
  BlockNum index = 0;     ///< decimal without leading zeros in the hash's text
  std::string timestamp;  ///< any text; 20 digits do not fit 64 bits
  std::string prev_hash;
  std::string hash;
  std::string data;   ///< UTF-8
  std::string nonce;  ///< decimal digits
  /// How the block's JSON is written, where that is not the usual way; not part of what a block is.
  std::string layout;

  /// Equality is that of the six fields.
  friend bool operator==(const Block& a, const Block& b) {
    return a.index == b.index && a.timestamp == b.timestamp && a.prev_hash == b.prev_hash &&
           a.hash == b.hash && a.data == b.data && a.nonce == b.nonce;
  }
};

/// Timestamps and nonces have at most so many bytes: forty digits would do.
inline constexpr std::size_t kMostNumberBytes = 256;
/// A genesis block's own hash and previous hash are any text up to so many bytes.
inline constexpr std::size_t kMostHashText = 256;
/// A block's hash begins with at most so many zeros: SHA-256 in hex.
inline constexpr unsigned kMostZeros = 64;

/// What is hashed: the five texts one after the other.
std::string text_form(const Block& block);
/// SHA-256 of that in lower-case hex, which is what the field `hash` must be from block 1 on.
std::string compute_hash(const Block& block);
/// How many zeros `hash` begins with.
unsigned leading_zeros(std::string_view hash);
unsigned leading_zeros(const Hash256& hash);

/// The 32 bytes that name what has this hash text: 64 lower-case digits name themselves, nothing names zero,
/// other text (block 0 may have any) its SHA-256.
BlockHash name_of(std::string_view hash_text);

/// Each block adds 16^zeros, the hashes that finding it takes, so that the heaviest chain is the longest.
U256 difficulty_of(unsigned zeros);

/// The header that carries the block; what the header's own fields cannot hold is in extra data, see
/// docs/jbc.md. The six fields and the layout come back from from_header() as they were, provided that from
/// block 1 on `hash` is what compute_hash() gives.
Header to_header(const Block& block, unsigned zeros);

/// Nothing when the header carries no jbc block: its extra data is not of our form.
std::optional<Block> from_header(const Header& header);
/// The same; the hash is known and need not be computed.
std::optional<Block> from_header(const SealedHeader& header);

/// The header's name: for block 0 its own hash text's, for others SHA-256 of the text form.
std::optional<BlockHash> header_hash(const Header& header);

/// A genesis as a file gives it, brought into the form of to_header(): extra data that is not of our form is
/// the block's data. Does nothing to a header that has the form.
[[nodiscard]] Header genesis_header(Header given, unsigned zeros);

/// Extra data of a header we seal, from the block's data.
Bytes extra_data_of(std::string_view data);

}  // namespace quarry::jbc
