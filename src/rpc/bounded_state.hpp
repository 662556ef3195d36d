#pragma once
/// \file
/// A state that answers for some time only.

#include <chrono>
#include <memory>

#include "core/state_diff.hpp"

namespace quarry::rpc {

/// A call's gas bounds what it computes, but reads of the disk were cheap in gas once: past the deadline they
/// give nothing, which ends the call soon, and its outcome is thrown away. One thread.
class BoundedState final : public StateView {
 public:
  using Clock = std::chrono::steady_clock;
  BoundedState(std::unique_ptr<StateView> base, std::chrono::milliseconds most_time)
      : base_(std::move(base)), until_(Clock::now() + most_time) {}
  std::optional<Account> account(const Address& address) const override {
    return passed() ? std::nullopt : base_->account(address);
  }
  SlotValue slot(const Address& address, const SlotKey& key) const override {
    return passed() ? SlotValue{} : base_->slot(address, key);
  }
  Bytes code(const CodeHash& hash) const override { return passed() ? Bytes{} : base_->code(hash); }
  bool passed() const { return passed_ = passed_ || Clock::now() > until_; }

 private:
  const std::unique_ptr<StateView> base_;
  const Clock::time_point until_;
  mutable bool passed_ = false;
};

}  // namespace quarry::rpc
