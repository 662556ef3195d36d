#include "consensus/clique/engine.hpp"

#include <fmt/format.h>

#include "core/check.hpp"
#include "core/keccak.hpp"

namespace quarry::clique {
namespace {
BlockError broken(BlockRule rule, std::string why) {
  return {rule, std::move(why)};
}
}  // namespace

CliqueEngine::CliqueEngine(const CliqueParams& params, Database* database)
    : params_(params), store_(database) {
  QUARRY_CHECK(params.epoch > 0);  // whoever reads a genesis sees to it
}

std::optional<Address> CliqueEngine::signer(const Header& header) const {
  const Hash256 key = keccak256(encode_header(header));
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = signers_.find(key); found != signers_.end()) return found->second;
  }
  const auto recovered = signer_of(header);
  if (!recovered) return std::nullopt;
  const std::lock_guard lock(mutex_);
  if (signers_.size() >= kMostSigners) signers_.clear();
  signers_.emplace(key, *recovered);
  return recovered;
}

void CliqueEngine::verify_seals(std::span<const Header* const> headers, std::span<Verdict> verdicts) {
  for (std::size_t i = 0; i < headers.size(); ++i)
    if (!signer(*headers[i]))
      verdicts[i] = broken(BlockRule::seal_result,
                           "invalid seal: the last 65 bytes of the extra data are no signature");
}

Address CliqueEngine::author(const Header& header) const {
  return header.number == 0 ? header.beneficiary : signer(header).value_or(Address{});
}

Verdict CliqueEngine::check_lineage(const SealedHeader& header, const HeaderSource& headers) {
  const auto parent = snapshot({header->number - 1, header->parent_hash}, headers);
  if (!parent) return parent.error();
  const auto signed_by = signer(*header);
  if (!signed_by) return broken(BlockRule::seal_result, "invalid seal: no signature");
  if (auto error = check_against(header, *signed_by, **parent)) return error;
  auto after = (*parent)->next(header, *signed_by, params_);
  if (!after) return after.error();
  if (header->number % kStoredEvery == 0) store_.save(*after);
  remember(std::make_shared<const Snapshot>(std::move(*after)));
  return {};
}

Verdict CliqueEngine::check_against(const SealedHeader& header, const Address& signed_by,
                                    const Snapshot& parent) const {
  if (header->number % params_.epoch == 0) {
    const auto listed = listed_signers(header->extra_data);
    if (!listed || *listed != parent.signers)
      return broken(BlockRule::clique_checkpoint,
                    fmt::format("mismatching signer list on checkpoint block: it lists {}, the votes give {}",
                                listed ? listed->size() : 0, parent.signers.size()));
  }
  if (!parent.is_signer(signed_by)) return {};  // said better by Snapshot::next
  const std::uint64_t wanted =
      parent.in_turn(header->number, signed_by) ? kInTurnDifficulty : kOutOfTurnDifficulty;
  if (header->difficulty == U256{wanted}) return {};
  return broken(BlockRule::difficulty, fmt::format("wrong difficulty: it is {}, {} signs {} turn: must be {}",
                                                   header->difficulty.to_decimal(), signed_by.hex(),
                                                   wanted == kInTurnDifficulty ? "in" : "out of", wanted));
}

/// What needs no headers before it to be known: remembered, stored, or a checkpoint. Null: none of them.
Expected<std::shared_ptr<const Snapshot>, BlockError> CliqueEngine::known_at(
    const BlockId& id, const HeaderSource& headers) const {
  if (auto known = remembered(id)) return known;
  if (id.number % kStoredEvery == 0)
    if (auto stored = store_.load(id)) return std::make_shared<const Snapshot>(std::move(*stored));
  if (id.number % params_.epoch != 0) return nullptr;
  const auto header = headers.header_of(id);
  if (!header) return nullptr;
  // A checkpoint carries the signers; it was checked when it came.
  auto checkpoint = snapshot_of_checkpoint(*header);
  if (!checkpoint)
    return tl::unexpected(broken(BlockRule::clique_checkpoint,
                                 fmt::format("block {} lists no signers in its extra data", id.number)));
  add_recents(*checkpoint, *header, headers);
  return std::make_shared<const Snapshot>(std::move(*checkpoint));
}

Expected<std::shared_ptr<const Snapshot>, BlockError> CliqueEngine::snapshot(
    const BlockId& id, const HeaderSource& headers) const {
  const auto missing = [](const BlockId& at) {
    return tl::unexpected(
        broken(BlockRule::unknown_parent,
               fmt::format("unknown ancestor: header {} ({}) is not here", at.number, at.hash.hex())));
  };
  std::vector<BlockId> after;  // headers to lay on what is known, highest first
  BlockId at = id;
  auto known = known_at(at, headers);
  for (; known && !*known; known = known_at(at, headers)) {
    const auto header = headers.header_of(at);
    if (!header || at.number == 0) return missing(at);
    after.push_back(at);
    at = {at.number - 1, (*header)->parent_hash};
  }
  if (!known) return known;
  for (auto next = after.rbegin(); next != after.rend(); ++next) {
    const auto header = headers.header_of(*next);
    if (!header) return missing(*next);
    const auto signed_by = signer(**header);
    if (!signed_by) return tl::unexpected(broken(BlockRule::seal_result, "invalid seal: no signature"));
    auto laid = (*known)->next(*header, *signed_by, params_);
    if (!laid) return tl::unexpected(laid.error());
    known = std::make_shared<const Snapshot>(std::move(*laid));
  }
  remember(*known);
  return known;
}

