#pragma once
/// \file
/// The peers as JSON-RPC sees them: questions cross to the loop thread and the caller waits for the answer.

#include <atomic>

#include "net/peer_set.hpp"
#include "rpc/backend.hpp"

namespace quarry {

class NetworkBackend final : public rpc::Network {
 public:
  /// `name` is the client's name and version; `external_ip` what --nat extip: told, or empty.
  NetworkBackend(net::Loop& loop, net::PeerSet& peers, std::string name, std::string external_ip);

  rpc::NodeInfo node_info() override;
  std::vector<rpc::PeerInfo> peers() override;
  std::vector<rpc::PeerFailure> peer_errors() override;
  Result<bool> add_peer(const std::string& enode_url) override;
  Result<bool> remove_peer(const std::string& enode_url) override;
  Result<bool> add_trusted_peer(const std::string& enode_url) override;
  std::size_t peer_count() override;
  bool listening() override;

  /// The loop is about to end: questions from now on, and those that wait, get empty answers.
  void stop_asking() { stopping_ = true; }

 private:
  /// Runs `question` on the loop thread and waits. Never from the loop thread.
  template <class Question>
  auto ask(Question question);

  net::Loop& loop_;
  net::PeerSet& peers_;
  const std::string name_;
  const std::string external_ip_;
  std::atomic<bool> stopping_{false};
};

/// The addresses of this machine that others may reach it under: no loopback, no link-local ones.
std::vector<std::string> local_addresses();

}  // namespace quarry
