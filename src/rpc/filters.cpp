#include "rpc/filters.hpp"

#include <fmt/format.h>
#include <sys/random.h>

#include "core/check.hpp"

namespace quarry::rpc {
namespace {

/// How often the filters are looked through.
constexpr std::chrono::seconds kExpireInterval{1};
/// An entry's place on_step (the subscriptions have the other).
constexpr std::size_t kStepPlace = 0;

}  // namespace

std::string random_id() {
  std::array<std::uint8_t, 16> bytes{};
  QUARRY_CHECK(getrandom(bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(bytes.size()));
  auto digits = to_hex(bytes);
  digits.erase(0, std::min(digits.find_first_not_of('0'), digits.size() - 1));
  return "0x" + digits;
}

/// The changes of one filter.
class Filters::Filter final : public Listener {
 public:
  Filter(Filters& owner, Interest interest) : Listener(std::move(interest)), owner_(owner) {}
  ~Filter() override { owner_.bytes_ -= bytes_; }

  void take(const std::vector<EventText>& texts, BlockNum block) override {
    const std::lock_guard lock(mutex_);
    if (changes_.empty() && lost_ == 0) first_block_ = block;
    if (lost_ > 0) {
      lost_ += texts.size();
      return;
    }
    for (const auto& text : texts) {
      changes_.push_back(text);
      bytes_ += text.size();
      owner_.bytes_ += text.size();
    }
    const auto& limits = owner_.limits_;
    if (changes_.size() <= limits.most_changes && bytes_ <= limits.most_change_bytes &&
        owner_.bytes_ <= limits.most_bytes)
      return;
    // All of them: a part would be taken for the whole.
    lost_ = changes_.size();
    clear();
  }

  Answer flush() {
    const std::lock_guard lock(mutex_);
    if (lost_ > 0) return overflow(std::exchange(lost_, 0));
    std::string out = "[";
    for (const auto& change : changes_) out.append(out.size() > 1 ? "," : "").append(change.json());
    clear();
    return out.append("]");
  }

 private:
  void clear() {
    owner_.bytes_ -= std::exchange(bytes_, 0);
    changes_ = {};
  }
  tl::unexpected<RpcError> overflow(std::size_t lost) const {
    const bool blocks =
        interest().kind != Interest::Kind::txn_hashes && interest().kind != Interest::Kind::txns;
    const bool logs = interest().kind == Interest::Kind::logs;
    return rpc_fail(
        RpcCode::limit_exceeded,
        fmt::format(
            "{} changes were waiting and are dropped: ask more often\n{}; the filter goes on from here.",
            lost,
            !blocks ? "txpool_content has the transactions that wait"
                    : fmt::format("Read what was missed with {} from block {:#x}",
                                  logs ? "eth_getLogs" : "eth_getBlockByNumber", first_block_)));
  }

  Filters& owner_;
  std::mutex mutex_;
  std::deque<EventText> changes_;
  std::size_t bytes_ = 0;
  std::size_t lost_ = 0;      ///< dropped since the last call
  BlockNum first_block_ = 0;  ///< where those that wait, or were dropped, begin
};

Filters::Filters(Events& events, FilterLimits limits) : events_(events), limits_(limits) {
  events_.set_on_step(kStepPlace, [this] { expire(); });
}

Filters::~Filters() {
  events_.stop();
  const std::lock_guard lock(mutex_);
  while (!entries_.empty()) drop(entries_.begin());
}

Expected<std::string, RpcError> Filters::add(Interest interest, const std::optional<LogQuery>& query,
                                             const std::string& owner) {
  const auto full = [](std::string_view whose, std::size_t most) {
    return rpc_fail(RpcCode::limit_exceeded,
                    fmt::format("too many filters: {} {} at most\nLet go of those that are not needed with "
                                "eth_uninstallFilter; what nobody asks for five minutes goes by itself.",
                                whose, most));
  };
  const std::size_t terms = interest.filter.terms();
  const auto filter = std::make_shared<Filter>(*this, std::move(interest));
  std::string id = random_id();
  {
    const std::lock_guard lock(mutex_);
    if (entries_.size() >= limits_.most) return full("in all", limits_.most);
    if (terms_ + terms > limits_.most_terms) return full("addresses and topics in all", limits_.most_terms);
    auto& owned = owners_[owner];
    if (owned >= limits_.most_per_owner) return full("from one address", limits_.most_per_owner);
    ++owned;
    terms_ += terms;
    entries_.emplace(id, Entry{filter, query, owner, terms, Clock::now()});
  }
  events_.add(filter);
  return id;
}

Filters::Entries::iterator Filters::drop(Entries::iterator entry) {
  events_.remove(*entry->second.filter);
  terms_ -= entry->second.terms;
  const auto owner = owners_.find(entry->second.owner);
  if (--owner->second == 0) owners_.erase(owner);
  return entries_.erase(entry);
}

std::shared_ptr<Filters::Filter> Filters::touch(const std::string& id) {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(id);
  if (found == entries_.end()) return nullptr;
  found->second.asked = Clock::now();
  return found->second.filter;
}

Answer Filters::changes(const std::string& id) {
  const auto filter = touch(id);
  if (filter == nullptr) return rpc_fail(RpcCode::failed, "filter not found");
  events_.catch_up();
  return filter->flush();
}

std::optional<LogQuery> Filters::query(const std::string& id) {
  if (touch(id) == nullptr) return std::nullopt;
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(id);
  return found == entries_.end() ? std::nullopt : found->second.query;
}

bool Filters::remove(const std::string& id) {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(id);
  if (found == entries_.end()) return false;
  drop(found);
  return true;
}

std::size_t Filters::size() const {
  const std::lock_guard lock(mutex_);
  return entries_.size();
}

void Filters::expire() {
  const auto now = Clock::now();
  const std::lock_guard lock(mutex_);
  if (now - expired_at_ < std::min<Clock::duration>(kExpireInterval, limits_.lifetime)) return;
  expired_at_ = now;
  for (auto entry = entries_.begin(); entry != entries_.end();)
    entry = now - entry->second.asked > limits_.lifetime ? drop(entry) : std::next(entry);
}

}  // namespace quarry::rpc
