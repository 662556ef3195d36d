#pragma once
/// \file
/// Tables on disk, as geth and the first C++ client write them: eight bytes of magic, then the table's
/// 32-bit words, all little-endian. Nothing else: what a file holds is told by its name and size.

#include <atomic>
#include <filesystem>
#include <optional>

#include "consensus/ethash/memory.hpp"
#include "core/expected.hpp"

namespace quarry::ethash {

inline constexpr std::uint32_t kFileMagic[2] = {0xbaddcafe, 0xfee1dead};

/// The table in `path`, copied to memory of our own (mapped where memory is short: a mapping dies when
/// somebody shortens the file). Nothing when there is no such file or `cancelled` is set; an error when
/// it is not a table of `bytes` bytes.
Result<std::optional<Memory>> read_table(const std::filesystem::path& path, std::size_t bytes,
                                         const std::atomic<bool>& cancelled);

/// Writes `table` beside `path` under a name nobody else uses, then renames, so that readers see a whole
/// file or none. Makes the folder. When `cancelled` is set, leaves nothing behind and succeeds.
Result<> write_table(const std::filesystem::path& path, ByteView table, const std::atomic<bool>& cancelled);

/// Removes what writers killed in the middle left in `folder` over an hour ago.
void remove_leftovers(const std::filesystem::path& folder);

}  // namespace quarry::ethash
