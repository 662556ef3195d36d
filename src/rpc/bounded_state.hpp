#pragma once
/// \file
/// A state that answers for some time only.

#include <chrono>
#include <memory>

#include "core/state_diff.hpp"
#include "evm/env.hpp"

namespace quarry::rpc {

/// Both the state that a call reads and its deadline: past that the state gives nothing, and the machine
/// stops. The call's outcome is thrown away. One thread.
class BoundedState final : public StateView, public evm::Deadline {
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
  bool passed() const override { return passed_ = passed_ || Clock::now() > until_; }

 private:
  const std::unique_ptr<StateView> base_;
  const Clock::time_point until_;
  mutable bool passed_ = false;
};

}  // namespace quarry::rpc
