#pragma once
/// \file
/// Seals blocks of an authority chain: waits for the signer's time, then signs.

#include <condition_variable>
#include <functional>
#include <mutex>
#include <random>
#include <thread>

#include "consensus/clique/engine.hpp"
#include "consensus/seal_miner.hpp"
#include "core/log.hpp"
#include "core/secp256k1.hpp"

namespace quarry::clique {

/// Signs with an account's key, which whoever has the keystore keeps. Called on the miner's thread.
using SignHash = std::function<Result<RecoverableSignature>(const Address& signer, const Hash256& message)>;
/// Why nothing is to be signed for now, whoever's turn it is; none: sign. Called on the miner's thread,
/// several times a second while there is work to sign. It must not call the miner.
using HoldBack = std::function<std::optional<std::string>()>;

/// Thread-safe. Of a parent it seals one child only. It waits until the candidate's time, and out of turn a
/// random time of up to half a second a signer more, so that the one in turn is heard first (EIP-225). With a
/// period of 0 it seals when there are transactions.
class Miner final : public SealMiner {
 public:
  /// `engine` and `headers` outlive the miner; `headers` is asked by whoever calls set_work().
  Miner(CliqueEngine& engine, const HeaderSource& headers, SignHash sign, HoldBack hold_back = {});
  ~Miner() override;
  Miner(const Miner&) = delete;
  Miner& operator=(const Miner&) = delete;

  /// Signing takes one thread, however many are asked for.
  void start(unsigned threads) override;
  void stop() override;
  void set_author(const Address& author) override;
  void set_work(const Header& candidate, OnFound on_found) override;
  void clear_work() override;
  double hashrate() const override { return 0; }

 private:
  using Clock = std::chrono::steady_clock;
  struct Job {
    Header candidate;
    Address signer;
    OnFound on_found;
    Clock::time_point due;
  };
  /// Whose time for a child of which parent.
  struct Turn {
    BlockHash parent;
    Address signer;
    Clock::time_point due;
  };

  std::optional<std::string> obstacle(const Header& candidate, const Address& signer, const Snapshot& at);
  Clock::time_point due_at(const Header& candidate, const Address& signer, const Snapshot& at);
  void note(const BlockHash& parent, std::string text, LogLevel level);
  void run(const std::stop_token& stop);
  std::optional<Header> signed_by(const Job& job);

  CliqueEngine& engine_;
  const HeaderSource& headers_;
  const SignHash sign_;
  const HoldBack hold_back_;
  std::mutex control_;  ///< start and stop, one at a time
  std::mutex mutex_;    ///< guards what follows, but the thread
  std::condition_variable_any changed_;
  std::mt19937_64 random_{std::random_device{}()};
  Address author_;
  std::optional<Job> job_;
  std::optional<Turn> turn_;
  std::optional<BlockHash> sealed_;  ///< the parent of the last block signed
  std::optional<BlockHash> noted_parent_;
  std::string noted_;  ///< what the log says already about that parent
  bool running_ = false;
  std::jthread thread_;
};

}  // namespace quarry::clique
