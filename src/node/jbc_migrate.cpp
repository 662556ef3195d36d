#include "node/jbc_migrate.hpp"

#include <fmt/format.h>

#include <deque>
#include <future>

#include "consensus/jbc/rules.hpp"
#include "core/cpu.hpp"
#include "core/log.hpp"
#include "node/jbc_source.hpp"
#include "node/jbc_zeros.hpp"
#include "node/local_chain.hpp"
#include "node/options.hpp"
#include "node/progress.hpp"
#include "node/stop_signals.hpp"
#include "node/stored_genesis.hpp"

namespace quarry {
namespace fs = std::filesystem;
namespace {
/// Pieces that are read ahead of the one in work, for each worker.
constexpr std::size_t kPiecesAhead = 2;
constexpr std::size_t kMaxMigrateTasks = 4096;
/// As `quarry import` ends when a signal stopped it.
constexpr int kStoppedExitCode = 130;

/// Blocks of a piece, in order, with what is wrong after them. What `work` made of each lies beside it.
struct Worked {
  JbcRead read;
  std::vector<Block> blocks;  ///< import only
};

/// Why a pass over the source ended early.
struct PassEnd {
  std::optional<JbcFault> fault;
  std::optional<Error> error;
  bool stopped = false;
  bool whole() const { return !fault && !error && !stopped; }
};

/// One pass: pieces are read and checked on the workers, several ahead, and consumed in order by the caller.
class Pass {
 public:
  using Work = std::function<void(Worked&)>;
  /// An error ends the pass.
  using Consume = std::function<Result<>(const Worked&)>;

  Pass(JbcSource& source, WorkerPool& workers, const StopSignals& signals, unsigned zeros)
      : source_(source), workers_(workers), signals_(signals), zeros_(zeros) {}

  PassEnd run(const char* what, const Work& work, const Consume& consume) {
    Progress progress(what, "blocks");
    end_ = {};
    last_.reset();
    count_ = 0;
    std::deque<std::future<Worked>> ahead;
    while (true) {
      while (ahead.size() < kPiecesAhead * workers_.threads()) {
        auto piece = source_.next();
        if (!piece) break;
        ahead.push_back(start(std::move(*piece), work));
      }
      if (ahead.empty()) break;
      Worked worked = ahead.front().get();
      ahead.pop_front();
      if (!take(std::move(worked), work, consume)) break;
      progress.update(count_, source_.total(), count_);
    }
    for (auto& future : ahead) future.wait();
    if (end_.whole()) end_.fault = source_.end_fault();
    return end_;
  }
  /// The last block that passed.
  const std::optional<jbc::Block>& last() const { return last_; }
  std::uint64_t count() const { return count_; }

 private:
  std::optional<JbcFault> broken(const jbc::Block& before, const jbc::Block& block) const {
    auto error = jbc::check_block(before, block, zeros_);
    if (!error) return std::nullopt;
    return JbcFault{source_.file_of(block.index), block.index, std::move(error->rule),
                    std::move(error->detail)};
  }
  static void cut(JbcRead& read, std::size_t count, JbcFault fault) {
    read.blocks.resize(count);
    read.fault = std::move(fault);
    read.rest = {};
  }
  Worked read(const JbcPiece& piece, const Work& work) const {
    Worked out{source_.read(piece), {}};
    auto& blocks = out.read.blocks;
    for (std::size_t i = 1; i < blocks.size(); ++i)
      if (auto fault = broken(blocks[i - 1], blocks[i])) cut(out.read, i, std::move(*fault));
    work(out);
    return out;
  }
  std::future<Worked> start(JbcPiece piece, const Work& work) {
    auto task = std::make_shared<std::packaged_task<Worked()>>(
        [this, piece = std::move(piece), &work] { return read(piece, work); });
    auto future = task->get_future();
    workers_.submit([task] { (*task)(); });
    return future;
  }

  /// The piece and, where it was long, its rest. False when the pass ends there.
  bool take(Worked worked, const Work& work, const Consume& consume) {
    while (true) {
      auto& blocks = worked.read.blocks;
      if (last_ && !blocks.empty())
        if (auto fault = broken(*last_, blocks.front())) return end_.fault = std::move(fault), false;
      if (!blocks.empty()) {
        if (auto done = consume(worked); !done) return end_.error = done.error(), false;
        last_ = blocks.back();
      }
      count_ += blocks.size();
      end_.fault = std::move(worked.read.fault);
      end_.stopped = signals_.requested();
      if (!end_.whole()) return false;
      if (worked.read.rest.count == 0) return true;
      worked = read(worked.read.rest, work);
    }
  }

