#include "node/geth_migrate.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/log.hpp"
#include "node/geth_files.hpp"
#include "node/geth_genesis.hpp"
#include "node/geth_source.hpp"
#include "node/local_chain.hpp"
#include "node/options.hpp"
#include "node/progress.hpp"
#include "node/stop_signals.hpp"
#include "node/stored_blocks.hpp"
#include "storage/log_index.hpp"
#include "storage/meta.hpp"
#include "storage/state_store.hpp"
#include "storage/state_sync_store.hpp"
#include "storage/state_writer.hpp"

namespace quarry {
namespace fs = std::filesystem;
namespace {

/// A batch of blocks, and so much of them, is committed at once.
constexpr std::size_t kMostBatchBlocks = 256;
constexpr std::size_t kMostBatchBytes = std::size_t{8} << 20;
/// Below the head a state that is whole is looked for in so many blocks.
constexpr BlockNum kMostBlocksWithoutState = 100'000;
/// States that turn out not to be whole, before it is given up.
constexpr int kMostStateTries = 4;
/// As `quarry import` ends when a signal stopped it.
constexpr int kStoppedExitCode = 130;

/// What was done, in the words of the end report.
struct Outcome {
  bool stopped = false;
  std::string no_state_reason;  ///< why the state could not be followed block by block to the head
};

class Migration {
 public:
  Migration(geth::Source& source, Database& database, const StopSignals& signals)
      : source_(source), database_(database), store_(database), signals_(signals) {}

  /// Block 0, its state and the genesis record; or, on a rerun, that they are this source's. To be called
  /// first.
  Result<> start() {
    const auto block = source_.block(0);
    if (!block) return tl::unexpected(block.error());
    const BlockHash wanted = block->header.hash();
    if (!store_.stored_heads()) return write_genesis(*block);
    const auto have = store_.canonical_hash(0);
    if (have == wanted) return {};
    return fail(fmt::format("the data dir holds another chain: its genesis is {}, geth's is {}",
                            have.value_or(BlockHash{}).hex(), wanted.hex()),
                "Give this chain a --datadir of its own. Nothing was changed.");
  }

  Result<Outcome> run() {
    if (auto done = copy_blocks(); !done) return tl::unexpected(done.error());
    if (outcome_.stopped) return outcome_;
    if (auto done = follow_states(); !done) return tl::unexpected(done.error());
    if (outcome_.stopped || store_.heads().block == source_.head()) return outcome_;
    if (auto done = take_newest_state(); !done) return tl::unexpected(done.error());
    return outcome_;
  }

 private:
  bool stopped() {
    outcome_.stopped = outcome_.stopped || signals_.requested();
    return outcome_.stopped;
  }

  Result<> write_genesis(const geth::SourceBlock& block) {
    const BlockId id{0, block.header.hash()};
    const RootHash root = block.header->state_root;
    const auto loaded = load_state(database_, source_, id, root);
    auto genesis = geth::read_genesis(source_, loaded ? &database_ : nullptr);
    if (!genesis) return tl::unexpected(genesis.error());
    Batch batch;
    if (loaded) {
      end_state_sync(batch);
      put_state_head(batch, {0, root}, 0);
    } else if (genesis->complete) {
      end_state_sync(batch);
      write_genesis_state(batch, genesis->genesis.alloc);
    } else {
      outcome_.no_state_reason = loaded.error().what;
    }
    if (!genesis->complete)
      log_warn(
          "geth kept the genesis accounts' addresses as hashes only: `quarry init` of another genesis file "
          "cannot name what differs");
    put_genesis(batch, genesis->genesis);
    put_block(batch, block);
    ChainWriter(batch).set_heads({id, id, id});
    return database_.commit(std::move(batch), Durability::sync);
  }

  static void put_block(Batch& batch, const geth::SourceBlock& block) {
    const BlockId id{block.header->number, block.header.hash()};
    ChainWriter to(batch);
    to.put_header(block.header, block.total_difficulty);
    to.put_body(id, block.body);
    to.put_receipts(id, block.receipts);
    to.set_canonical(id);
    std::uint32_t index = 0;
    for (const Transaction& txn : block.body.transactions) to.put_txn(hash_of(txn), {id.number, index++});
  }

  /// Blocks up to geth's head, linked and with the roots that their headers say.
  Result<> copy_blocks() {
    const Heads heads = store_.heads();
    BlockId parent = heads.header;
    if (source_.canonical_hash(parent.number) != parent.hash)
      return fail(
          fmt::format("the data dir's block {} ({}) is not geth's", parent.number, parent.hash.hex()),
          "It has gone on since it was migrated, or geth's chain has another branch. Migrate into an empty "
          "--datadir.");
    TotalDifficulty total = *store_.total_difficulty(parent);
    const BlockNum last = source_.head().number;
    Progress progress("Copying blocks", "blocks");
    Batch batch;
    LogIndexWriter logs(database_);
    for (BlockNum number = parent.number + 1; number <= last; ++number) {
      auto block = source_.block(number);
      if (!block) return tl::unexpected(block.error());
      if (auto linked = check_links(*block, parent, total); !linked) return linked;
      put_block(batch, *block);
      logs.add(number, block->receipts);
      parent = {number, block->header.hash()};
      const bool full = number % kMostBatchBlocks == 0 || batch.size_bytes() > kMostBatchBytes;
      if (!full && number != last) continue;
      logs.flush(batch);
      ChainWriter(batch).set_heads({parent, heads.block, parent});
      if (auto done = database_.commit(std::move(batch)); !done) return done;
      batch = Batch{};
      progress.update(number, last, number);
      if (stopped()) break;
    }
    progress.finish();
    return {};
  }

