#include "node/jbc_node.hpp"

#include "node/options.hpp"

namespace quarry {

JbcNode::JbcNode(net::Loop& loop, const Database& database, Chain& chain, WorkerPool& chain_thread,
                 const NodeOptions& options)
    : database_(database),
      chain_(chain),
      chain_thread_(chain_thread),
      peer_urls_(options.jbc_peers),
      data_(options.jbc_data),
      http_({loop, database, chain, chain_thread, chain.spec().jbc.zeros, [this] {
               const std::lock_guard lock(mutex_);
               if (peers_) peers_->poll_soon();
             }}) {}

void JbcNode::add_to(SealerOptions& sealing) {
  sealing.extra_data_for = [this](BlockNum) { return to_bytes(as_bytes(data_.next())); };
}

void JbcNode::on_head(const HeadEvent& event) {
  data_.on_head(event);
  const std::lock_guard lock(mutex_);
  if (peers_) peers_->on_head(event);
}

void JbcNode::start(Sealer& sealer) {
  const std::lock_guard lock(mutex_);
  sealer_ = &sealer;
  if (!peer_urls_.empty())
    peers_ = std::make_unique<JbcPeers>(JbcPeers::Parts{database_, chain_, chain_thread_}, peer_urls_);
}

void JbcNode::stop() {
  std::unique_ptr<JbcPeers> peers;
  {
    const std::lock_guard lock(mutex_);
    sealer_ = nullptr;
    peers = std::move(peers_);
  }
  // Not under the lock: the chain's thread may be on its way to tell them of a head.
  peers.reset();
  http_.stop();
}

Result<std::size_t> JbcNode::submit_data(std::string text) {
  auto place = data_.submit(std::move(text));
  const std::lock_guard lock(mutex_);
  // The search has no memory: to begin anew with the new data costs nothing.
  if (place && sealer_ != nullptr) sealer_->renew();
  return place;
}

}  // namespace quarry
