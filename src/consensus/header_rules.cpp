#include "consensus/header_rules.hpp"

#include <fmt/format.h>

#include "consensus/base_fee.hpp"
#include "core/jbc.hpp"

namespace quarry {
namespace {
template <class... Args>
BlockError broken(BlockRule rule, fmt::format_string<Args...> form, Args&&... args) {
  return {rule, fmt::format(form, std::forward<Args>(args)...)};
}

Verdict number_follows(const HeaderCheck& c) {
  if (c.header.number == c.parent.number + 1 && c.header.number != 0) return {};
  return broken(BlockRule::number, "invalid block number: it is {}, its parent's is {}", c.header.number,
                c.parent.number);
}

Verdict extra_data_fits(const HeaderCheck& c) {
  const std::size_t most = c.engine.most_extra_data();
  if (c.header.extra_data.size() <= most) return {};
  return broken(BlockRule::extra_data, "extra-data too long: {} bytes, {} at most",
                c.header.extra_data.size(), most);
}

Verdict time_passes(const HeaderCheck& c) {
  if (c.header.timestamp > c.parent.timestamp) return {};
  return broken(BlockRule::timestamp, "timestamp equals parent's or is before it: it is {}, its parent's {}",
                c.header.timestamp, c.parent.timestamp);
}

Verdict difficulty_is_computed(const HeaderCheck& c) {
  const U256 wanted = c.engine.next_difficulty(c.parent, c.header.timestamp, c.rules);
  if (c.header.difficulty == wanted) return {};
  return broken(BlockRule::difficulty, "invalid difficulty: it is {}, must be {}",
                c.header.difficulty.to_decimal(), wanted.to_decimal());
}

Verdict gas_limit_is_bounded(const HeaderCheck& c) {
  const Gas limit = c.header.gas_limit, base = parent_gas_limit(c.parent, c.rules);
  const Gas moved = limit > base ? limit - base : base - limit;
  const Gas bound = base / kGasLimitDivisor;
  if (limit > kMaximumGasLimit)
    return broken(BlockRule::gas_limit, "invalid gas limit: it is {}, {} at most", limit, kMaximumGasLimit);
  if (limit < kMinimumGasLimit)
    return broken(BlockRule::gas_limit, "invalid gas limit: it is {}, {} at least", limit, kMinimumGasLimit);
  if (moved < bound) return {};
  return broken(BlockRule::gas_limit,
                "invalid gas limit: it is {}, must differ from the parent's {} by less than {}", limit, base,
                bound);
}

Verdict gas_used_is_bounded(const HeaderCheck& c) {
  if (c.header.gas_used <= c.header.gas_limit) return {};
  return broken(BlockRule::gas_used_above_limit, "invalid gas used: it is {}, the gas limit {}",
                c.header.gas_used, c.header.gas_limit);
}

Verdict base_fee_is_computed(const HeaderCheck& c) {
  const auto& fee = c.header.base_fee_per_gas;
  if (!c.rules.has(Fork::london)) {
    if (!fee) return {};
    return broken(BlockRule::base_fee, "invalid base fee: it is {}, there is none before London",
                  fee->to_decimal());
  }
  const U256 wanted = next_base_fee(c.parent);
  if (!fee)
    return broken(BlockRule::base_fee, "invalid base fee: it is missing, must be {}", wanted.to_decimal());
  if (*fee == wanted) return {};
  return broken(BlockRule::base_fee, "invalid base fee: it is {}, must be {}", fee->to_decimal(),
                wanted.to_decimal());
}

/// Proof of work ended before Shanghai: none of the fields that came with it and after are known to it.
Verdict no_later_fields(const HeaderCheck& c) {
  if (!c.header.withdrawals_root) return {};
  return broken(BlockRule::fork_fields, "invalid withdrawals root: it is {}, a sealed block has none",
                c.header.withdrawals_root->hex());
}

Verdict dao_marker_is_right(const HeaderCheck& c) {
  const auto& fork = c.spec.forks[Fork::dao];
  if (!fork || c.header.number < fork->at || c.header.number - fork->at >= kDaoMarkedBlocks) return {};
  const bool marked = equal(c.header.extra_data, as_bytes(kDaoMarker));
  if (marked == c.spec.dao_fork_support) return {};
  return broken(BlockRule::dao_extra_data, "bad DAO fork extra-data: it is 0x{}, must {}be 0x{}",
                to_hex(c.header.extra_data), c.spec.dao_fork_support ? "" : "not ",
                to_hex(as_bytes(kDaoMarker)));
}

/// Last, so that only a header that is right otherwise is held for later.
Verdict not_in_the_future(const HeaderCheck& c) {
  if (!c.now || c.header.timestamp <= *c.now || c.header.timestamp - *c.now <= kMostSecondsAhead) return {};
  return broken(
      BlockRule::future_time,
      "block in the future: its time is {}, ours {} (+{} s); check the clock of this machine or of the peer",
      c.header.timestamp, *c.now, c.header.timestamp - *c.now);
}

/// The names of 32 bytes match already; block 0's hash and block 1's word for it may be any text.
Verdict jbc_prev_hash_matches(const HeaderCheck& c) {
  if (c.header.number != 1) return {};
  const auto parent = jbc::from_header(c.parent), block = jbc::from_header(c.header);
  if (!parent || !block) return broken(BlockRule::jbc_form, "invalid block: it carries no jbc block");
  if (block->prev_hash == parent->hash) return {};
  return broken(BlockRule::not_linked, "invalid prev_hash: it is \"{}\", block 0's hash is \"{}\"",
                block->prev_hash, parent->hash);
}

using HeaderRule = Verdict (*)(const HeaderCheck&);
constexpr HeaderRule kHeaderRules[] = {
    number_follows,      extra_data_fits,      time_passes,     difficulty_is_computed, gas_limit_is_bounded,
    gas_used_is_bounded, base_fee_is_computed, no_later_fields, dao_marker_is_right,    not_in_the_future,
};
constexpr HeaderRule kJbcRules[] = {number_follows, extra_data_fits, difficulty_is_computed,
                                    jbc_prev_hash_matches};

std::span<const HeaderRule> rules_of(HeaderRuleSet set) {
  switch (set) {
    case HeaderRuleSet::ethereum:
      return kHeaderRules;
    case HeaderRuleSet::jbc:
      return kJbcRules;
  }
  return kHeaderRules;
}
}  // namespace

Gas parent_gas_limit(const Header& parent, const Rules& rules) {
  const bool begins = rules.has(Fork::london) && !parent.base_fee_per_gas;
  return begins ? parent.gas_limit * kElasticity : parent.gas_limit;
}

Verdict check_header_rules(const HeaderCheck& check) {
  for (const HeaderRule rule : rules_of(check.engine.header_rules()))
    if (Verdict verdict = rule(check)) return verdict;
  return {};
}

}  // namespace quarry
