#include "consensus/sealing.hpp"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "consensus/seal_miner.hpp"
#include "core/log.hpp"
#include "core/rlp.hpp"

namespace quarry {
namespace {
using SteadyClock = std::chrono::steady_clock;
/// Blocks we mined are called canonical so many blocks later (geth's miningLogAtDepth).
constexpr BlockNum kConfirmations = 5;
/// Who waits for the clock for longer than this is told: the parent's time is far ahead of it.
constexpr std::chrono::seconds kWaitToTell{10};
/// Blocks we mined that wait for that.
constexpr std::size_t kMostUnconfirmed = 256;
/// In extra data; major, minor and patch, a byte each.
constexpr std::uint64_t kExtraDataVersion = 0x000100;

/// How long until the clock shows `time`; zero when it does.
std::chrono::nanoseconds until(Timestamp time) {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const auto then = std::chrono::seconds(time);
  return then <= now ? std::chrono::nanoseconds{0} : std::chrono::nanoseconds(then - now);
}
}  // namespace

Bytes default_extra_data() {
  rlp::Writer writer;
  const std::size_t mark = writer.begin_list();
  writer.write(kExtraDataVersion).write(std::string("quarry")).write(std::string("linux")).end_list(mark);
  return writer.take();
}

/// Outlives the sealer in the tasks and callbacks that refer to it. What is below the mutex is guarded by it;
/// it is never held while the chain or the miner is called.
struct Sealer::Shared : std::enable_shared_from_this<Sealer::Shared> {
  Chain& chain;
  WorkerPool& chain_thread;
  SealMiner& miner;

  mutable std::mutex mutex;
  SealerOptions options;
  bool mining = false, paused = false, closed = false, renew_queued = false;
  std::shared_ptr<const Block> pending;
  std::deque<BlockId> unconfirmed;  ///< chain thread only
  std::mutex control;               ///< start, stop and close, one at a time

  std::condition_variable_any timer_changed;
  std::optional<SteadyClock::time_point> renew_at;
  SteadyClock::time_point renewed{};  ///< when a candidate was last asked for
  std::jthread timer;  ///< renews when a candidate's time has come; last, so that it stops first

  Shared(Chain& c, WorkerPool& t, SealMiner& m, SealerOptions o)
      : chain(c), chain_thread(t), miner(m), options(std::move(o)) {}

  std::optional<Address> etherbase() const {
    std::unique_lock lock(mutex);
    if (options.etherbase) return options.etherbase;
    const auto first_account = options.first_account;
    lock.unlock();
    return first_account ? first_account() : std::nullopt;
  }

  bool needs_etherbase() const { return chain.spec().engine != EngineKind::jbc; }
  /// Signing takes no search: it goes on with "no thread" too.
  bool searches() const { return chain.spec().engine != EngineKind::clique; }

  /// Asks the chain thread for new work; what is asked already is not asked twice.
  void queue_renew() {
    {
      const std::lock_guard lock(mutex);
      renew_at.reset();
      if (renew_queued || closed) return;
      renew_queued = true;
    }
    chain_thread.submit([self = shared_from_this()] { self->renew(); });
  }

  void submit(Block sealed) {
    chain_thread.submit([self = shared_from_this(), sealed = std::move(sealed)] { self->insert(sealed); });
  }

  // Chain thread.
  void renew();
  void hand_out(std::shared_ptr<const Block> candidate, const Address& author, SteadyClock::time_point began);
  void insert(const Block& block);
  void confirm(BlockNum head);

