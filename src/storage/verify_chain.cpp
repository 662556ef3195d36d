// Headers of all branches in order of height, with what belongs to each.
#include <fmt/format.h>

#include <map>

#include "core/keccak.hpp"
#include "core/trie_root.hpp"
#include "storage/codec.hpp"
#include "storage/log_index.hpp"
#include "storage/verify_stages.hpp"

namespace quarry::verify {
namespace {

constexpr std::size_t kSealBatch = 256;  ///< headers whose seals are checked in one go
constexpr std::uint64_t kStepEvery = 256;

template <class T>
std::string differs(std::string_view what, const T& have, const T& wanted) {
  return fmt::format("{} is {}, and should be {}", what, have, wanted);
}

class ChainCheck {
 public:
  explicit ChainCheck(Context& context)
      : context_(context),
        store_(context.database()),
        headers_(context.database().cursor(Table::header)),
        canonical_(context.database().cursor(Table::canonical)),
        log_index_(context.database().cursor(Table::log_index)),
        bodies_{Table::body, context.database().cursor(Table::body)},
        receipts_{Table::receipt, context.database().cursor(Table::receipt)},
        complete_(std::max(context.heads.block.number, context.heads.fast_block.number)),
        indexes_txns_(!is_empty(Table::txn)) {}

  void run() {
    if (!context_.guard("table header", [&] { walk(); })) return;
    check_seals();
    check_number_index();
    check_txn_index();
    check_log_index();
    context_.checked("headers", headers_seen_);
    context_.checked("bodies", bodies_seen_);
    context_.checked("receipts", receipts_seen_);
    context_.checked("transactions", txns_seen_);
    if (context_.options().seals) context_.checked("seals", seals_seen_);
  }

 private:
  /// A table whose keys are some of the headers', walked along with them.
  struct Beside {
    Table table;
    Cursor cursor;
  };
  /// The headers of one height, for the next one's links.
  using Level = std::map<BlockHash, TotalDifficulty>;

  bool is_empty(Table table) const {
    bool empty = true;
    context_.guard(fmt::format("table {}", row(table).family), [&] {
      Cursor cursor = context_.database().cursor(table);
      cursor.seek_to_first();
      empty = !cursor.valid();
    });
    return empty;
  }

  void walk() {
    canonical_.seek_to_first();
    bodies_.cursor.seek_to_first();
    receipts_.cursor.seek_to_first();
    for (headers_.seek_to_first(); headers_.valid(); headers_.next()) {
      const auto id = read_block_id(headers_.key());
      if (!id) {
        context_.damage("table header", "a key of another form: " + to_hex0x(headers_.key()));
        continue;
      }
      if (id->number != number_ || headers_seen_ == 0) begin_level(id->number);
      if (++headers_seen_ % kStepEvery == 0)
        context_.step("Checking the chain", id->number, context_.heads.header.number);
      check_row(*id);
    }
    begin_level(number_ + 1);
    end_canonical();
    // What is left belongs to no header.
    skip_strays(bodies_, {});
    skip_strays(receipts_, {});
  }

  /// The headers of the height before are all seen: its canonical hash must have been among them.
  void begin_level(BlockNum next) {
    if (headers_seen_ > 0 && number_ <= context_.heads.header.number && canonical_hash_ &&
        !level_.contains(*canonical_hash_))
      context_.damage(block_text({number_, *canonical_hash_}), "is canonical, and its header is not there");
    const bool follows = headers_seen_ == 0 ? next == 0 : next == number_ + 1;
    parents_ = follows ? std::move(level_) : Level{};
    level_.clear();
    canonical_parent_ = follows ? canonical_hash_ : std::nullopt;
    for (BlockNum number = headers_seen_ == 0 ? 0 : number_ + 1;
         number < next && number <= context_.heads.header.number; ++number)
      context_.damage(fmt::format("block {}", number), "no header of this height is there");
    number_ = next;
    canonical_hash_ = next_canonical(next);
  }

