#include "node/dev/dev_miner.hpp"

#include <pthread.h>

#include <algorithm>
#include <future>

#include "consensus/clique/snapshot.hpp"
#include "core/log.hpp"

namespace quarry {

DevMiner::DevMiner(Parts parts, std::uint64_t interval)
    : parts_(std::move(parts)), automine_(interval == 0), interval_(interval) {
  timer_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

DevMiner::~DevMiner() {
  stop();
}

void DevMiner::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  timer_.request_stop();
  if (timer_.joinable()) timer_.join();
}

Result<bool> DevMiner::make_block(const CandidateRequest& request, bool even_empty) {
  auto block = parts_.chain.prepare(request);
  if (!block) return tl::unexpected(block.error());
  if (block->body.transactions.empty() && !even_empty) return false;
  Header header = *block->header;
  const auto seal = sign(parts_.signer, clique::signed_hash(header));
  std::copy(seal.bytes.begin(), seal.bytes.end(), header.extra_data.end() - clique::kSealBytes);
  const Block sealed{seal_header(std::move(header), parts_.chain.spec().header_identity()),
                     std::move(block->body)};
  const ImportResult result = parts_.chain.insert_sealed(sealed);
  if (result.disk) return tl::unexpected(*result.disk);
  for (const auto* stop : {&result.bad, &result.future})
    if (*stop) return fail("the block was refused: " + (*stop)->error.detail);
  parts_.clock.block_made();
  log_info("Made a block", {{"number", sealed.header->number},
                            {"hash", sealed.header.hash()},
                            {"txs", sealed.body.transactions.size()},
                            {"gas", sealed.header->gas_used}});
  return true;
}

/// A block for what waits, and another for what found no room.
void DevMiner::make_all() {
  {
    const std::lock_guard lock(mutex_);
    queued_ = false;
    if (stopped_) return;
  }
  while (parts_.pool.counts().pending > 0) {
    const auto made = make_block(false);
    if (!made) log_error("Failed to make a block", {{"err", made.error().what}});
    if (!made || !*made) return;
  }
}

void DevMiner::on_transactions() {
  {
    const std::lock_guard lock(mutex_);
    if (!automine_ || queued_ || stopped_) return;
    queued_ = true;
  }
  parts_.chain_thread.submit([this] { make_all(); });
}

Result<> DevMiner::on_chain(std::function<Result<>()> task) {
  // Held here too: a pool that stops drops its tasks, and a promise that is dropped throws at who waits.
  const auto promise = std::make_shared<std::promise<Result<>>>();
  auto done = promise->get_future();
  parts_.chain_thread.submit([task = std::move(task), promise] { promise->set_value(task()); });
  for (;;) {
    if (done.wait_for(std::chrono::milliseconds(100)) == std::future_status::ready) return done.get();
    const std::lock_guard lock(mutex_);
    if (stopped_) return fail("the node is stopping");
  }
}

void DevMiner::settle() {
  if (automine()) (void)on_chain([]() -> Result<> { return {}; });
}

Result<> DevMiner::mine(std::uint64_t blocks, std::uint64_t interval) {
  if (blocks > kMostBlocks) return fail(std::to_string(kMostBlocks) + " blocks at most can be made at once");
  return on_chain([this, blocks, interval]() -> Result<> {
    for (std::uint64_t i = 0; i < blocks; ++i) {
      if (i > 0 && interval > 0) parts_.clock.set_next(parts_.chain.head().header->timestamp + interval);
      if (auto made = make_block(true); !made) return tl::unexpected(made.error());
    }
    return {};
  });
}

void DevMiner::set_automine(bool on) {
  {
    const std::lock_guard lock(mutex_);
    automine_ = on;
    if (on) interval_ = 0;
  }
  changed_.notify_all();
  on_transactions();
}

bool DevMiner::automine() {
  const std::lock_guard lock(mutex_);
  return automine_;
}

void DevMiner::set_interval(std::uint64_t seconds) {
  const std::lock_guard lock(mutex_);
  interval_ = seconds;
  if (seconds > 0) automine_ = false;
  changed_.notify_all();
}

void DevMiner::run(const std::stop_token& stop) {
  pthread_setname_np(pthread_self(), "dev");
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    const std::uint64_t interval = interval_;
    const auto moved = [&] { return interval_ != interval; };
    if (interval == 0) {
      changed_.wait(lock, stop, moved);
      continue;
    }
    if (changed_.wait_for(lock, stop, std::chrono::seconds(interval), moved) || stop.stop_requested())
      continue;
    lock.unlock();
    parts_.chain_thread.submit([this] {
      if (const auto made = make_block(true); !made)
        log_error("Failed to make a block", {{"err", made.error().what}});
    });
    lock.lock();
  }
}

std::uint64_t DevMiner::snapshot() {
  const BlockId head = parts_.chain.head().id();
  const std::lock_guard lock(mutex_);
  if (kept_.size() == kMostSnapshots) kept_.erase(kept_.begin());
  kept_.push_back({next_name_, head, parts_.clock.offset()});
  return next_name_++;
}

Result<bool> DevMiner::revert(std::uint64_t name) {
  Kept wanted{};
  {
    const std::lock_guard lock(mutex_);
    const auto found =
        std::find_if(kept_.begin(), kept_.end(), [&](const Kept& one) { return one.name == name; });
    if (found == kept_.end()) return false;
    wanted = *found;
    kept_.erase(found, kept_.end());
  }
  const auto done = on_chain([this, wanted]() -> Result<> {
    if (!parts_.chain.is_canonical(wanted.head))
      return fail("the snapshot's block is no longer on the chain");
    if (auto back = parts_.chain.set_head(wanted.head.number); !back) return back;
    // What the abandoned blocks had came back into the pool; as of the snapshot it was never sent.
    parts_.pool.clear();
    parts_.clock.set_offset(wanted.offset);
    return {};
  });
  if (!done) return tl::unexpected(done.error());
  return true;
}

Result<> DevMiner::change(const rpc::DevChange& change) {
  return on_chain([this, change]() -> Result<> {
    auto extra_data = parts_.changes.add(change);
    if (!extra_data) return tl::unexpected(extra_data.error());
    auto request = parts_.request();
    request.extra_data = std::move(*extra_data);
    request.pool = nullptr;
    // The block has its parent's time, so that what was set for the next one stays set.
    const auto kept = parts_.clock.stop_at(parts_.chain.head().header->timestamp);
    const auto made = make_block(request, true);
    parts_.clock.go_on(kept);
    if (!made) return tl::unexpected(made.error());
    return {};
  });
}

void DevMiner::impersonate(const std::optional<Address>& account, bool on) {
  const std::lock_guard lock(mutex_);
  if (!account)
    impersonate_all_ = on;
  else if (!on)
    impersonated_.erase(*account);
  else if (impersonated_.size() < kMostImpersonated)
    impersonated_.insert(*account);
}

bool DevMiner::is_impersonated(const Address& account) {
  const std::lock_guard lock(mutex_);
  return impersonate_all_ || impersonated_.contains(account);
}

Result<> DevMiner::set_next_timestamp(Timestamp time) {
  const Timestamp last = parts_.chain.head().header->timestamp;
  if (time < last)
    return fail("Timestamp error: " + std::to_string(time) +
                " is lower than or equal to previous block's timestamp " + std::to_string(last));
  parts_.clock.set_next(time);
  return {};
}

}  // namespace quarry
