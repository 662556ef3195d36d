#pragma once
/// \file
/// The chain's inside, shared by the files that implement it: import.cpp (whole blocks), fork_choice.cpp
/// (switching branches), header_import.cpp, fast_import.cpp, candidate.cpp, set_head.cpp, chain.cpp
/// (the rest).

#include <atomic>
#include <deque>
#include <mutex>
#include <unordered_map>

#include "consensus/bad_blocks.hpp"
#include "consensus/branch_hashes.hpp"
#include "consensus/chain.hpp"
#include "consensus/seal_check.hpp"
#include "consensus/state_cache.hpp"
#include "consensus/txn_recovery.hpp"
#include "consensus/validate.hpp"
#include "core/check.hpp"
#include "storage/chain_store.hpp"
#include "storage/database.hpp"
#include "storage/log_index.hpp"
#include "storage/state_store.hpp"
#include "storage/state_writer.hpp"

namespace quarry {

inline BlockId id_of(const SealedHeader& header) {
  return {header->number, header.hash()};
}

/// Saturates at 2^256 - 1.
inline TotalDifficulty add_difficulty(const TotalDifficulty& total, const Header& header) {
  return checked_add(total, header.difficulty).value_or(TotalDifficulty::max());
}

using SteadyClock = std::chrono::steady_clock;

/// Chain thread only, except the published heads. Blocks are added one by one to `batch_`, with the state's
/// changes pending in `state_`, until commit() writes them all with the head they lead to. `tip_` is the
/// head including what is not committed.
class ChainImpl final : public Ancestry, public HeaderSource {
 public:
  ChainImpl(Database& database, const ChainSpec& spec, Engine& engine, WorkerPool& workers,
            ChainOptions options);

  Result<> load();

  ImportResult insert_blocks(std::span<const Block> blocks, bool sealed_here, TxnRecovery* ahead);
  std::shared_ptr<TxnRecovery> recover_ahead(std::span<const Block> blocks) const {
    return std::make_shared<TxnRecovery>(workers_, blocks, known_senders_);
  }
  ImportResult insert_headers(std::span<const SealedHeader> headers);
  ImportResult insert_fast_blocks(std::span<const FastBlock> blocks);
  Result<> finish_fast_sync(const BlockId& pivot);
  Result<> set_head(BlockNum number);
  Result<Block> prepare(const CandidateRequest& request);
  bool is_canonical(const BlockId& id) const { return store_.canonical_hash(id.number) == id.hash; }

  ChainHead head() const;
  ChainHead header_head() const;
  std::uint64_t moves() const { return moves_; }
  std::vector<Chain::BadBlock> bad_blocks() const;
  void on_head(std::function<void(const HeadEvent&)> listener) { listener_ = std::move(listener); }
  void set_known_senders(TxnRecovery::KnownSender known) { known_senders_ = std::move(known); }
  const ChainSpec& spec() const { return validator_.spec(); }
  std::size_t most_miner_data() const { return validator_.engine().most_miner_data(); }

  std::optional<Ancestor> ancestor(const BlockId& id) const override;
  std::optional<SealedHeader> header_of(const BlockId& id) const override;

 private:
  /// Blocks added since the last commit.
  struct Pending {
    std::size_t count = 0;
    SteadyClock::time_point since;
    BranchHashes::Pending blocks;  ///< borrowed from the caller of insert_blocks
    struct AddedBlock {
      const Block* block;                  ///< borrowed like those above, unless it is
      std::shared_ptr<const Block> owned;  ///< this one
    };
    std::deque<AddedBlock> added;  ///< for the head event, the last kMostEventBlocks
    std::size_t added_count = 0;
    std::vector<std::shared_ptr<const Block>> removed;  ///< likewise, highest first
    std::size_t removed_count = 0;
    bool headers_moved = false;  ///< header_tip_ changed
  };
  /// What adding a block came to: the rule that one of the blocks broke (not always the added one: a
  /// branch is executed when it becomes the heaviest), or the disk's failure.
  struct Failure {
    BlockId id;
    std::optional<BlockError> rule;
    std::optional<Error> disk;
  };
  using Added = std::optional<Failure>;

  // chain.cpp
  /// The seal and, when it is good, what the headers before say to its author.
  Verdict check_author(SealCheck& seals, std::size_t index, const SealedHeader& header);

  // import.cpp
  bool is_known(const BlockId& id) const;
  bool state_is_head() const;
  std::size_t skip_known(std::span<const Block> blocks, ImportResult& result) const;
  void insert_checked(std::span<const Block> blocks, std::size_t first, bool sealed_here, TxnRecovery* ahead,
                      ImportResult& result);
  void note_failure(Failure failure, const SealedHeader& at, std::size_t index, ImportResult& result);
  Added add_block(const Block& block, const RecoveredTxns& txns, const TotalDifficulty& total);
  Added extend(const Block& block, const RecoveredTxns& txns, const TotalDifficulty& total);
  Added run(const Block& block, const RecoveredTxns& txns);
  ExecutionContext execution_context(const evm::BlockHashes& hashes);
  void put_block(const Block& block, const TotalDifficulty& total);
  bool batch_is_full() const;
  void report_import(const ImportResult& result, std::span<const Block> blocks,
                     SteadyClock::duration elapsed) const;