  JbcSource& source_;
  WorkerPool& workers_;
  const StopSignals& signals_;
  const unsigned zeros_;
  PassEnd end_;
  std::optional<jbc::Block> last_;
  std::uint64_t count_ = 0;
};

class Migration {
 public:
  Migration(const NodeOptions& options, JbcSource source)
      : options_(options), source_(std::move(source)), workers_("worker", core_count(), kMaxMigrateTasks) {}

  Result<int> run() {
    const StopSignals signals(true);
    if (auto strays = check_strays(); !strays) return tl::unexpected(strays.error());
    if (auto known = find_zeros(); !known) return tl::unexpected(known.error());
    Pass pass(source_, workers_, signals, zeros_);
    if (options_.dry_run || !options_.keep_valid) {
      const PassEnd end = check(pass);
      if (end.stopped) return kStoppedExitCode;
      if (!end.whole()) return tl::unexpected(refusal(end, nothing_changed()));
      if (options_.dry_run) return 0;
      if (auto again = source_.rewind(); !again) return tl::unexpected(again.error());
    }
    return import(pass);
  }

 private:
  std::string nothing_changed() const {
    return options_.dry_run
               ? "Nothing was written: this was a dry run."
               : "Nothing was written. Mend the file; or give --keep-valid to keep the blocks before it.";
  }
  static Error refusal(const PassEnd& end, std::string remedy) {
    if (end.error) return *end.error;
    if (end.fault->rule == "zeros") remedy += " Does the chain ask for fewer zeros? --zeros N says how many.";
    return {end.fault->text(), std::move(remedy)};
  }

  /// Files that are no blocks and do not even have a block's name.
  Result<> check_strays() const {
    for (const JbcFault& stray : source_.stray_files()) {
      const std::string text = fmt::format("{}: {}: {}", stray.file, stray.rule, stray.detail);
      if (!options_.keep_valid)
        return fail(text, nothing_changed() + " A file that belongs to no chain can be moved away.");
      log_warn("Leaving a file out that holds no block", {{"file", stray.file}, {"err", stray.detail}});
    }
    return {};
  }

  /// What the data dir's chain has, what was given, or what most of the first blocks have.
  Result<> find_zeros() {
    const DataDirPaths paths(options_.datadir);
    if (fs::exists(paths.chaindata / "CURRENT")) {
      const auto stored = stored_zeros(paths, options_);
      if (!stored) return tl::unexpected(stored.error());
      if (*stored && options_.jbc_zeros && **stored != *options_.jbc_zeros)
        return fail(
            fmt::format("--zeros is {}, the chain in the data dir has {}", *options_.jbc_zeros, **stored),
            "Leave --zeros out, or give this chain a --datadir of its own.");
      if (*stored) zeros_ = **stored;
      if (*stored) return {};
    }
    zeros_ = options_.jbc_zeros ? *options_.jbc_zeros : inferred_zeros();
    if (!options_.jbc_zeros)
      log_info("The zeros that most hashes begin with are taken for the chain's rule", {{"zeros", zeros_}});
    return source_.rewind();
  }

  static Result<std::optional<unsigned>> stored_zeros(const DataDirPaths& paths, const NodeOptions& options) {
    // A data dir whose making was interrupted is mended by opening it, which a dry run must not do.
    std::optional<DataDirLock> lock;
    if (!options.dry_run) {
      auto acquired = DataDirLock::acquire(options.datadir);
      if (!acquired) return tl::unexpected(acquired.error());
      lock = std::move(*acquired);
    }
    auto database = Database::open({.path = paths.chaindata.string(), .read_only = options.dry_run});
    if (!database) return tl::unexpected(database.error());
    if (!ChainStore(**database).stored_heads()) return std::nullopt;
    const auto genesis = load_genesis(**database);
    if (!genesis) return tl::unexpected(genesis.error());
    if (genesis->spec.engine == EngineKind::jbc) return std::optional(genesis->spec.jbc.zeros);
    return fail("the data dir " + paths.root.string() + " holds a chain that is no jbc chain",
                "Give this chain a --datadir of its own. Nothing was changed.");
  }

  unsigned inferred_zeros() {
    auto piece = source_.next();
    if (!piece) return JbcParams{}.zeros;
    piece->count = std::min(piece->count, kInferBlocks);
    return infer_zeros(source_.read(*piece).blocks);
  }

