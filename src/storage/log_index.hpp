#pragma once
/// \file
/// Which canonical blocks have logs of an address, or with a topic at a place: the `log_index` table.
///
/// A term (an address, a topic at one of its four places, or any log at all) has records, each of a run of
/// blocks: the key ends with the last of them, the value holds the gaps between them from the last one down.
/// A commit writes one record for each term that occurs in its blocks, reading nothing: at the head a record
/// has one block, importing it has up to a batch's. Runs of a term do not overlap, so the first record whose
/// last block is not below n has the first block from n on.

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/expected.hpp"
#include "core/receipt.hpp"
#include "storage/database.hpp"

namespace quarry {

/// Topics of a log that are indexed: the EVM's LOG4 has the most.
inline constexpr std::size_t kMostIndexedTopics = 4;
/// Blocks of one record: what a lookup decodes, some 300 bytes.
inline constexpr std::size_t kMostBlocksARun = 256;

// Terms, as their records' keys begin.
Bytes log_term(const Address& address);
Bytes log_term(std::size_t place, const Hash256& topic);
/// Any log.
Bytes log_term();

Bytes log_run_key(ByteView term, BlockNum last);
/// Of ascending numbers without repetition, at least one.
Bytes encode_log_run(std::span<const BlockNum> blocks);
/// Ascending. Nothing when key or value has another form.
std::optional<std::vector<BlockNum>> decode_log_run(ByteView key, ByteView value);

/// Every term of the receipts' logs, each once.
std::vector<Bytes> log_terms_of(const std::vector<Receipt>& receipts);

/// What one batch does to the index. One thread.
class LogIndexWriter {
 public:
  /// `reader`: the database that the batch goes to; it outlives this.
  explicit LogIndexWriter(const DatabaseReader& reader) : reader_(&reader) {}

  /// Block `number` becomes canonical. It must not be in the index, but for blocks given to remove().
  void add(BlockNum number, const std::vector<Receipt>& receipts);
  /// The same from PackedReceipts::bare.
  void add_bare(BlockNum number, ByteView receipts);
  /// Block `number` of the committed index leaves it. All indexed blocks above it are given too, before or
  /// after.
  void remove(BlockNum number, const std::vector<Receipt>& receipts);
  /// Puts it all into the batch and forgets it: first what leaves, then what comes.
  void flush(Batch& batch);
  void clear();
  bool empty() const { return added_.empty() && removed_.empty(); }

 private:
  void add_term(BlockNum number, std::string_view term);
  void cut_run(Batch& batch, Cursor& cursor, const std::string& term, BlockNum from) const;

  const DatabaseReader* reader_;
  struct TermHash : std::hash<std::string_view> {
    using is_transparent = void;  ///< a term that is there is found without being copied
  };
  std::unordered_map<std::string, std::vector<BlockNum>, TermHash, std::equal_to<>> added_;  ///< by term
  std::unordered_map<std::string, BlockNum> removed_;  ///< by term: the lowest block that leaves
};

/// What logs are looked for: of one of the addresses, with one of the topics at each place; an empty list is
/// satisfied by all.
struct LogTerms {
  std::vector<Address> addresses;
  std::vector<std::vector<Hash256>> topics;
};

/// Walks the blocks that may have such logs: each has a log of an address that is asked for, and logs with
/// the topics, be they other logs. Sees the index as it was when this was made. One thread.
class LogWalk {
 public:
  LogWalk(const DatabaseReader& reader, const LogTerms& terms);
  ~LogWalk();
  LogWalk(LogWalk&&) noexcept;

  /// The first such block from `from` on. `from` grows from call to call.
  std::optional<BlockNum> next(BlockNum from);
  /// Records read so far: what the walk costs.
  std::uint64_t records_read() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Makes the index anew from the stored receipts of the canonical blocks up to the higher one of head block
/// and fast block head. It commits as it goes and notes how far it is; when `resume` is set it goes on from
/// there.
[[nodiscard]] Result<> build_log_index(Database& database, bool resume);

}  // namespace quarry
