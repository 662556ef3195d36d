#include "node/app.hpp"

#include <pthread.h>

#include <future>
#include <random>
#include <thread>

#include "consensus/ethash/miner.hpp"
#include "consensus/jbc/miner.hpp"
#include "consensus/stored_chain.hpp"
#include "consensus/txpool.hpp"
#include "core/cpu.hpp"
#include "core/log.hpp"
#include "core/sender.hpp"
#include "node/accounts_backend.hpp"
#include "node/chain_backend.hpp"
#include "node/clique_node.hpp"
#include "node/console/passphrase.hpp"
#include "node/dev/dev_changes.hpp"
#include "node/dev/dev_miner.hpp"
#include "node/jbc_node.hpp"
#include "node/listener_backend.hpp"
#include "node/local_chain.hpp"
#include "node/network_backend.hpp"
#include "node/peer_bridge.hpp"
#include "node/pending_backend.hpp"
#include "node/pool_backend.hpp"
#include "node/rpc_options.hpp"
#include "node/static_nodes.hpp"
#include "rpc/filters.hpp"
#include "rpc/store_reader.hpp"
#include "rpc/subscriptions.hpp"

namespace quarry {
namespace {
/// Tasks that wait for a worker: requests of all peers and of RPC callers are bounded where they come in.
constexpr std::size_t kMaxWorkerTasks = 16384;
constexpr std::size_t kMaxStrandTasks = 65536;

void log_dataset(const ethash::DatasetProgress& progress) {
  using Stage = ethash::DatasetProgress::Stage;
  const auto duration = [](auto seconds) {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(seconds);
  };
  switch (progress.stage) {
    case Stage::idle:
      return;
    case Stage::loading:
      return log_debug("Loading ethash DAG", {{"epoch", progress.epoch}});
    case Stage::generating:
      return log_info("Generating DAG in progress",
                      {{"epoch", progress.epoch},
                       {"percentage", static_cast<int>(progress.fraction * 100)},
                       {"elapsed", duration(progress.elapsed)},
                       {"eta", duration(progress.left)}});
    case Stage::writing:
      return log_info("Writing ethash DAG to disk", {{"epoch", progress.epoch}});
    case Stage::ready:
      return log_info("Ethash DAG is ready",
                      {{"epoch", progress.epoch}, {"elapsed", duration(progress.elapsed)}});
    case Stage::cancelled:
      return log_info("DAG generation stopped", {{"epoch", progress.epoch}});
  }
}

void log_warning(const Error& error) {
  log_warn(error.what, {{"remedy", error.remedy}});
}

Bytes extra_data_of(const NodeOptions& options) {
  if (!options.extra_data) return default_extra_data();
  if (options.extra_data->starts_with("0x"))
    if (auto bytes = from_hex(*options.extra_data)) return *bytes;
  return to_bytes(as_bytes(*options.extra_data));
}
}  // namespace

/// In the order in which things are made; they are destroyed in the opposite one, after stop().
struct App::Impl {
  Impl(const NodeOptions& given, DataDirLock lock, const DevKeys* dev_chain)
      : options(given),
        dev_keys(dev_chain ? std::optional(*dev_chain) : std::nullopt),
        datadir(std::move(lock)),
        keystore(given.keystore, given.light_kdf ? kLightScrypt : kStandardScrypt) {}

  Result<> open();
  Result<> open_chain();
  Result<> open_sealer();
  Result<std::optional<Address>> etherbase();
  void open_sync();
  void tell_of_news();
  Result<> open_peers();
  void open_backends();
  rpc::Backend backend() const;
  Result<> open_rpc();
  void report_network();
  void add_listed_peers();
  Result<> unlock_accounts();
  Result<> start_mining();
  void stop();
  const NodeOptions options;
  const std::optional<DevKeys> dev_keys;  ///< none: it is no development chain
  DevClock dev_clock;
  DataDirLock datadir;
  Keystore keystore;
  NodeFacts facts;

  WorkerPool workers{"worker", core_count(), kMaxWorkerTasks};
  WorkerPool chain_thread{"chain", 1, kMaxStrandTasks};
  WorkerPool sync_thread{"sync", 1, kMaxStrandTasks};