  void run_timer(const std::stop_token& stop);
};

void Sealer::Shared::renew() {
  const auto began = SteadyClock::now();
  CandidateRequest request;
  bool idle;
  {
    const std::lock_guard lock(mutex);
    renew_queued = false;
    renewed = began;
    if (closed) return;
    idle = !mining || paused;
    if (idle) pending.reset();
    request.extra_data = options.extra_data_for ? Bytes{} : options.extra_data;
    request.target_gas_limit = options.target_gas_limit;
    request.pool = options.pool;
  }
  if (idle) return miner.clear_work();
  if (options.extra_data_for) request.extra_data = options.extra_data_for(chain.head().header->number + 1);
  request.beneficiary = etherbase().value_or(Address{});
  auto block = chain.prepare(request);
  if (!block) {
    miner.clear_work();
    return log_error("Failed to prepare header for mining", {{"err", block.error().what}});
  }
  hand_out(std::make_shared<const Block>(std::move(*block)), request.beneficiary, began);
}

void Sealer::Shared::hand_out(std::shared_ptr<const Block> candidate, const Address& author,
                              SteadyClock::time_point began) {
  const Header& header = *candidate->header;
  std::unique_lock lock(mutex);
  const Timestamp ahead = std::min<Timestamp>(options.most_seconds_ahead, header.timestamp);
  if (const auto wait = until(header.timestamp - ahead); wait.count() > 0) {
    renew_at = SteadyClock::now() + wait;
    timer_changed.notify_all();
    pending.reset();
    lock.unlock();
    miner.clear_work();
    return log(wait > kWaitToTell ? LogLevel::warn : LogLevel::debug, "Mining too far in the future",
               {{"wait", wait}});
  }
  // On the same head it is the same work with more transactions, which is no news.
  const bool is_news = !pending || pending->header->parent_hash != header.parent_hash;
  pending = candidate;
  lock.unlock();
  miner.set_author(author);
  miner.set_work(header, [weak = weak_from_this(), candidate](Header sealed) {
    const auto self = weak.lock();
    if (!self) return;
    self->submit({seal_header(std::move(sealed), self->chain.spec().header_identity()), candidate->body});
  });
  const auto level = is_news ? LogLevel::info : LogLevel::debug;
  log(level, "Commit new mining work",
      {{"number", header.number},
       {"txs", candidate->body.transactions.size()},
       {"uncles", candidate->body.ommers.size()},
       {"elapsed", std::chrono::nanoseconds(SteadyClock::now() - began)}});
}

void Sealer::Shared::insert(const Block& block) {
  {
    const std::lock_guard lock(mutex);
    // What was found as a sync began belongs to no chain that will be.
    if (closed || paused) return;
  }
  const BlockId id{block.header->number, block.header.hash()};
  log_info("Successfully sealed new block", {{"number", id.number}, {"hash", id.hash}});
  const ImportResult result = chain.insert_sealed(block);
  if (result.disk) log_error("Failed writing block to chain", {{"err", result.disk->what}});
  if (result.bad) log_error("Failed writing block to chain", {{"err", result.bad->error.detail}});
  if (result.future) log_error("Failed writing block to chain", {{"err", result.future->error.detail}});
  if (!result.ok()) return queue_renew();
  log_info("🔨 mined potential block", {{"number", id.number}, {"hash", id.hash}});
  unconfirmed.push_back(id);
  if (unconfirmed.size() > kMostUnconfirmed) unconfirmed.pop_front();
  // A block that lost a race to the head moves no head: its work must not be searched again.
  if (!chain.is_canonical(id)) queue_renew();
}

void Sealer::Shared::confirm(BlockNum head) {
  while (!unconfirmed.empty() && unconfirmed.front().number + kConfirmations <= head) {
    const BlockId id = unconfirmed.front();
    unconfirmed.pop_front();
    if (chain.is_canonical(id))
      log_info("🔗 block reached canonical chain", {{"number", id.number}, {"hash", id.hash}});
    else
      log_info("⑂ block  became a side fork", {{"number", id.number}, {"hash", id.hash}});
  }
}

void Sealer::Shared::run_timer(const std::stop_token& stop) {
  std::unique_lock lock(mutex);
  while (!stop.stop_requested()) {
    if (!renew_at) {
      timer_changed.wait(lock, stop, [&] { return renew_at.has_value(); });
      continue;
    }
    const auto due = *renew_at;
    timer_changed.wait_until(lock, stop, due, [&] { return renew_at != due; });
    if (stop.stop_requested() || renew_at != due || SteadyClock::now() < due) continue;
    lock.unlock();
    queue_renew();
    lock.lock();
  }
}

Sealer::Sealer(Chain& chain, WorkerPool& chain_thread, SealMiner& miner, SealerOptions options)
    : shared_(std::make_shared<Shared>(chain, chain_thread, miner, std::move(options))) {
  shared_->timer =
      std::jthread([shared = shared_.get()](const std::stop_token& stop) { shared->run_timer(stop); });
}

Sealer::~Sealer() {
  close();
}

void Sealer::close() {
  const std::lock_guard control(shared_->control);
  {
    const std::lock_guard lock(shared_->mutex);
    if (shared_->closed) return;
    shared_->closed = true;
    shared_->mining = false;
    shared_->pending.reset();
  }
  shared_->timer.request_stop();
  shared_->timer.join();
  shared_->miner.stop();
}

Result<> Sealer::start(std::optional<int> threads) {
  const std::lock_guard control(shared_->control);
  if (shared_->needs_etherbase() && !shared_->etherbase()) {
    const Error error{"etherbase missing: etherbase address must be explicitly specified",
                      "create an account with personal.newAccount(), or name one with --etherbase or "
                      "miner.setEtherbase(address)"};
    log_error("Cannot start mining without etherbase", {{"err", error.what}});
    return tl::unexpected(error);
  }
  bool was_mining, paused;
  {
    const std::lock_guard lock(shared_->mutex);
    if (shared_->closed) return fail("the node is stopping");
    was_mining = std::exchange(shared_->mining, true);
    paused = shared_->paused;
  }
  if (threads) log_info("Updated mining threads", {{"threads", *threads}});
  if (threads && *threads <= 0 && shared_->searches())
    shared_->miner.stop();
  else
    shared_->miner.start(static_cast<unsigned>(std::max(0, threads.value_or(0))));
  if (paused) log_info("Network syncing, will start miner afterwards");
  if (!was_mining && !paused) log_info("Starting mining operation");
  shared_->queue_renew();
  return {};
}

void Sealer::stop() {
  const std::lock_guard control(shared_->control);
  {
    const std::lock_guard lock(shared_->mutex);
    shared_->mining = false;
    shared_->renew_at.reset();
    shared_->pending.reset();
  }
  shared_->miner.stop();
}

void Sealer::set_paused(bool paused) {
  {
    const std::lock_guard lock(shared_->mutex);
    if (std::exchange(shared_->paused, paused) == paused || shared_->closed) return;
    if (shared_->mining) log_info(paused ? "Mining aborted due to sync" : "Starting mining operation");
  }
  shared_->queue_renew();
}

bool Sealer::mining() const {
  const std::lock_guard lock(shared_->mutex);
  return shared_->mining;
}

double Sealer::hashrate() const {
  return shared_->miner.hashrate();
}

void Sealer::set_etherbase(const Address& etherbase) {
  {
    const std::lock_guard lock(shared_->mutex);
    shared_->options.etherbase = etherbase;
  }
  shared_->queue_renew();
}

std::optional<Address> Sealer::etherbase() const {
  return shared_->etherbase();
}

Result<> Sealer::set_extra_data(Bytes extra_data) {
  const std::size_t most = shared_->chain.most_miner_data();
  if (extra_data.size() > most)
    return fail(
        "extra exceeds max length. " + std::to_string(extra_data.size()) + " > " + std::to_string(most),
        "give at most " + std::to_string(most) + " bytes");
  {
    const std::lock_guard lock(shared_->mutex);
    shared_->options.extra_data = std::move(extra_data);
  }
  shared_->queue_renew();
  return {};
}

void Sealer::renew() {
  shared_->queue_renew();
}

void Sealer::set_target_gas_limit(Gas target) {
  {
    const std::lock_guard lock(shared_->mutex);
    shared_->options.target_gas_limit = target;
  }
  shared_->queue_renew();
}

CandidateRequest Sealer::next_request() const {
  CandidateRequest request;
  request.beneficiary = shared_->etherbase().value_or(Address{});
  const std::lock_guard lock(shared_->mutex);
  request.extra_data = shared_->options.extra_data;
  request.target_gas_limit = shared_->options.target_gas_limit;
  request.pool = shared_->options.pool;
  return request;
}

std::shared_ptr<const Block> Sealer::pending() const {
  const std::lock_guard lock(shared_->mutex);
  return shared_->pending;
}

void Sealer::submit(Block sealed) {
  shared_->submit(std::move(sealed));
}

BlockNum Sealer::head_number() const {
  return shared_->chain.head().header->number;
}

void Sealer::on_transactions() {
  {
    const std::lock_guard lock(shared_->mutex);
    if (!shared_->mining || shared_->paused || shared_->closed) return;
    const auto earliest = shared_->renewed + shared_->options.renew_pause;
    if (earliest > SteadyClock::now()) {
      if (shared_->renew_at && *shared_->renew_at <= earliest) return;
      shared_->renew_at = earliest;
      return shared_->timer_changed.notify_all();
    }
  }
  shared_->queue_renew();
}

void Sealer::on_head(const HeadEvent& event) {
  shared_->confirm(event.after.header->number);
  shared_->queue_renew();
}

}  // namespace quarry
