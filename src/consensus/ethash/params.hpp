#pragma once
/// \file
/// The numbers of ethash (Yellow Paper, appendix J), and what follows from a block's number: its
/// epoch, the epoch's seed hash and the sizes of its cache and dataset.

#include <cstdint>
#include <string>

#include "core/fixed_bytes.hpp"
#include "core/quantities.hpp"

namespace quarry::ethash {

/// Blocks that share one cache and one dataset.
inline constexpr BlockNum kEpochLength = 30000;
/// The revision of the algorithm: part of the name of its files.
inline constexpr int kRevision = 23;
inline constexpr std::uint32_t kFnvPrime = 0x01000193;
/// A row of the cache or of the dataset: one Keccak-512.
inline constexpr std::size_t kRowBytes = 64;
inline constexpr std::size_t kRowWords = 16;
/// A page of the dataset, read at once: two rows.
inline constexpr std::size_t kPageBytes = 128;
inline constexpr std::size_t kPageWords = 32;
/// Pages read for a hash.
inline constexpr std::uint32_t kAccesses = 64;
/// Cache rows mixed into a row of the dataset.
inline constexpr std::uint32_t kParents = 256;
inline constexpr int kCacheRounds = 3;

/// The number of an epoch: block number / 30,000.
using Epoch = std::uint32_t;
/// The last epoch whose rows have 32-bit numbers, with room to spare: block 900,029,999. Headers
/// beyond it are refused before anything is allocated for them.
inline constexpr Epoch kLastEpoch = 30000;

/// `test` has a cache of 1 KiB and a dataset of 32 KiB in every epoch, as geth's test mode: seals
/// take microseconds and prove nothing.
enum class Mode : std::uint8_t { normal, test };

/// Epochs past kLastEpoch all give kLastEpoch + 1.
Epoch epoch_of(BlockNum number);
/// Keccak-256 applied `epoch` times to 32 zero bytes.
Hash256 seed_hash(Epoch epoch);
/// The number of rows or pages is the largest prime that fits, which takes a few milliseconds.
std::uint64_t cache_bytes(Epoch epoch, Mode mode = Mode::normal);
std::uint64_t dataset_bytes(Epoch epoch, Mode mode = Mode::normal);

/// 2^256 / difficulty, at most 2^256 - 1: a seal's result may not be above it.
U256 boundary_of(const U256& difficulty);

/// geth's names, "cache-R23-0000000000000000": the first eight bytes of the seed hash.
std::string cache_file_name(Epoch epoch);
std::string dataset_file_name(Epoch epoch);

}  // namespace quarry::ethash
