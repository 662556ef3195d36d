#pragma once
/// \file
/// Tells of an authority chain that has come to a halt: who signed last, who may sign next, and which of
/// them this node hears.

#include <chrono>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <thread>
#include <unordered_map>

#include "consensus/chain.hpp"
#include "consensus/clique/engine.hpp"
#include "node/peer_bridge.hpp"

namespace quarry {

/// Peers do not say whose they are. Who is the first to bring the most blocks of a signer is taken for that
/// signer's node, unless it brings more of another's: then it only passes them on. Thread-safe.
class SignerPeers final : public BlockWatcher {
 public:
  explicit SignerPeers(const clique::CliqueEngine& engine) : engine_(engine) {}

  void on_peer_up(const net::PeerInfo& peer) override;
  void on_peer_down(net::PeerId peer) override;
  void on_announced(net::PeerId peer, const BlockHash& hash) override;
  /// Called for each peer that comes, on the loop thread. Before the first.
  void set_on_up(std::function<void(const net::PeerInfo&)> tell) { on_up_ = std::move(tell); }
  /// Blocks that came in: gives their signers to who announced them first.
  void on_head(const HeadEvent& event);
  /// One of them.
  void on_block(const Address& signer, const BlockHash& hash);

  /// "connected, peer ab12…", "not connected", or "unknown" when no block of the signer was told of.
  std::string whereabouts(const Address& signer) const;
  std::size_t peer_count() const;
  /// Did a connected peer say, when it came, that its chain weighs more than `own`?
  bool is_any_ahead(const TotalDifficulty& own) const;

 private:
  /// First announcements that are remembered.
  static constexpr std::size_t kMostAnnounced = 1024;

  const clique::CliqueEngine& engine_;
  std::function<void(const net::PeerInfo&)> on_up_;
  mutable std::mutex mutex_;
  struct Connected {
    std::string name;  ///< what the log calls it
    TotalDifficulty total_difficulty;
  };
  std::map<net::PeerId, Connected> connected_;
  std::unordered_map<BlockHash, net::PeerId> announced_;
  std::deque<BlockHash> announced_order_;
  /// How many of a signer's blocks each connected peer was the first to tell of.
  std::map<Address, std::map<net::PeerId, std::uint64_t>> told_;

  /// The most blocks of one signer that this peer was the first to tell of.
  std::uint64_t most_of_one_signer(net::PeerId peer) const;
};

/// A signer that was away must not sign on the head it had then: it would make a branch of its own, and have
/// signed too recently when it knows better. So after the start it hears its peers out. Miner's thread.
class StartHold {
 public:
  using Clock = std::chrono::steady_clock;
  /// Without peers it waits so long; so long too for a chain that a peer claims to have and that does not
  /// come.
  static constexpr std::chrono::seconds kHearPeers{5}, kCatchUp{60};

  explicit StartHold(const SignerPeers& peers) : peers_(peers) {}
  /// What to wait for; none: sign, from now on. `signers` and `own` are those of the head.
  std::optional<std::string> reason(std::size_t signers, const TotalDifficulty& own, Clock::time_point now);

 private:
  const SignerPeers& peers_;
  bool over_ = false;
  std::optional<Clock::time_point> began_, moved_;  ///< asked first, and when the head moved last since
  TotalDifficulty own_;
};

/// What a halted chain waits for, in words.
struct StallReport {
  std::string last;  ///< who signed the head
  std::string next;  ///< who may sign on it, and where they are
  std::string wait;  ///< who has signed too recently
  std::string what;  ///< what to do
};
struct StallFacts {
  std::optional<Address> own;  ///< this node's signer
  bool sealing = false;        ///< this node is mining
  bool unlocked = false;       ///< and can sign
};
StallReport stall_report(const clique::Snapshot& at, const std::optional<Address>& last,
                         const StallFacts& facts,
                         const std::function<std::string(const Address&)>& whereabouts);

/// A thread that looks once a second; one warning a halt. `head` and `tell` are called on it.
class StallWatch {
 public:
  /// `patience`: without a new head for so long the chain has halted.
  StallWatch(std::chrono::milliseconds patience, std::function<void(std::chrono::seconds)> tell);
  void start();
  void stop();
  /// The head moved, or something else says that waiting is no halt. Any thread.
  void note_life();

 private:
  using Clock = std::chrono::steady_clock;
  void run(const std::stop_token& stop);

  const std::chrono::milliseconds patience_;
  const std::function<void(std::chrono::seconds)> tell_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  Clock::time_point last_ = Clock::now();
  bool told_ = false;
  std::jthread thread_;
};

}  // namespace quarry
