#include "consensus/ethash/caches.hpp"

#include <algorithm>

#include "consensus/ethash/files.hpp"

namespace quarry::ethash {
namespace {
/// Reading 16 MiB is over before anybody could want it stopped.
const std::atomic<bool> kNeverCancelled{false};
}  // namespace

Caches::Caches() : Caches(Options{}) {}
Caches::Caches(Options options) : options_(std::move(options)) {}
Caches::~Caches() = default;

std::list<Caches::Slot>::iterator Caches::find(Epoch epoch) {
  return std::find_if(slots_.begin(), slots_.end(), [&](const Slot& slot) { return slot.epoch == epoch; });
}

std::shared_ptr<const Cache> Caches::get(Epoch epoch) {
  Lock lock(mutex_);
  for (auto slot = find(epoch); slot != slots_.end(); slot = find(epoch)) {
    if (slot->cache != nullptr) {
      slots_.splice(slots_.begin(), slots_, slot);
      return slot->cache;
    }
    made_.wait(lock);
  }
  slots_.push_front({epoch, nullptr});
  return fill(lock, epoch, true);
}

std::shared_ptr<const Cache> Caches::peek(Epoch epoch) {
  const Lock lock(mutex_);
  const auto slot = find(epoch);
  return slot == slots_.end() ? nullptr : slot->cache;
}

std::shared_ptr<const Cache> Caches::rebuilt(std::shared_ptr<const Cache> suspect) {
  if (!suspect->from_file()) return suspect;
  const Epoch epoch = suspect->epoch();
  Lock lock(mutex_);
  auto slot = find(epoch);
  if (slot == slots_.end()) {
    slots_.push_front({epoch, nullptr});
  } else if (slot->cache == suspect) {
    slot->cache = nullptr;
  } else {  // Another thread had the same suspicion first.
    lock.unlock();
    return get(epoch);
  }
  return fill(lock, epoch, false);
}

/// Makes the cache of a slot that is marked as being made; the lock is let go meanwhile.
std::shared_ptr<const Cache> Caches::fill(Lock& lock, Epoch epoch, bool trust_file) {
  lock.unlock();
  std::shared_ptr<const Cache> cache = make(epoch, trust_file);
  lock.lock();
  find(epoch)->cache = cache;
  for (auto slot = slots_.end(); slots_.size() > kMostCaches && slot != slots_.begin();) {
    --slot;  // Only what is ready may go, the least recently used first.
    if (slot->cache != nullptr && slot->epoch != epoch) slot = slots_.erase(slot);
  }
  made_.notify_all();
  return cache;
}

std::shared_ptr<const Cache> Caches::make(Epoch epoch, bool trust_file) const {
  if (trust_file && !options_.folder.empty())
    if (auto cache = read(epoch)) return cache;
  auto cache = Cache::build(epoch, options_.mode);
  if (!options_.folder.empty()) {
    remove_leftovers(options_.folder);
    const auto written =
        write_table(options_.folder / cache_file_name(epoch), cache->bytes(), kNeverCancelled);
    if (!written) warn(written.error());
  }
  return cache;
}

std::shared_ptr<const Cache> Caches::read(Epoch epoch) const {
  auto table = read_table(options_.folder / cache_file_name(epoch), cache_bytes(epoch, options_.mode),
                          kNeverCancelled);
  if (!table) {
    warn({table.error().what, "The cache is computed anew and the file replaced."});
    return nullptr;
  }
  if (!*table) return nullptr;
  return std::make_shared<const Cache>(epoch, options_.mode, std::move(**table), true);
}

void Caches::warn(const Error& error) const {
  if (options_.on_warning) options_.on_warning(error);
}

void Caches::on_head(BlockNum number) {
  const Epoch next = epoch_of(number + kPrepareAhead);
  if (next == epoch_of(number) || next > kLastEpoch) return;
  const Lock lock(mutex_);
  if (find(next) != slots_.end()) return;
  if (preparing_.valid() && preparing_.wait_for(std::chrono::seconds(0)) != std::future_status::ready) return;
  preparing_ = std::async(std::launch::async, [this, next] { get(next); });
}

}  // namespace quarry::ethash
