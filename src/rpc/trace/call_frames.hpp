#pragma once
/// \file
/// The calls of a transaction as a tree, kept flat: what callTracer, flatCallTracer and the trace_ and ots_
/// methods are written from.

#include <vector>

#include "rpc/trace/tracers.hpp"

namespace quarry::rpc::trace {

struct CallLog {
  Log log;
  std::size_t index = 0;     ///< in the block
  std::size_t position = 0;  ///< calls that its frame had made before
};

struct CallFrame {
  std::uint8_t opcode = 0;  ///< CALL, CREATE2, SELFDESTRUCT, …
  unsigned depth = 0;
  Address from;
  Address to;  ///< of a creation the contract, even if it failed
  std::optional<Wei> value;
  Gas gas = 0;
  Gas gas_used = 0;
  Bytes input;
  Bytes output;
  evm::Status status = evm::Status::success;
  std::string error;  ///< geth's text; empty when it succeeded
  bool precompile = false;
  std::vector<CallLog> logs;
  std::size_t calls = 0;  ///< made by it directly
  std::size_t next = 0;   ///< the index of the first frame that is not below it

  bool failed() const { return status != evm::Status::success; }
  bool reverted() const { return status == evm::Status::revert; }
  bool creates() const;
  bool destructs() const;
};
/// "CALL", "SELFDESTRUCT".
std::string_view type_of(const CallFrame& frame);

/// Records every frame, and the logs if told to.
class CallRecorder : public TxnTracer {
 public:
  CallRecorder(const CallTracerOptions& options, Budget& budget) : options_(options), budget_(budget) {}

  void begin(const Scene& scene) override;
  void end(const evm::TxnOutcome& outcome) override;
  void on_step(const evm::Step& step) override;
  void on_enter(const evm::Message& message) override;
  void on_exit(const evm::Message& message, const evm::CallResult& result) override;
  void on_selfdestruct(const Address& from, const Address& beneficiary, const Wei& balance) override;
  void write(JsonText& out) const override;

  /// Each frame before those that it called. Not empty after a run.
  const std::vector<CallFrame>& frames() const { return frames_; }
  const std::optional<TxnPlaceInBlock>& place() const { return place_; }
  Gas gas_limit() const { return gas_limit_; }
  Gas gas_used() const { return gas_used_; }

 private:
  struct Open {
    std::size_t frame;
    std::size_t logs_before;
    // Of the last instruction.
    std::uint8_t opcode = 0;
    std::size_t height = 0;
  };
  CallFrame& push(std::uint8_t opcode, unsigned depth);
  void add_log(const evm::Step& step);

  const CallTracerOptions options_;
  Budget& budget_;
  Rules rules_;
  std::vector<CallFrame> frames_;
  std::vector<Open> open_;
  std::size_t log_count_ = 0;
  std::optional<TxnPlaceInBlock> place_;
  Gas gas_limit_ = 0;
  Gas gas_used_ = 0;
};

/// geth's words for how a frame ended, with what the instruction found on the stack.
std::string error_text(evm::Status status, std::uint8_t opcode, std::size_t height, const Rules& rules);
/// "PUSH1", "opcode 0xc not defined".
std::string name_of(std::uint8_t opcode);

/// `size` bytes of memory from `offset`, with zeros where it does not reach. Both were paid for.
Bytes memory_slice(ByteView memory, const U256& offset, const U256& size);

}  // namespace quarry::rpc::trace
