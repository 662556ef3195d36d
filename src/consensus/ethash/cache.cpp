#include "consensus/ethash/cache.hpp"

#include <cstring>

#include "core/check.hpp"
#include "core/keccak.hpp"

namespace quarry::ethash {
namespace {
/// Sequential memory-hard mixing after Lerner's RandMemoHash: each row becomes the hash of its
/// predecessor and of a row its own first word names.
void mix_round(std::uint8_t* rows, const Remainder& count) {
  constexpr std::uint32_t kLookAhead = 8;
  const auto named_by = [&](std::uint32_t row) {
    std::uint32_t word;
    std::memcpy(&word, rows + kRowBytes * row, sizeof word);
    return rows + kRowBytes * count(word);
  };
  const std::uint32_t last = count.divisor - 1;
  for (std::uint32_t row = 0; row <= last; ++row) {
    if (row + kLookAhead <= last) __builtin_prefetch(named_by(row + kLookAhead));
    std::uint64_t a[8], b[8];
    std::memcpy(a, rows + kRowBytes * (row == 0 ? last : row - 1), kRowBytes);
    std::memcpy(b, named_by(row), kRowBytes);
    for (int i = 0; i < 8; ++i) a[i] ^= b[i];
    keccak512_rows(reinterpret_cast<const std::uint8_t*>(a), rows + kRowBytes * row, 1);
  }
}
}  // namespace

Cache::Cache(Epoch epoch, Mode mode, Memory memory, bool from_file)
    : epoch_(epoch),
      mode_(mode),
      from_file_(from_file),
      memory_(std::move(memory)),
      dataset_bytes_(ethash::dataset_bytes(epoch, mode)) {
  view_.words = reinterpret_cast<const std::uint32_t*>(memory_.data());
  view_.rows = Remainder::of(static_cast<std::uint32_t>(memory_.size() / kRowBytes));
  pages_ = Remainder::of(static_cast<std::uint32_t>(dataset_bytes_ / kPageBytes));
}

std::shared_ptr<const Cache> Cache::build(Epoch epoch, Mode mode) {
  QUARRY_CHECK(epoch <= kLastEpoch);
  Memory memory = Memory::anonymous(cache_bytes(epoch, mode));
  QUARRY_CHECK(memory);
  const Remainder count = Remainder::of(static_cast<std::uint32_t>(memory.size() / kRowBytes));
  std::uint8_t* rows = memory.data();
  const Hash512 first = keccak512(seed_hash(epoch));
  std::memcpy(rows, first.data(), kRowBytes);
  for (std::uint32_t row = 1; row < count.divisor; ++row)
    keccak512_rows(rows + kRowBytes * (row - 1), rows + kRowBytes * row, 1);
  for (int round = 0; round < kCacheRounds; ++round) mix_round(rows, count);
  return std::make_shared<const Cache>(epoch, mode, std::move(memory), false);
}

}  // namespace quarry::ethash
