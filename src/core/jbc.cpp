#include "core/jbc.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "core/check.hpp"
#include "core/sha256.hpp"

namespace quarry::jbc {
namespace {

/// Every jbc header has these: the chain has no gas and no state. What a genesis file without a gas limit
/// gets, so that block 0 is no exception.
constexpr Gas kGasLimit = 4'712'388;

/// Texts that the header's own fields do not give, in the order they have in extra data.
enum Extra : std::size_t { kTimestamp, kNonce, kPrevHash, kHash, kLayout, kExtraCount };
struct ExtraData {
  std::string data;
  std::array<std::optional<std::string>, kExtraCount> texts;
};

/// RLP [data, text…]: a text is [] where the header's field gives it, else [text]; the list ends with the
/// last that is there.
Bytes encode(const ExtraData& extra) {
  rlp::Writer to;
  const std::size_t list = to.begin_list();
  to.write(extra.data);
  std::size_t count = kExtraCount;
  while (count > 0 && !extra.texts[count - 1]) --count;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t item = to.begin_list();
    if (extra.texts[i]) to.write(*extra.texts[i]);
    to.end_list(item);
  }
  to.end_list(list);
  return to.take();
}

std::optional<ExtraData> decode(ByteView bytes) {
  auto list = rlp::decode_list(bytes);
  if (!list) return std::nullopt;
  ExtraData out;
  if (!list->read(out.data)) return std::nullopt;
  std::size_t next = 0;
  for (; next < kExtraCount && !list->at_end(); ++next) {
    auto item = list->list();
    if (!item) return std::nullopt;
    if (item->at_end()) continue;
    if (!item->read(out.texts[next].emplace()) || !item->finish()) return std::nullopt;
  }
  const bool ends_with_nothing = next > 0 && !out.texts[next - 1];
  if (!list->finish() || ends_with_nothing) return std::nullopt;
  return out;
}

/// The number, when its decimal form is `text` again.
std::optional<std::uint64_t> as_number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  if (text.size() > 1 && text.front() == '0') return std::nullopt;
  return value;
}

bool is_hex_name(std::string_view text) {
  return text.size() == 64 && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

std::string hash_text(const BlockHash& hash) {
  return to_hex(hash.view());
}
/// What parent_hash says by itself.
std::string plain_prev_hash(const BlockHash& parent) {
  return parent.is_zero() ? std::string{} : hash_text(parent);
}

std::uint64_t nonce_number(const SealNonce& nonce) {
  std::uint64_t value = 0;
  for (const std::uint8_t byte : nonce) value = value << 8 | byte;
  return value;
}

/// A number in its own field, or as text beside it.
std::uint64_t place(const std::string& text, std::optional<std::string>& beside) {
  const auto number = as_number(text);
  if (!number) beside = text;
  return number.value_or(0);
}

struct Unpacked {
  Block block;  ///< without the hash
  std::optional<std::string> own_hash;
};
std::optional<Unpacked> unpack(const Header& header) {
  auto extra = decode(header.extra_data);
  if (!extra) return std::nullopt;
  auto& texts = extra->texts;
  Unpacked out;
  Block& block = out.block;
  block.index = header.number;
  block.timestamp = texts[kTimestamp] ? *texts[kTimestamp] : std::to_string(header.timestamp);
  block.nonce = texts[kNonce] ? *texts[kNonce] : std::to_string(nonce_number(header.nonce));
  block.prev_hash = texts[kPrevHash] ? *texts[kPrevHash] : plain_prev_hash(header.parent_hash);
  block.data = std::move(extra->data);
  if (texts[kLayout]) block.layout = std::move(*texts[kLayout]);
  out.own_hash = std::move(texts[kHash]);
  return out;
}

std::optional<BlockHash> hash_of(const Unpacked& unpacked) {
  if (unpacked.own_hash) {
    if (unpacked.block.index != 0) return std::nullopt;
    return name_of(*unpacked.own_hash);
  }
  return BlockHash{sha256(as_bytes(text_form(unpacked.block)))};
}

Block finish(Unpacked unpacked, const BlockHash& hash) {
  unpacked.block.hash = unpacked.own_hash ? std::move(*unpacked.own_hash) : hash_text(hash);
  return std::move(unpacked.block);
}
}  // namespace

std::string text_form(const Block& block) {
  std::string out = std::to_string(block.index);
  out.reserve(out.size() + block.prev_hash.size() + block.data.size() + block.timestamp.size() +
              block.nonce.size());
  return out.append(block.prev_hash).append(block.data).append(block.timestamp).append(block.nonce);
}

std::string compute_hash(const Block& block) {
  return to_hex(sha256(as_bytes(text_form(block))).view());
}

unsigned leading_zeros(std::string_view hash) {
  return static_cast<unsigned>(std::min(hash.find_first_not_of('0'), hash.size()));
}
unsigned leading_zeros(const Hash256& hash) {
  unsigned zeros = 0;
  for (const std::uint8_t byte : hash) {
    if (byte != 0) return zeros + (byte < 0x10 ? 1 : 0);
    zeros += 2;
  }
  return zeros;
}

BlockHash name_of(std::string_view text) {
  if (text.empty()) return {};
  if (is_hex_name(text)) return *BlockHash::from_hex(text);
  return BlockHash{sha256(as_bytes(text))};
}

U256 difficulty_of(unsigned zeros) {
  return zeros >= kMostZeros ? U256::max() : U256{1} << (4 * zeros);
}

Header to_header(const Block& block, unsigned zeros) {
  Header header;
  ExtraData extra{.data = block.data};
  header.number = block.index;
  header.parent_hash = name_of(block.prev_hash);
  if (plain_prev_hash(header.parent_hash) != block.prev_hash) extra.texts[kPrevHash] = block.prev_hash;
  header.timestamp = place(block.timestamp, extra.texts[kTimestamp]);
  const std::uint64_t nonce = place(block.nonce, extra.texts[kNonce]);
  for (std::size_t i = 0; i < SealNonce::kSize; ++i)
    header.nonce.bytes[i] = static_cast<std::uint8_t>(nonce >> (8 * (SealNonce::kSize - 1 - i)));
  if (block.index == 0 && compute_hash(block) != block.hash) extra.texts[kHash] = block.hash;
  if (!block.layout.empty()) extra.texts[kLayout] = block.layout;
  header.extra_data = encode(extra);
  header.difficulty = difficulty_of(zeros);
  header.gas_limit = kGasLimit;
  header.ommers_hash = kEmptyOmmersHash;
  header.state_root = header.transactions_root = header.receipts_root = kEmptyRoot;
  return header;
}

std::optional<Block> from_header(const Header& header) {
  auto unpacked = unpack(header);
  if (!unpacked) return std::nullopt;
  const auto hash = hash_of(*unpacked);
  if (!hash) return std::nullopt;
  return finish(std::move(*unpacked), *hash);
}

std::optional<Block> from_header(const SealedHeader& header) {
  auto unpacked = unpack(*header);
  if (!unpacked) return std::nullopt;
  return finish(std::move(*unpacked), header.hash());
}

std::optional<BlockHash> header_hash(const Header& header) {
  const auto unpacked = unpack(header);
  return unpacked ? hash_of(*unpacked) : std::nullopt;
}

Header genesis_header(Header given, unsigned zeros) {
  if (!unpack(given)) given.extra_data = extra_data_of(as_text(given.extra_data));
  const auto block = from_header(given);
  QUARRY_CHECK(block.has_value());
  return to_header(*block, zeros);
}

Bytes extra_data_of(std::string_view data) {
  return encode({.data = std::string(data)});
}

}  // namespace quarry::jbc
