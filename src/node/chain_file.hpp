#pragma once
/// \file
/// geth's chain files: the RLP of block after block, nothing between, plain or gzip. One thread a reader or
/// writer.

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "core/block.hpp"
#include "core/expected.hpp"

namespace quarry {

/// A block's RLP may have as many bytes. geth's own bound on a message is 10 MiB; a block of 100 Mgas of zero
/// call data is about as long.
inline constexpr std::size_t kMaxBlockBytes = std::size_t{16} << 20;

/// Reads blocks in order. Whether a file is gzip is told by its first bytes, not by its name.
class ChainFileReader {
 public:
  static Result<ChainFileReader> open(const std::filesystem::path& path, HeaderIdentity identity);
  ChainFileReader(ChainFileReader&&) noexcept;
  ChainFileReader& operator=(ChainFileReader&&) noexcept;
  ~ChainFileReader();

  /// The next block; nothing at the end. An error names the file, the byte and the block.
  Result<std::optional<Block>> next();

  /// Where the block that was read last begins, in the RLP stream.
  std::uint64_t block_offset() const;
  /// How long it is.
  std::size_t block_size() const;
  /// For progress: bytes of the file that were read, and that there are (0 when it is a pipe).
  std::uint64_t bytes_read() const;
  std::uint64_t bytes_total() const;

 private:
  struct Impl;
  explicit ChainFileReader(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// Writes blocks. What was there before is replaced, but only when `finish` succeeds: until then the blocks
/// lie in a file of the same name with ".part" after it.
class ChainFileWriter {
 public:
  /// gzip when the name ends in ".gz".
  static Result<ChainFileWriter> create(const std::filesystem::path& path);
  ChainFileWriter(ChainFileWriter&&) noexcept;
  ChainFileWriter& operator=(ChainFileWriter&&) noexcept;
  /// Removes what was not finished.
  ~ChainFileWriter();

  Result<> write(ByteView block_rlp);
  Result<> finish();

 private:
  struct Impl;
  explicit ChainFileWriter(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace quarry
