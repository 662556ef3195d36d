#pragma once
/// \file
/// The accounts and slots that a transaction reached, as they were before it and as they are after it: what
/// prestateTracer and trace_'s stateDiff are written from.

#include <map>
#include <set>

#include "rpc/trace/tracers.hpp"

namespace quarry::rpc::trace {

struct AccountSeen {
  bool exists = false;
  Wei balance;
  std::uint64_t nonce = 0;
  Bytes code;
  std::map<U256, U256> storage;
};

class StateRecorder : public TxnTracer {
 public:
  StateRecorder(const PrestateOptions& options, Budget& budget) : options_(options), budget_(budget) {}

  void begin(const Scene& scene) override;
  void end(const evm::TxnOutcome& outcome) override;
  void on_step(const evm::Step& step) override;
  void write(JsonText& out) const override;

  using Accounts = std::map<Address, AccountSeen>;
  const Accounts& before() const { return before_; }
  /// The same accounts and slots after the transaction.
  const Accounts& after() const { return after_; }

 private:
  void look_at(const Address& address);
  void look_at_slot(const Address& address, const U256& slot);
  void look_at_created(const Address& address);
  void look_at_operands(const evm::Step& step);
  AccountSeen see(const Address& address);
  void write_before(JsonText& out) const;
  void write_diff(JsonText& out) const;

  const PrestateOptions options_;
  Budget& budget_;
  evm::Journal* journal_ = nullptr;
  Accounts before_, after_;
  std::set<Address> created_, destructed_;
};

}  // namespace quarry::rpc::trace
