#include "storage/log_index.hpp"

#include <algorithm>
#include <array>

#include "core/check.hpp"
#include "storage/codec.hpp"
#include "storage/corruption.hpp"

namespace quarry {
namespace {

constexpr std::uint8_t kAnyTag = '*';
constexpr std::uint8_t kAddressTag = 'a';
constexpr std::uint8_t kTopicTag = 't';
constexpr std::size_t kNumberBytes = 8;

std::string as_key(ByteView bytes) {
  return std::string{as_text(bytes)};
}

/// Seven bits a byte, the lowest first; the highest bit says that more follow.
void append_gap(Bytes& to, BlockNum gap) {
  for (; gap >= 0x80; gap >>= 7) to.push_back(static_cast<std::uint8_t>(gap | 0x80));
  to.push_back(static_cast<std::uint8_t>(gap));
}

std::optional<BlockNum> take_gap(ByteView& from) {
  BlockNum out = 0;
  for (unsigned shift = 0; shift < 64 && !from.empty(); shift += 7) {
    const std::uint8_t byte = from[0];
    from = from.subspan(1);
    out |= static_cast<BlockNum>(byte & 0x7f) << shift;
    if ((byte & 0x80) == 0) return out;
  }
  return std::nullopt;
}

template <class Take>
void for_each_term(const std::vector<Receipt>& receipts, Take&& take) {
  bool any = false;
  for (const Receipt& receipt : receipts)
    for (const Log& log : receipt.logs) {
      if (!std::exchange(any, true)) take(log_term());
      take(log_term(log.address));
      for (std::size_t i = 0; i < std::min(log.topics.size(), kMostIndexedTopics); ++i)
        take(log_term(i, log.topics[i]));
    }
}

}  // namespace

Bytes log_term(const Address& address) {
  Bytes out{kAddressTag};
  append(out, address);
  return out;
}
Bytes log_term(std::size_t place, const Hash256& topic) {
  Bytes out{kTopicTag, static_cast<std::uint8_t>(place)};
  append(out, topic);
  return out;
}
Bytes log_term() {
  return {kAnyTag};
}

Bytes log_run_key(ByteView term, BlockNum last) {
  Bytes out = to_bytes(term);
  append(out, number_key(last));
  return out;
}

Bytes encode_log_run(std::span<const BlockNum> blocks) {
  QUARRY_CHECK(!blocks.empty());
  Bytes out;
  for (std::size_t i = blocks.size() - 1; i > 0; --i) append_gap(out, blocks[i] - blocks[i - 1]);
  return out;
}

std::optional<std::vector<BlockNum>> decode_log_run(ByteView key, ByteView value) {
  if (key.size() <= kNumberBytes) return std::nullopt;
  std::vector<BlockNum> out{*read_number(key.last(kNumberBytes))};
  while (!value.empty()) {
    const auto gap = take_gap(value);
    if (!gap || *gap == 0 || *gap > out.back() || out.size() == kMostBlocksARun) return std::nullopt;
    out.push_back(out.back() - *gap);
  }
  std::reverse(out.begin(), out.end());
  return out;
}

std::vector<Bytes> log_terms_of(const std::vector<Receipt>& receipts) {
  std::vector<Bytes> out;
  for_each_term(receipts, [&](Bytes term) { out.push_back(std::move(term)); });
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

void LogIndexWriter::add(BlockNum number, const std::vector<Receipt>& receipts) {
  for_each_term(receipts, [&](const Bytes& term) { add_term(number, as_text(term)); });
}

void LogIndexWriter::add_term(BlockNum number, std::string_view term) {
  auto found = added_.find(term);
  if (found == added_.end()) found = added_.emplace(term, std::vector<BlockNum>{}).first;
  if (found->second.empty() || found->second.back() != number) found->second.push_back(number);
}

namespace {
/// Gives an item of what was read before, when it was packed.
template <class T>
T known(rlp::Decoded<T> item) {
  QUARRY_CHECK(item.has_value());
  return *item;
}

template <class Take>
void for_each_bare_log(ByteView receipts, Take&& take) {
  for (rlp::Reader all = known(rlp::decode_list(receipts)); !all.at_end();) {
    rlp::Reader receipt = known(all.list());
    for (int skipped = 0; skipped < 3; ++skipped) (void)known(receipt.next());
    for (rlp::Reader logs = known(receipt.list()); !logs.at_end();) take(known(logs.list()));
  }
}
}  // namespace

void LogIndexWriter::add_bare(BlockNum number, ByteView receipts) {
  std::array<std::uint8_t, 2 + 32> term;
  const auto add_as = [&](std::size_t tag, ByteView what) {
    std::copy(what.begin(), what.end(), term.begin() + static_cast<std::ptrdiff_t>(tag));
    add_term(number, as_text({term.data(), tag + what.size()}));
  };
  bool any = false;
  for_each_bare_log(receipts, [&](rlp::Reader log) {
    if (!std::exchange(any, true)) add_term(number, as_text(log_term()));
    term[0] = kAddressTag;
    add_as(1, known(log.string()));
    term[0] = kTopicTag;
    rlp::Reader topics = known(log.list());
    for (std::size_t i = 0; i < kMostIndexedTopics && !topics.at_end(); ++i) {
      term[1] = static_cast<std::uint8_t>(i);
      add_as(2, known(topics.string()));
    }
  });
}

void LogIndexWriter::remove(BlockNum number, const std::vector<Receipt>& receipts) {
  for_each_term(receipts, [&](const Bytes& term) {
    const auto [at, fresh] = removed_.emplace(as_key(term), number);
    if (!fresh) at->second = std::min(at->second, number);
  });
}

/// Takes all blocks from the removed one on out of the term's runs.
void LogIndexWriter::cut_run(Batch& batch, Cursor& cursor, const std::string& term, BlockNum from) const {
  const ByteView prefix = as_bytes(term);
  for (cursor.seek(log_run_key(prefix, from));
       cursor.valid() && cursor.key().size() == prefix.size() + kNumberBytes &&
       equal(cursor.key().first(prefix.size()), prefix);
       cursor.next()) {
    auto blocks = intact(*reader_, Table::log_index, decode_log_run(cursor.key(), cursor.value()));
    batch.erase(Table::log_index, cursor.key());
    while (!blocks.empty() && blocks.back() >= from) blocks.pop_back();
    if (!blocks.empty())
      batch.put(Table::log_index, log_run_key(prefix, blocks.back()), encode_log_run(blocks));
  }
}

void LogIndexWriter::flush(Batch& batch) {
  if (!removed_.empty()) {
    Cursor cursor = reader_->cursor(Table::log_index);
    for (const auto& [term, from] : removed_) cut_run(batch, cursor, term, from);
  }
  for (auto& [term, blocks] : added_) {
    // Blocks of a download may come in any order.
    std::sort(blocks.begin(), blocks.end());
    blocks.erase(std::unique(blocks.begin(), blocks.end()), blocks.end());
    for (std::size_t i = 0; i < blocks.size(); i += kMostBlocksARun) {
      const auto run = std::span(blocks).subspan(i, std::min(kMostBlocksARun, blocks.size() - i));
      batch.put(Table::log_index, log_run_key(as_bytes(term), run.back()), encode_log_run(run));
    }
  }
  clear();
}

void LogIndexWriter::clear() {
  added_.clear();
  removed_.clear();
}

}  // namespace quarry
