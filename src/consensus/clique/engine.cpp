#include "consensus/clique/engine.hpp"

#include <fmt/format.h>

#include "core/keccak.hpp"

namespace quarry::clique {
namespace {
BlockError broken(BlockRule rule, std::string why) {
  return {rule, std::move(why)};
}
}  // namespace

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

Expected<std::shared_ptr<const Snapshot>, BlockError> CliqueEngine::snapshot(const BlockId& id,
                                                                             const HeaderSource& headers) {
  std::vector<SealedHeader> after;  // headers to lay on what is known, highest first
  BlockId at = id;
  std::shared_ptr<const Snapshot> known;
  while (!(known = remembered(at))) {
    auto header = headers.header_of(at);
    if (!header)
      return tl::unexpected(
          broken(BlockRule::unknown_parent,
                 fmt::format("unknown ancestor: header {} ({}) is not here", at.number, at.hash.hex())));
    if (at.number % params_.epoch == 0) {
      // A checkpoint carries the signers; it was checked when it came.
      auto checkpoint = snapshot_of_checkpoint(*header);
      if (!checkpoint)
        return tl::unexpected(broken(BlockRule::clique_checkpoint,
                                     fmt::format("block {} lists no signers in its extra data", at.number)));
      add_recents(*checkpoint, *header, headers);
      known = std::make_shared<const Snapshot>(std::move(*checkpoint));
      break;
    }
    at = {at.number - 1, (*header)->parent_hash};
    after.push_back(std::move(*header));
  }
  for (auto header = after.rbegin(); header != after.rend(); ++header) {
    const auto signed_by = signer(**header);
    if (!signed_by) return tl::unexpected(broken(BlockRule::seal_result, "invalid seal: no signature"));
    auto next = known->next(*header, *signed_by, params_);
    if (!next) return tl::unexpected(next.error());
    known = std::make_shared<const Snapshot>(std::move(*next));
  }
  remember(known);
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

void CliqueEngine::remember(std::shared_ptr<const Snapshot> snapshot) {
  const std::lock_guard lock(mutex_);
  const BlockHash hash = snapshot->id.hash;
  if (!snapshots_.insert_or_assign(hash, std::move(snapshot)).second) return;
  snapshot_order_.push_back(hash);
  if (snapshot_order_.size() <= kMostSnapshots) return;
  snapshots_.erase(snapshot_order_.front());
  snapshot_order_.pop_front();
}

}  // namespace quarry::clique
