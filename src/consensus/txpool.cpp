#include "consensus/txpool.hpp"

#include <fmt/format.h>

#include <array>
#include <ctime>
#include <deque>
#include <mutex>
#include <set>
#include <unordered_map>

#include "consensus/base_fee.hpp"
#include "consensus/chain.hpp"
#include "consensus/pool_table.hpp"
#include "core/check.hpp"
#include "core/keccak.hpp"
#include "core/sender.hpp"
#include "evm/transition.hpp"
#include "storage/chain_store.hpp"
#include "storage/state_store.hpp"

namespace quarry {
namespace {
using SteadyClock = std::chrono::steady_clock;

struct RuleText {
  PoolRule rule;
  std::string_view text;
};
/// geth's words, in the order of PoolRule.
constexpr std::array kRuleTexts{
    RuleText{PoolRule::already_known, "already known"},
    RuleText{PoolRule::invalid, "invalid transaction"},
    RuleText{PoolRule::invalid_sender, "invalid sender"},
    RuleText{PoolRule::type_not_pooled, "transaction type not supported"},
    RuleText{PoolRule::oversized, "oversized data"},
    RuleText{PoolRule::block_gas_limit, "exceeds block gas limit"},
    RuleText{PoolRule::underpriced, "transaction underpriced"},
    RuleText{PoolRule::replacement_underpriced, "replacement transaction underpriced"},
    RuleText{PoolRule::nonce_too_low, "nonce too low"},
    RuleText{PoolRule::insufficient_funds, "insufficient funds for gas * price + value"},
    RuleText{PoolRule::account_full, "account limit exceeded"},
    RuleText{PoolRule::pool_full, "txpool is full"},
    RuleText{PoolRule::no_state, "the node is still synchronising"},
};
static_assert([] {
  for (std::size_t i = 0; i < kRuleTexts.size(); ++i)
    if (kRuleTexts[i].rule != static_cast<PoolRule>(i)) return false;
  return kRuleTexts.size() == static_cast<std::size_t>(PoolRule::no_state) + 1;
}());

/// What is remembered of transactions that left the pool for a block, for when that block is executed or
/// abandoned: some 100 bytes each.
class Recent {
 public:
  static constexpr std::size_t kMost = 16384;
  struct Entry {
    Address sender;
    bool local = false;
  };
  void add(const PooledTxn& txn) {
    if (!entries_.emplace(txn.hash, Entry{txn.sender, txn.local}).second) return;
    order_.push_back(txn.hash);
    if (order_.size() <= kMost) return;
    entries_.erase(order_.front());
    order_.pop_front();
  }
  std::optional<Entry> find(const TxnHash& hash) const {
    const auto found = entries_.find(hash);
    return found == entries_.end() ? std::nullopt : std::optional(found->second);
  }

 private:
  std::unordered_map<TxnHash, Entry> entries_;
  std::deque<TxnHash> order_;
};

std::vector<TxnRef> flat(std::vector<std::vector<TxnRef>> lines) {
  std::vector<TxnRef> out;
  for (auto& line : lines) std::move(line.begin(), line.end(), std::back_inserter(out));
  return out;
}

/// What is wrong with the signature geth's pool calls an invalid sender.
PoolError of_broken(evm::TxnError broken) {
  using evm::TxnRule;
  const bool of_sender = broken.rule == TxnRule::wrong_chain || broken.rule == TxnRule::signature ||
                         broken.rule == TxnRule::replay_protection;
  if (!of_sender) return {PoolRule::invalid, std::move(broken.detail)};
  return {PoolRule::invalid_sender,
          fmt::format("{}: {}", to_string(PoolRule::invalid_sender), broken.detail)};
}

PoolError no_state() {
  return {PoolRule::no_state, fmt::format("{}: there is no state yet to check a transaction against",
                                          to_string(PoolRule::no_state))};
}
}  // namespace

std::string_view to_string(PoolRule rule) {
  return kRuleTexts[static_cast<std::size_t>(rule)].text;
}

struct TxPool::Impl {
  Impl(const Database& db, const ChainSpec& s, TxPoolOptions o)
      : states(db), spec(s), options(std::move(o)), table(options) {
    if (!options.now) options.now = [] { return static_cast<Timestamp>(std::time(nullptr)); };
    const ChainStore store(db);
    const auto header = store.header(store.heads().block);
    QUARRY_CHECK(header.has_value());
    head = **header;
  }

