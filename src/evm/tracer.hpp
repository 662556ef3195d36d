#pragma once
/// \file
/// Hooks for whoever watches an execution. Where no tracer is given nothing of this is compiled in.

#include <span>

#include "evm/message.hpp"

namespace quarry::evm {

/// One instruction, before it runs.
struct Step {
  std::size_t pc = 0;
  std::uint8_t opcode = 0;
  Gas gas_left = 0;
  Gas gas_cost = 0;  ///< with what memory, access and the call cost; what is forwarded counts, as geth has it
  unsigned depth = 0;
  std::span<const U256> stack;  ///< the top is last
  ByteView memory;
  ByteView return_data;
  std::uint64_t refund = 0;
  const Message* message = nullptr;
  /// The instruction fails with this instead of running.
  Status status = Status::success;
};

class Tracer {
 public:
  virtual ~Tracer() = default;
  /// The tracer has seen enough, or too much: every frame ends at its next instruction, out of gas, and the
  /// outcome of the whole means nothing. Set by the tracer itself.
  bool stopped = false;
  virtual void on_step(const Step&) {}
  /// A frame is entered, precompiles and creations included, and also one that fails before it begins. A
  /// SELFDESTRUCT is not told here.
  virtual void on_enter(const Message&) {}
  virtual void on_exit(const Message&, const CallResult&) {}
  /// `from` destroys itself and leaves `balance` to `beneficiary`.
  virtual void on_selfdestruct(const Address& from, const Address& beneficiary, const Wei& balance) {
    (void)from, (void)beneficiary, (void)balance;
  }
};

}  // namespace quarry::evm
