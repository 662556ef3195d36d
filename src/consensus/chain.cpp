#include "consensus/chain.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <ctime>

#include "consensus/chain_impl.hpp"
#include "core/log.hpp"

namespace quarry {
namespace {
Timestamp system_clock() {
  return static_cast<Timestamp>(std::time(nullptr));
}
}  // namespace

ChainImpl::ChainImpl(Database& database, const ChainSpec& spec, Engine& engine, WorkerPool& workers,
                     ChainOptions options)
    : database_(database),
      workers_(workers),
      options_(std::move(options)),
      validator_(spec, engine),
      store_(database),
      state_(database),
      cache_(state_.view()),
      logs_(database_) {
  if (!options_.now) options_.now = system_clock;
}

/// A head that names what is not there means a damaged database; everything else was committed with it.
Result<> ChainImpl::load() {
  const auto stored = store_.stored_heads();
  if (!stored) return fail("the database holds no genesis", "run init with a genesis file first");
  const Heads& heads = *stored;
  const auto read = [&](const char* what, const BlockId& id) -> Result<ChainHead> {
    const auto header = store_.header(id);
    const auto total = store_.total_difficulty(id);
    if (header && total) return ChainHead{*header, *total};
    return fail(fmt::format("the {} is block {} ({}), whose header is not in the database", what, id.number,
                            id.hash.hex()),
                "the data dir is damaged: restore it, or remove it, run init again and synchronise");
  };
  auto block = read("head block", heads.block);
  if (!block) return tl::unexpected(block.error());
  auto header = read("header head", heads.header);
  if (!header) return tl::unexpected(header.error());
  tip_ = std::move(*block);
  header_tip_ = std::move(*header);
  fast_tip_ = heads.fast_block;
  // While a fast sync is under way there is no state.
  if (const auto state = StateStore(database_).head(); state && !state_is_head())
    return fail(
        fmt::format("the state is block {}'s with root {}, but the head block {} says {}", state->number,
                    state->root.hex(), tip_.header->number, tip_.header->state_root.hex()),
        "the data dir is damaged: restore it, or remove it, run init again and synchronise");
  publish();
  validator_.engine().on_head(tip_.header->number);
  const auto tell = [](std::string_view what, const ChainHead& at) {
    log_info(what, {{"number", at.header->number}, {"hash", at.header.hash()}, {"td", at.total_difficulty}});
  };
  tell("Loaded most recent local header", header_tip_);
  tell("Loaded most recent local full block", tip_);
  log_info("Loaded most recent local fast block", {{"number", fast_tip_.number}, {"hash", fast_tip_.hash}});
  return {};
}

bool ChainImpl::state_is_head() const {
  return StateStore(database_).head() == StateHead{tip_.header->number, tip_.header->state_root};
}

std::optional<Ancestry::Ancestor> ChainImpl::ancestor(const BlockId& id) const {
  if (const auto found = pending_.blocks.find(id.hash); found != pending_.blocks.end())
    return Ancestor{found->second->header, found->second->body.ommers};
  auto header = store_.header(id);
  if (!header) return std::nullopt;
  auto body = store_.body(id);
  return Ancestor{std::move(*header), body ? std::move(body->ommers) : std::vector<SealedHeader>{}};
}

std::optional<SealedHeader> ChainImpl::header_of(const BlockId& id) const {
  if (const auto found = pending_.blocks.find(id.hash); found != pending_.blocks.end())
    return found->second->header;
  return store_.header(id);
}

Verdict ChainImpl::check_author(SealCheck& seals, std::size_t index, const SealedHeader& header) {
  if (const Verdict& seal = seals.wait(index)) return seal;
  return validator_.engine().check_lineage(header, *this);
}

std::optional<Error> ChainImpl::commit(bool sealed_here, Durability durability) {
  if (pending_.count == 0) return {};
  ChainWriter(batch_).set_heads({header_tip_.id(), tip_.id(), fast_tip_});
  const bool moved = pending_.added_count > 0;
  if (moved) state_.flush(batch_);
  logs_.flush(batch_);
  if (auto done = database_.commit(std::move(batch_), durability); !done) {
    forget_pending();
    return done.error();
  }
  HeadEvent event{
      head_, tip_,       added_blocks(), pending_.added_count, pending_.removed, pending_.removed_count,
      {},    sealed_here};
  batch_ = Batch{};
  committed_ += pending_.count;
  pending_ = {};
  publish();
  if (!moved) return {};
  announce(std::move(event));
  return {};
}

void ChainImpl::announce(HeadEvent event) {
  validator_.engine().on_head(tip_.header->number);
  if (listener_) listener_(event);
}

void ChainImpl::forget_pending() {
  batch_ = Batch{};
  logs_.clear();
  pending_ = {};
  state_.discard();
  cache_.clear();
  tip_ = head_;
  header_tip_ = header_head_;
  fast_tip_ = store_.heads().fast_block;
}

void ChainImpl::publish() {
  const std::lock_guard lock(mutex_);
  head_ = tip_;
  header_head_ = header_tip_;
  ++moves_;
}

ChainHead ChainImpl::head() const {
  const std::lock_guard lock(mutex_);
  return head_;
}

ChainHead ChainImpl::header_head() const {
  const std::lock_guard lock(mutex_);
  return header_head_;
}

void ChainImpl::remember_side(const SealedHeader& header) {
  side_.push_back(header);
  if (side_.size() > Chain::kMostSideBlocks) side_.pop_front();
}

namespace {
/// A right header may come with another block's body, out of order, too early, or ask more than we can.
constexpr std::array kForgivable = {BlockRule::unknown_parent, BlockRule::not_linked,
                                    BlockRule::future_time,    BlockRule::ommers_hash,
                                    BlockRule::withdrawals,    BlockRule::transactions_root};
}  // namespace

void ChainImpl::remember_bad(const BlockHash& hash, BlockRule rule) {
  // A jbc block's hash binds its text alone: a right block may come in a header that somebody spoilt.
  if (validator_.engine().header_rules() == HeaderRuleSet::jbc && rule != BlockRule::seal_result) return;
  if (std::find(kForgivable.begin(), kForgivable.end(), rule) == kForgivable.end()) bad_.add(hash);
}

void ChainImpl::report_bad(const ImportResult::Stop& bad) {
  // Everyday news: a peer's new block while we are behind.
  if (bad.error.rule == BlockRule::unknown_parent)
    return log_debug("Block without its parent", {{"number", bad.id.number}, {"hash", bad.id.hash}});
  log_error("Bad block", {{"number", bad.id.number},
                          {"hash", bad.id.hash},
                          {"rule", to_string(bad.error.rule)},
                          {"err", bad.error.detail}});
}

void ChainImpl::keep_bad(const Block& block, const BlockError& error) {
  if (std::find(kForgivable.begin(), kForgivable.end(), error.rule) != kForgivable.end()) return;
  const std::lock_guard lock(mutex_);
  kept_bad_.push_back({std::make_shared<const Block>(block), error.detail});
  if (kept_bad_.size() > Chain::kMostKeptBadBlocks) kept_bad_.pop_front();
}

std::vector<Chain::BadBlock> ChainImpl::bad_blocks() const {
  const std::lock_guard lock(mutex_);
  return {kept_bad_.begin(), kept_bad_.end()};
}

void ChainImpl::note_added(const Block& block, std::shared_ptr<const Block> owned) {
  ++pending_.added_count;
  pending_.added.push_back({&block, std::move(owned)});
  if (pending_.added.size() > Chain::kMostEventBlocks) pending_.added.pop_front();
}

/// The blocks of the head event: those borrowed are copied only now, when most were not needed after all.
std::vector<std::shared_ptr<const Block>> ChainImpl::added_blocks() const {
  std::vector<std::shared_ptr<const Block>> out;
  for (const auto& [block, owned] : pending_.added)
    out.push_back(owned ? owned : std::make_shared<const Block>(*block));
  return out;
}

Chain::Chain(std::unique_ptr<ChainImpl> impl) : impl_(std::move(impl)) {}
Chain::~Chain() = default;

Result<std::unique_ptr<Chain>> Chain::open(Database& database, const ChainSpec& spec, Engine& engine,
                                           WorkerPool& workers, ChainOptions options) {
  auto impl = std::make_unique<ChainImpl>(database, spec, engine, workers, std::move(options));
  if (auto loaded = impl->load(); !loaded) return tl::unexpected(loaded.error());
  return std::unique_ptr<Chain>(new Chain(std::move(impl)));
}

ImportResult Chain::insert_blocks(std::span<const Block> blocks, TxnRecovery* ahead) {
  return impl_->insert_blocks(blocks, false, ahead);
}
std::shared_ptr<TxnRecovery> Chain::recover_ahead(std::span<const Block> blocks) const {
  return impl_->recover_ahead(blocks);
}
ImportResult Chain::insert_sealed(const Block& block) {
  return impl_->insert_blocks({&block, 1}, true, nullptr);
}
ImportResult Chain::insert_headers(std::span<const SealedHeader> headers) {
  return impl_->insert_headers(headers);
}
ImportResult Chain::insert_fast_blocks(std::span<const FastBlock> blocks) {
  return impl_->insert_fast_blocks(blocks);
}
Result<> Chain::finish_fast_sync(const BlockId& pivot) {
  return impl_->finish_fast_sync(pivot);
}
Result<> Chain::set_head(BlockNum number) {
  return impl_->set_head(number);
}
Result<Block> Chain::prepare(const CandidateRequest& request) {
  return impl_->prepare(request);
}
bool Chain::is_canonical(const BlockId& id) const {
  return impl_->is_canonical(id);
}
std::vector<Chain::BadBlock> Chain::bad_blocks() const {
  return impl_->bad_blocks();
}
ChainHead Chain::head() const {
  return impl_->head();
}
std::uint64_t Chain::moves() const {
  return impl_->moves();
}
ChainHead Chain::header_head() const {
  return impl_->header_head();
}
void Chain::set_known_senders(std::function<std::optional<Address>(const TxnHash&)> known) {
  impl_->set_known_senders(std::move(known));
}
void Chain::on_head(std::function<void(const HeadEvent&)> listener) {
  impl_->on_head(std::move(listener));
}
const ChainSpec& Chain::spec() const {
  return impl_->spec();
}
std::size_t Chain::most_miner_data() const {
  return impl_->most_miner_data();
}

}  // namespace quarry
