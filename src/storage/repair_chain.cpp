// Headers that hang together, and the indexes over them.
#include <fmt/format.h>

#include <map>

#include "core/trie_root.hpp"
#include "storage/codec.hpp"
#include "storage/repair_parts.hpp"

namespace quarry::repair {
namespace {

constexpr std::size_t kMostBatchBytes = std::size_t{4} << 20;

class ChainMender {
 public:
  ChainMender(Database& database, HeaderIdentity identity, RepairReport& report)
      : database_(database), store_(database), identity_(identity), report_(report) {}

  Result<ChainLeft> run() {
    const Bytes end(65, 0xff);
    for (const Table table : {Table::number, Table::canonical, Table::txn})
      batch_.erase_range(table, {}, end);
    if (auto done = sweep_headers(); !done) return tl::unexpected(done.error());
    if (auto done = commit(); !done) return tl::unexpected(done.error());
    if (!best_)
      return fail("block 0 is lost, and with it the chain",
                  "Run quarry init with the genesis file on an empty --datadir, then import or synchronise.");
    if (auto done = index_chain(); !done) return tl::unexpected(done.error());
    put_genesis_contents();
    drop_strays();
    auto left = count_complete();
    if (auto done = commit(); !done) return tl::unexpected(done.error());
    report_.done.push_back("the indexes by height, by hash and of transactions were made anew");
    if (dropped_ > 0)
      report_.lost.push_back(fmt::format("{} headers that are damaged or have no ancestor", dropped_));
    if (corrected_ > 0)
      report_.done.push_back(fmt::format("{} total difficulties were corrected", corrected_));
    return left;
  }

 private:
  Result<> commit() {
    auto done = database_.commit(std::move(batch_), Durability::sync);
    batch_ = Batch{};
    return done;
  }
  Result<> commit_when_full() { return batch_.size_bytes() < kMostBatchBytes ? Result<>{} : commit(); }

  /// In order of height: a header stays when it hashes to its key and its parent stayed.
  Result<> sweep_headers() {
    std::map<BlockHash, TotalDifficulty> level, parents;
    BlockNum number = 0;
    Cursor cursor = database_.cursor(Table::header);
    for (cursor.seek_to_first(); cursor.valid(); cursor.next()) {
      const auto id = read_block_id(cursor.key());
      if (id && id->number != number) {
        parents = id->number == number + 1 ? std::move(level) : decltype(level){};
        level.clear();
        number = id->number;
      }
      const auto total = id ? keep_header(*id, cursor.value(), parents) : std::nullopt;
      if (total)
        level[id->hash] = *total;
      else
        drop(cursor.key());
      if (auto done = commit_when_full(); !done) return done;
    }
    return {};
  }

  std::optional<TotalDifficulty> keep_header(const BlockId& id, ByteView value,
                                             const std::map<BlockHash, TotalDifficulty>& parents) {
    rlp::Reader reader(value);
    const auto stored = reader.u256();
    const auto header = decode_header(reader.rest(), identity_);
    if (!stored || !header) return std::nullopt;
    const SealedHeader& sealed = *header;
    if (sealed.hash() != id.hash || sealed->number != id.number) return std::nullopt;
    TotalDifficulty before;
    if (id.number > 0) {
      const auto parent = parents.find(sealed->parent_hash);
      if (parent == parents.end()) return std::nullopt;
      before = parent->second;
    }
    const auto total = checked_add(before, sealed->difficulty).value_or(TotalDifficulty::max());
    if (*stored != total) {
      ++corrected_;
      ChainWriter(batch_).put_header(sealed, total);
    }
    batch_.put(Table::number, id.hash, number_key(id.number));
    if (!best_ || total > best_total_) best_ = id, best_total_ = total;
    return total;
  }

  void drop(ByteView key) {
    ++dropped_;
    for (const Table table : {Table::header, Table::body, Table::receipt}) batch_.erase(table, key);
  }

  Result<> index_chain() {
    for (BlockId at = *best_;;) {
      ChainWriter(batch_).set_canonical(at);
      if (at.number == 0) break;
      at = {at.number - 1, (*store_.header(at))->parent_hash};
      if (auto done = commit_when_full(); !done) return done;
    }
    return commit();
  }

  ChainLeft count_complete() {
    ChainLeft left{*best_, 0, 0};
    bool whole = true;
    for (BlockNum number = 1; number <= best_->number; ++number) {
      const auto header = *store_.canonical_header(number);
      const BlockId id{number, header.hash()};
      if (!keep_body(id, *header)) break;
      left.executable = number;
      whole = keep_receipts(id, *header) && whole;
      if (whole) left.complete = number;
      if (!commit_when_full()) break;
    }
    if (left.executable < best_->number)
      report_.lost.push_back(fmt::format("the body of block {}", left.executable + 1));
    if (left.complete < left.executable)
      report_.lost.push_back(
          fmt::format("the receipts of block {}: they come again when it is executed", left.complete + 1));
    return left;
  }

  /// What a genesis block has besides its header says nothing new.
  void put_genesis_contents() {
    const auto header = store_.header(*store_.canonical_id(0));
    Body body;
    if ((*header)->withdrawals_root) body.withdrawals.emplace();
    ChainWriter(batch_).put_body({0, header->hash()}, body);
    ChainWriter(batch_).put_receipts({0, header->hash()}, {});
  }

  bool keep_body(const BlockId& id, const Header& header) {
    const auto rlp = store_.body_rlp(id);
    const auto body = rlp ? decode_body(*rlp, HeaderIdentity::keccak_rlp)
                          : rlp::Decoded<Body>(rlp::fail(rlp::DecodeError::input_too_short));
    if (!body || transactions_root(body->transactions) != header.transactions_root) {
      batch_.erase(Table::body, block_key(id));
      return false;
    }
    std::uint32_t index = 0;
    for (const Transaction& txn : body->transactions)
      ChainWriter(batch_).put_txn(hash_of(txn), {id.number, index++});
    return true;
  }

  bool keep_receipts(const BlockId& id, const Header& header) {
    const auto bytes = database_.get(Table::receipt, block_key(id));
    const auto receipts = bytes ? decode_stored_receipts(*bytes) : std::nullopt;
    if (receipts && receipts_root(*receipts) == header.receipts_root) return true;
    batch_.erase(Table::receipt, block_key(id));
    return false;
  }

  /// Bodies and receipts whose header is gone.
  void drop_strays() {
    for (const Table table : {Table::body, Table::receipt}) {
      Cursor cursor = database_.cursor(table);
      for (cursor.seek_to_first(); cursor.valid(); cursor.next())
        if (!database_.has(Table::header, cursor.key())) batch_.erase(table, cursor.key());
    }
  }

  Database& database_;
  const ChainStore store_;
  const HeaderIdentity identity_;
  RepairReport& report_;
  Batch batch_;
  std::optional<BlockId> best_;
  TotalDifficulty best_total_;
  std::uint64_t dropped_ = 0, corrected_ = 0;
};

}  // namespace

Result<ChainLeft> mend_chain(Database& database, HeaderIdentity identity, RepairReport& report) {
  return ChainMender(database, identity, report).run();
}

}  // namespace quarry::repair
