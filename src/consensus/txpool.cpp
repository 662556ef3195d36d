#include "consensus/txpool.hpp"

#include <fmt/format.h>

#include <array>

#include "consensus/chain.hpp"
#include "consensus/txpool_impl.hpp"
#include "core/keccak.hpp"
#include "core/sender.hpp"
#include "evm/transition.hpp"

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
    RuleText{PoolRule::reserved, "address already reserved"},
};
static_assert([] {
  for (std::size_t i = 0; i < kRuleTexts.size(); ++i)
    if (kRuleTexts[i].rule != static_cast<PoolRule>(i)) return false;
  return kRuleTexts.size() == static_cast<std::size_t>(PoolRule::reserved) + 1;
}());

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

PoolError address_reserved() {
  return {PoolRule::reserved,
          fmt::format("{}: the account has blob transactions in the pool; send it when a block has them",
                      to_string(PoolRule::reserved))};
}
}  // namespace

std::string_view to_string(PoolRule rule) {
  return kRuleTexts[static_cast<std::size_t>(rule)].text;
}

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
  auto numbered = std::make_shared<PooledTxn>(*txn);
  numbered->order = ++arrived;
  const bool was_favoured = is_favoured(txn->sender);
  numbered->local = was_favoured || (txn->local && !options.no_locals);
  if (auto refusal = check_price(*numbered)) return tl::unexpected(std::move(*refusal));
  if (auto refusal = table.place(numbered, standing(*view, txn->sender), ready))
    return tl::unexpected(std::move(*refusal));
  ++generation;
  if (numbered->local && !was_favoured) favour(txn->sender);
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

std::vector<TxPool::Added> TxPool::Impl::add_all(std::vector<Transaction> txns, bool local) {
  evm::BlockEnv env;
  {
    const std::lock_guard lock(mutex);
    env = next_block();
  }
  std::vector<Expected<TxnRef, PoolError>> examined;
  for (Transaction& txn : txns) examined.push_back(examine(std::move(txn), local, env));
  std::vector<Added> out;
  std::vector<TxnRef> ready;
  {
    const std::lock_guard lock(mutex);
    const auto view = states.at_head();
    for (auto& one : examined) {
      if (!one)
        out.push_back(tl::unexpected(std::move(one.error())));
      else if (view && reserved && reserved((*one)->sender, standing(*view, (*one)->sender).nonce))
        out.push_back(tl::unexpected(address_reserved()));
      else
        out.push_back(place(view.get(), std::move(*one), ready));
    }
  }
  tell(ready);
  return out;
}

void TxPool::Impl::favour(const Address& address) {
  if (locals.size() >= kMostLocals) return;
  locals.insert(address);
  table.make_local(address);
}

TxPool::TxPool(const Database& database, const ChainSpec& spec, TxPoolOptions options)
    : impl_(std::make_unique<Impl>(database, spec, std::move(options))) {
  impl_->rejournal();
  impl_->ticker = std::jthread([impl = impl_.get()](const std::stop_token& stop) { impl->run_ticks(stop); });
}
TxPool::~TxPool() {
  impl_->ticker.request_stop();
  impl_->ticker.join();
  impl_->rejournal();
}

void TxPool::rejournal() {
  impl_->rejournal();
}

TxPool::Added TxPool::add(Transaction txn, bool local) {
  std::vector<Transaction> one;
  one.push_back(std::move(txn));
  return std::move(add_all(std::move(one), local).front());
}

std::vector<TxPool::Added> TxPool::add_all(std::vector<Transaction> txns, bool local) {
  auto out = impl_->add_all(std::move(txns), local);
  if (!local) return out;
  std::vector<TxnHash> taken;
  for (const Added& added : out)
    if (added) taken.push_back(*added);
  impl_->keep(taken);
  return out;
}

bool TxPool::holds(const Address& address, std::uint64_t nonce) const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->table.holds(address, nonce);
}

void TxPool::set_reserved(Reserved reserved) {
  const std::lock_guard lock(impl_->mutex);
  impl_->reserved = std::move(reserved);
}

bool TxPool::is_local(const Address& address) const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->is_favoured(address);
}

std::uint64_t TxPool::generation() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->generation;
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
  ++impl_->generation;
}

void TxPool::clear() {
  const std::lock_guard lock(impl_->mutex);
  for (const auto& lines : {impl_->table.ready_lines(), impl_->table.queued_lines()})
    for (const auto& line : lines)
      for (const TxnRef& txn : line) impl_->table.erase(txn->hash);
  ++impl_->generation;
}

void TxPool::on_head(const HeadEvent& event) {
  std::vector<TxnRef> ready;
  {
    const std::lock_guard lock(impl_->mutex);
    Impl& pool = *impl_;
    pool.head = *event.after.header;
    ++pool.generation;
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
