#include "consensus/header_rules.hpp"

#include <fmt/format.h>

#include "consensus/base_fee.hpp"
#include "consensus/blob_gas.hpp"
#include "consensus/clique/snapshot.hpp"
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
  const std::size_t most = c.merged ? kMergedExtraDataBytes : c.engine.most_extra_data();
  if (c.header.extra_data.size() <= most) return {};
  return broken(BlockRule::extra_data, "extra-data too long: {} bytes, {} at most",
                c.header.extra_data.size(), most);
}

Verdict time_passes(const HeaderCheck& c) {
  if (c.header.timestamp > c.parent.timestamp) return {};
  return broken(BlockRule::timestamp, "timestamp equals parent's or is before it: it is {}, its parent's {}",
                c.header.timestamp, c.parent.timestamp);
}

/// What proof of work needs and a beacon chain does not is empty after the merge.
Verdict no_proof_of_work(const HeaderCheck& c) {
  if (!c.merged) return {};
  if (!c.header.nonce.is_zero())
    return broken(BlockRule::proof_of_work_fields, "invalid nonce: it is {}, must be 0 after the merge",
                  c.header.nonce.hex());
  if (c.header.ommers_hash == kEmptyOmmersHash) return {};
  return broken(BlockRule::proof_of_work_fields,
                "invalid ommers hash: it is {}, a block after the merge has no ommers",
                c.header.ommers_hash.hex());
}

Verdict difficulty_is_computed(const HeaderCheck& c) {
  if (c.merged) {
    if (c.header.difficulty.is_zero()) return {};
    return broken(BlockRule::difficulty,
                  "invalid difficulty: it is {}, must be 0: the parent has reached the terminal total "
                  "difficulty {}",
                  c.header.difficulty.to_decimal(), c.spec.terminal_total_difficulty->to_decimal());
  }
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
  const U256 wanted = next_base_fee(c.spec, c.parent);
  if (!fee)
    return broken(BlockRule::base_fee, "invalid base fee: it is missing, must be {}", wanted.to_decimal());
  if (*fee == wanted) return {};
  return broken(BlockRule::base_fee, "invalid base fee: it is {}, must be {}", fee->to_decimal(),
                wanted.to_decimal());
}

struct LaterField {
  const char* name;
  Fork fork;
  bool (*present)(const Header&);
};
/// Fields that a beacon chain's blocks carry from a fork on. Blocks of proof of work and authority never do.
constexpr LaterField kLaterFields[] = {
    {"withdrawals root", Fork::shanghai, [](const Header& h) { return h.withdrawals_root.has_value(); }},
    {"blob gas used", Fork::cancun, [](const Header& h) { return h.blob_gas_used.has_value(); }},
    {"excess blob gas", Fork::cancun, [](const Header& h) { return h.excess_blob_gas.has_value(); }},
    {"parent beacon block root", Fork::cancun,
     [](const Header& h) { return h.parent_beacon_block_root.has_value(); }},
    {"requests hash", Fork::prague, [](const Header& h) { return h.requests_hash.has_value(); }},
};

Verdict later_fields_are_the_forks(const HeaderCheck& c) {
  for (const LaterField& field : kLaterFields) {
    const bool present = field.present(c.header), wanted = c.merged && c.rules.has(field.fork);
    if (present == wanted) continue;
    if (wanted)
      return broken(BlockRule::fork_fields, "invalid {}: it is missing, {} is in force", field.name,
                    info(field.fork).name);
    return broken(BlockRule::fork_fields, "invalid {}: it is there, {}", field.name,
                  c.merged ? "its fork is not in force" : "a sealed block has none");
  }
  return {};
}

Verdict blob_gas_is_bounded(const HeaderCheck& c) {
  if (!c.header.blob_gas_used) return {};
  const Gas used = *c.header.blob_gas_used, most = blob_params(c.spec, c.rules)->max * kGasPerBlob;
  if (used > most)
    return broken(BlockRule::blob_gas_used, "invalid blob gas used: it is {}, {} at most", used, most);
  if (used % kGasPerBlob == 0) return {};
  return broken(BlockRule::blob_gas_used, "invalid blob gas used: it is {}, no multiple of {}", used,
                kGasPerBlob);
}

