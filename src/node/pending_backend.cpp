#include "node/pending_backend.hpp"

#include "storage/chain_store.hpp"

namespace quarry {

Result<std::shared_ptr<const rpc::PendingBlock>> PendingBackend::current() {
  const std::lock_guard lock(mutex_);
  const auto now = Clock::now();
  const BlockId head = ChainStore(database_).heads().block;
  const std::uint64_t generation = pool_.generation();
  if (made_ && made_->parent == head) {
    const bool fresh = generation == generation_ && now - ended_ < kMostAge;
    if (fresh || now - ended_ < kRest * (ended_ - began_)) return made_;
  }
  auto built = build_pending_block(database_, spec_, engine_, request_(), now_());
  if (!built) return tl::unexpected(built.error());
  began_ = now;
  ended_ = Clock::now();
  generation_ = generation;
  const BlockId parent{built->parent->number, built->parent.hash()};
  made_ = std::make_shared<const rpc::PendingBlock>(
      rpc::PendingBlock{parent, std::move(built->block), std::move(built->receipts), std::move(built->diff)});
  return made_;
}

}  // namespace quarry
