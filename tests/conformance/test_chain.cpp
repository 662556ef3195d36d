#include "test_chain.hpp"

#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "consensus/ethash/caches.hpp"
#include "consensus/genesis.hpp"
#include "node/conformance/values.hpp"
#include "storage/database.hpp"
#include "storage/meta.hpp"
#include "storage/state_store.hpp"

namespace quarry::conformance {
namespace {
namespace fs = std::filesystem;

/// Opening a database takes longer than most tests; so one serves many tests of a thread and is emptied
/// between them. What was erased slows reading down, hence the bound.
constexpr unsigned kTestsADatabase = 64;
constexpr std::size_t kCacheBytes = std::size_t{8} << 20;

struct Disk {
  fs::path folder;
  std::unique_ptr<Database> database;
  unsigned used = 0;

  ~Disk() { close(); }
  void close() {
    database.reset();
    std::error_code ignored;
    if (!folder.empty()) fs::remove_all(folder, ignored);
    folder.clear();
  }
  void open() {
    const fs::path memory = "/dev/shm";
    const fs::path base = access(memory.c_str(), W_OK) == 0 ? memory : fs::temp_directory_path();
    std::string name = (base / "quarry-conformance-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw BadTest("no folder can be made in " + base.string());
    folder = name;
    auto opened = Database::open({.path = name, .cache_bytes = kCacheBytes});
    if (!opened) throw BadTest(opened.error().what);
    database = std::move(*opened);
    used = 0;
  }
  void erase_all() {
    Batch batch;
    const Bytes last(100, 0xff);
    for (const TableRow& row : kTables)
      if (row.table != Table::meta) batch.erase_range(row.table, {}, last);
    std::vector<Bytes> names;
    Cursor at = database->cursor(Table::meta);
    for (at.seek_to_first(); at.valid(); at.next()) names.push_back(to_bytes(at.key()));
    for (const Bytes& name : names)
      if (as_text(name) != meta::kSchema) batch.erase(Table::meta, name);
    if (!database->commit(std::move(batch))) throw BadTest("the database cannot be emptied");
  }
  Database& fresh() {
    if (database && used >= kTestsADatabase) close();
    if (!database)
      open();
    else
      erase_all();
    ++used;
    return *database;
  }
};

Disk& disk() {
  thread_local Disk mine;
  return mine;
}

ethash::Caches& shared_caches() {
  static ethash::Caches caches;
  return caches;
}

/// As the chain's own engine, but that every seal is good.
class UnsealedEngine final : public Engine {
 public:
  explicit UnsealedEngine(std::unique_ptr<Engine> engine) : engine_(std::move(engine)) {}
  HeaderRuleSet header_rules() const override { return engine_->header_rules(); }
  U256 next_difficulty(const Header& parent, Timestamp timestamp, const Rules& rules) const override {
    return engine_->next_difficulty(parent, timestamp, rules);
  }
  std::size_t most_extra_data() const override { return engine_->most_extra_data(); }
  std::size_t most_ommers() const override { return engine_->most_ommers(); }
  void verify_seals(std::span<const Header* const>, std::span<Verdict> verdicts) override {
    std::ranges::fill(verdicts, std::nullopt);
  }
  std::size_t seal_batch() const override { return engine_->seal_batch(); }
  std::vector<Reward> rewards(const Header& header, std::span<const SealedHeader> ommers,
                              const Rules& rules) const override {
    return engine_->rewards(header, ommers, rules);
  }
  Address author(const Header& header) const override { return engine_->author(header); }

 private:
  std::unique_ptr<Engine> engine_;
};

std::unique_ptr<Engine> engine_for(const ChainSpec& spec, Seals seals) {
  auto engine = make_engine(spec, {shared_caches()});
  if (!engine) throw BadTest(engine.error().what);
  if (seals == Seals::ethash) return std::move(*engine);
  return std::make_unique<UnsealedEngine>(std::move(*engine));
}
}  // namespace

struct TestChain::Impl {
  Database& database;
  std::unique_ptr<Engine> engine;
  WorkerPool workers{"test", 1, 64};
  std::unique_ptr<Chain> chain;
};

TestChain::TestChain(const Genesis& genesis, Seals seals)
    : impl_(new Impl{disk().fresh(), engine_for(genesis.spec, seals)}) {
  const auto header = init_genesis(impl_->database, genesis);
  if (!header) throw BadTest(header.error().what);
  genesis_hash_ = header->hash();
  ChainOptions options;
  options.now = [] { return ~Timestamp{0}; };  // no test's block is in the future
  auto chain = Chain::open(impl_->database, genesis.spec, *impl_->engine, impl_->workers, options);
  if (!chain) throw BadTest(chain.error().what);
  impl_->chain = std::move(*chain);
}

TestChain::~TestChain() = default;

std::string TestChain::insert(const Block& block) {
  const ImportResult result = impl_->chain->insert_blocks({&block, 1});
  if (result.disk) throw BadTest(result.disk->what);
  for (const auto* stop : {&result.bad, &result.future})
    if (*stop) return std::string(to_string((*stop)->error.rule)) + ": " + (*stop)->error.detail;
  return {};
}

BlockHash TestChain::head() const {
  return impl_->chain->head().header.hash();
}

bool TestChain::is_canonical(const SealedHeader& header) const {
  return impl_->chain->is_canonical({header->number, header.hash()});
}

std::unique_ptr<StateView> TestChain::state() const {
  return StateStore(impl_->database).at_head();
}

}  // namespace quarry::conformance
