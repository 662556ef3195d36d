#include "rpc/pending.hpp"

#include <chrono>

#include "consensus/base_fee.hpp"

namespace quarry::rpc {
namespace {

/// A state with a block's changes over it.
class ChangedState final : public StateView {
 public:
  ChangedState(std::unique_ptr<StateView> base, std::shared_ptr<const PendingBlock> pending)
      : base_(std::move(base)), pending_(std::move(pending)) {}

  std::optional<Account> account(const Address& address) const override {
    const auto* change = find(address);
    if (change == nullptr || !change->after) return change ? std::nullopt : base_->account(address);
    Account out = *change->after;
    const auto before = change->storage_cleared ? std::nullopt : base_->account(address);
    out.storage_root = before ? before->storage_root : kEmptyRoot;
    // Which root it is nobody knows, but an empty one would say that there are no slots to ask for.
    if (!change->slots.empty()) out.storage_root = RootHash{};
    return out;
  }
  SlotValue slot(const Address& address, const SlotKey& key) const override {
    const auto* change = find(address);
    if (change == nullptr) return base_->slot(address, key);
    if (!change->after) return {};
    if (const auto found = change->slots.find(key); found != change->slots.end()) return found->second;
    return change->storage_cleared ? SlotValue{} : base_->slot(address, key);
  }
  Bytes code(const CodeHash& hash) const override {
    const auto found = pending_->diff.codes.find(hash);
    return found == pending_->diff.codes.end() ? base_->code(hash) : found->second;
  }

 private:
  const AccountChange* find(const Address& address) const {
    const auto found = pending_->diff.accounts.find(address);
    return found == pending_->diff.accounts.end() ? nullptr : &found->second;
  }
  const std::unique_ptr<StateView> base_;
  const std::shared_ptr<const PendingBlock> pending_;
};

/// The header that the head's child may have.
Header next_header(const Context& context, const Header& head) {
  const auto now =
      std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch());
  const auto& spec = context.backend.chain.spec();
  Header out = head;
  out.number = head.number + 1;
  out.timestamp = std::max<Timestamp>(head.timestamp + 1, static_cast<Timestamp>(now.count()));
  if (spec.forks.rules(out.number, out.timestamp).has(Fork::london))
    out.base_fee_per_gas = next_base_fee(spec, head);
  return out;
}

}  // namespace

std::shared_ptr<const PendingBlock> pending_for(const Context& context, const BlockRef& ref) {
  if (ref.kind != BlockRef::Kind::pending || context.backend.pending == nullptr) return nullptr;
  auto made = context.backend.pending->current();
  return made ? *made : nullptr;
}

std::shared_ptr<const PendingBlock> pending_for(const Context& context, Params& params, std::size_t index) {
  const auto ref = params.block(index);
  return params.error() ? nullptr : pending_for(context, ref);
}

std::string pending_block_view(const Block& block, bool full) {
  Json out = Json::parse(block_view(block, std::nullopt, full));
  for (const auto* name : {"hash", "nonce", "miner"}) out[name] = nullptr;
  if (full) {
    for (auto& txn : out["transactions"])
      for (const auto* name : {"blockHash", "blockNumber", "blockTimestamp", "transactionIndex"})
        txn[name] = nullptr;
  }
  return out.dump();
}

Expected<StatePlace, RpcError> state_place(const Context& context, Params& params, std::size_t index) {
  const auto& reader = context.backend.reader;
  if (auto pending = pending_for(context, params, index)) {
    auto state = reader.state_at(pending->parent);
    // The head may have moved on since; then the new head's state is the next best.
    if (state) {
      const Header header = *pending->block.header;
      return StatePlace{std::make_unique<ChangedState>(std::move(*state), std::move(pending)), header};
    }
  }
  const auto id = block_at(context, params, index);
  if (!id) return tl::unexpected(id.error());
  auto state = reader.state_at(*id);
  if (!state) return rpc_fail(state.error());
  const auto header = reader.header(*id);
  if (!header) return rpc_fail(RpcCode::failed, "header not found");
  const bool pending = params.block(index).kind == BlockRef::Kind::pending;
  return StatePlace{std::move(*state), pending ? next_header(context, **header) : **header};
}

}  // namespace quarry::rpc
