#pragma once
/// \file
/// Watches a simulated transaction for its logs' numbers and for the ether that moves (ERC-7528's address,
/// ERC-20's Transfer).

#include <vector>

#include "core/receipt.hpp"
#include "evm/tracer.hpp"

namespace quarry::rpc {

struct NumberedLog {
  Log log;
  std::size_t index = 0;
};

/// For one block: logs are numbered through, those of frames that failed later as well. One thread.
class LogTracer final : public evm::Tracer {
 public:
  explicit LogTracer(bool transfers) : transfers_(transfers) {}

  void on_step(const evm::Step& step) override;
  void on_enter(const evm::Message& message) override;
  void on_exit(const evm::Message& message, const evm::CallResult& result) override;
  void on_selfdestruct(const Address& from, const Address& beneficiary, const Wei& balance) override;

  /// The transaction has run and left these logs: they and the transfers, in order. Ready for the next one.
  std::vector<NumberedLog> take(const std::vector<Log>& logs);

 private:
  /// A log that is made now; its content is known at the end.
  struct Event {
    std::size_t index;
    std::optional<Log> transfer;  ///< none: a log of a contract
  };
  void add_transfer(const Address& from, const Address& to, const Wei& value);

  const bool transfers_;
  std::size_t next_ = 0;
  std::vector<Event> events_;
  std::vector<std::size_t> frames_;  ///< of each open frame, how many events there were before it
};

}  // namespace quarry::rpc
