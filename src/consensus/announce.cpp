#include "consensus/announce.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "consensus/body_check.hpp"
#include "core/check.hpp"
#include "core/log.hpp"

namespace quarry::sync {
namespace {
constexpr std::string_view kDropLine = "Dropping peer";

BlockId id_of(const Block& block) {
  return {block.header->number, block.header.hash()};
}
}  // namespace

// ---- what is held

const Announcer::Held* Announcer::held(const BlockHash& hash) const {
  for (const auto& [id, one] : held_)
    if (id.hash == hash) return &one;
  return nullptr;
}

bool Announcer::in_import(const BlockHash& hash) const {
  return import_ && std::any_of(import_->blocks.begin(), import_->blocks.end(),
                                [&](const Held& one) { return one.block->header.hash() == hash; });
}

bool Announcer::of_interest(BlockNum number) const {
  const BlockNum head = context_.chain.heads().block.number;
  return number + kMostBelowHead >= head && number <= head + kMostAboveHead;
}

void Announcer::hold(std::shared_ptr<const Block> block, PeerKey from, Millis not_before) {
  const BlockId id = id_of(*block);
  const std::size_t bytes = size_of(block->body) + 1024;
  if (held_.size() >= kHeldBlocks || held_bytes_ + bytes > kHeldBytes || held_.contains(id)) return;
  held_bytes_ += bytes;
  held_[id] = {std::move(block), from, bytes, context_.now.steady, not_before};
}

void Announcer::release(HeldMap::iterator it) {
  held_bytes_ -= it->second.bytes;
  held_.erase(it);
}

void Announcer::prune() {
  for (auto it = held_.begin(); it != held_.end();) {
    const auto next = std::next(it);
    const bool old = context_.now.steady - it->second.since > kHeldFor;
    if (old || !of_interest(it->first.number) || context_.chain.has_body(it->first)) release(it);
    it = next;
  }
}

bool Announcer::covers(const BlockHash& hash) const {
  BlockHash at = hash;
  for (std::size_t steps = 0; steps <= kHeldBlocks + kMostAboveHead; ++steps) {
    const Held* one = held(at);
    if (one == nullptr && import_)
      for (const Held& each : import_->blocks)
        if (each.block->header.hash() == at) one = &each;
    const auto fetch = fetches_.find(at);
    if (one != nullptr) {
      at = one->block->header->parent_hash;
    } else if (fetch != fetches_.end()) {
      if (!fetch->second.header) return true;  // where it belongs is being asked
      at = (*fetch->second.header)->parent_hash;
    } else {
      const auto header = context_.chain.header(at);
      return header && context_.chain.has_body({(*header)->number, at});
    }
  }
  return false;
}

// ---- what peers announce

/// Remembers that the peer has a block beyond its last known head. Its total difficulty is not known, but
/// not below what the peer had.
void Announcer::suggest(Peer& peer, const BlockId& id) {
  if (id.number <= peer.number) return;
  peer.number = id.number;
  peer.head.hash = id.hash;
  peer.exact = false;
}

bool Announcer::refuse_future(const Peer& peer, const SealedHeader& header) {
  const auto unix_seconds = static_cast<Timestamp>(context_.now.unix.count() / 1000);
  if (header->timestamp <= unix_seconds + kMostFuture) return false;
  log_warn("Propagated block is in the future",
           {{"peer", peer.head.name},
            {"number", header->number},
            {"hash", header.hash()},
            {"timestamp", header->timestamp},
            {"clock", unix_seconds},
            {"ahead", fmt::format("{}s; is this machine's clock right?", header->timestamp - unix_seconds)}});
  return true;
}

bool Announcer::difficulty_fits(Peer& peer, const Block& block, const TotalDifficulty& total_difficulty) {
  // Every block between genesis and this one adds at least one.
  const BlockNum between = std::max<BlockNum>(block.header->number, 1) - 1;
  if (total_difficulty < block.header->difficulty + TotalDifficulty{between}) {
    context_.drop(
        peer.key,
        fmt::format("NewBlock {} with total difficulty {}, its own difficulty is {}", block.header->number,
                    total_difficulty.to_decimal(), block.header->difficulty.to_decimal()),
        kDropLine);
    return false;
  }
  if (block.header->number == 0) return true;
  const auto parent = context_.chain.total_difficulty({block.header->number - 1, block.header->parent_hash});
  if (!parent || *parent + block.header->difficulty == total_difficulty) return true;
  context_.drop(
      peer.key,
      fmt::format("NewBlock {} with total difficulty {}, its parent's {} and its own {} make {}",
                  block.header->number, total_difficulty.to_decimal(), parent->to_decimal(),
                  block.header->difficulty.to_decimal(), (*parent + block.header->difficulty).to_decimal()),
      kDropLine);
  return false;
}

void Announcer::on_new_block(Peer& peer, Block block, const TotalDifficulty& total_difficulty, bool holding) {
  const BlockId id = id_of(block);
  peer.known.add(id.hash);
  if (const std::string differs = difference(roots_of(block.body), *block.header); !differs.empty())
    return context_.drop(peer.key, fmt::format("NewBlock {} with {}", id.number, differs), kDropLine);
  if (!difficulty_fits(peer, block, total_difficulty)) return;
  if (refuse_future(peer, block.header)) return;
  if (total_difficulty > peer.head.total_difficulty && (peer.exact || id.number >= peer.number)) {
    peer.head.hash = id.hash;
    peer.head.total_difficulty = total_difficulty;
    peer.number = id.number;
    peer.exact = true;
  }
  fetches_.erase(id.hash);
  if (!holding || !of_interest(id.number) || context_.chain.has_body(id) || in_import(id.hash)) return;
  hold(std::make_shared<const Block>(std::move(block)), peer.key, Millis{0});
}

void Announcer::on_new_hashes(Peer& peer, const std::vector<BlockId>& ids, bool holding) {
  std::size_t mine =
      static_cast<std::size_t>(std::count_if(fetches_.begin(), fetches_.end(), [&](const auto& entry) {
        const auto& from = entry.second.from;
        return std::find(from.begin(), from.end(), peer.key) != from.end();
      }));
  for (const BlockId& id : ids) {
    peer.known.add(id.hash);
    if (context_.chain.has_body(id) || held_.contains(id) || in_import(id.hash)) continue;
    suggest(peer, id);
    if (!holding || !of_interest(id.number) || mine >= kFetchesAPeer) continue;
    Fetch& fetch = fetches_[id.hash];
    if (fetch.from.empty()) {
      fetch.id = id;
      fetch.due = context_.now.steady + kArriveWait;
    }
    if (std::find(fetch.from.begin(), fetch.from.end(), peer.key) != fetch.from.end()) continue;
    fetch.from.push_back(peer.key);
    ++mine;
  }
}

// ---- fetching by hash

void Announcer::ask(Fetch& fetch) {
  const Ask what = fetch.header ? Ask::bodies : Ask::headers;
  for (const PeerKey key : fetch.from) {
    Peer* peer = context_.peers.find(key);
    if (peer == nullptr || !Peers::idle(*peer, what, context_.now)) continue;
    Request request{Purpose::fetch};
    request.query = HeaderQuery{fetch.id.hash};
    request.hashes = {Hash256{fetch.id.hash}};
    fetch.asked = key;
    return context_.ask(*peer, what, std::move(request));
  }
}

void Announcer::pump_fetches() {
  for (auto it = fetches_.begin(); it != fetches_.end();) {
    Fetch& fetch = it->second;
    std::erase_if(fetch.from, [&](PeerKey key) { return context_.peers.find(key) == nullptr; });
    if (fetch.from.empty() || context_.chain.has_body(fetch.id)) {
      it = fetches_.erase(it);
      continue;
    }
    if (!fetch.asked && fetch.due <= context_.now.steady) ask(fetch);
    ++it;
  }
}

void Announcer::on_headers(Peer& peer, const Request& request, std::vector<SealedHeader> headers) {
  const auto it = fetches_.find(BlockHash{request.hashes.front()});
  if (it == fetches_.end()) return;
  Fetch& fetch = it->second;
  fetch.asked.reset();
  if (headers.empty()) {
    std::erase(fetch.from, peer.key);
    return;
  }
  const SealedHeader& header = headers.front();
  const bool fits =
      headers.size() == 1 && header.hash() == fetch.id.hash && header->number == fetch.id.number;
  if (!fits && peer.slot(Ask::headers).forgive()) return;
  if (!fits)
    return context_.drop(
        peer.key,
        fmt::format("announced block {} {}, but sent {} headers, the first of block {} {}", fetch.id.number,
                    fetch.id.hash.hex(), headers.size(), header->number, header.hash().hex()),
        kDropLine);
  if (refuse_future(peer, header)) {
    fetches_.erase(it);
    return;
  }
  if (importing_ && !covers(header->parent_hash)) {
    fetches_.erase(it);  // its head is known from the announcement: that is synchronised with
    return;
  }
  if (!body_is_empty(*header)) {
    fetch.header = header;
    return;
  }
  hold(std::make_shared<const Block>(Block{header, {}}), peer.key, Millis{0});
  fetches_.erase(it);
}

void Announcer::on_bodies(Peer& peer, const Request& request, std::vector<PackedBody> bodies) {
  const auto it = fetches_.find(BlockHash{request.hashes.front()});
  if (it == fetches_.end() || !it->second.header) return;
  Fetch& fetch = it->second;
  fetch.asked.reset();
  if (bodies.empty()) {
    std::erase(fetch.from, peer.key);
    return;
  }
  const SealedHeader header = *fetch.header;
  const std::string differs = difference(roots_of(bodies.front()), *header);
  const bool fits = bodies.size() == 1 && differs.empty();
  if (!fits && peer.slot(Ask::bodies).forgive()) return;
  if (!fits)
    return context_.drop(peer.key,
                         fmt::format("sent {} BlockBodies for block {}, the first with {}", bodies.size(),
                                     header->number, differs.empty() ? "the right roots" : differs),
                         kDropLine);
  auto body = decode_body(bodies.front().rlp, context_.config.identity);
  QUARRY_CHECK(body.has_value());  // it was read when it was packed
  hold(std::make_shared<const Block>(Block{header, std::move(*body)}), peer.key, Millis{0});
  fetches_.erase(it);
}

void Announcer::on_lapsed(PeerKey peer, const Request& request) {
  if (request.hashes.empty()) return;
  const auto it = fetches_.find(BlockHash{request.hashes.front()});
  if (it == fetches_.end() || it->second.asked != peer) return;
  it->second.asked.reset();
  std::erase(it->second.from, peer);
}

void Announcer::on_peer_gone(PeerKey peer) {
  for (auto& [hash, fetch] : fetches_) {
    std::erase(fetch.from, peer);
    if (fetch.asked == peer) fetch.asked.reset();
  }
}

// ---- import

void Announcer::pump(bool holding, bool importing) {
  importing_ = importing;
  prune();
  if (holding) pump_fetches();
  if (importing) pump_import();
}

void Announcer::pump_import() {
  if (import_) return;
  Import next;
  for (auto it = held_.begin(); it != held_.end();) {
    const auto after = std::next(it);
    const Header& header = *it->second.block->header;
    const bool follows =
        next.blocks.empty()
            ? header.number > 0 && context_.chain.has_body({header.number - 1, header.parent_hash})
            : header.parent_hash == next.blocks.back().block->header.hash();
    if (follows && it->second.not_before <= context_.now.steady) {
      next.blocks.push_back(it->second);
      release(it);
    }
    it = after;
  }
  if (next.blocks.empty()) return;
  next.job = context_.new_job();
  std::vector<Block> blocks;
  for (const Held& one : next.blocks) blocks.push_back(*one.block);
  import_ = std::move(next);
  context_.out.push_back(InsertBlocks{import_->job, std::move(blocks)});
}

std::optional<Error> Announcer::on_job(const JobResult& result) {
  Import import = std::move(*import_);
  import_.reset();
  if (result.error) return result.error;
  if (result.done >= import.blocks.size()) return std::nullopt;
  Held& stopped = import.blocks[result.done];
  if (result.future) {
    // Held until its time; what builds on it waits with it.
    for (std::size_t i = result.done; i < import.blocks.size(); ++i)
      hold(import.blocks[i].block, import.blocks[i].from,
           context_.now.steady + Millis{i == result.done ? 1'000 : 0});
  } else if (result.bad) {
    context_.drop(stopped.from,
                  fmt::format("propagated block {} {} is invalid: {}", result.bad->id.number,
                              short_hex(result.bad->id.hash), result.bad->why),
                  kDropLine);
  }
  return std::nullopt;
}

// ---- telling others

std::vector<PeerKey> Announcer::unaware(const BlockHash& hash) {
  std::vector<PeerKey> out;
  for (auto& [key, peer] : context_.peers.all())
    if (!peer.dropped && !peer.known.has(hash)) out.push_back(key);
  std::shuffle(out.begin(), out.end(), random_);
  for (const PeerKey key : out) context_.peers.find(key)->known.add(hash);
  return out;
}

void Announcer::announce(const HeadChange& change) {
  const std::size_t count = change.added.size();
  TotalDifficulty difficulty = change.total_difficulty;
  std::vector<TotalDifficulty> difficulties(count);
  for (std::size_t i = count; i-- > 0;) {
    difficulties[i] = difficulty;
    difficulty -= change.added[i]->header->difficulty;
  }
  for (std::size_t i = count > kAnnouncedAtOnce ? count - 1 : 0; i < count; ++i) {
    const auto& block = change.added[i];
    auto whole = unaware(block->header.hash());
    if (whole.empty()) continue;
    const auto most = static_cast<std::size_t>(std::sqrt(static_cast<double>(whole.size())));
    std::vector<PeerKey> by_hash(whole.begin() + static_cast<std::ptrdiff_t>(most), whole.end());
    whole.resize(most);
    context_.out.push_back(AnnounceBlock{block, difficulties[i], std::move(whole)});
    if (!by_hash.empty()) context_.out.push_back(AnnounceHash{id_of(*block), std::move(by_hash)});
  }
}

void Announcer::announce_hash(const BlockId& head) {
  auto peers = unaware(head.hash);
  if (!peers.empty()) context_.out.push_back(AnnounceHash{head, std::move(peers)});
}

}  // namespace quarry::sync