Verdict excess_blob_gas_is_computed(const HeaderCheck& c) {
  if (!c.header.excess_blob_gas) return {};
  const Gas wanted = next_excess_blob_gas(c.parent, *blob_params(c.spec, c.rules), c.rules);
  if (*c.header.excess_blob_gas == wanted) return {};
  return broken(BlockRule::excess_blob_gas, "invalid excess blob gas: it is {}, must be {}",
                *c.header.excess_blob_gas, wanted);
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

Verdict period_passes(const HeaderCheck& c) {
  const std::uint64_t period = c.spec.clique.period;
  if (c.header.timestamp >= c.parent.timestamp && c.header.timestamp - c.parent.timestamp >= period)
    return {};
  return broken(BlockRule::timestamp,
                "invalid timestamp: it is {}, must be its parent's {} plus the period {} at least",
                c.header.timestamp, c.parent.timestamp, period);
}

Verdict clique_form_is_right(const HeaderCheck& c) {
  const Header& h = c.header;
  const bool checkpoint = h.number % c.spec.clique.epoch == 0;
  const auto signers = clique::listed_signers(h.extra_data);
  if (!signers)
    return broken(BlockRule::clique_form,
                  "invalid extra-data: {} bytes are not {} of vanity, signers of {} each and {} of signature",
                  h.extra_data.size(), clique::kVanityBytes, Address::kSize, clique::kSealBytes);
  if (!checkpoint && !signers->empty())
    return broken(BlockRule::clique_form, "non-checkpoint block contains extra signer list: {} signers",
                  signers->size());
  if (checkpoint && !h.beneficiary.is_zero())
    return broken(BlockRule::clique_checkpoint, "beneficiary in checkpoint block non-zero: {}",
                  h.beneficiary.hex());
  if (h.nonce != clique::kVoteAgainst && (checkpoint || h.nonce != clique::kVoteFor))
    return broken(BlockRule::clique_form, "vote nonce not 0x00..0{}: it is {}",
                  checkpoint ? "" : " or 0xff..f", h.nonce.hex());
  if (!h.mix_hash.is_zero())
    return broken(BlockRule::clique_form, "non-zero mix digest: {}", h.mix_hash.hex());
  if (h.ommers_hash != kEmptyOmmersHash)
    return broken(BlockRule::clique_form, "non empty uncle hash: {}", h.ommers_hash.hex());
  if (h.difficulty == U256{clique::kInTurnDifficulty} || h.difficulty == U256{clique::kOutOfTurnDifficulty})
    return {};
  return broken(BlockRule::difficulty, "invalid difficulty: it is {}, must be {} or {}",
                h.difficulty.to_decimal(), clique::kInTurnDifficulty, clique::kOutOfTurnDifficulty);
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
    number_follows,
    extra_data_fits,
    time_passes,
    no_proof_of_work,
    difficulty_is_computed,
    gas_limit_is_bounded,
    gas_used_is_bounded,
    base_fee_is_computed,
    later_fields_are_the_forks,
    blob_gas_is_bounded,
    excess_blob_gas_is_computed,
    dao_marker_is_right,
    not_in_the_future,
};
constexpr HeaderRule kCliqueRules[] = {
    number_follows,       extra_data_fits,     period_passes,        clique_form_is_right,
    gas_limit_is_bounded, gas_used_is_bounded, base_fee_is_computed, later_fields_are_the_forks,
    not_in_the_future,
};
constexpr HeaderRule kJbcRules[] = {number_follows, extra_data_fits, difficulty_is_computed,
                                    jbc_prev_hash_matches};

std::span<const HeaderRule> rules_of(HeaderRuleSet set) {
  switch (set) {
    case HeaderRuleSet::ethereum:
      return kHeaderRules;
    case HeaderRuleSet::clique:
      return kCliqueRules;
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
  // After the merge the engine before has no say.
  const auto set = check.merged ? HeaderRuleSet::ethereum : check.engine.header_rules();
  for (const HeaderRule rule : rules_of(set))
    if (Verdict verdict = rule(check)) return verdict;
  return {};
}

}  // namespace quarry