  /// The block that a transaction which comes now could be in.
  evm::BlockEnv next_block() const {
    evm::BlockEnv env;
    env.number = head.number + 1;
    env.timestamp = std::max(head.timestamp + 1, options.now());
    env.rules = spec.forks.rules(env.number, env.timestamp);
    env.gas_limit = head.gas_limit;
    env.chain_id = spec.chain_id;
    if (env.rules.has(Fork::london)) env.base_fee = next_base_fee(head);
    return env;
  }
  Standing standing(const StateView& view, const Address& address) const {
    const auto account = view.account(address).value_or(Account{});
    return {account.nonce, account.balance, head.gas_limit};
  }

  Expected<TxnRef, PoolError> examine(Transaction txn, bool local, const evm::BlockEnv& env);
  std::optional<PoolError> check_price(const PooledTxn& txn) const;
  /// Under the lock.
  Added place(const StateView* view, TxnRef txn, std::vector<TxnRef>& ready);
  void settle_blocks(const HeadEvent& event, std::vector<TxnRef>& back);
  void tell(const std::vector<TxnRef>& ready) const;

  const StateStore states;
  const ChainSpec spec;
  TxPoolOptions options;
  std::vector<NewTxns> listeners;

  mutable std::mutex mutex;  ///< guards what follows, and options.price_floor
  Header head;
  PoolTable table;
  Recent recent;
  std::uint64_t arrived = 0;
};

/// What can be said without the account: forms, the fork's rules, who signed.
Expected<TxnRef, PoolError> TxPool::Impl::examine(Transaction txn, bool local, const evm::BlockEnv& env) {
  const auto refuse = [](PoolRule rule, const std::string& why) {
    return tl::unexpected(PoolError{rule, fmt::format("{}: {}", to_string(rule), why)});
  };
  if (txn.type == TxnType::blob)
    return refuse(PoolRule::type_not_pooled,
                  "blob transactions come with blobs, which this pool does not keep");
  const Bytes encoded = encode_transaction(txn);
  if (encoded.size() > kMostTxnBytes)
    return refuse(PoolRule::oversized, fmt::format("the transaction has {} bytes, the limit is {}",
                                                   encoded.size(), kMostTxnBytes));
  const TxnHash hash{keccak256(encoded)};
  std::optional<Address> sender;
  {
    const std::lock_guard lock(mutex);
    if (table.find(hash))
      return tl::unexpected(PoolError{
          PoolRule::already_known,
          fmt::format("{} (known transaction: {})", to_string(PoolRule::already_known), to_hex(hash))});
    if (const auto known = recent.find(hash)) sender = known->sender;
  }
  if (auto broken = evm::check_transaction(txn, env)) return tl::unexpected(of_broken(std::move(*broken)));
  if (!sender) sender = sender_of(txn);
  if (!sender) return refuse(PoolRule::invalid_sender, "the signature belongs to no key");
  auto out = std::make_shared<PooledTxn>();
  *out = {std::move(txn), hash, *sender, local, encoded.size(), 0, SteadyClock::now()};
  return out;
}

std::optional<PoolError> TxPool::Impl::check_price(const PooledTxn& txn) const {
  if (txn.local || txn.txn.max_priority_fee_per_gas >= options.price_floor) return std::nullopt;
  return PoolError{
      PoolRule::underpriced,
      fmt::format("{}: it pays {} wei a gas, this node takes {} or more (--gasprice)",
                  to_string(PoolRule::underpriced), txn.txn.max_priority_fee_per_gas.to_decimal(),
                  options.price_floor.to_decimal())};
}

TxPool::Added TxPool::Impl::place(const StateView* view, TxnRef txn, std::vector<TxnRef>& ready) {
  if (!view) return tl::unexpected(no_state());
  if (auto refusal = check_price(*txn)) return tl::unexpected(std::move(*refusal));
  auto numbered = std::make_shared<PooledTxn>(*txn);
  numbered->order = ++arrived;
  if (auto refusal = table.place(numbered, standing(*view, txn->sender), ready))
    return tl::unexpected(std::move(*refusal));
  return txn->hash;
}

void TxPool::Impl::tell(const std::vector<TxnRef>& ready) const {
  if (ready.empty()) return;
  for (const auto& listener : listeners) listener(ready);
}

/// Takes out what the new blocks have; gathers what only the abandoned ones had, lowest first.
void TxPool::Impl::settle_blocks(const HeadEvent& event, std::vector<TxnRef>& back) {
  std::set<TxnHash> mined;
  for (const auto& block : event.added) {
    for (const Transaction& txn : block->body.transactions) {
      const TxnHash hash = hash_of(txn);
      if (!event.removed.empty()) mined.insert(hash);
      if (const TxnRef known = table.find(hash)) recent.add(*known);
      table.erase(hash);
    }
  }
  const evm::BlockEnv env = next_block();
  for (auto block = event.removed.rbegin(); block != event.removed.rend(); ++block) {
    for (const Transaction& txn : (*block)->body.transactions) {
      const TxnHash hash = hash_of(txn);
      if (txn.type == TxnType::blob || mined.contains(hash) || evm::check_transaction(txn, env)) continue;
      const auto known = recent.find(hash);
      const auto sender = known ? std::optional(known->sender) : sender_of(txn);
      if (!sender) continue;
      auto ref = std::make_shared<PooledTxn>();
      *ref = {
          txn, hash, *sender, known && known->local, encode_transaction(txn).size(), 0, SteadyClock::now()};
      back.push_back(std::move(ref));
    }
  }
}

TxPool::TxPool(const Database& database, const ChainSpec& spec, TxPoolOptions options)
    : impl_(std::make_unique<Impl>(database, spec, std::move(options))) {}
TxPool::~TxPool() = default;

TxPool::Added TxPool::add(Transaction txn, bool local) {
  std::vector<Transaction> one;
  one.push_back(std::move(txn));
  return std::move(add_all(std::move(one), local).front());
}

std::vector<TxPool::Added> TxPool::add_all(std::vector<Transaction> txns, bool local) {
  evm::BlockEnv env;
  {
    const std::lock_guard lock(impl_->mutex);
    env = impl_->next_block();
  }
  std::vector<Expected<TxnRef, PoolError>> examined;
  for (Transaction& txn : txns) examined.push_back(impl_->examine(std::move(txn), local, env));
  std::vector<Added> out;
  std::vector<TxnRef> ready;
  {
    const std::lock_guard lock(impl_->mutex);
    const auto view = impl_->states.at_head();
    for (auto& one : examined) {
      if (one)
        out.push_back(impl_->place(view.get(), std::move(*one), ready));
      else
        out.push_back(tl::unexpected(std::move(one.error())));
    }
  }
  impl_->tell(ready);
  return out;
}

TxnRef TxPool::get(const TxnHash& hash) const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->table.find(hash);
}