  // fork_choice.cpp
  bool is_better(const SealedHeader& header, const TotalDifficulty& total, const ChainHead& than) const;
  struct Branch {
    BlockId ancestor;             ///< canonical
    std::vector<BlockId> blocks;  ///< its descendants, lowest first
  };
  Expected<Branch, Error> branch_to(const SealedHeader& tip) const;
  Added switch_to(const Block& block, const RecoveredTxns& txns, const TotalDifficulty& total);
  Expected<std::vector<SealedHeader>, Failure> leave_branch(const Branch& branch);
  Added run_branch(const Branch& branch, const Block& tip, const RecoveredTxns& txns,
                   const TotalDifficulty& total);
  Added run_stored(const BlockId& id);
  Added abandon(Failure failure, std::span<const BlockId> bad);
  void make_canonical(const BlockId& id);
  void index_txns(BlockNum number, std::span<const TxnHash> hashes);
  void unindex_txns(const Body& body);
  bool has_logs_indexed(const BlockId& id) const;
  void unindex_logs(const BlockId& id);
  void unindex_fast_blocks(BlockNum above);
  void move_tip(const SealedHeader& header, const TotalDifficulty& total);

  // header_import.cpp
  std::optional<Error> put_headers(std::span<const SealedHeader> headers, TotalDifficulty& total);
  void follow_headers(std::span<const SealedHeader> headers, const TotalDifficulty& total);
  static ImportResult report_headers(ImportResult result, std::span<const SealedHeader> headers,
                                     SteadyClock::time_point began);

  // fast_import.cpp
  Verdict check_fast_block(const FastBlock& block) const;
  std::size_t put_fast_block(const FastBlock& block);
  void index_fast_block(const FastBlock& block);

  // candidate.cpp
  std::vector<SealedHeader> pick_ommers() const;

  // chain.cpp
  /// Writes what is pending with the head it leads to, publishes the head, tells the listener.
  [[nodiscard]] std::optional<Error> commit(bool sealed_here = false, Durability durability = Durability::wal);
  void forget_pending();
  /// Remembers the hash, when the rule it broke says that no block of this hash can ever be right.
  void remember_bad(const BlockHash& hash, BlockRule rule);
  /// Keeps the block for whoever asks what was wrong with it.
  void keep_bad(const Block& block, const BlockError& error);
  void announce(HeadEvent event);
  void remember_side(const SealedHeader& header);
  /// The block lives until the commit, or is `owned`.
  void note_added(const Block& block, std::shared_ptr<const Block> owned = nullptr);
  std::vector<std::shared_ptr<const Block>> added_blocks() const;
  void publish();
  static void report_bad(const ImportResult::Stop& bad);
  Timestamp now() const { return options_.now(); }

  /// The first header of the span that breaks a rule of the header phase, or that is in the future; sets
  /// `result` and gives the place. Parents before `from` must be stored; `header_at(i)` is the i-th header.
  template <class HeaderAt>
  std::size_t check_headers(std::size_t from, std::size_t count, HeaderAt header_at, ImportResult& result);

  Database& database_;
  WorkerPool& workers_;
  ChainOptions options_;
  Validator validator_;
  ChainStore store_;
  StateWriter state_;
  StateCache cache_;  ///< before state_.view()
  TxnRecovery::KnownSender known_senders_;

  ChainHead tip_;         ///< the head block, with what is pending
  ChainHead header_tip_;  ///< the header head, likewise
  BlockId fast_tip_;      ///< the fast block head
  Batch batch_;
  LogIndexWriter logs_;  ///< goes into the batch when it is committed
  Pending pending_;
  std::size_t committed_ = 0;  ///< blocks or headers committed by the import under way
  BadBlocks bad_{Chain::kMostBadBlocks};
  std::deque<SealedHeader> side_;  ///< recent blocks off the canonical chain, for ommers
  std::function<void(const HeadEvent&)> listener_;

  mutable std::mutex mutex_;  ///< guards what is below
  ChainHead head_;
  ChainHead header_head_;
  std::atomic<std::uint64_t> moves_ = 1;
  std::deque<Chain::BadBlock> kept_bad_;
};

template <class HeaderAt>
std::size_t ChainImpl::check_headers(std::size_t from, std::size_t count, HeaderAt header_at,
                                     ImportResult& result) {
  if (from == count) return from;
  const SealedHeader& first = header_at(from);
  const BlockId before{first->number - 1, first->parent_hash};
  const auto stored = from == 0 ? store_.header(before) : std::nullopt;
  // Only a chain that merges asks its headers for the sum.
  auto total = spec().terminal_total_difficulty ? store_.total_difficulty(before) : std::nullopt;
  const auto stop = [&](std::size_t i, BlockError error) {
    const SealedHeader& header = header_at(i);
    remember_bad(header.hash(), error.rule);
    auto& where = error.rule == BlockRule::future_time ? result.future : result.bad;
    where = ImportResult::Stop{id_of(header), i, std::move(error)};
    return i;
  };
  const Timestamp clock = now();
  for (std::size_t i = from; i < count; ++i) {
    const SealedHeader& header = header_at(i);
    const SealedHeader& parent = i == 0 ? *stored : header_at(i - 1);
    if (bad_.contains(header.hash()) || bad_.contains(header->parent_hash))
      return stop(i, {BlockRule::known_bad, "the block or its parent was refused before"});
    if (i == 0 && !stored)
      return stop(0, {BlockRule::unknown_parent,
                      "unknown ancestor: the parent " + header->parent_hash.hex() + " is not here"});
    if (header->parent_hash != parent.hash())
      return stop(
          i, {BlockRule::not_linked, "non contiguous insert: the parent is " + header->parent_hash.hex() +
                                         ", the one before is " + parent.hash().hex()});
    if (auto error = validator_.header(header, *parent, clock, total)) return stop(i, std::move(*error));
    if (total) total = add_difficulty(*total, *header);
  }
  return count;
}

}  // namespace quarry
