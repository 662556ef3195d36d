#pragma once
/// \file
/// What a node has besides when its chain is a jbc chain: the two paths, peers, the data of mined blocks.

#include <memory>

#include "consensus/sealing.hpp"
#include "node/jbc_data.hpp"
#include "node/jbc_http.hpp"
#include "node/jbc_peers.hpp"
#include "rpc/backend.hpp"

namespace quarry {

/// Made after the chain, before the loop runs.
class JbcNode final : public rpc::JbcControl {
 public:
  JbcNode(net::Loop& loop, const Database& database, Chain& chain, WorkerPool& chain_thread,
          const NodeOptions& options);

  /// What a sealer of this chain asks for.
  void add_to(SealerOptions& sealing);
  std::vector<rpc::HttpRoute> routes() { return http_.routes(); }
  /// Chain thread.
  void on_head(const HeadEvent& event);
  /// Begins to look at peers; new data goes to `sealer`, which outlives stop().
  void start(Sealer& sealer);
  /// Before the chain's strand stops.
  void stop();

  unsigned zeros() override { return chain_.spec().jbc.zeros; }
  Result<std::size_t> submit_data(std::string text) override;
  std::vector<std::string> pending_data() override { return data_.pending(); }

 private:
  const Database& database_;
  Chain& chain_;
  WorkerPool& chain_thread_;
  const std::vector<std::string> peer_urls_;
  JbcDataQueue data_;
  JbcHttp http_;
  std::mutex mutex_;
  std::unique_ptr<JbcPeers> peers_;  ///< none without --jbc.peers
  Sealer* sealer_ = nullptr;
};

}  // namespace quarry
