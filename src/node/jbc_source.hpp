#pragma once
/// \file
/// Where the blocks of a JSON-file chain come from: a folder of 000000.json, 000001.json …, or one file with
/// a list of blocks, as a peer's /blockchain.json is.

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/expected.hpp"
#include "core/jbc.hpp"

namespace quarry {

/// The first bad block: where it lies, which rule it breaks, and both values.
struct JbcFault {
  std::string file;
  BlockNum index = 0;  ///< the place at which it was read
  std::string rule;
  std::string detail;

  /// "chaindata/000004.json: block 4: hash: the hash is …, the block's text gives …"
  std::string text() const;
};

/// Some blocks in their order, not read yet.
struct JbcPiece {
  BlockNum first = 0;
  std::size_t count = 0;
  std::vector<std::string> texts;  ///< of a list: the blocks' JSON; else they lie in files
};

/// What was read of a piece.
struct JbcRead {
  std::vector<jbc::Block> blocks;
  std::optional<JbcFault> fault;  ///< of the block after those
  JbcPiece rest;                  ///< not read: the piece has more bytes than kMostPieceBytes
};

/// next() on one thread; read() on any.
class JbcSource {
 public:
  static constexpr std::size_t kPieceBlocks = 512;
  /// Of JSON, in one piece: some of these are in memory at a time, one a worker.
  static constexpr std::size_t kMostPieceBytes = std::size_t{8} << 20;

  /// Looks at the folder's names, and into files whose name does not say which block they hold.
  static Result<JbcSource> open(const std::filesystem::path& path);
  JbcSource(JbcSource&&) noexcept;
  JbcSource& operator=(JbcSource&&) noexcept;
  ~JbcSource();

  /// The next piece; nothing at the end. Then end_fault() says whether the chain is whole.
  std::optional<JbcPiece> next();
  const std::optional<JbcFault>& end_fault() const;
  /// Blocks are read from the first one again.
  Result<> rewind();

  /// Reads and parses; checks no rule but that a block's index is its place.
  JbcRead read(const JbcPiece& piece) const;

  /// The file that a block lies in.
  std::string file_of(BlockNum index) const;
  /// For progress: blocks that a folder holds; of a list, 0.
  std::uint64_t total() const;
  /// Files that hold no block and whose name is none, found at open; the source goes on without them.
  const std::vector<JbcFault>& stray_files() const;

 private:
  struct Impl;
  explicit JbcSource(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// "000042.json"; more digits when six are too few.
std::string jbc_file_name(BlockNum index);

}  // namespace quarry