  /// Every rule for every block; writes nothing.
  PassEnd check(Pass& pass) {
    const PassEnd end = pass.run(
        "Checking blocks", [](Worked&) {}, [](const Worked&) { return Result<>{}; });
    log_info(end.whole() ? "The chain is valid" : "Blocks before the first bad one",
             {{"blocks", pass.count()}, {"zeros", zeros_}, {"hash", pass.last() ? pass.last()->hash : ""}});
    return end;
  }

  /// Block 0 into the data dir, when it is not there.
  Result<> write_genesis(const DataDirPaths& paths, const jbc::Block& first) const {
    auto database = Database::open({.path = paths.chaindata.string()});
    if (!database) return tl::unexpected(database.error());
    if (const ChainStore store(**database); store.stored_heads() && !is_jbc_genesis(store, first))
      return fail("the data dir " + paths.root.string() + " holds a chain that begins with another block 0",
                  "Give this chain a --datadir of its own. Nothing was changed.");
    const auto written = setup_genesis(**database, jbc_genesis(first, zeros_));
    if (!written) return tl::unexpected(written.error());
    return {};
  }

  Result<int> import(Pass& pass) {
    std::optional<DataDirLock> lock;
    std::optional<LocalChain> local;
    const auto open = [&](const jbc::Block& first) -> Result<> {
      auto acquired = DataDirLock::acquire(options_.datadir);
      if (!acquired) return tl::unexpected(acquired.error());
      lock = std::move(*acquired);
      if (auto written = write_genesis(lock->paths(), first); !written) return written;
      auto opened = open_local_chain(lock->paths(), options_, workers_);
      if (!opened) return tl::unexpected(opened.error());
      local = std::move(*opened);
      return {};
    };
    const auto work = [this](Worked& worked) {
      for (const jbc::Block& block : worked.read.blocks)
        worked.blocks.push_back({seal_header(jbc::to_header(block, zeros_), HeaderIdentity::jbc_sha256), {}});
    };
    const auto consume = [&](const Worked& worked) -> Result<> {
      if (!local)
        if (auto opened = open(worked.read.blocks.front()); !opened) return opened;
      return insert(*local, worked.blocks);
    };
    const auto began = std::chrono::steady_clock::now();
    const PassEnd end = pass.run("Importing blocks", work, consume);
    return report(end, local, std::chrono::steady_clock::now() - began);
  }

  Result<> insert(LocalChain& local, std::span<const Block> blocks) {
    const ChainStore store(*local.database);
    const SealedHeader& last = blocks.back().header;
    // Each hash covers the one before it: where the last is known, all are.
    const bool canonical = last->number <= local.chain->head().header->number &&
                           store.canonical_hash(last->number) == last.hash();
    // Block 0 is the genesis.
    const std::size_t known = canonical ? blocks.size() : blocks.front().header->number == 0 ? 1 : 0;
    known_ += known;
    if (known == blocks.size()) return {};
    const ImportResult result = local.chain->insert_blocks(blocks.subspan(known));
    imported_ += result.inserted;
    known_ += result.ignored;
    if (result.disk) return tl::unexpected(*result.disk);
    if (!result.bad) return {};
    return fail(fmt::format("{}: block {}: {}: {}", source_.file_of(result.bad->id.number),
                            result.bad->id.number, to_string(result.bad->error.rule),
                            result.bad->error.detail));
  }

  Result<int> report(const PassEnd& end, const std::optional<LocalChain>& local,
                     std::chrono::nanoseconds elapsed) const {
    if (local) {
      const ChainHead head = local->chain->head();
      log_info(end.stopped ? "Migration stopped; run it again to go on" : "Migrated blocks",
               {{"blocks", imported_},
                {"known", known_},
                {"number", head.header->number},
                {"hash", head.header.hash()},
                {"zeros", zeros_},
                {"elapsed", elapsed}});
    }
    if (end.stopped) return kStoppedExitCode;
    if (end.whole()) return 0;
    return tl::unexpected(
        refusal(end, local ? fmt::format("The {} blocks before it are in the data dir.", imported_ + known_)
                           : "Nothing was written."));
  }

  const NodeOptions& options_;
  JbcSource source_;
  WorkerPool workers_;
  unsigned zeros_ = 0;
  std::uint64_t imported_ = 0, known_ = 0;
};
}  // namespace

Result<int> migrate_jbc(const NodeOptions& options) {
  auto source = JbcSource::open(options.args[1]);
  if (!source) return tl::unexpected(source.error());
  return Migration(options, std::move(*source)).run();
}

}  // namespace quarry