std::uint64_t TxPool::pending_nonce(const Address& address) const {
  const std::lock_guard lock(impl_->mutex);
  if (const auto next = impl_->table.next_nonce(address)) return *next;
  const auto view = impl_->states.at_head();
  return view ? impl_->standing(*view, address).nonce : 0;
}

std::vector<TxnRef> TxPool::pending() const {
  const std::lock_guard lock(impl_->mutex);
  return flat(impl_->table.ready_lines());
}

std::vector<TxnRef> TxPool::queued() const {
  const std::lock_guard lock(impl_->mutex);
  return flat(impl_->table.queued_lines());
}

TxPool::Counts TxPool::counts() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->table.counts();
}

TxnsByPrice TxPool::by_price(const U256& base_fee) const {
  const std::lock_guard lock(impl_->mutex);
  return {impl_->table.ready_lines(), base_fee};
}

std::optional<Address> TxPool::known_sender(const TxnHash& hash) const {
  const std::lock_guard lock(impl_->mutex);
  if (const TxnRef txn = impl_->table.find(hash)) return txn->sender;
  const auto known = impl_->recent.find(hash);
  return known ? std::optional(known->sender) : std::nullopt;
}

U256 TxPool::price_floor() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->options.price_floor;
}

void TxPool::set_price_floor(const U256& floor) {
  const std::lock_guard lock(impl_->mutex);
  impl_->options.price_floor = floor;
  impl_->table.erase_below(floor);
}

void TxPool::on_head(const HeadEvent& event) {
  std::vector<TxnRef> ready;
  {
    const std::lock_guard lock(impl_->mutex);
    Impl& pool = *impl_;
    pool.head = *event.after.header;
    std::vector<TxnRef> back;
    pool.settle_blocks(event, back);
    const auto view = pool.states.at_head();
    if (view)
      for (const Address& sender : pool.table.senders())
        pool.table.update(sender, pool.standing(*view, sender), ready);
    // One that does not come back was refused for a reason that its sender can do nothing about here.
    for (TxnRef& txn : back) (void)pool.place(view.get(), std::move(txn), ready);
    pool.table.erase_stale(SteadyClock::now() - pool.options.queued_lifetime);
  }
  impl_->tell(ready);
}

void TxPool::on_new(NewTxns listener) {
  impl_->listeners.push_back(std::move(listener));
}

}  // namespace quarry
