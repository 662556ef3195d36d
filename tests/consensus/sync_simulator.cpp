#include "sync_simulator.hpp"

#include <fmt/format.h>

#include "consensus/sync_cycle.hpp"

namespace quarry::test {
namespace {
constexpr Timestamp kGenesisTime = 1'600'000'000;

std::optional<BlockNum> number_of(const SimPeer& peer, const BlockHash& hash) {
  for (BlockNum n = peer.height + 1; n-- > 0;)
    if (peer.chain.hash(n) == hash) return n;
  return std::nullopt;
}

std::shared_ptr<const SimBlock> make_block(const SimBlock& parent, std::uint64_t salt, Flaw flaw) {
  SimBlock out;
  Header header;
  header.parent_hash = parent.block.header.hash();
  header.number = parent.block.header->number + 1;
  header.timestamp = kGenesisTime + header.number;
  header.difficulty = kSimDifficulty + (flaw == Flaw::difficulty ? 1 : 0);
  header.extra_data = rlp::encode(salt);
  header.mix_hash.bytes[0] = flaw == Flaw::seal ? 1 : 0;
  header.state_root = sim_states().at(header.number).root;
  const std::size_t transactions = (header.number + salt) % 5 == 0 ? 1 + header.number % 2 : 0;
  for (std::size_t i = 0; i < transactions; ++i) {
    Transaction txn;
    txn.nonce = header.number * 10 + i;
    txn.v = U256{27};
    txn.r = txn.s = U256{1};
    out.block.body.transactions.push_back(txn);
    Receipt receipt;
    receipt.cumulative_gas_used = 21'000 * (i + 1) + header.number;
    out.receipts.push_back(receipt);
  }
  header.transactions_root = transactions_root(out.block.body.transactions);
  header.receipts_root = receipts_root(out.receipts);
  header.ommers_hash = kEmptyOmmersHash;
  out.total_difficulty = parent.total_difficulty + header.difficulty;
  out.block.header = seal_header(header, HeaderIdentity::keccak_rlp);
  return std::make_shared<const SimBlock>(std::move(out));
}
}  // namespace

const char* to_string(Manner manner) {
  static constexpr const char* kNames[kManners] = {
      "honest",         "slow",          "lossy",        "vanishing",      "short_answers",
      "silent",         "wrong_numbers", "unlinked",     "endless",        "wrong_total_difficulty",
      "bad_difficulty", "bad_seal",      "wrong_bodies", "wrong_receipts", "junk_nodes",
      "unsolicited"};
  return kNames[static_cast<std::size_t>(manner)];
}

SimStates::SimStates() {
  std::mt19937_64 random(99);
  StateModel state;
  for (int i = 0; i < 60; ++i) state.accounts[clustered_hash(random)] = random_account(random);
  for (std::size_t i = 0; i < kStates; ++i) {
    StateModel next;
    next.accounts = state.accounts;
    mutate(next, random, 12);
    next.seal();
    states_.push_back(next);
    state = std::move(next);
  }
}
const StateModel* SimStates::find(const RootHash& root) const {
  for (const StateModel& state : states_)
    if (state.root == root) return &state;
  return nullptr;
}
const SimStates& sim_states() {
  static const SimStates states;
  return states;
}

SimChain sim_genesis() {
  static const SimChain genesis = [] {
    SimBlock out;
    Header header;
    header.timestamp = kGenesisTime;
    header.difficulty = kSimGenesisDifficulty;
    header.state_root = sim_states().at(0).root;
    header.transactions_root = header.receipts_root = kEmptyRoot;
    header.ommers_hash = kEmptyOmmersHash;
    out.block.header = seal_header(header, HeaderIdentity::keccak_rlp);
    out.total_difficulty = kSimGenesisDifficulty;
    return SimChain{{std::make_shared<const SimBlock>(std::move(out))}};
  }();
  return genesis;
}

SimChain grow(const SimChain& base, BlockNum fork, BlockNum height, std::uint64_t salt, Flaw flaw,
              BlockNum flawed) {
  SimChain out;
  out.blocks.assign(base.blocks.begin(), base.blocks.begin() + static_cast<std::ptrdiff_t>(std::min<BlockNum>(
                                                                   fork, base.blocks.size())));
  while (out.height() < height)
    out.blocks.push_back(
        make_block(*out.blocks.back(), salt, out.height() + 1 == flawed ? flaw : Flaw::none));
  return out;
}

// ---- the database and the chain thread's work

SimDisk::SimDisk() {
  const auto& genesis = sim_genesis().at(0);
  const auto& header = genesis.block.header;
  headers_[header.hash()] = {header, genesis.total_difficulty};
  bodies_.insert(header.hash());
  executed_.insert(header.hash());
  canonical_ = {header.hash()};
  heads_.header = heads_.block = heads_.fast_block = {0, header.hash()};
  nodes_ = sim_states().at(0).by_path;
}

std::optional<BlockHash> SimDisk::canonical_hash(BlockNum number) const {
  if (number >= canonical_.size()) return std::nullopt;
  return canonical_[number];
}
std::optional<SealedHeader> SimDisk::header(const BlockHash& hash) const {
  const auto it = headers_.find(hash);
  return it == headers_.end() ? std::nullopt : std::optional(it->second.first);
}
std::optional<TotalDifficulty> SimDisk::total_difficulty(const BlockId& id) const {
  const auto it = headers_.find(id.hash);
  return it == headers_.end() ? std::nullopt : std::optional(it->second.second);
}
std::optional<Hash256> SimDisk::node_hash(const NodePath& path) const {
  const auto it = nodes_.find({path.account, path.nibbles});
  return it == nodes_.end() ? std::nullopt : std::optional(keccak256(it->second));
}

std::optional<std::string> SimDisk::refuse(const SealedHeader& header) const {
  const auto parent = headers_.find(header->parent_hash);
  if (parent == headers_.end()) return "unknown parent " + header->parent_hash.hex();
  if (header->number != parent->second.first->number + 1) return "number";
  if (header->difficulty != U256{kSimDifficulty})
    return fmt::format("difficulty {}, want {}", header->difficulty.to_decimal(), kSimDifficulty);
  if (!header->mix_hash.is_zero()) return "seal: mix hash " + header->mix_hash.hex() + ", want zero";
  return std::nullopt;
}

void SimDisk::put_header(const SealedHeader& header) {
  const auto difficulty = headers_.at(header->parent_hash).second + header->difficulty;
  headers_.try_emplace(header.hash(), header, difficulty);
}

void SimDisk::make_canonical(BlockId id) {
  canonical_.resize(id.number + 1);
  for (BlockHash at = id.hash; canonical_[id.number] != at; --id.number) {
    canonical_[id.number] = at;
    at = headers_.at(at).first->parent_hash;
    if (id.number == 0) break;
  }
}

sync::JobResult SimDisk::run(const sync::InsertHeaders& job) {
  sync::JobResult out{.job = job.job};
  for (const SealedHeader& header : job.headers) {
    const BlockId id{header->number, header.hash()};
    if (auto why = refuse(header)) {
      out.bad = sync::JobResult::Bad{id, *why};
      return out;
    }
    put_header(header);
    if (headers_.at(id.hash).second > headers_.at(heads_.header.hash).second) {
      make_canonical(id);
      heads_.header = id;
    }
    ++out.done;
  }
  return out;
}

sync::JobResult SimDisk::run(const sync::InsertBlocks& job, std::uint64_t unix_seconds) {
  sync::JobResult out{.job = job.job};
  for (const Block& block : job.blocks) {
    const BlockId id{block.header->number, block.header.hash()};
    auto why = refuse(block.header);
    if (!why && !executed_.contains(block.header->parent_hash)) why = "parent is not executed";
    if (!why && transactions_root(block.body.transactions) != block.header->transactions_root)
      why = "transactions root";
    if (!why && record_) why = "no state to execute on";
    if (why) {
      out.bad = sync::JobResult::Bad{id, *why};
      return out;
    }
    if (block.header->timestamp > unix_seconds + 15) {
      out.future = true;
      return out;
    }
    put_header(block.header);
    bodies_.insert(id.hash);
    executed_.insert(id.hash);
    const auto& difficulty = headers_.at(id.hash).second;
    if (difficulty > headers_.at(heads_.block.hash).second) {
      heads_.block = heads_.fast_block = id;
      if (difficulty >= headers_.at(heads_.header.hash).second || canonical_hash(id.number) != id.hash) {
        if (canonical_hash(id.number) != id.hash || difficulty > headers_.at(heads_.header.hash).second) {
          make_canonical(id);
          heads_.header = id;
        }
      }
    }
    ++out.done;
  }
  return out;
}

sync::JobResult SimDisk::run(const sync::InsertFastBlocks& job) {
  sync::JobResult out{.job = job.job};
  for (const FastBlock& block : job.blocks) {
    const auto header = headers_.find(block.id.hash);
    if (header == headers_.end() ||
        block.body.transactions_root != header->second.first->transactions_root ||
        block.receipts.root != header->second.first->receipts_root) {
      out.bad = sync::JobResult::Bad{block.id, "roots"};
      return out;
    }
    bodies_.insert(block.id.hash);
    heads_.fast_block = block.id;
    ++out.done;
  }
  return out;
}

sync::JobResult SimDisk::run(const sync::WriteState& job) {
  const StateWrites& writes = job.writes;
  if (writes.wipe) nodes_.clear();
  for (const NodePath& path : writes.erased) nodes_.erase({path.account, path.nibbles});
  for (const auto& node : writes.nodes) nodes_[{node.path.account, node.path.nibbles}] = node.rlp;
  for (const auto& code : writes.codes) codes_.insert(code.hash);
  if (writes.record) record_ = writes.record;
  return {.job = job.job};
}

bool SimDisk::state_is(const RootHash& root) const {
  const StateModel* state = sim_states().find(root);
  if (state == nullptr) return false;
  for (const auto& [path, rlp] : state->by_path) {
    const auto it = nodes_.find(path);
    if (it == nodes_.end() || it->second != rlp) return false;
  }
  for (const auto& [key, account] : state->accounts)
    if (!account.code.empty() && !codes_.contains(CodeHash{keccak256(account.code)})) return false;
  return true;
}

sync::JobResult SimDisk::run(const sync::FinishFastSync& job) {
  sync::JobResult out{.job = job.job};
  const auto header = headers_.find(job.pivot.hash);
  bool ok = header != headers_.end() && canonical_hash(job.pivot.number) == job.pivot.hash &&
            state_is(header->second.first->state_root);
  for (BlockNum n = 1; ok && n <= job.pivot.number; ++n) ok = bodies_.contains(*canonical_hash(n));
  if (!ok) {
    out.error = Error{"the pivot's state or bodies are not complete"};
    return out;
  }
  record_.reset();
  executed_.insert(job.pivot.hash);
  heads_.block = job.pivot;
  if (heads_.fast_block.number < job.pivot.number) heads_.fast_block = job.pivot;
  return out;
}

// ---- the world

Simulation::Simulation(const SimOptions& options) : options_(options), random_(options.seed) {
  start();
  for (std::size_t i = 0; i < options.kills; ++i) at(milliseconds{random(8'000)}, [this] { kill(); });
}

void Simulation::at(milliseconds delay, std::function<void()> run) {
  events_.push({now_ + delay, ++order_, std::move(run)});
}

SimPeer& Simulation::add(Manner manner, SimChain chain, BlockNum height) {
  peers_.push_back(std::make_unique<SimPeer>());
  SimPeer& peer = *peers_.back();
  peer.manner = manner;
  peer.chain = std::move(chain);
  peer.height = height;
  at(milliseconds{random(300)}, [this, &peer] { connect(peer); });
  if (manner == Manner::vanishing)
    for (int i = 0; i < 3; ++i) at(milliseconds{random(5'000)}, [this, &peer] { disconnect(peer); });
  if (manner == Manner::unsolicited)
    at(milliseconds{400 + random(2'000)}, [this, &peer] {
      if (peer.key == 0) return;
      ++peer.lies;
      perform(sync_->on_bodies(peer.key, {PackedBody{}}, when()));
    });
  return peer;
}

void Simulation::mine(SimPeer& peer, std::size_t blocks, milliseconds every) {
  for (std::size_t i = 1; i <= blocks; ++i)
    at(every * static_cast<int>(i) + milliseconds{random(50)}, [this, &peer] {
      if (peer.height == peer.chain.height()) return;
      ++peer.height;
      if (peer.key == 0) return;
      const SimBlock& block = peer.chain.at(peer.height);
      if (random(2) == 0)
        perform(sync_->on_new_block(peer.key, block.block, block.total_difficulty, when()));
      else
        perform(sync_->on_new_hashes(peer.key, {{peer.height, peer.chain.hash(peer.height)}}, when()));
    });
}

void Simulation::connect(SimPeer& peer) {
  if (peer.key != 0 || peer.dropped) return;
  peer.key = ++last_key_;
  sync::PeerHead head{peer.chain.hash(peer.height), peer.chain.at(peer.height).total_difficulty,
                      fmt::format("{}-{}", to_string(peer.manner), peer.key)};
  if (peer.manner == Manner::wrong_total_difficulty) head.total_difficulty += U256{5'000'000};
  if (peer.manner == Manner::wrong_total_difficulty) ++peer.lies;
  perform(sync_->on_peer(peer.key, head, when()));
}

void Simulation::disconnect(SimPeer& peer) {
  if (peer.key == 0) return;
  const PeerKey key = std::exchange(peer.key, 0);
  perform(sync_->on_peer_gone(key, when()));
  at(milliseconds{1'000 + random(4'000)}, [this, &peer] { connect(peer); });
}

void Simulation::start() {
  sync::SyncConfig config;
  config.mode = options_.mode;
  config.seed = options_.seed;
  sync_ = std::make_unique<sync::Sync>(config, disk_, disk_);
}

/// As SIGKILL: what was handed to the chain thread and not done is lost, all connections are gone.
void Simulation::kill() {
  ++life_;
  jobs_.clear();
  job_running_ = false;
  under_way_.clear();
  start();
  for (auto& peer : peers_)
    if (std::exchange(peer->key, 0) != 0)
      at(milliseconds{random(1'000)}, [this, raw = peer.get()] { connect(*raw); });
}

SimPeer* Simulation::find(PeerKey key) {
  for (auto& peer : peers_)
    if (peer->key == key) return peer.get();
  return nullptr;
}

void Simulation::perform(Actions actions) {
  for (auto& action : actions) std::visit([this](auto& one) { act(one); }, action);
}

void Simulation::act(sync::Drop& action) {
  SimPeer* peer = find(action.peer);
  if (peer == nullptr) return;
  peer->key = 0;
  peer->why = action.why;
  // Dropping is final for those who lie; others dial again.
  peer->dropped = peer->manner >= kFirstLiar;
  at(milliseconds{1}, [this, key = action.peer, life = life_] {
    if (life == life_) perform(sync_->on_peer_gone(key, when()));
  });
  if (!peer->dropped) at(milliseconds{5'000}, [this, peer] { connect(*peer); });
}

void Simulation::act(sync::AnnounceBlock& action) {
  announced += action.peers.size();
}
void Simulation::act(sync::AnnounceHash& action) {
  announced += action.peers.size();
}

std::optional<milliseconds> Simulation::delay(SimPeer& peer) {
  ++peer.asked;
  if (peer.manner == Manner::silent) {
    ++peer.lies;
    return std::nullopt;
  }
  if (peer.manner == Manner::lossy && random(10) == 0) return std::nullopt;
  if (peer.manner == Manner::slow) return milliseconds{500 + random(2'000)};
  return milliseconds{1 + random(random(10) == 0 ? 400 : 40)};
}

template <class Answer>
void Simulation::reply(PeerKey key, std::size_t kind, Answer answer) {
  SimPeer* peer = find(key);
  if (peer == nullptr) return;
  const auto wait = delay(*peer);
  if (!wait) return;
  at(*wait, [this, key, kind, answer = std::move(answer)] {
    SimPeer* still = find(key);
    if (still == nullptr) return;
    under_way_[{key, kind}] = 0;
    answer(*still);
  });
}

template <class Request>
void Simulation::request(const Request& action, std::size_t kind, std::size_t items, std::size_t most) {
  if (items > most || items == 0) broken = fmt::format("asked for {} items of kind {}", items, kind);
  auto& count = under_way_[{action.peer, kind}];
  const SimPeer* peer = find(action.peer);
  const bool may_lapse = peer != nullptr && (peer->manner == Manner::silent || peer->manner == Manner::lossy);
  if (++count > 1 && !may_lapse) broken = fmt::format("two requests of kind {} to one peer", kind);
}

std::vector<SealedHeader> Simulation::headers_of(SimPeer& peer, const sync::HeaderQuery& query) {
  std::vector<SealedHeader> out;
  std::optional<BlockNum> from;
  if (const auto* hash = std::get_if<BlockHash>(&query.from)) {
    from = number_of(peer, *hash);
  } else {
    from = std::get<BlockNum>(query.from);
  }
  if (!from) return out;
  for (BlockNum n = *from; n <= peer.height && out.size() < query.amount; n += query.skip + 1)
    out.push_back(peer.chain.at(n).block.header);
  const bool by_number = std::holds_alternative<BlockNum>(query.from) && !out.empty();
  if (peer.manner == Manner::short_answers && query.amount > 100 && random(3) == 0)
    out.resize(out.size() / 2);
  if (peer.manner == Manner::wrong_numbers && by_number) {
    ++peer.lies;
    out.front() = peer.chain.at(out.front()->number == 0 ? 1 : out.front()->number - 1).block.header;
  }
  if (peer.manner == Manner::endless && query.amount > 1 && by_number) {
    ++peer.lies;
    while (out.size() <= query.amount) out.push_back(out.back());
  }
  if (peer.manner == Manner::unlinked && query.skip == 0 && out.size() > 2) {
    ++peer.lies;
    Header header = *out[1];
    header.parent_hash = BlockHash{keccak256(header.parent_hash)};
    out[1] = seal_header(header, HeaderIdentity::keccak_rlp);
  }
  return out;
}

void Simulation::act(sync::RequestHeaders& action) {
  request(action, 0, action.query.amount, sync::kSegmentHeaders);
  reply(action.peer, 0, [this, query = action.query](SimPeer& peer) {
    perform(sync_->on_headers(peer.key, headers_of(peer, query), when()));
  });
}

void Simulation::act(sync::RequestBodies& action) {
  request(action, 1, action.hashes.size(), sync::kBodiesAsked);
  reply(action.peer, 1, [this, hashes = action.hashes](SimPeer& peer) {
    std::vector<Body> out;
    for (const BlockHash& hash : hashes)
      if (const auto number = number_of(peer, hash)) out.push_back(peer.chain.at(*number).block.body);
    if (peer.manner == Manner::wrong_bodies && !out.empty()) {
      ++peer.lies;
      out.back().transactions.push_back({});
    }
    if (peer.manner == Manner::short_answers && out.size() > 1) out.resize(1 + random(out.size()));
    perform(sync_->on_bodies(peer.key, {out.begin(), out.end()}, when()));
  });
}

void Simulation::act(sync::RequestReceipts& action) {
  request(action, 2, action.hashes.size(), sync::kReceiptsAsked);
  reply(action.peer, 2, [this, hashes = action.hashes](SimPeer& peer) {
    std::vector<std::vector<Receipt>> out;
    for (const BlockHash& hash : hashes)
      if (const auto number = number_of(peer, hash)) out.push_back(peer.chain.at(*number).receipts);
    if (peer.manner == Manner::wrong_receipts && !out.empty()) {
      ++peer.lies;
      out.front().push_back({});
    }
    perform(sync_->on_receipts(peer.key, {out.begin(), out.end()}, when()));
  });
}

void Simulation::act(sync::RequestNodes& action) {
  request(action, 3, action.hashes.size(), sync::kNodesAsked);
  reply(action.peer, 3, [this, hashes = action.hashes](SimPeer& peer) {
    std::vector<Bytes> out;
    const BlockNum oldest = peer.height > 128 ? peer.height - 128 : 0;
    for (const Hash256& hash : hashes)
      for (BlockNum n = oldest; n <= peer.height; n += 16)
        if (const auto& nodes = sim_states().at(n).by_hash; nodes.contains(hash)) {
          out.push_back(nodes.at(hash));
          break;
        }
    if (peer.manner == Manner::short_answers && out.size() > 1) out.resize(1 + random(out.size()));
    if (peer.manner == Manner::junk_nodes) {
      ++peer.lies;
      out.push_back({1, 2, 3});
    }
    perform(sync_->on_nodes(peer.key, out, when()));
  });
}

template <class AnyJob>
void Simulation::act(AnyJob& action) {
  jobs_.push_back(std::move(action));
  most_jobs = std::max(most_jobs, jobs_.size());
  if (!job_running_) run_job();
}

void Simulation::run_job() {
  if (jobs_.empty()) return;
  job_running_ = true;
  at(milliseconds{random(2) == 0 ? 1 : random(120)}, [this, life = life_] {
    if (life != life_ || jobs_.empty()) return;
    const BlockId before = disk_.heads().block;
    const Job job = std::move(jobs_.front());
    jobs_.pop_front();
    sync::JobResult result = std::visit(
        [&](const auto& one) {
          if constexpr (std::is_same_v<std::decay_t<decltype(one)>, sync::InsertBlocks>)
            return disk_.run(one, static_cast<std::uint64_t>(when().unix.count() / 1000));
          else
            return disk_.run(one);
        },
        job);
    if (result.error) broken = result.error->what;
    job_running_ = false;
    run_job();
    const BlockId after = disk_.heads().block;
    if (after != before && std::holds_alternative<sync::InsertBlocks>(job)) {
      sync::HeadChange change{after, *disk_.total_difficulty(after)};
      for (const Block& block : std::get<sync::InsertBlocks>(job).blocks)
        if (change.added.size() < result.done) change.added.push_back(std::make_shared<const Block>(block));
      perform(sync_->on_head(change, when()));
    }
    at(milliseconds{2}, [this, life, result] {  // in the order of the jobs
      if (life == life_) perform(sync_->on_job(result, when()));
    });
  });
}

bool Simulation::run(const BlockHash& goal) {
  std::function<void()> tick = [&] {
    perform(sync_->tick(when()));
    at(milliseconds{250}, tick);
  };
  at(milliseconds{0}, tick);
  // Peers that still mine and restarts that are due happen within the first minute.
  const milliseconds settled{20'000};
  while (now_ < options_.give_up && broken.empty()) {
    const Event next = events_.top();
    events_.pop();
    now_ = next.at;
    next.run();
    if (now_ > settled && disk_.heads().block.hash == goal && jobs_.empty() && !job_running_ &&
        sync_->progress().phase == sync::Phase::idle)
      break;
  }
  while (!events_.empty()) events_.pop();
  return broken.empty() && disk_.heads().block.hash == goal;
}

}  // namespace quarry::test