  std::unique_ptr<DevChanges> dev_changes;  ///< none: it is no development chain
  LocalChain local;
  std::unique_ptr<TxPool> pool;
  std::unique_ptr<BlobPool> blob_pool;  ///< none where no beacon chain can stand above the chain
  std::unique_ptr<ethash::Datasets> datasets;
  std::unique_ptr<ethash::Miner> miner;
  std::unique_ptr<SealMiner> seal_miner;
  std::unique_ptr<Sealer> sealer;

  std::unique_ptr<sync::ChainReader> sync_reader;
  std::unique_ptr<StateSyncStore> state_sync;
  net::Loop loop;
  std::unique_ptr<CliqueNode> clique;  ///< none where the chain has no signers
  std::unique_ptr<JbcNode> jbc;        ///< none where the chain is no jbc chain
  std::unique_ptr<PeerBridge> bridge;
  std::unique_ptr<net::PeerSet> peers;  // loop thread

  std::unique_ptr<AccountsBackend> accounts;
  std::unique_ptr<ExternalMiners> external_miners;  ///< none where ethash seals nothing
  std::unique_ptr<MinerBackend> mining;
  std::unique_ptr<PoolBackend> pool_backend;
  std::unique_ptr<PendingBackend> pending;
  std::unique_ptr<DevMiner> dev;  ///< none: it is no development chain
  std::unique_ptr<NetworkBackend> network;
  std::unique_ptr<ChainBackend> chain_control;
  std::unique_ptr<rpc::ChainReader> rpc_reader;
  std::unique_ptr<rpc::Events> events;
  std::unique_ptr<rpc::Filters> filters;
  std::unique_ptr<rpc::Subscriptions> subscriptions;
  std::unique_ptr<ListenerBackend> listeners;
  std::unique_ptr<rpc::Dispatcher> dispatcher;
  std::unique_ptr<rpc::RpcServer> server;  // loop thread
  std::thread loop_thread;
};

Result<> App::Impl::open_chain() {
  if (!options.jbc_peers.empty())
    if (auto begun = start_from_jbc_peers(datadir.paths(), options); !begun) return begun;
  std::function<Timestamp()> clock;
  std::function<Result<>(Database&)> prepare;
  if (dev_keys) {
    clock = [this] { return dev_clock.now(); };
    prepare = [this](Database& database) { return ensure_dev_chain(database, options, *dev_keys); };
    for (const PrivateKey& key : dev_keys->accounts) keystore.hold(key);
  }
  auto opened = open_local_chain(datadir.paths(), options, workers, SealPolicy::all, clock, prepare);
  if (!opened) return tl::unexpected(opened.error());
  local = std::move(*opened);
  if (dev_keys) {
    accept_stand_ins();
    dev_changes = std::make_unique<DevChanges>(*local.database);
    local.engine->authority()->set_before_block(
        [changes = dev_changes.get()](auto& journal, const Header& header) {
          changes->apply(journal, header);
        });
  }
  TxPoolOptions pooling = pool_options(options, datadir.paths());
  pooling.now = clock;
  pool = std::make_unique<TxPool>(*local.database, local.genesis.spec, std::move(pooling));
  if (BlobPool::is_for(local.genesis.spec))
    blob_pool = std::make_unique<BlobPool>(*local.database, local.genesis.spec, *local.engine, *pool,
                                           blob_pool_options(options, datadir.paths()));
  local.chain->set_known_senders([this](const TxnHash& hash) { return pool->known_sender(hash); });
  facts = {.datadir = std::filesystem::absolute(options.datadir).string(),
           .client_version = client_version(options.identity),
           .network_id = options.network_id.value_or(local.genesis.spec.chain_id.low64()),
           .spec = local.genesis.spec,
           .genesis_hash = local.genesis_hash};
  return {};
}

Result<> App::Impl::open_sealer() {
  datasets = std::make_unique<ethash::Datasets>(
      *local.caches,
      ethash::Datasets::Options{
          .folder = options.ethash_dag_dir, .on_progress = log_dataset, .on_warning = log_warning});
  miner = std::make_unique<ethash::Miner>(*local.caches, *datasets);
  SealerOptions sealing{.extra_data = extra_data_of(options), .target_gas_limit = options.gas_target};
  if (facts.spec.engine == EngineKind::jbc) {
    seal_miner = std::make_unique<jbc::Miner>();
    jbc = std::make_unique<JbcNode>(loop, *local.database, *local.chain, chain_thread, options);
    jbc->add_to(sealing);
  } else {
    sealing.pool = pool.get();
    if (auto* authority = local.engine->authority()) {
      clique = std::make_unique<CliqueNode>(*authority, *local.database, *local.chain, keystore);
      clique->add_to(sealing);
      seal_miner = clique->seal_miner();
    } else {
      seal_miner = ethash_seal_miner(*miner);
    }
    if (!options.jbc_peers.empty()) log_warn("--jbc.peers does nothing: this chain is no jbc chain");
  }
  sealing.first_account = [this]() -> std::optional<Address> {
    const auto all = keystore.accounts();
    return all.empty() ? std::nullopt : std::optional(all.front().address);
  };
  const auto earner = etherbase();
  if (!earner) return tl::unexpected(earner.error());
  sealing.etherbase = dev_keys ? address_of(public_key(dev_keys->signer)) : *earner;
  sealer = std::make_unique<Sealer>(*local.chain, chain_thread, *seal_miner, std::move(sealing));
  if (options.extra_data)
    if (auto allowed = sealer->set_extra_data(extra_data_of(options)); !allowed) return allowed;
  return {};
}

/// --etherbase: an address, or the place of an account in the keystore.
Result<std::optional<Address>> App::Impl::etherbase() {
  if (options.etherbase.empty()) return std::nullopt;
  if (const auto address = Address::from_hex(options.etherbase)) return address;
  const auto found = keystore.find(std::string_view{options.etherbase});
  if (!found) return tl::unexpected(found.error());
  return found->address;
}

void App::Impl::open_sync() {
  sync_reader = std::make_unique<sync::StoredChain>(*local.database);
  state_sync = std::make_unique<StateSyncStore>(*local.database);
  const BridgeParts parts{loop,    *local.database, *local.chain, chain_thread, sync_thread,
                          workers, *sync_reader,    *state_sync,  *pool,        blob_pool.get()};
  // A jbc chain has no state to be quicker with.
  const bool fast = options.sync_mode == SyncMode::fast && !jbc;
  const auto mode = fast ? sync::Mode::fast : sync::Mode::full;
  bridge = std::make_unique<PeerBridge>(
      parts,
      sync::SyncConfig{
          .mode = mode, .identity = facts.spec.header_identity(), .seed = std::random_device{}()},
      facts.network_id, facts.genesis_hash,
      ForkIds(facts.spec.forks, facts.genesis_hash, local.genesis.header.timestamp));
}

/// Has who must know hear of heads and of transactions.
void App::Impl::tell_of_news() {
  auto reader = std::make_unique<rpc::StoreReader>(*local.database, clique ? &clique->authority() : nullptr);
  reader->set_finality({options.rpc_safe_depth, options.rpc_final_depth});
  rpc_reader = std::move(reader);
  events = std::make_unique<rpc::Events>(*rpc_reader);
  filters = std::make_unique<rpc::Filters>(*events);
  subscriptions = std::make_unique<rpc::Subscriptions>(loop, *events);
  local.chain->on_head([this](const HeadEvent& event) {
    events->on_head(event);
    pool->on_head(event);
    if (blob_pool) blob_pool->on_head(event);
    if (jbc) jbc->on_head(event);
    if (clique) clique->on_head(event);
    sealer->on_head(event);
    bridge->on_head(event);
  });
  pool->on_new([this](const std::vector<TxnRef>& txns) {
    events->on_new_txns(txns);
    if (dev) return dev->on_transactions();
    sealer->on_transactions();
    bridge->on_new_txns(txns);
  });
  if (blob_pool) {
    blob_pool->on_new([this](const std::vector<TxnRef>& txns) {
      events->on_new_txns(txns);
      bridge->on_new_txns(txns);
    });
  }
}

Result<> App::Impl::open_peers() {
  const auto key = load_node_key(options);
  if (!key) return tl::unexpected(key.error());
  net::PeerSetConfig config{.key = *key, .client = facts.client_version};
  config.listen_port = options.port;
  config.max_peers = options.max_peers;
  config.listen = options.max_peers > 0;
  auto allowed = net::IpNetworks::parse(options.net_restrict);
  if (!allowed) return tl::unexpected(allowed.error());
  config.allowed = std::move(*allowed);
  peers = std::make_unique<net::PeerSet>(loop, std::move(config), *bridge);
  if (clique) {
    bridge->set_watcher(clique->watcher());
    clique->offer_branches(workers, [this](net::PeerId peer, Bytes block) {
      loop.post([this, peer, block = std::move(block)] {
        if (peers) peers->send(peer, net::EthCode::new_block, block);
      });
    });
  }
  bridge->on_first_sync([this](bool running) { sealer->set_paused(running); });
  bridge->start(*peers);
  return peers->start();
}

void App::Impl::open_backends() {
  accounts = std::make_unique<AccountsBackend>(keystore);
  const auto may_mine = [this]() -> Result<> {
    if (!bridge->fast_sync_pending()) return {};
    return fail("mining has to wait: fast sync is not over",
                "blocks can be mined on a complete state only; eth.syncing shows how far it is");
  };
  if (facts.spec.engine == EngineKind::ethash && !dev_keys)
    external_miners = std::make_unique<ExternalMiners>(*local.engine);
  mining = std::make_unique<MinerBackend>(*sealer, may_mine, external_miners.get());
  network = std::make_unique<NetworkBackend>(loop, *peers, facts.client_version,
                                             options.nat.starts_with("extip:") ? options.nat.substr(6) : "");
  chain_control = std::make_unique<ChainBackend>(facts, *local.database, *local.engine, *local.chain,
                                                 chain_thread, *bridge);
  events->set_sync_source([this] { return chain_control->syncing(); });
  pool_backend = std::make_unique<PoolBackend>(*pool, usual_price(options, facts.spec), blob_pool.get());
  if (dev_keys) {
    dev = std::make_unique<DevMiner>(
        DevMiner::Parts{*local.chain, chain_thread, *pool, dev_clock, dev_keys->signer,
                        [this] { return sealer->next_request(); }, *dev_changes},
        options.genesis_new.period.value_or(0));
    accounts->set_stand_ins([this](const Address& account) { return dev->is_impersonated(account); });
    pool_backend->after_add([this] { dev->settle(); });
  }
  if (!jbc)
    pending = std::make_unique<PendingBackend>(
        *local.database, local.genesis.spec, *local.engine, *pool, [this] { return sealer->next_request(); },
        [this] { return dev_clock.now(); });
}

/// What JSON-RPC asks; all that it names is there by now.
rpc::Backend App::Impl::backend() const {
  return {.chain = *chain_control,
          .network = *network,
          .accounts = *accounts,
          .miner = *mining,
          .reader = *rpc_reader,
          .pool = *pool_backend,
          .call_limits = call_limits(options),
          .log_limits = {.most_results = options.rpc_logs_most},
          .exposed_may_sign = options.allow_insecure_unlock,
          // A toy chain takes what tools for tests send, as anvil does.
          .unprotected_allowed = options.rpc_unprotected || dev_keys.has_value(),
          .jbc = jbc.get(),
          .pending = pending.get(),
          .dev = dev.get(),
          .authority = clique ? &clique->authority() : nullptr,
          .listeners = listeners.get(),
          .filters = filters.get(),
          .subscriptions = subscriptions.get(),
          .message_limits = {.batch_requests = options.rpc_batch_requests,
                             .batch_answer_bytes = options.rpc_batch_bytes}};
}

Result<> App::Impl::open_rpc() {
  auto given = server_options(options);
  if (!given) return tl::unexpected(given.error());
  if (jbc) {
    given->http->modules += ",jbc";
    given->ws->modules += ",jbc";
    given->routes = jbc->routes();
  }
  listeners = std::make_unique<ListenerBackend>(loop, *given->http, *given->ws);
  dispatcher = std::make_unique<rpc::Dispatcher>(backend());

  if (!options.http) given->http.reset();
  if (!options.ws) given->ws.reset();
  auto started = rpc::RpcServer::start(loop, *given, *dispatcher, subscriptions.get());
  if (!started) return tl::unexpected(started.error());
  server = std::move(*started);
  listeners->set_server(server.get());
  return {};
}

/// A development chain has no peers, and nothing to say of them.
void App::Impl::report_network() {
  if (options.max_peers == 0) {
    if (!dev_keys) log_info("RLPx listener off: --maxpeers is 0");
    return;
  }
  log_info("RLPx listener up", {{"self", network->node_info().enode}});
  if (!options.no_discover)
    log_info("No search for peers: add them with admin.addPeer, or in static-nodes.json");
}

void App::Impl::add_listed_peers() {
  const auto add = [this](NodeListKind list, net::PeerKind kind) {
    loop.post([this, kind, nodes = load_node_lists(options.datadir, list)] {
      for (const net::Enode& node : nodes) peers->add_peer(node, kind, false);
    });
  };
  add(NodeListKind::static_nodes, net::PeerKind::static_node);
  add(NodeListKind::trusted_nodes, net::PeerKind::trusted_node);
}

Result<> App::Impl::unlock_accounts() {
  if (options.unlock.empty()) return {};
  std::vector<std::string> passphrases;
  if (!options.password_file.empty()) {
    auto read = read_password_file(options.password_file);
    if (!read) return tl::unexpected(read.error());
    passphrases = std::move(*read);
  }
  for (std::size_t i = 0; i < options.unlock.size(); ++i) {
    const auto account = keystore.find(std::string_view{options.unlock[i]});
    if (!account) return tl::unexpected(account.error());
    std::string passphrase;
    if (passphrases.empty()) {
      auto typed = read_passphrase(fmt::format("Passphrase for {}: ", account->address.hex()));
      if (!typed) return tl::unexpected(typed.error());
      passphrase = std::move(*typed);
    } else {
      passphrase =
          passphrases[std::min(i, passphrases.size() - 1)];  // as geth: the last one serves for the rest
    }
    if (auto done = keystore.unlock(account->address, passphrase, std::chrono::seconds(0)); !done)
      return done;
    log_info("Unlocked account", {{"address", account->address}});
  }
  return {};
}

Result<> App::Impl::start_mining() {
  if (!options.mine) return {};
  return mining->start(options.miner_threads == 0 ? std::nullopt
                                                  : std::optional<unsigned>(options.miner_threads));
}

Result<> App::Impl::open() {
  if (auto ok = open_chain(); !ok) return ok;
  if (auto ok = unlock_accounts(); !ok) return ok;
  if (auto ok = open_sealer(); !ok) return ok;
  open_sync();
  tell_of_news();
  if (auto ok = open_peers(); !ok) return ok;
  open_backends();
  if (auto ok = open_rpc(); !ok) return ok;
  loop_thread = std::thread([this] {
    pthread_setname_np(pthread_self(), "loop");
    loop.run();
  });
  report_network();
  if (!options.bootnodes.empty())
    log_warn("--bootnodes does nothing: put those enodes into static-nodes.json in the data dir");
  add_listed_peers();
  if (jbc) jbc->start(*sealer);
  if (clique) clique->start(*sealer, [this] { return chain_control->syncing().has_value(); });
  if (dev) dev->on_transactions();  // the journal may have brought some
  return start_mining();
}

void App::Impl::stop() {
  if (network) network->stop_asking();
  if (listeners) listeners->stop_asking();
  if (dev) dev->stop();
  if (jbc) jbc->stop();
  if (clique) clique->stop();
  if (sealer) sealer->close();
  if (events) events->stop();
  if (loop_thread.joinable()) {
    std::promise<void> closed;
    loop.post([&] {
      bridge->stop();
      listeners->set_server(nullptr);
      server.reset();
      peers->close([&] {
        peers.reset();
        closed.set_value();
      });
    });
    closed.get_future().wait();
    loop.stop();
    loop_thread.join();
  }
  sync_thread.stop();
  chain_thread.stop();
  workers.stop();
}

App::App() = default;

App::~App() {
  if (!impl_) return;
  impl_->stop();
  log_info("Blockchain manager stopped");
}

Result<std::unique_ptr<App>> App::start(const NodeOptions& options, const DevKeys* dev) {
  auto lock = DataDirLock::acquire(options.datadir);
  if (!lock) return tl::unexpected(lock.error());
  std::unique_ptr<App> app(new App);
  app->impl_ = std::make_unique<Impl>(options, std::move(*lock), dev);
  log_info("Starting Quarry",
           {{"version", client_version(options.identity)}, {"datadir", options.datadir.string()}});
  if (auto opened = app->impl_->open(); !opened) return tl::unexpected(opened.error());
  return app;
}

std::uint16_t App::http_port() const {
  return impl_->server ? impl_->server->http_port() : std::uint16_t{0};
}

U256 App::chain_id() const {
  return impl_->facts.spec.chain_id;
}

std::string App::call(const std::string& request) {
  return impl_->dispatcher->call(request, rpc::Caller{.access = rpc::Access::console});
}

}  // namespace quarry