/// Who signed the last blocks up to a checkpoint: its extra data does not say.
void CliqueEngine::add_recents(Snapshot& checkpoint, SealedHeader header, const HeaderSource& headers) const {
  for (std::size_t i = 0; i < checkpoint.window() && header->number != 0; ++i) {
    if (const auto signed_by = signer(*header)) checkpoint.recents[header->number] = *signed_by;
    auto parent = headers.header_of({header->number - 1, header->parent_hash});
    if (!parent) return;  // downloaded from here on
    header = std::move(*parent);
  }
}

std::shared_ptr<const Snapshot> CliqueEngine::remembered(const BlockId& id) const {
  const std::lock_guard lock(mutex_);
  const auto found = snapshots_.find(id.hash);
  return found == snapshots_.end() ? nullptr : found->second;
}

void CliqueEngine::remember(std::shared_ptr<const Snapshot> snapshot) const {
  const std::lock_guard lock(mutex_);
  const BlockHash hash = snapshot->id.hash;
  if (!snapshots_.insert_or_assign(hash, std::move(snapshot)).second) return;
  snapshot_order_.push_back(hash);
  if (snapshot_order_.size() <= kMostSnapshots) return;
  snapshots_.erase(snapshot_order_.front());
  snapshot_order_.pop_front();
}

void CliqueEngine::shape_candidate(const Header& parent, Timestamp now, const HeaderSource& headers,
                                   Header& header) const {
  const Address signer = std::exchange(header.beneficiary, {});
  header.nonce = kVoteAgainst;
  header.mix_hash = {};
  header.timestamp = std::max(parent.timestamp + params_.period, now);
  header.extra_data.resize(kVanityBytes);
  header.difficulty = kOutOfTurnDifficulty;
  if (const auto at = snapshot({parent.number, header.parent_hash}, headers)) {
    if ((*at)->in_turn(header.number, signer)) header.difficulty = kInTurnDifficulty;
    if (header.number % params_.epoch != 0)
      vote(**at, header);
    else
      for (const Address& each : (*at)->signers) append(header.extra_data, each);
  }
  header.extra_data.resize(header.extra_data.size() + kSealBytes);
}

/// One of the proposals that still mean something, any of them.
void CliqueEngine::vote(const Snapshot& at, Header& header) const {
  const std::lock_guard lock(mutex_);
  std::vector<std::pair<Address, bool>> open;
  for (const auto& [subject, authorize] : proposals_)
    if (at.is_signer(subject) != authorize) open.emplace_back(subject, authorize);
  if (open.empty()) return;
  const auto& [subject, authorize] = open[random_() % open.size()];
  header.beneficiary = subject;
  header.nonce = authorize ? kVoteFor : kVoteAgainst;
}

void CliqueEngine::propose(const Address& subject, bool authorize) {
  const std::lock_guard lock(mutex_);
  if (proposals_.size() < kMostProposals || proposals_.contains(subject)) proposals_[subject] = authorize;
}

void CliqueEngine::discard(const Address& subject) {
  const std::lock_guard lock(mutex_);
  proposals_.erase(subject);
}

std::map<Address, bool> CliqueEngine::proposals() const {
  const std::lock_guard lock(mutex_);
  return proposals_;
}

/// How long ago it was the signer's turn: (number - its place) mod signers.
std::optional<std::uint64_t> CliqueEngine::turn_distance(const SealedHeader& header,
                                                         const HeaderSource& headers) const {
  const auto signed_by = signer(*header);
  const auto at = snapshot({header->number - 1, header->parent_hash}, headers);
  if (!signed_by || !at) return std::nullopt;
  const auto& signers = (*at)->signers;
  const auto place = std::lower_bound(signers.begin(), signers.end(), *signed_by);
  if (place == signers.end() || *place != *signed_by) return std::nullopt;
  const std::uint64_t count = signers.size();
  return (header->number + count - static_cast<std::uint64_t>(place - signers.begin())) % count;
}

bool CliqueEngine::wins_tie(const SealedHeader& header, const SealedHeader& than,
                            const HeaderSource& headers) const {
  return params_.eip3436 && preferred(header, than, headers);
}

/// The shorter branch, then the signer whose turn is longest ago, then the lower hash.
bool CliqueEngine::preferred(const SealedHeader& header, const SealedHeader& than,
                             const HeaderSource& headers) const {
  if (header->number != than->number) return header->number < than->number;
  if (header->number == 0) return false;
  const auto ours = turn_distance(header, headers), theirs = turn_distance(than, headers);
  if (ours != theirs) return ours > theirs;
  return header.hash() < than.hash();
}

}  // namespace quarry::clique