  /// The canonical hash of this height, from the walk along its table.
  std::optional<BlockHash> next_canonical(BlockNum number) {
    for (; canonical_.valid(); canonical_.next()) {
      const auto at = read_number(canonical_.key());
      const auto hash = BlockHash::from(canonical_.value());
      if (!at || canonical_.key().size() != 8 || !hash) {
        context_.damage("table canonical", "a row of another form: " + to_hex0x(canonical_.key()));
        continue;
      }
      if (*at > number) break;
      if (*at < number) continue;
      if (number > context_.heads.header.number)
        context_.damage(block_text({number, *hash}), "is canonical, and lies above the header head");
      canonical_.next();
      return hash;
    }
    if (number <= context_.heads.header.number)
      context_.damage(fmt::format("block {}", number), "the index by height has no row");
    return std::nullopt;
  }

  void end_canonical() {
    for (; canonical_.valid(); canonical_.next())
      context_.damage("table canonical", fmt::format("a row for block {}, above all headers",
                                                     read_number(canonical_.key()).value_or(0)));
    if (number_ <= context_.heads.header.number)
      context_.damage(block_text(context_.heads.header), "is the header head, and above all headers");
  }

  void check_row(const BlockId& id) {
    rlp::Reader reader(headers_.value());
    const auto total = reader.u256();
    const auto header = total ? decode_header(reader.rest(), context_.identity)
                              : rlp::Decoded<SealedHeader>(rlp::fail(rlp::DecodeError::invalid_value));
    if (!header) return context_.damage(block_text(id), "its header does not decode");
    const SealedHeader& sealed = *header;
    if (sealed.hash() != id.hash || sealed->number != id.number)
      context_.damage(block_text(id), fmt::format("its header is block {}'s and hashes to {}", sealed->number,
                                                  sealed.hash().hex()));
    level_[id.hash] = *total;
    check_place(id, *sealed, *total);
    check_body(id, *sealed);
    check_receipts(id, *sealed);
    if (context_.options().seals && id.number > 0) {
      unsealed_.push_back(sealed);
      if (unsealed_.size() == kSealBatch) check_seals();
    }
  }

  void check_place(const BlockId& id, const Header& header, const TotalDifficulty& total) {
    context_.guard(block_text(id), [&] {
      if (store_.number_of(id.hash) != id.number)
        context_.damage(block_text(id), "the index by hash does not name its height");
    });
    TotalDifficulty before;
    if (id.number > 0) {
      const auto parent = parents_.find(header.parent_hash);
      if (parent == parents_.end())
        return context_.damage(block_text(id),
                               fmt::format("its parent {} is not there", header.parent_hash.hex()));
      before = parent->second;
      if (is_canonical(id) && canonical_parent_ && *canonical_parent_ != header.parent_hash)
        context_.damage(block_text(id),
                        fmt::format("is canonical, its parent is {}, and the canonical block {} is {}",
                                    header.parent_hash.hex(), id.number - 1, canonical_parent_->hex()));
    }
    const auto wanted = checked_add(before, header.difficulty).value_or(TotalDifficulty::max());
    if (total != wanted)
      context_.damage(block_text(id),
                      differs("its total difficulty", total.to_decimal(), wanted.to_decimal()));
  }

  bool is_canonical(const BlockId& id) const { return canonical_hash_ == id.hash; }

  /// The value beside this header, if there is one. What lies before it has no header.
  std::optional<Bytes> value_beside(Beside& beside, const BlockId& id) {
    std::optional<Bytes> out;
    context_.guard(fmt::format("{} of {}", row(beside.table).family, block_text(id)), [&] {
      const auto key = block_key(id);
      skip_strays(beside, key);
      if (!beside.cursor.valid() || !equal(beside.cursor.key(), key)) return;
      out = to_bytes(beside.cursor.value());
      beside.cursor.next();
    });
    return out;
  }