  static Result<> check_links(const geth::SourceBlock& block, const BlockId& parent, TotalDifficulty& total) {
    const Header& header = *block.header;
    if (header.parent_hash != parent.hash)
      return fail(
          fmt::format("block {} ({}): its parent is {}, and geth's canonical block {} is {}", header.number,
                      block.header.hash().hex(), header.parent_hash.hex(), parent.number, parent.hash.hex()),
          "The source is damaged; does geth itself still start on it?");
    total = checked_add(total, header.difficulty).value_or(TotalDifficulty::max());
    if (block.total_difficulty != total)
      return fail(
          fmt::format("block {} ({}): geth's total difficulty is {}, and should be {}", header.number,
                      block.header.hash().hex(), block.total_difficulty.to_decimal(), total.to_decimal()),
          "The source is damaged; does geth itself still start on it?");
    return {};
  }

  /// The state, block after block, by what differs between the tries: so every past state stays readable.
  Result<> follow_states() {
    const auto state = StateStore(database_).head();
    if (!state) return {};
    StateWriter writer(database_);
    RootHash root = state->root;
    const BlockNum last = source_.head().number;
    Progress progress("Following the state", "blocks");
    BlockNum number = state->number;
    while (number < last && !stopped()) {
      const auto header = store_.canonical_header(number + 1);
      const RootHash next = (*header)->state_root;
      const auto diff = diff_of(root, next);
      if (!diff) {
        outcome_.no_state_reason = diff.error().what;
        break;
      }
      if (writer.apply(++number, *diff) != next)
        return fail(fmt::format("block {}: geth's state gives the root {}, and its header says {}", number,
                                writer.root().hex(), next.hex()),
                    "This is a fault of quarry's: please report it.");
      root = next;
      if (writer.pending_blocks() < kMostBatchBlocks && writer.pending_bytes() < kMostBatchBytes) continue;
      if (auto done = commit_state(writer); !done) return done;
      progress.update(number, last, number);
    }
    progress.finish();
    return writer.pending_blocks() == 0 ? Result<>{} : commit_state(writer);
  }

  Result<HashedDiff> diff_of(const RootHash& before, const RootHash& after) {
    if (before == after) return HashedDiff{};
    if (!has_root(source_, after))
      return fail(fmt::format("the state with root {} is not there", after.hex()));
    return diff_states(source_, before, after);
  }

  Result<> commit_state(StateWriter& writer) {
    Batch batch;
    Heads heads = store_.heads();
    heads.block = *store_.canonical_id(writer.number());
    writer.flush(batch);
    ChainWriter(batch).set_heads(heads);
    return database_.commit(std::move(batch));
  }

  /// geth keeps few states unless told otherwise: the newest one that is whole.
  Result<> take_newest_state() {
    const BlockNum head = source_.head().number, at = store_.heads().block.number;
    const BlockNum lowest = std::max(at, head > kMostBlocksWithoutState ? head - kMostBlocksWithoutState : 0);
    int tries = 0;
    for (BlockNum number = head; number > lowest && tries < kMostStateTries && !stopped(); --number) {
      const auto header = store_.canonical_header(number);
      if (!has_root(source_, (*header)->state_root)) continue;
      ++tries;
      const auto loaded = load_newest(**header, header->hash());
      if (loaded) return {};
      outcome_.no_state_reason = loaded.error().what;
      log_warn("A state is not whole", {{"number", number}, {"err", loaded.error().what}});
    }
    if (tries == 0) return {};
    // The tables hold part of a state now: back to the genesis', on which the chain can be executed.
    return back_to_genesis();
  }

  Result<> load_newest(const Header& header, const BlockHash& hash) {
    const BlockId id{header.number, hash};
    Progress progress("Copying the state", "nodes");
    const auto loaded = load_state(database_, source_, id, header.state_root,
                                   [&](std::uint64_t nodes) { progress.update(nodes, 0, nodes); });
    progress.finish();
    if (!loaded) return loaded;
    Batch batch;
    end_state_sync(batch);
    put_state_head(batch, {id.number, header.state_root}, id.number);
    Heads heads = store_.heads();
    heads.block = id;
    ChainWriter(batch).set_heads(heads);
    return database_.commit(std::move(batch), Durability::sync);
  }

