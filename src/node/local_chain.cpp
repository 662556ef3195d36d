#include "node/local_chain.hpp"

#include "core/log.hpp"
#include "node/genesis_json.hpp"
#include "node/options.hpp"
#include "storage/meta.hpp"
#include "storage/verify.hpp"

namespace quarry {

Result<Genesis> load_genesis(const Database& database) {
  const auto text = ChainStore(database).meta_text(meta::kGenesis);
  if (!text)
    return fail("no chain in the data dir " + database.path(),
                "write one first: quarry init GENESIS.json --datadir DIR, with the same --datadir as now");
  auto file = parse_genesis(*text);
  if (!file) return tl::unexpected(file.error());
  return std::move(file->genesis);
}

void put_genesis(Batch& batch, const Genesis& genesis) {
  ChainWriter(batch).put_meta(meta::kGenesis, as_bytes(genesis_to_json(genesis)));
}

namespace {
/// The quick part of `quarry db verify`: heads that name what is not there are not built upon.
Result<> check_sound(const Database& database) {
  if (!ChainStore(database).stored_heads()) return {};
  for (const Finding& one : check_heads(database))
    if (one.kind == Finding::Kind::damage)
      return fail("the database " + database.path() + " is damaged: " + one.where + ": " + one.what,
                  "`quarry db verify` lists all damage, `quarry db repair` mends what can be mended.");
  return {};
}
}  // namespace

Result<LocalChain> open_local_chain(const DataDirPaths& paths, const NodeOptions& options,
                                    WorkerPool& workers, SealPolicy seals, std::function<Timestamp()> clock,
                                    const std::function<Result<>(Database&)>& prepare) {
  LocalChain out;
  auto database = Database::open(
      {.path = paths.chaindata.string(), .cache_bytes = static_cast<std::size_t>(options.cache_mb) << 20});
  if (!database) return tl::unexpected(database.error());
  out.database = std::move(*database);
  if (prepare)
    if (auto done = prepare(*out.database); !done) return tl::unexpected(done.error());
  auto genesis = load_genesis(*out.database);
  if (!genesis) return tl::unexpected(genesis.error());
  out.genesis = std::move(*genesis);
  const auto hash = ChainStore(*out.database).canonical_hash(0);
  if (!hash) return fail("the database " + out.database->path() + " has a genesis file but no block 0");
  out.genesis_hash = *hash;
  if (auto sound = check_sound(*out.database); !sound) return tl::unexpected(sound.error());
  out.caches = std::make_unique<ethash::Caches>(
      ethash::Caches::Options{.folder = options.ethash_cache_dir, .on_warning = [](const Error& error) {
                                log_warn(error.what, {{"remedy", error.remedy}});
                              }});
  auto engine = make_engine(out.genesis.spec, EngineContext{*out.caches, seals, out.database.get()});
  if (!engine) return tl::unexpected(engine.error());
  out.engine = std::move(*engine);
  auto chain = Chain::open(*out.database, out.genesis.spec, *out.engine, workers, {.now = std::move(clock)});
  if (!chain) return tl::unexpected(chain.error());
  out.chain = std::move(*chain);
  return out;
}

}  // namespace quarry
