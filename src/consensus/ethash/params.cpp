#include "consensus/ethash/params.hpp"

#include "core/keccak.hpp"

namespace quarry::ethash {
namespace {
constexpr std::uint64_t kCacheBytesFirst = 1 << 24, kCacheBytesGrowth = 1 << 17;
constexpr std::uint64_t kDatasetBytesFirst = 1 << 30, kDatasetBytesGrowth = 1 << 23;
constexpr std::uint64_t kTestCacheBytes = 1024, kTestDatasetBytes = 32 * 1024;

bool is_prime(std::uint64_t value) {
  if (value < 4) return value > 1;
  if (value % 2 == 0) return false;
  for (std::uint64_t i = 3; i * i <= value; i += 2)
    if (value % i == 0) return false;
  return true;
}

/// The largest size below `limit` that is a prime number of units.
std::uint64_t prime_size(std::uint64_t limit, std::uint64_t unit) {
  std::uint64_t size = limit - unit;
  while (!is_prime(size / unit)) size -= 2 * unit;
  return size;
}

std::string file_name(const char* kind, Epoch epoch) {
  const Hash256 seed = seed_hash(epoch);
  return std::string(kind) + "-R" + std::to_string(kRevision) + "-" + to_hex(seed.view().first(8));
}
}  // namespace

Epoch epoch_of(BlockNum number) {
  return static_cast<Epoch>(std::min<BlockNum>(number / kEpochLength, kLastEpoch + 1));
}

Hash256 seed_hash(Epoch epoch) {
  Hash256 seed;
  for (Epoch i = 0; i < epoch; ++i) seed = keccak256(seed);
  return seed;
}

std::uint64_t cache_bytes(Epoch epoch, Mode mode) {
  if (mode == Mode::test) return kTestCacheBytes;
  return prime_size(kCacheBytesFirst + kCacheBytesGrowth * epoch, kRowBytes);
}

std::uint64_t dataset_bytes(Epoch epoch, Mode mode) {
  if (mode == Mode::test) return kTestDatasetBytes;
  return prime_size(kDatasetBytesFirst + kDatasetBytesGrowth * epoch, kPageBytes);
}

U256 boundary_of(const U256& difficulty) {
  if (difficulty <= U256{1}) return U256::max();
  // 2^256 = max + 1, so the quotient is one more where the division by max leaves difficulty - 1.
  const U256Division division = divide(U256::max(), difficulty);
  const bool exact = division.remainder + U256{1} == difficulty;
  return exact ? division.quotient + U256{1} : division.quotient;
}

std::string cache_file_name(Epoch epoch) {
  return file_name("cache", epoch);
}
std::string dataset_file_name(Epoch epoch) {
  return file_name("full", epoch);
}

}  // namespace quarry::ethash
