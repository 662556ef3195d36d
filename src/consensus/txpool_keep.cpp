// What the pool does by itself: its journal over restarts, and what has waited too long.
#include <pthread.h>

#include "consensus/txpool_impl.hpp"
#include "core/log.hpp"

namespace quarry {
namespace {
using SteadyClock = std::chrono::steady_clock;
/// So often the pool looks for what has waited too long.
constexpr std::chrono::minutes kTick{1};
}  // namespace

/// Puts those that are in the pool, and local, into the journal. What replaced one of ours may have come from
/// a peer: the next rewrite has it.
void TxPool::Impl::keep(const std::vector<TxnHash>& hashes) {
  const std::lock_guard journal_lock(journal_mutex);
  if (!journal || !journal_loaded) return;
  for (const TxnHash& hash : hashes) {
    TxnRef txn;
    {
      const std::lock_guard lock(mutex);
      txn = table.find(hash);
    }
    if (!txn || !txn->local) continue;
    if (auto kept = journal->append(txn->txn); !kept)
      return log_warn("Failed to journal local transaction", {{"err", kept.error().what}});
  }
}

/// False where there is no state yet to check transactions against. Under journal_mutex.
bool TxPool::Impl::load_journal() {
  if (!states.at_head()) return false;
  auto loaded = journal->load();
  if (loaded.left_out != 0)
    log_warn("The transaction journal is damaged; what can be read of it is used",
             {{"file", journal->path().string()}, {"err", loaded.why}});
  const std::size_t count = loaded.txns.size();
  std::size_t dropped = 0;
  for (const Added& added : add_all(std::move(loaded.txns), true)) dropped += added ? 0 : 1;
  if (count != 0)
    log_info("Loaded local transaction journal", {{"transactions", count}, {"dropped", dropped}});
  journal_loaded = true;
  return true;
}

void TxPool::Impl::rejournal() {
  const std::lock_guard journal_lock(journal_mutex);
  if (!journal || (!journal_loaded && !load_journal())) return;
  std::vector<Transaction> kept;
  {
    const std::lock_guard lock(mutex);
    for (auto lines : {table.ready_lines(), table.queued_lines()})
      for (const TxnRef& txn : flat(std::move(lines)))
        if (txn->local) kept.push_back(txn->txn);
  }
  if (auto written = journal->rewrite(kept); !written)
    return log_warn("Failed to rotate local tx journal", {{"err", written.error().what}});
  log_debug("Regenerated local transaction journal", {{"transactions", kept.size()}});
}

void TxPool::Impl::report_gaps() {
  const std::lock_guard lock(mutex);
  std::map<Address, std::uint64_t> told;
  for (const auto& line : table.queued_lines()) {
    const TxnRef& first = line.front();
    if (!first->local || first->since + kTick > SteadyClock::now()) continue;
    const std::uint64_t missing = *table.next_nonce(first->sender);
    told[first->sender] = missing;
    const auto before = gaps_told.find(first->sender);
    if (before != gaps_told.end() && before->second == missing) continue;
    log_warn("Transactions cannot run: an earlier nonce is missing",
             {{"account", first->sender},
              {"missing", missing},
              {"waiting", line.size()},
              {"first", first->txn.nonce},
              {"remedy", "send a transaction with the missing nonce"}});
  }
  gaps_told = std::move(told);
}

void TxPool::Impl::run_ticks(const std::stop_token& stop) {
  pthread_setname_np(pthread_self(), "txpool");
  auto rejournal_at = SteadyClock::now() + options.rejournal;
  std::unique_lock lock(tick_mutex);
  const auto pause = std::min<std::chrono::milliseconds>(kTick, options.rejournal);
  while (!stop.stop_requested()) {
    tick.wait_for(lock, stop, pause, [] { return false; });
    if (stop.stop_requested()) return;
    {
      const std::lock_guard pool_lock(mutex);
      table.erase_stale(SteadyClock::now() - options.queued_lifetime);
    }
    report_gaps();
    if (SteadyClock::now() < rejournal_at) continue;
    rejournal();
    rejournal_at = SteadyClock::now() + options.rejournal;
  }
}

}  // namespace quarry
