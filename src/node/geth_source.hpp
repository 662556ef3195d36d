#pragma once
/// \file
/// A geth data dir's chain, 1.7 to 1.13, read and never written: blocks from LevelDB and, from 1.9 on, from
/// the freezer; trie nodes by hash, or by path as 1.13 can keep them.
///
/// ```
/// LastBlock                        -> hash of the head block
/// H hash                           -> num (8, big-endian)
/// h num n                          -> hash of the canonical block
/// h num hash                       -> header            h num hash t -> RLP of the total difficulty
/// b num hash                       -> body              r num hash   -> receipts, in three forms
/// ethereum-config-hash             -> chain config as JSON, by the genesis' hash
/// ethereum-genesis-hash            -> genesis accounts as JSON, from 1.11 on
/// secure-key-hash                  -> the address (or slot) whose Keccak-256 it is
/// hash                             -> trie node or code; c hash -> code, from 1.10 on
/// A path, O account path           -> trie node of the newest state written, nibbles one a byte
/// ```

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "core/block.hpp"
#include "core/block_id.hpp"
#include "core/receipt.hpp"
#include "node/geth_freezer.hpp"
#include "node/geth_leveldb.hpp"
#include "storage/foreign_state.hpp"

namespace quarry::geth {

/// Where in a data dir geth keeps what.
struct Folders {
  std::filesystem::path datadir;    ///< keystore and node lists are below it
  std::filesystem::path chaindata;  ///< the LevelDB
};
/// `path` is a data dir, its folder geth/, or the folder chaindata/ itself.
Result<Folders> find_folders(const std::filesystem::path& path);

/// One block as geth has it, checked against its hash and its header's roots.
struct SourceBlock {
  SealedHeader header;
  Body body;
  std::vector<Receipt> receipts;
  TotalDifficulty total_difficulty;
};

/// One thread.
class Source final : public NodeSource {
 public:
  /// `aside`: a folder of our own for what LevelDB writes when it opens.
  static Result<std::unique_ptr<Source>> open(const Folders& folders, const std::filesystem::path& aside);

  BlockId head() const { return head_; }
  /// Blocks below this lie in the freezer.
  std::uint64_t frozen() const { return hashes_ ? hashes_->end() : 0; }
  std::optional<BlockHash> canonical_hash(BlockNum number);
  /// The canonical header; an error says what is not there.
  Result<SealedHeader> header(BlockNum number);
  Result<SourceBlock> block(BlockNum number);

  /// The chain config as JSON.
  std::optional<std::string> config_text(const BlockHash& genesis) const;
  /// The genesis accounts as JSON: {"0xaddress": {"balance": …}}.
  std::optional<std::string> alloc_text(const BlockHash& genesis) const;
  /// The address or slot key that hashes to `hash`.
  std::optional<Bytes> preimage(const Hash256& hash) const;

  std::optional<Bytes> node(const std::optional<AddressHash>& account, ByteView path,
                            const Hash256& hash) override;
  std::optional<Bytes> code(const CodeHash& hash) override;

 private:
  Source() = default;
  Result<> open_freezer(const std::filesystem::path& chaindata);
  Result<> find_head(const std::string& path);
  /// A block's value from the freezer's table, or from LevelDB under `prefix num hash suffix`.
  Result<Bytes> block_value(const std::unique_ptr<FreezerTable>& table, char prefix, const BlockId& id,
                            std::string_view suffix, std::string_view what);
  Result<> read_contents(SourceBlock& block);

  std::unique_ptr<LevelDb> db_;
  std::unique_ptr<FreezerTable> hashes_, headers_, bodies_, receipts_, totals_;
  BlockId head_;
};

/// Receipts as geth stores them; types come from the block's transactions. Nothing when they do not decode.
std::optional<std::vector<Receipt>> decode_receipts(ByteView bytes, const std::vector<Transaction>& txns);

}  // namespace quarry::geth