  /// Up to `key`; empty: to the end.
  void skip_strays(Beside& beside, ByteView key) {
    for (; beside.cursor.valid() && (key.empty() || as_text(beside.cursor.key()) < as_text(key));
         beside.cursor.next())
      context_.damage(fmt::format("table {}", row(beside.table).family),
                      "a row without a header: " + to_hex0x(beside.cursor.key()));
  }

  bool needs_contents(const BlockId& id) const { return is_canonical(id) && id.number <= complete_; }

  void check_body(const BlockId& id, const Header& header) {
    const auto bytes = value_beside(bodies_, id);
    if (!bytes) {
      if (needs_contents(id)) context_.damage(block_text(id), "its body is not there");
      return;
    }
    ++bodies_seen_;
    const auto body = decode_body(*bytes, HeaderIdentity::keccak_rlp);
    if (!body) return context_.damage(block_text(id), "its body does not decode");
    const auto check = [&](std::string_view what, const auto& have, const auto& wanted) {
      if (have != wanted) context_.damage(block_text(id), differs(what, have.hex(), wanted.hex()));
    };
    check("its body's transactions root", transactions_root(body->transactions), header.transactions_root);
    if (context_.identity == HeaderIdentity::keccak_rlp)
      check("its body's ommers hash", ommers_hash(body->ommers), header.ommers_hash);
    if (body->withdrawals.has_value() != header.withdrawals_root.has_value())
      context_.damage(block_text(id), "header and body do not agree whether there are withdrawals");
    else if (body->withdrawals)
      check("its body's withdrawals root", withdrawals_root(*body->withdrawals), *header.withdrawals_root);
    txns_seen_ += body->transactions.size();
    if (indexes_txns_ && needs_contents(id)) check_txns_indexed(id, *body);
  }

  void check_txns_indexed(const BlockId& id, const Body& body) {
    for (std::size_t i = 0; i < body.transactions.size(); ++i) {
      const TxnHash hash = hash_of(body.transactions[i]);
      context_.guard(block_text(id), [&] {
        const auto found = context_.database().get(Table::txn, hash);
        if (!found || found->size() != 12 || read_number(*found) != id.number)
          context_.damage(block_text(id),
                          fmt::format("its transaction {} ({}) is not in the index", i, hash.hex()));
      });
    }
  }

  void check_receipts(const BlockId& id, const Header& header) {
    const auto bytes = value_beside(receipts_, id);
    if (!bytes) {
      if (needs_contents(id)) context_.damage(block_text(id), "its receipts are not there");
      return;
    }
    ++receipts_seen_;
    const auto receipts = decode_stored_receipts(*bytes);
    if (!receipts) return context_.damage(block_text(id), "its receipts do not decode");
    const RootHash root = receipts_root(*receipts);
    if (root != header.receipts_root)
      context_.damage(block_text(id), differs("its receipts' root", root.hex(), header.receipts_root.hex()));
    const Gas used = receipts->empty() ? 0 : receipts->back().cumulative_gas_used;
    if (used != header.gas_used)
      context_.damage(block_text(id), differs("its receipts' gas", used, header.gas_used));
    if (needs_contents(id)) check_logs_indexed(id, *receipts);
  }

  void check_logs_indexed(const BlockId& id, const std::vector<Receipt>& receipts) {
    const auto terms = log_terms_of(receipts);
    log_entries_ += terms.size();
    context_.guard(block_text(id), [&] {
      for (const Bytes& term : terms) {
        log_index_.seek(log_run_key(term, id.number));
        const auto blocks = log_index_.valid() && is_of_term(log_index_.key(), term)
                                ? decode_log_run(log_index_.key(), log_index_.value())
                                : std::nullopt;
        if (!blocks || !std::binary_search(blocks->begin(), blocks->end(), id.number))
          context_.damage(block_text(id),
                          fmt::format("the index of logs does not name it under {}", to_hex0x(term)));
      }
    });
  }
  static bool is_of_term(ByteView key, ByteView term) {
    return key.size() == term.size() + 8 && equal(key.first(term.size()), term);
  }

