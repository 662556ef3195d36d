#include "consensus/sync_cycle.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/check.hpp"
#include "core/log.hpp"

namespace quarry::sync {
namespace {
using End = CycleEnd::Kind;

BlockId id_of(const SealedHeader& header) {
  return {header->number, header.hash()};
}
}  // namespace

Cycle::Cycle(Context& context, std::uint64_t number, const Peer& master, Mode mode)
    : context_(context),
      number_(number),
      master_(master.key),
      mode_(mode),
      wanted_(master.head),
      exact_(master.exact) {
  const auto heads = context.chain.heads();
  headers_in_ = heads.header.number;
  start_ = current_ = heads.block.number;
}
Cycle::~Cycle() = default;

void Cycle::finish(End kind, std::string why) {
  if (!end_) end_ = CycleEnd{kind, std::move(why)};
}

Peer* Cycle::idle_master() {
  Peer* peer = context_.peers.find(master_);
  return peer != nullptr && Peers::idle(*peer, Ask::headers, context_.now) ? peer : nullptr;
}

// ---- questions: the head, then the ancestor

void Cycle::pump_questions() {
  if (headers_ || question_asked_) return;
  Peer* peer = idle_master();
  if (peer == nullptr) return;
  Request request{head_ ? Purpose::ancestor : Purpose::head, number_};
  request.query = head_ ? search_->question() : HeaderQuery{wanted_.hash};
  question_asked_ = true;
  context_.ask(*peer, Ask::headers, std::move(request));
}

void Cycle::on_head_header(const Peer& peer, const std::vector<SealedHeader>& headers) {
  if (headers.empty())
    return finish(End::failed, fmt::format("has no header of the head it announced, {}", wanted_.hash.hex()));
  const SealedHeader& head = headers.front();
  if (headers.size() > 1 || head.hash() != wanted_.hash)
    return finish(
        End::lie,
        fmt::format("sent {} BlockHeaders, the first with hash {}, where the one with hash {} was asked for",
                    headers.size(), head.hash().hex(), wanted_.hash.hex()));
  const TotalDifficulty& announced = wanted_.total_difficulty;
  if (exact_ && (TotalDifficulty{head->number} > announced || head->difficulty > announced))
    return finish(End::lie, fmt::format("announced total difficulty {} for block {} of difficulty {}",
                                        announced.to_decimal(), head->number, head->difficulty.to_decimal()));
  head_ = head;
  const auto known = context_.chain.total_difficulty(id_of(head));
  if (known && exact_ && *known != announced)
    return finish(End::lie, fmt::format("announced total difficulty {} for block {} {}, which has {}",
                                        announced.to_decimal(), head->number, short_hex(head.hash()),
                                        known->to_decimal()));
  const auto heads = context_.chain.heads();
  if (mode_ == Mode::full && known && context_.chain.has_body(id_of(head))) return finish(End::done);
  log_debug("Following peer", {{"peer", peer.head.name}, {"number", head->number}, {"hash", head.hash()}});
  const BlockNum top = mode_ == Mode::full ? heads.block.number : heads.header.number;
  search_.emplace(context_.chain, top, head->number);
  if (search_->found()) begin_download(*search_->found());
}

void Cycle::begin_download(const BlockId& ancestor) {
  const auto difficulty = context_.chain.total_difficulty(ancestor);
  if (!difficulty)
    return finish(End::node_fault,
                  fmt::format("total difficulty of our block {} is not there", ancestor.number));
  headers_.emplace(HeaderTarget{master_, ancestor, *difficulty, *head_,
                                exact_ ? std::optional(wanted_.total_difficulty) : std::nullopt});
  bodies_.emplace(mode_ == Mode::fast);
  const auto heads = context_.chain.heads();
  if (mode_ == Mode::full) {
    start_ = current_ = std::min(ancestor.number, heads.block.number);
    return;
  }
  headers_in_ = ancestor.number;
  choose_pivot();
  next_body_ = std::min(heads.fast_block.number, ancestor.number) + 1;
  current_ = next_body_ - 1;
  last_job_ = context_.now.steady;
}

/// A download under way keeps its pivot while peers still serve that state.
void Cycle::choose_pivot() {
  const BlockNum height = (*head_)->number;
  pivot_number_ = height > kFullBlocks ? height - kFullBlocks : 0;
  const auto record = context_.state.record();
  if (!record || record->pivot.number > height || height - record->pivot.number > kStalePivot) return;
  const bool on_kept_branch = record->pivot.number <= headers_->target().ancestor.number &&
                              context_.chain.canonical_hash(record->pivot.number) == record->pivot.hash;
  if (on_kept_branch) pivot_number_ = record->pivot.number;
}

// ---- answers

void Cycle::judge(Peer& peer, Ask ask, Judgement judgement) {
  switch (judgement.kind) {
    case Judgement::Kind::good:
      return;
    case Judgement::Kind::lacking:
      log_debug("Peer lacks what was asked for", {{"peer", peer.head.name}, {"err", judgement.why}});
      return;
    case Judgement::Kind::lie:
      if (state_ && state_->malformed()) return finish(End::lie, std::move(judgement.why));
      if (peer.slot(ask).forgive()) return;
      return context_.drop(peer.key, judgement.why);
    case Judgement::Kind::moved_on:
      return finish(End::failed, std::move(judgement.why));
  }
}

void Cycle::on_headers(Peer& peer, const Request& request, std::vector<SealedHeader> headers) {
  if (end_) return;
  if (request.purpose == Purpose::head || request.purpose == Purpose::ancestor) question_asked_ = false;
  if (request.purpose == Purpose::head) {
    const bool fits = headers.size() == 1 && headers.front().hash() == wanted_.hash;
    if (!fits && peer.slot(Ask::headers).forgive()) return;
    return on_head_header(peer, headers);
  }
  if (request.purpose != Purpose::ancestor)
    return judge(peer, Ask::headers, headers_->on_headers(peer.key, request, std::move(headers)));
  if (auto lie = search_->on_headers(headers)) {
    if (peer.slot(Ask::headers).forgive()) return;
    return finish(End::lie, std::move(*lie));
  }
  if (search_->found()) begin_download(*search_->found());
}

void Cycle::on_bodies(Peer& peer, const Request& request, std::vector<PackedBody> bodies) {
  if (!end_) judge(peer, Ask::bodies, bodies_->on_bodies(peer.key, request, std::move(bodies)));
}
void Cycle::on_receipts(Peer& peer, const Request& request, std::vector<PackedReceipts> receipts) {
  if (!end_) judge(peer, Ask::receipts, bodies_->on_receipts(peer.key, request, std::move(receipts)));
}
void Cycle::on_nodes(Peer& peer, const Request& request, std::vector<Bytes> nodes) {
  if (!end_ && state_) judge(peer, Ask::nodes, state_->on_nodes(peer, request, std::move(nodes)));
}

void Cycle::on_lapsed(PeerKey peer, const Request& request) {
  if (end_) return;
  switch (request.purpose) {
    case Purpose::head:
    case Purpose::ancestor:
      question_asked_ = false;
      return;
    case Purpose::skeleton:
    case Purpose::fill:
      return headers_->give_back(peer, request);
    case Purpose::bodies:
    case Purpose::receipts:
      return bodies_->give_back(peer, request);
    case Purpose::nodes:
      if (state_) state_->on_lapsed(peer, request);
      return;
    case Purpose::fetch:
      return;
  }
}

void Cycle::on_peer_gone(PeerKey peer) {
  if (headers_) headers_->forget(peer);
  if (bodies_) bodies_->forget(peer);
  if (state_) state_->on_peer_gone(peer);
  if (peer == master_) finish(End::again, "the peer that was followed is gone");
}

std::string Cycle::blamed(const JobResult& result) const {
  if (!result.bad) return "retrieved hash chain is invalid";
  return fmt::format("retrieved hash chain is invalid: block {} {}: {}", result.bad->id.number,
                     short_hex(result.bad->id.hash), result.bad->why);
}

void Cycle::on_job(const JobResult& result) {
  if (state_ && state_->has_job(result.job)) {
    state_->on_job(result);
    if (result.error) finish(End::node_fault, result.error->what);
    return;
  }
  const auto it = jobs_.find(result.job);
  if (it == jobs_.end()) return;
  const Job job = it->second;
  jobs_.erase(it);
  if (result.error) return finish(End::node_fault, result.error->what);
  if (result.future) {
    if (end_) return;
    const std::string why = result.bad ? result.bad->why : "its time is ahead of our clock";
    finish(End::failed, fmt::format("block in the future: {}; is this machine's clock right?", why));
    end_->our_clock = true;
    return;
  }
  if (result.bad || (job.kind != JobKind::finish && result.done < job.items))
    return finish(End::lie, blamed(result));
  if (end_) return;
  if (job.kind == JobKind::headers) headers_in_ = std::max(headers_in_, job.last);
  if (job.kind == JobKind::blocks || job.kind == JobKind::fast_blocks)
    current_ = std::max(current_, job.last);
  if (job.kind == JobKind::finish) {
    finish(End::done);
    end_->fast_over = true;
  }
}

// ---- what can be done now

std::size_t Cycle::jobs_of(JobKind kind) const {
  return static_cast<std::size_t>(std::count_if(
      jobs_.begin(), jobs_.end(), [&](const auto& entry) { return entry.second.kind == kind; }));
}

JobId Cycle::add_job(JobKind kind, std::size_t items, BlockNum last) {
  const JobId job = context_.new_job();
  jobs_[job] = {kind, items, last};
  return job;
}

void Cycle::pump() {
  if (end_) return;
  pump_questions();
  if (!headers_ || end_) return;
  ask_headers();
  if (mode_ == Mode::full) {
    pump_full();
  } else {
    pump_fast();
  }
  if (end_) return;
  ask_bodies(Ask::bodies);
  ask_bodies(Ask::receipts);
  check_stuck();
  check_finished();
}

void Cycle::ask_headers() {
  for (auto& [key, peer] : context_.peers.all()) {
    if (!Peers::idle(peer, Ask::headers, context_.now)) continue;
    if (auto request = headers_->next(key)) {
      request->owner = number_;
      context_.ask(peer, Ask::headers, std::move(*request));
    }
  }
}

void Cycle::ask_bodies(Ask what) {
  const std::size_t peers = context_.peers.live();
  for (auto& [key, peer] : context_.peers.all()) {
    if (!Peers::idle(peer, what, context_.now)) continue;
    if (auto request = bodies_->next(key, what, peers)) {
      request->owner = number_;
      context_.ask(peer, what, std::move(*request));
    }
  }
}

void Cycle::pump_full() {
  while (bodies_->room() >= kSegmentHeaders && headers_->ready() > 0) {
    std::vector<SealedHeader> headers = headers_->take(kSegmentHeaders);
    if (headers_->difficulty_lie()) return finish(End::lie, *headers_->difficulty_lie());
    for (SealedHeader& header : headers) bodies_->add(std::move(header));
  }
  pump_bodies_jobs();
}

/// Hands complete blocks over. While the chain thread is busy, they gather.
void Cycle::pump_bodies_jobs() {
  if (mode_ == Mode::fast) return pump_fast_jobs();
  while (jobs_of(JobKind::blocks) < kJobsAhead) {
    const std::size_t ready = bodies_->ready();
    const bool worth_it = ready >= kBlocksAJob / 2 || bodies_->bytes_ahead() >= kBytesAJob;
    if (ready == 0 || (jobs_of(JobKind::blocks) > 0 && !worth_it)) return;
    auto entries = bodies_->take(kBlocksAJob, kBytesAJob);
    const JobId job = add_job(JobKind::blocks, entries.size(), entries.back().header->number);
    std::vector<Block> blocks;
    for (auto& entry : entries) {
      auto body = decode_body(entry.body->rlp, context_.config.identity);
      QUARRY_CHECK(body.has_value());  // it was read when it was packed
      blocks.push_back({std::move(entry.header), std::move(*body)});
    }
    context_.out.push_back(InsertBlocks{job, std::move(blocks)});
  }
}

/// Below the pivot blocks gather until they are worth writing, or for as long as they may wait.
void Cycle::pump_fast_jobs() {
  while (jobs_of(JobKind::fast_blocks) < kJobsAhead) {
    const std::size_t ready = bodies_->ready();
    const bool worth_it = ready >= kFastBlocksAJob / 2 || bodies_->bytes_ahead() >= kFastBytesAJob;
    const bool last = next_body_ > pivot_number_ && ready == bodies_->size();
    const bool waited = context_.now.steady - last_job_ >= kLongestGather;
    if (ready == 0 || !(worth_it || last || waited)) return;
    hand_over_fast();
  }
}

void Cycle::hand_over_fast() {
  last_job_ = context_.now.steady;
  auto entries = bodies_->take(kFastBlocksAJob, kFastBytesAJob);
  const JobId job = add_job(JobKind::fast_blocks, entries.size(), entries.back().header->number);
  std::vector<FastBlock> blocks;
  for (auto& entry : entries)
    blocks.push_back({id_of(entry.header), std::move(*entry.body), std::move(*entry.receipts), true});
  context_.out.push_back(InsertFastBlocks{job, std::move(blocks)});
}

void Cycle::pump_headers() {
  while (jobs_of(JobKind::headers) < kJobsAhead) {
    const std::size_t ready = headers_->ready();
    if (ready == 0 || (jobs_of(JobKind::headers) > 0 && ready < kHeadersAJob / 2)) return;
    std::vector<SealedHeader> headers = headers_->take(kHeadersAJob);
    if (headers_->difficulty_lie()) return finish(End::lie, *headers_->difficulty_lie());
    const JobId job = add_job(JobKind::headers, headers.size(), headers.back()->number);
    context_.out.push_back(InsertHeaders{job, std::move(headers)});
  }
}

/// The peer's chain replaces headers that we have: until it is heavier, the index by height shows the old.
bool Cycle::is_reorg() const {
  return headers_->target().ancestor.number < context_.chain.heads().header.number;
}

void Cycle::pump_fast() {
  pump_headers();
  if (end_) return;
  queue_fast_bodies();
  pump_bodies_jobs();
  const auto pivot_hash = context_.chain.canonical_hash(pivot_number_);
  const bool pivot_known =
      headers_in_ >= pivot_number_ && pivot_hash && (headers_in_ == (*head_)->number || !is_reorg());
  const bool needs_state = pivot_number_ > 0 || context_.state.record();
  if (!state_ && pivot_known && needs_state)
    if (const auto header = context_.chain.header(*pivot_hash))
      state_.emplace(context_, number_, BlockId{pivot_number_, *pivot_hash}, (*header)->state_root);
  if (state_) state_->pump();
}

void Cycle::queue_fast_bodies() {
  const BlockNum top = std::min(pivot_number_, headers_in_);
  if (headers_in_ < (*head_)->number && is_reorg()) return;
  for (; next_body_ <= top && bodies_->room() > 0; ++next_body_) {
    const auto hash = context_.chain.canonical_hash(next_body_);
    auto header = hash ? context_.chain.header(*hash) : std::nullopt;
    if (!header) return finish(End::node_fault, fmt::format("header {} is not there", next_body_));
    bodies_->add(std::move(*header));
  }
}

// ---- ends

/// With nobody left to ask, waiting would be for ever.
void Cycle::check_stuck() {
  check_stale_pivot();
  if (end_) return;
  const auto peers = context_.live_peers();
  if (const auto missing = bodies_->nobody_has(peers); missing && !peers.empty())
    return finish(End::failed, fmt::format("no peer has body or receipts of block {} {}", missing->number,
                                           short_hex(missing->hash)));
  if (state_)
    if (auto why = state_->stuck()) finish(End::failed, std::move(*why));
}

void Cycle::check_stale_pivot() {
  if (mode_ != Mode::fast || pivot_number_ == 0 || !state_ || state_->done() || finishing_) return;
  // Only a newer head of the followed peer gives a newer pivot.
  const Peer* peer = context_.peers.find(master_);
  if (peer == nullptr || peer->number <= (*head_)->number || peer->number <= pivot_number_ + kStalePivot)
    return;
  finish(End::again,
         fmt::format("pivot {} is {} blocks behind", pivot_number_, peer->number - pivot_number_));
}

void Cycle::check_finished() {
  if (end_ || !headers_->done() || !bodies_->empty() || !jobs_.empty()) return;
  if (mode_ == Mode::full) return finish(End::done);
  if (headers_in_ < (*head_)->number || next_body_ <= pivot_number_) return;
  // A branch that is not heavier than ours is no reason to take its state.
  if (context_.chain.canonical_hash((*head_)->number) != head_->hash()) return finish(End::done);
  if (!state_) {
    log_info("Imported new state entries", {{"count", 0},
                                            {"elapsed", std::chrono::nanoseconds{0}},
                                            {"processed", 0},
                                            {"pending", 0},
                                            {"retry", 0},
                                            {"duplicate", 0},
                                            {"unexpected", 0}});
    finish(End::done);
    end_->fast_over = true;
  } else if (state_->done() && !finishing_) {
    finishing_ = true;
    context_.out.push_back(FinishFastSync{add_job(JobKind::finish, 1, pivot_number_), state_->pivot()});
  }
}

void Cycle::close() {
  const bool keeps = end_->kind == End::again || end_->kind == End::failed;
  if (mode_ == Mode::fast && bodies_ && keeps)
    while (bodies_->ready() > 0) hand_over_fast();
  if (state_ && !finishing_) state_->flush();
}

void Cycle::show(SyncProgress& progress) const {
  progress.starting_block = start_;
  progress.current_block = current_;
  progress.highest_block = head_ ? (*head_)->number : 0;
  progress.pivot = pivot_number_;
  if (state_) {
    progress.pulled_states = state_->pulled();
    progress.known_states = state_->known();
  }
  if (!headers_) {
    progress.phase = Phase::finding_ancestor;
  } else if (mode_ == Mode::full) {
    progress.phase = Phase::blocks;
  } else if (headers_in_ < (*head_)->number) {
    progress.phase = Phase::headers;
  } else {
    progress.phase = next_body_ <= pivot_number_ || !bodies_->empty() ? Phase::bodies : Phase::state;
  }
}

}  // namespace quarry::sync
