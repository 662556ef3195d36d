#pragma once
/// \file
/// What a node has besides when its chain is an authority chain: the signer, the votes, the watch for halts.

#include "consensus/sealing.hpp"
#include "consensus/stored_headers.hpp"
#include "node/clique_watch.hpp"
#include "node/keystore.hpp"
#include "rpc/backend.hpp"

namespace quarry {

class SealMiner;

/// Made after the chain, before the loop runs.
class CliqueNode {
 public:
  /// All of it outlives the node; `engine` is an authority chain's.
  CliqueNode(clique::CliqueEngine& engine, const Database& database, const Chain& chain, Keystore& keystore);

  /// Signs with unlocked accounts.
  std::unique_ptr<SealMiner> seal_miner();
  /// What a sealer of this chain asks for.
  void add_to(SealerOptions& sealing) const;
  BlockWatcher& watcher() { return peers_; }
  /// Sends a NewBlock message to a peer; from any thread.
  using SendBlock = std::function<void(net::PeerId, Bytes)>;
  /// Where EIP-3436 is on, peers whose branch has the weight of ours hear of ours when they come: a sync asks
  /// only for what is heavier, so that two halves of a chain would never learn of each other. `workers` reads
  /// the blocks, and is stopped before this ends. Before the first peer.
  void offer_branches(WorkerPool& workers, SendBlock send);
  const rpc::Authority& authority() const { return authority_; }
  /// Chain thread.
  void on_head(const HeadEvent& event);
  /// Begins to watch for halts; `syncing` says that the head stands still for another reason. Any thread.
  void start(const Sealer& sealer, std::function<bool()> syncing);
  /// Before the sealer ends.
  void stop();

 private:
  void tell(std::chrono::seconds silent);
  std::optional<std::string> hold_back();
  void offer_branch(net::PeerId peer, const BlockHash& head, const TotalDifficulty& total) const;

  clique::CliqueEngine& engine_;
  const Database& database_;
  const Chain& chain_;
  Keystore& keystore_;
  const StoredHeaders headers_;
  const rpc::Authority authority_{engine_, headers_};
  SignerPeers peers_{engine_};
  StartHold hold_{peers_};
  SendBlock send_block_;
  const Sealer* sealer_ = nullptr;
  std::function<bool()> syncing_;
  StallWatch watch_;
};

}  // namespace quarry
