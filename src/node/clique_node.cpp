#include "node/clique_node.hpp"

#include "consensus/clique/miner.hpp"
#include "core/log.hpp"
#include "net/messages.hpp"
#include "storage/chain_store.hpp"

namespace quarry {
namespace {
/// A chain has halted when no block has come for so many periods, and a while for blocks out of turn.
constexpr unsigned kPatientPeriods = 4;
constexpr std::chrono::seconds kPatience{5};
/// A longer period than this many seconds is no clock.
constexpr std::uint64_t kLongestPeriod = 1'000'000;
/// Blocks of this node's branch that a peer is told of.
constexpr BlockNum kMostOffered = 32;
/// A candidate waits for its signer's time in the miner, not in the sealer.
constexpr std::uint64_t kAnyTimeAhead = ~std::uint64_t{0};
/// On a chain without a period a transaction is to be in a block at once.
constexpr std::chrono::milliseconds kInstantPause{5};

std::chrono::milliseconds patience_of(std::uint64_t period) {
  return kPatience + kPatientPeriods * std::chrono::seconds(std::min(period, kLongestPeriod));
}
}  // namespace

CliqueNode::CliqueNode(clique::CliqueEngine& engine, const Database& database, const Chain& chain,
                       Keystore& keystore)
    : engine_(engine),
      database_(database),
      chain_(chain),
      keystore_(keystore),
      headers_(database),
      watch_(patience_of(engine.params().period), [this](std::chrono::seconds silent) { tell(silent); }) {}

std::unique_ptr<SealMiner> CliqueNode::seal_miner() {
  return std::make_unique<clique::Miner>(
      engine_, headers_,
      [this](const Address& signer, const Hash256& message) -> Result<RecoverableSignature> {
        return keystore_.sign(signer, message);
      },
      [this] { return hold_back(); });
}

std::optional<std::string> CliqueNode::hold_back() {
  const ChainHead head = chain_.head();
  const auto at = engine_.snapshot(head.id(), headers_);
  if (!at) return std::nullopt;  // whoever prepares the block says so
  return hold_.reason((*at)->signers.size(), head.total_difficulty, StartHold::Clock::now());
}

void CliqueNode::add_to(SealerOptions& sealing) const {
  sealing.most_seconds_ahead = kAnyTimeAhead;
  if (engine_.params().period == 0) sealing.renew_pause = kInstantPause;
}

void CliqueNode::offer_branches(WorkerPool& workers, SendBlock send) {
  if (!engine_.params().eip3436) return;
  send_block_ = std::move(send);
  peers_.set_on_up([this, &workers](const net::PeerInfo& peer) {
    workers.submit([this, id = peer.id, head = peer.head, total = peer.total_difficulty] {
      offer_branch(id, head, total);
    });
  });
}

/// Each signer of a half that cannot go on has signed one block at most since the halves parted.
void CliqueNode::offer_branch(net::PeerId peer, const BlockHash& head, const TotalDifficulty& total) const {
  const ChainHead ours = chain_.head();
  if (ours.header.hash() == head || ours.total_difficulty != total) return;
  const auto at = engine_.snapshot(ours.id(), headers_);
  if (!at) return;
  const BlockNum deep = std::min<BlockNum>({ours.header->number, (*at)->signers.size() / 2, kMostOffered});
  const ChainStore store(database_);
  for (BlockNum number = ours.header->number - deep + 1; number <= ours.header->number; ++number) {
    const auto id = store.canonical_id(number);
    const auto block = id ? store.block(*id) : std::nullopt;
    const auto weight = id ? store.total_difficulty(*id) : std::nullopt;
    if (!block || !weight) return;
    send_block_(peer, net::encode_new_block(*block, *weight));
  }
}

void CliqueNode::on_head(const HeadEvent& event) {
  peers_.on_head(event);
  watch_.note_life();
}

void CliqueNode::start(const Sealer& sealer, std::function<bool()> syncing) {
  sealer_ = &sealer;
  syncing_ = std::move(syncing);
  // Without a period blocks come when there is something to put into them.
  if (engine_.params().period > 0) watch_.start();
}

void CliqueNode::stop() {
  watch_.stop();
}

void CliqueNode::tell(std::chrono::seconds silent) {
  if (syncing_()) return watch_.note_life();
  const BlockId head = chain_.head().id();
  const auto at = engine_.snapshot(head, headers_);
  const auto header = headers_.header_of(head);
  if (!at || !header) return;
  const auto own = sealer_->etherbase();
  const StallFacts facts{own, sealer_->mining(), own && keystore_.is_unlocked(*own)};
  const auto last = head.number == 0 ? std::nullopt : engine_.signer(**header);
  const StallReport report =
      stall_report(**at, last, facts, [this](const Address& signer) { return peers_.whereabouts(signer); });
  log_warn("No new block: the chain waits for its signers", {{"for", std::chrono::nanoseconds(silent)},
                                                             {"number", head.number},
                                                             {"hash", head.hash},
                                                             {"last", report.last},
                                                             {"next", report.next},
                                                             {"wait", report.wait},
                                                             {"peers", peers_.peer_count()},
                                                             {"remedy", report.what}});
}

}  // namespace quarry
