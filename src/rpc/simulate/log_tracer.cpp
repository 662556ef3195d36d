#include "rpc/simulate/log_tracer.hpp"

#include "core/keccak.hpp"

namespace quarry::rpc {
namespace {

constexpr std::uint8_t kFirstLog = 0xa0, kLastLog = 0xa4;  // LOG0 to LOG4

/// ERC-7528: ether where a token's address is wanted.
Address ether_address() {
  Address out;
  out.bytes.fill(0xee);
  return out;
}

Hash256 padded(const Address& address) {
  Hash256 out;
  std::copy(address.bytes.begin(), address.bytes.end(), out.bytes.begin() + 12);
  return out;
}

}  // namespace

void LogTracer::on_step(const evm::Step& step) {
  if (step.opcode < kFirstLog || step.opcode > kLastLog || step.status != evm::Status::success) return;
  events_.push_back({next_++, std::nullopt});
}

void LogTracer::on_enter(const evm::Message& message) {
  frames_.push_back(events_.size());
  if (message.kind != evm::CallKind::delegatecall && !message.value.is_zero())
    add_transfer(message.sender, message.recipient, message.value);
}

void LogTracer::on_exit(const evm::Message&, const evm::CallResult& result) {
  if (frames_.empty()) return;
  if (result.status != evm::Status::success) events_.resize(frames_.back(), {0, std::nullopt});
  frames_.pop_back();
}

void LogTracer::on_selfdestruct(const Address& from, const Address& beneficiary, const Wei& balance) {
  if (!balance.is_zero()) add_transfer(from, beneficiary, balance);
}

void LogTracer::add_transfer(const Address& from, const Address& to, const Wei& value) {
  if (!transfers_) return;
  static const auto kTransfer = keccak256(as_bytes("Transfer(address,address,uint256)"));
  const auto data = value.to_be();
  Log log{ether_address(), {kTransfer, padded(from), padded(to)}, to_bytes(data)};
  events_.push_back({next_++, std::move(log)});
}

std::vector<NumberedLog> LogTracer::take(const std::vector<Log>& logs) {
  std::vector<NumberedLog> out;
  auto next = logs.begin();
  for (auto& event : events_) {
    if (event.transfer) {
      out.push_back({std::move(*event.transfer), event.index});
    } else if (next != logs.end()) {
      out.push_back({*next++, event.index});
    }
  }
  events_.clear();
  frames_.clear();
  return out;
}

}  // namespace quarry::rpc
