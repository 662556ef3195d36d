#pragma once
/// \file
/// A seeded world for the sync machine: its own clock, peers that lose, delay, lie and vanish, a chain thread
/// that answers late, kills and restarts. What a seed does once it does again.

#include <functional>
#include <map>
#include <memory>
#include <queue>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "consensus/sync.hpp"
#include "state_model.hpp"

namespace quarry::test {

using std::chrono::milliseconds;
using sync::Actions;
using sync::JobId;
using sync::Now;
using sync::PeerKey;

/// What blocks of the simulated chain obey, besides being linked and numbered.
inline constexpr std::uint64_t kSimDifficulty = 1'000;
inline const U256 kSimGenesisDifficulty{5'000};

/// A block and what a peer has of it.
struct SimBlock {
  Block block;
  std::vector<Receipt> receipts;
  TotalDifficulty total_difficulty;
};

/// A branch: blocks from genesis on, shared with other branches. Immutable.
struct SimChain {
  std::vector<std::shared_ptr<const SimBlock>> blocks;
  const SimBlock& at(BlockNum number) const { return *blocks[number]; }
  BlockNum height() const { return blocks.size() - 1; }
  const BlockHash& hash(BlockNum number) const { return at(number).block.header.hash(); }
};

/// States of all simulated chains, by root.
class SimStates {
 public:
  SimStates();
  static constexpr std::size_t kStates = 16;
  /// The state after block `number`: it changes every 16th block.
  const StateModel& at(BlockNum number) const { return states_[number / 16 % kStates]; }
  const StateModel* find(const RootHash& root) const;

 private:
  std::vector<StateModel> states_;
};
const SimStates& sim_states();

enum class Flaw : std::uint8_t { none, difficulty, seal };

/// Continues `base` up to `height`, from block `fork` on with other blocks; block `flawed` breaks a rule.
SimChain grow(const SimChain& base, BlockNum fork, BlockNum height, std::uint64_t salt,
              Flaw flaw = Flaw::none, BlockNum flawed = 0);
SimChain sim_genesis();

/// What outlives a kill: the database, as the machine and the chain thread see it.
class SimDisk final : public sync::ChainReader, public StateSyncReader {
 public:
  SimDisk();
  Heads heads() const override { return heads_; }
  std::optional<BlockHash> canonical_hash(BlockNum number) const override;
  std::optional<SealedHeader> header(const BlockHash& hash) const override;
  std::optional<TotalDifficulty> total_difficulty(const BlockId& id) const override;
  bool has_body(const BlockId& id) const override { return bodies_.contains(id.hash); }

  std::optional<StateSyncRecord> record() const override { return record_; }
  std::optional<Hash256> node_hash(const NodePath& path) const override;
  bool has_code(const CodeHash& hash) const override { return codes_.contains(hash); }

  sync::JobResult run(const sync::InsertHeaders& job);
  sync::JobResult run(const sync::InsertBlocks& job, std::uint64_t unix_seconds);
  sync::JobResult run(const sync::InsertFastBlocks& job);
  sync::JobResult run(const sync::WriteState& job);
  sync::JobResult run(const sync::FinishFastSync& job);

 private:
  std::optional<std::string> refuse(const SealedHeader& header) const;
  void put_header(const SealedHeader& header);
  void make_canonical(BlockId id);
  bool state_is(const RootHash& root) const;

  std::map<BlockHash, std::pair<SealedHeader, TotalDifficulty>> headers_;
  std::set<BlockHash> bodies_, executed_;
  std::vector<BlockHash> canonical_;
  Heads heads_;
  std::optional<StateSyncRecord> record_;
  std::map<std::pair<std::optional<AddressHash>, Bytes>, Bytes> nodes_;
  std::set<CodeHash> codes_;
};

/// What a peer does to us.
enum class Manner : std::uint8_t {
  honest,
  slow,
  lossy,          ///< leaves a tenth of the requests unanswered
  vanishing,      ///< disconnects at times and comes back
  short_answers,  ///< sends less than was asked for
  // From here on, each is to be found out.
  silent,
  wrong_numbers,
  unlinked,
  endless,
  wrong_total_difficulty,
  bad_difficulty,
  bad_seal,
  wrong_bodies,
  wrong_receipts,
  junk_nodes,
  unsolicited,
};
inline constexpr Manner kFirstLiar = Manner::silent;
inline constexpr std::size_t kManners = static_cast<std::size_t>(Manner::unsolicited) + 1;
const char* to_string(Manner manner);

struct SimPeer {
  PeerKey key = 0;  ///< of the connection that is up; 0: none
  Manner manner = Manner::honest;
  SimChain chain;
  BlockNum height = 0;   ///< of what it has of the chain by now
  std::size_t lies = 0;  ///< told so far
  std::size_t asked = 0;
  bool dropped = false;  ///< by us
  std::string why;
};

struct SimOptions {
  std::uint64_t seed = 1;
  sync::Mode mode = sync::Mode::fast;
  std::size_t kills = 0;  ///< restarts, at random moments
  milliseconds give_up{1'200'000};
};

class Simulation {
 public:
  explicit Simulation(const SimOptions& options);
  SimPeer& add(Manner manner, SimChain chain, BlockNum height);
  /// The peer's chain grows by one block at each of these times, announced as the seed likes.
  void mine(SimPeer& peer, std::size_t blocks, milliseconds every);
  /// Runs until our head is `goal` and nothing is under way; false when time is up.
  bool run(const BlockHash& goal);

  /// Runs something at that time from now on.
  void later(milliseconds delay, std::function<void()> run) { at(delay, std::move(run)); }
  SimDisk& disk() { return disk_; }
  sync::Sync& machine() { return *sync_; }
  milliseconds now() const { return now_; }
  const std::vector<std::unique_ptr<SimPeer>>& peers() const { return peers_; }
  /// Requests and jobs that the machine had under way at most, by kind.
  std::size_t most_jobs = 0;
  /// What broke a bound or a rule of the interface; empty when all is well.
  std::string broken;
  std::size_t announced = 0;
  milliseconds clock_error{0};  ///< of our system clock

 private:
  struct Event {
    milliseconds at;
    std::uint64_t order;
    std::function<void()> run;
    bool operator<(const Event& other) const {
      return std::pair(at, order) > std::pair(other.at, other.order);
    }
  };
  using Job = std::variant<sync::InsertHeaders, sync::InsertBlocks, sync::InsertFastBlocks, sync::WriteState,
                           sync::FinishFastSync>;

  Now when() const { return {now_, milliseconds{1'700'000'000'000} + now_ + clock_error}; }
  std::uint64_t random(std::uint64_t below) { return random_() % below; }
  void at(milliseconds delay, std::function<void()> run);
  void connect(SimPeer& peer);
  void disconnect(SimPeer& peer);
  void start();
  void kill();
  void perform(Actions actions);
  void act(sync::Drop& action);
  void act(sync::AnnounceBlock& action);
  void act(sync::AnnounceHash& action);
  template <class Request>
  void request(const Request& action, std::size_t kind, std::size_t items, std::size_t most);
  void act(sync::RequestHeaders& action);
  void act(sync::RequestBodies& action);
  void act(sync::RequestReceipts& action);
  void act(sync::RequestNodes& action);
  template <class AnyJob>
  void act(AnyJob& action);
  void run_job();
  SimPeer* find(PeerKey key);
  /// When the peer answers; none: never.
  std::optional<milliseconds> delay(SimPeer& peer);
  template <class Answer>
  void reply(PeerKey key, std::size_t kind, Answer answer);
  std::vector<SealedHeader> headers_of(SimPeer& peer, const sync::HeaderQuery& query);

  SimOptions options_;
  std::mt19937_64 random_;
  milliseconds now_{0};
  std::uint64_t order_ = 0, life_ = 0;
  std::priority_queue<Event> events_;
  SimDisk disk_;
  std::unique_ptr<sync::Sync> sync_;
  std::vector<std::unique_ptr<SimPeer>> peers_;
  PeerKey last_key_ = 0;
  std::deque<Job> jobs_;
  bool job_running_ = false;
  std::map<std::pair<PeerKey, std::size_t>, std::size_t> under_way_;
};

}  // namespace quarry::test
