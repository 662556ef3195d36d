#pragma once
/// \file
/// The chain and the node as a whole as JSON-RPC sees them.

#include <atomic>

#include "node/peer_bridge.hpp"
#include "rpc/backend.hpp"

namespace quarry {

/// What holds from the node's start to its end.
struct NodeFacts {
  std::string datadir;
  std::string client_version;
  std::uint64_t network_id = 0;
  ChainSpec spec;
  BlockHash genesis_hash;
};

class ChainBackend final : public rpc::ChainControl {
 public:
  ChainBackend(NodeFacts facts, const Database& database, const Engine& engine, Chain& chain,
               WorkerPool& chain_thread, const PeerBridge& bridge);

  BlockNum head_number() override { return chain_.head().header->number; }
  std::optional<std::uint64_t> head_mark() override;
  std::optional<rpc::SyncProgress> syncing() override;
  Result<> export_chain(const std::string& file, std::optional<BlockNum> first,
                        std::optional<BlockNum> last) override;
  Result<> import_chain(const std::string& file) override;
  std::string datadir() override { return facts_.datadir; }
  std::string client_version() override { return facts_.client_version; }
  std::uint64_t network_id() override { return facts_.network_id; }
  const ChainSpec& spec() override { return facts_.spec; }
  evm::BlockEnv environment(const Header& header) override;
  const Engine* engine() override { return &engine_; }
  Result<> set_head(BlockNum number) override;
  std::vector<Block> bad_blocks() override;
  BlockHash genesis_hash() override { return facts_.genesis_hash; }
  unsigned protocol_version() override;

 private:
  const NodeFacts facts_;
  const Database& database_;
  const Engine& engine_;
  Chain& chain_;
  WorkerPool& chain_thread_;
  const PeerBridge& bridge_;
};

}  // namespace quarry