  void check_seals() {
    if (unsealed_.empty()) return;
    const auto verdicts = context_.options().seals(unsealed_);
    for (std::size_t i = 0; i < unsealed_.size() && i < verdicts.size(); ++i)
      if (!verdicts[i].empty())
        context_.damage(block_text({unsealed_[i]->number, unsealed_[i].hash()}), "its seal: " + verdicts[i]);
    seals_seen_ += unsealed_.size();
    unsealed_.clear();
  }

  void check_number_index() {
    std::uint64_t rows = 0;
    context_.guard("table number", [&] {
      Cursor cursor = context_.database().cursor(Table::number);
      for (cursor.seek_to_first(); cursor.valid(); cursor.next()) {
        if (++rows % kStepEvery == 0) context_.step("Checking the index by hash", rows, headers_seen_);
        const auto hash = BlockHash::from(cursor.key());
        const auto number = cursor.value().size() == 8 ? read_number(cursor.value()) : std::nullopt;
        if (!hash || !number)
          context_.damage("table number", "a row of another form: " + to_hex0x(cursor.key()));
        else if (!store_.has_header({*number, *hash}))
          context_.damage("table number",
                          fmt::format("names {}, whose header is not there", block_text({*number, *hash})));
      }
    });
    context_.checked("index rows", rows);
  }

  /// Every row names a transaction that is there.
  void check_txn_index() {
    std::uint64_t rows = 0;
    context_.guard("table txn", [&] {
      Cursor cursor = context_.database().cursor(Table::txn);
      for (cursor.seek_to_first(); cursor.valid(); cursor.next()) {
        if (++rows % kStepEvery == 0) context_.step("Checking the index of transactions", rows, txns_seen_);
        const auto number = cursor.value().size() == 12 ? read_number(cursor.value()) : std::nullopt;
        if (!number || *number > context_.heads.header.number)
          context_.damage("table txn",
                          fmt::format("transaction {} is said to be in a block that is not canonical",
                                      to_hex0x(cursor.key())));
      }
    });
    context_.checked("transaction index rows", rows);
  }

  /// Each block was found under each of its terms; that there are no more entries than those says the rest.
  void check_log_index() {
    std::uint64_t rows = 0, entries = 0;
    context_.guard("table log_index", [&] {
      Cursor cursor = context_.database().cursor(Table::log_index);
      for (cursor.seek_to_first(); cursor.valid(); cursor.next()) {
        if (++rows % kStepEvery == 0) context_.step("Checking the index of logs", rows);
        const auto blocks = decode_log_run(cursor.key(), cursor.value());
        if (!blocks)
          context_.damage("table log_index", "a row of another form: " + to_hex0x(cursor.key()));
        else
          entries += blocks->size();
      }
    });
    if (entries != log_entries_)
      context_.damage("table log_index",
                      fmt::format("names {} blocks, and the receipts say {}", entries, log_entries_));
    context_.checked("log index entries", entries);
  }

  Context& context_;
  const ChainStore store_;
  Cursor headers_, canonical_, log_index_;
  Beside bodies_, receipts_;
  const BlockNum complete_;  ///< canonical blocks up to here have bodies and receipts
  const bool indexes_txns_;

  BlockNum number_ = 0;
  Level level_, parents_;
  std::optional<BlockHash> canonical_hash_, canonical_parent_;
  std::vector<SealedHeader> unsealed_;
  std::uint64_t headers_seen_ = 0, bodies_seen_ = 0, receipts_seen_ = 0, txns_seen_ = 0, seals_seen_ = 0,
                log_entries_ = 0;
};

}  // namespace

void check_chain(Context& context) {
  ChainCheck(context).run();
}

}  // namespace quarry::verify