  Result<> back_to_genesis() {
    const auto id = store_.canonical_id(0);
    const auto header = store_.header(*id);
    if (auto loaded = load_state(database_, source_, *id, (*header)->state_root); !loaded) return loaded;
    Batch batch;
    end_state_sync(batch);
    put_state_head(batch, {0, (*header)->state_root}, 0);
    Heads heads = store_.heads();
    heads.block = *id;
    ChainWriter(batch).set_heads(heads);
    return database_.commit(std::move(batch), Durability::sync);
  }

  geth::Source& source_;
  Database& database_;
  const ChainStore store_;
  const StopSignals& signals_;
  Outcome outcome_;
};

std::string where_state_begins(const Database& database) {
  const auto oldest = StateStore(database).oldest_state();
  return oldest ? std::to_string(*oldest) : "none";
}

/// Says what came over, checks it against geth's head, and says plainly what did not.
Result<int> finish(const NodeOptions& options, const DataDirPaths& paths, const geth::Source& source,
                   const Outcome& outcome) {
  auto database = Database::open({.path = paths.chaindata.string()});
  if (!database) return tl::unexpected(database.error());
  const ChainStore store(**database);
  const Heads heads = store.heads();
  if (heads.header != source.head())
    return fail(fmt::format("the migrated head is block {} ({}), and geth's is block {} ({})",
                            heads.header.number, heads.header.hash.hex(), source.head().number,
                            source.head().hash.hex()));
  const auto state = StateStore(**database).head();
  const auto header = store.header(heads.block);
  if (heads.block == heads.header && state && header && (*header)->state_root == state->root) {
    log_info("Migrated geth's chain", {{"number", heads.block.number},
                                       {"hash", heads.block.hash},
                                       {"root", state->root},
                                       {"td", *store.total_difficulty(heads.block)},
                                       {"oldest", where_state_begins(**database)},
                                       {"datadir", options.datadir.string()}});
    if (const auto oldest = StateStore(**database).oldest_state(); oldest && *oldest > 0)
      log_warn("States of older blocks were pruned by geth and cannot be read here",
               {{"oldest", *oldest}, {"reason", outcome.no_state_reason}});
    return 0;
  }
  return fail(
      fmt::format("geth's data dir lacks the state of its head: blocks up to {} came over, their state up to "
                  "block {}: {}",
                  heads.header.number, state ? std::to_string(state->number) : "none",
                  outcome.no_state_reason),
      "geth had not written that state. Start and stop that geth cleanly once and migrate again, or let this "
      "node synchronise with a peer.");
}

Result<int> report_dry_run(const geth::Folders& folders) {
  const fs::path aside = fs::temp_directory_path() / fmt::format("quarry-migrate-{}", getpid());
  auto source = geth::Source::open(folders, aside);
  if (!source) return tl::unexpected(source.error());
  const BlockId head = (*source)->head();
  const auto header = (*source)->header(head.number);
  if (!header) return tl::unexpected(header.error());
  log_info("geth's chain", {{"number", head.number},
                            {"hash", head.hash},
                            {"frozen", (*source)->frozen()},
                            {"state", has_root(**source, (*header)->state_root)},
                            {"chaindata", folders.chaindata.string()}});
  return 0;
}

}  // namespace

Result<int> migrate_geth(const NodeOptions& options) {
  const StopSignals signals(true);
  const auto folders = geth::find_folders(options.args[1]);
  if (!folders) return tl::unexpected(folders.error());
  if (options.dry_run) return report_dry_run(*folders);
  std::error_code ignored;
  if (fs::equivalent(folders->datadir, options.datadir, ignored))
    return fail(fmt::format("{} is geth's own data dir, which is never written to", options.datadir.string()),
                "Give another --datadir.");
  const auto lock = DataDirLock::acquire(options.datadir);
  if (!lock) return tl::unexpected(lock.error());
  auto source = geth::Source::open(*folders, fs::absolute(lock->paths().quarry / "migrate-geth"));
  if (!source) return tl::unexpected(source.error());
  log_info("Migrating geth's chain", {{"from", folders->chaindata.string()},
                                      {"number", (*source)->head().number},
                                      {"hash", (*source)->head().hash},
                                      {"frozen", (*source)->frozen()}});
  Outcome outcome;
  {
    auto database = Database::open({.path = lock->paths().chaindata.string()});
    if (!database) return tl::unexpected(database.error());
    Migration migration(**source, **database, signals);
    if (auto ours = migration.start(); !ours) return tl::unexpected(ours.error());
    if (auto copied = geth::copy_files(folders->datadir, lock->paths()); !copied)
      return tl::unexpected(copied.error());
    auto done = migration.run();
    if (!done) return tl::unexpected(done.error());
    outcome = std::move(*done);
  }
  // What geth has no state of is executed here, from the newest state that it has.
  if (!outcome.stopped && !outcome.no_state_reason.empty())
    if (auto executed = execute_stored_blocks(options, lock->paths(), (*source)->head().number, signals);
        !executed)
      outcome.no_state_reason += "; " + executed.error().what;
  if (outcome.stopped || signals.requested()) {
    log_info("Migration stopped; run it again to go on");
    return kStoppedExitCode;
  }
  return finish(options, lock->paths(), **source, outcome);
}

}  // namespace quarry
